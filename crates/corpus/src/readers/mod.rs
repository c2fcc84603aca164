//! Where documents come from: one file, one `mod` line and one line of the registry below for each reader.

mod cargo_sources;
mod curated;
mod fields;
mod files;
mod jsonl;
pub(crate) mod objects;
mod paged;
mod parquet;
#[cfg(test)]
mod tests;
mod unpack;
mod walk;
mod warc;

pub use cargo_sources::CargoSources;
pub use curated::Curated;
pub use files::Files;
pub use jsonl::Jsonl;
pub use parquet::Parquet;
pub use warc::Warc;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use triaxis_host::text::{Encoding, UTF_8};
use triaxis_units::Bytes;

use crate::left_out::{LeftOutBy, told};
use crate::{CorpusError, Reason, text};

/// Licence of text whose source states none.
pub(crate) const UNSTATED: &str = "unstated";

/// The fields that a document's URL and date are looked for in, where none are named.
const URL_FIELDS: [&str; 2] = ["url", "metadata.url"];
const DATE_FIELDS: [&str; 2] = ["date", "metadata.date"];

/// The folders that patterns are resolved in.
pub(crate) struct Place {
    /// The spec's folder, absolute.
    pub(crate) base: PathBuf,
    /// Folders never read, absolute: the corpus being made and what else is written, which may lie among the sources.
    pub(crate) avoid: Vec<PathBuf>,
}

/// A file that a source reads documents from.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Its path within the source, the same on every machine; `/` between the parts.
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    pub(crate) size: Bytes,
    pub(crate) licence: Arc<str>,
}

/// Where a document comes from, beside its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Where it was on the web.
    pub url: Option<&'a str>,
    /// When it was fetched from there, as its source writes dates.
    pub date: Option<&'a str>,
}

/// A document as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its text.
    pub text: &'a str,
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Whether it is text even where other documents are pages.
    pub is_text: bool,
}

/// What a reader finds, one after another, in an order that the file alone decides.
pub(crate) enum Piece<'a> {
    Document {
        found: Found<'a>,
        /// Where in the file it is; follows the file's name.
        place: &'a dyn Fn() -> String,
    },
    LeftOut {
        reason: Reason,
        documents: u64,
        /// Their size in the file.
        bytes: u64,
        /// Where in the file, and what is wrong there; follows the file's name.
        why: &'a dyn Fn() -> String,
    },
}

/// Receives each piece, and says whether to go on.
pub(crate) type Emit<'a> = dyn FnMut(Piece<'_>) -> Result<ControlFlow<()>, CorpusError> + 'a;

/// How long a document may be, and what becomes of a longer one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) longest: usize,
    /// Whether a longer one is cut into several, and not left out.
    pub(crate) cut: bool,
}

impl Limits {
    /// Where the first part of a text that is too long ends.
    fn cut(self, text: &[u8]) -> usize {
        text::boundary(text, self.longest / 2..=self.longest)
    }
}

/// The files of a source.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In an order that does not depend on the machine.
    pub(crate) files: Vec<SourceFile>,
    /// What was found and cannot be read.
    pub(crate) left_out: LeftOutBy,
    /// Files that are wanted but for `exclude`.
    pub(crate) excluded: u64,
}

impl Listing {
    /// That no file is there to read, where `base` is the folder that `pattern` starts from.
    fn nothing(&self, name: &str, pattern: &str, base: &Path) -> CorpusError {
        let found = if self.excluded > 0 {
            let noun = if self.excluded == 1 { "file" } else { "files" };
            format!(
                "matches {} {noun}, all left out by `exclude`: correct or remove one of the two",
                self.excluded
            )
        } else if self.left_out.is_empty() {
            format!(
                "matches no file under {}: correct the pattern or remove it (folders and files whose names start with \
                 a dot are never read)",
                base.display()
            )
        } else {
            format!(
                "matches {}: fetch what they lead to, or remove the pattern",
                told(&self.left_out)
            )
        };
        CorpusError::input(format!("source `{name}`: `{pattern}` {found}"))
    }
}

/// A kind of source.
pub(crate) trait Source: Sync {
    fn name(&self) -> &str;
    fn weight(&self) -> Option<f64>;
    /// Refuses settings of its own, before anything is read.
    fn check(&self) -> Result<(), CorpusError> {
        Ok(())
    }
    fn files(&self, place: &Place) -> Result<Listing, CorpusError>;
    /// Reads one file from its beginning.
    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError>;
}

triaxis_names::registry! {
    /// A source of documents; `kind` chooses the reader.
    pub enum SourceSpec by "kind" as source: Source {
        Files = "files",
        Jsonl = "jsonl",
        Parquet = "parquet",
        Warc = "warc",
        CargoSources = "cargo-sources",
        Curated = "curated",
    }
}

impl SourceSpec {
    /// The source's name.
    pub fn name(&self) -> &str {
        self.source().name()
    }

    /// The source's weight in the mixture, where one is given.
    pub fn weight(&self) -> Option<f64> {
        self.source().weight()
    }
}

/// Emits a text of a row, in parts where it is too long; `place` is the row.
fn emit_row(
    mut bytes: &[u8],
    origin: Origin<'_>,
    limits: Limits,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    if bytes.len() > limits.longest && !limits.cut {
        return emit_too_large(bytes.len() as u64, place, emit);
    }
    while bytes.len() > limits.longest {
        let (part, rest) = bytes.split_at(limits.cut(bytes));
        bytes = rest;
        if emit_text(part, UTF_8, origin, place, emit)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    emit_text(bytes, UTF_8, origin, place, emit)
}

/// Emits bytes that are a document if they are UTF-8, as which text in `encoding` is read.
fn emit_text(
    bytes: &[u8],
    encoding: &'static Encoding,
    origin: Origin<'_>,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    let at = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let found = Found {
                text,
                origin,
                is_text: false,
            };
            return emit(Piece::Document { found, place });
        }
        Err(error) => error.valid_up_to(),
    };
    let why = || {
        let what = match encoding == UTF_8 {
            true => format!("byte 0x{:02X} after {at} others", bytes[at]),
            false => format!("no character follows {at} bytes of text"),
        };
        format!("{} is not {}: {what}", place(), encoding.name())
    };
    emit(Piece::LeftOut {
        reason: Reason::NotUnicode,
        documents: 1,
        bytes: bytes.len() as u64,
        why: &why,
    })
}

fn emit_too_large(
    bytes: u64,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    let why = || format!("{} has {}", place(), Bytes(bytes));
    emit(Piece::LeftOut {
        reason: Reason::TooLarge,
        documents: 1,
        bytes,
        why: &why,
    })
}

/// The fields that tell where a document comes from, those of its URL first, and how many these are.
fn origin_fields(url_field: Option<&String>) -> (Vec<&str>, usize) {
    let mut fields: Vec<&str> = match url_field {
        Some(field) => vec![field],
        None => URL_FIELDS.to_vec(),
    };
    let urls = fields.len();
    fields.extend(DATE_FIELDS);
    (fields, urls)
}

fn open(path: &Path) -> Result<std::fs::File, CorpusError> {
    let file = match objects::url(path) {
        Some(url) => objects::Store::of_environment().open(url),
        None => std::fs::File::open(path),
    };
    file.map_err(CorpusError::io("open", path))
}

fn text_field() -> String {
    "text".to_owned()
}
