use std::io::{BufRead, Read};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use triaxis_host::text::{Encoding, UTF_8, Unicode, unicode};
use triaxis_pages::ExtractorSpec;
use triaxis_units::Bytes;

use super::fields::{NO_FIELD, NO_TEXT, Wanted, names};
use super::paged::extracted;
use super::unpack::Unpacked;
use super::{Emit, Limits, Listing, Origin, Piece, Place, Source, SourceFile};
use super::{emit_row, emit_text, emit_too_large, origin_fields, text_field, walk};
use crate::{CorpusError, Reason};

/// Bytes of a line beside those of its text, at most.
const BESIDE: u64 = 1 << 26;
/// Bytes that a byte of text takes at most in a line, as `\u00e9` is written for two, controls aside.
const ESCAPED: u64 = 3;

/// JSON lines: each line is an object, one field of which is the document. Files compressed with
/// gzip or Zstandard are told by their first bytes, whatever their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jsonl {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `pages/*.jsonl.zst`, relative to the spec's folder or
    /// absolute. Of a folder, the files with `.jsonl` in their names are read.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The field that holds the text.
    #[serde(default = "text_field")]
    pub field: String,
    /// The field that holds where the text was on the web, with a dot between the parts of a nested one's path; where
    /// none is named, `url` or else `metadata.url`. A line without it has no URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_field: Option<String>,
    /// What the field holds are web pages, whose main text is a document: `{ extractor = "trafilatura" }`, with settings
    /// such as `favour = "recall"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<ExtractorSpec>,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Jsonl {
    pub(super) const ABOUT: &str =
        "JSON lines, plain or compressed with gzip or Zstandard: a field of each line is one document.";
}

impl Source for Jsonl {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        walk::files(
            &self.name,
            place,
            &self.include,
            &self.exclude,
            "**/*.jsonl*",
            self.licence.as_deref(),
        )
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let unpacked = Unpacked::open(&file.path)?;
        extracted(self.pages.as_ref(), limits, emit, |limits, emit| {
            self.read_lines(file, unpacked, limits, emit)
        })
    }
}

impl Jsonl {
    fn read_lines(
        &self,
        file: &SourceFile,
        unpacked: Unpacked,
        limits: Limits,
        emit: &mut Emit<'_>,
    ) -> Result<(), CorpusError> {
        let failed = unpacked.failure(&file.path);
        let Unicode { mut input, encoding } = unicode(unpacked.input, UTF_8).map_err(&failed)?;
        let longest = longest_line(limits);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let length = (&mut input)
                .take(longest)
                .read_until(b'\n', &mut line)
                .map_err(&failed)? as u64;
            if length == 0 {
                break;
            }
            let place = || format!(":{number}");
            let flow = if length == longest && !line.ends_with(b"\n") {
                let rest = input.skip_until(b'\n').map_err(&failed)? as u64;
                emit_long_line(length + rest, limits, &place, emit)?
            } else {
                self.read_line(line.trim_ascii(), encoding, limits, &place, emit)?
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read_line(
        &self,
        line: &[u8],
        encoding: &'static Encoding,
        limits: Limits,
        place: &dyn Fn() -> String,
        emit: &mut Emit<'_>,
    ) -> Result<ControlFlow<()>, CorpusError> {
        if line.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if std::str::from_utf8(line).is_err() {
            return emit_text(line, encoding, Origin::default(), place, emit);
        }
        let (beside, urls) = origin_fields(self.url_field.as_ref());
        let wanted = Wanted {
            text: &self.field,
            beside: &beside,
        };
        let error = match wanted.read(line) {
            Ok(found) => {
                let (urls, dates) = found.beside.split_at(urls);
                let origin = Origin {
                    url: urls.iter().flatten().next().map(|url| &**url),
                    date: dates.iter().flatten().next().map(|date| &**date),
                };
                return emit_row(found.text.as_bytes(), origin, limits, place, emit);
            }
            Err(error) => error,
        };
        let no_text = error.classify() == Category::Data;
        emit(Piece::LeftOut {
            reason: if no_text { Reason::NoText } else { Reason::Damaged },
            documents: 1,
            bytes: line.len() as u64,
            why: &|| format!("{}: {}", place(), self.reason(line, &error)),
        })
    }
}

impl Jsonl {
    /// What is wrong with a line, by its column alone: a line of the file is all the parser has seen.
    fn reason(&self, line: &[u8], error: &serde_json::Error) -> String {
        let told = error.to_string();
        let what = told
            .rsplit_once(" at line ")
            .map_or(told.as_str(), |(what, _)| what);
        let other = what
            .strip_prefix("invalid type: ")
            .and_then(|what| what.strip_suffix(NO_TEXT));
        let fields = if what.starts_with(NO_FIELD) {
            names(line)
        } else {
            String::new()
        };
        match other {
            Some(met) => format!(
                "`{}` is {} at column {}, and no text",
                self.field,
                plain(met),
                error.column()
            ),
            None => format!("{what} at column {}{fields}", error.column()),
        }
    }
}

/// What a parser met, in the words of JSON.
fn plain(met: &str) -> String {
    const WORDS: [(&str, &str); 5] = [
        ("map", "an object"),
        ("sequence", "a list"),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ];
    let known = WORDS
        .iter()
        .find_map(|(start, plain)| Some((plain, met.strip_prefix(start)?)));
    known.map_or_else(|| met.to_owned(), |(plain, rest)| format!("{plain}{rest}"))
}

/// The longest line held in memory: one with the longest document, whatever its escapes.
fn longest_line(limits: Limits) -> u64 {
    BESIDE.saturating_add(ESCAPED.saturating_mul(limits.longest as u64))
}

fn emit_long_line(
    bytes: u64,
    limits: Limits,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    if !limits.cut {
        return emit_too_large(bytes, place, emit);
    }
    let longest = Bytes(longest_line(limits));
    emit(Piece::LeftOut {
        reason: Reason::LongLine,
        documents: 1,
        bytes,
        why: &|| format!("{} has {}, and {longest} are held at most", place(), Bytes(bytes)),
    })
}
