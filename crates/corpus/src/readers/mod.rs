//! Where documents come from: one file and one line of the registry below for each reader.

#[cfg(test)]
mod tests;
mod walk;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use crate::CorpusError;

/// Licence of text whose source states none.
const UNSTATED: &str = "unstated";

/// The folders that patterns are resolved in.
pub(crate) struct Place {
    /// The spec's folder, absolute.
    pub(crate) base: PathBuf,
    /// A folder never read, absolute: the corpus being made, which may lie among its sources.
    pub(crate) avoid: Option<PathBuf>,
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

/// What a reader finds, one after another, in an order that the file alone decides.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    Document(&'a str),
    NotUtf8,
    TooLarge,
}

/// Receives each piece, and says whether to go on.
pub(crate) type Emit<'a> = dyn FnMut(Piece<'_>) -> Result<ControlFlow<()>, CorpusError> + 'a;

/// A kind of source.
pub(crate) trait Source: Sync {
    fn name(&self) -> &str;
    fn weight(&self) -> Option<f64>;
    /// Lists the files in an order that does not depend on the machine.
    fn files(&self, place: &Place) -> Result<Vec<SourceFile>, CorpusError>;
    /// Reads one file from its beginning. A document above `maximum` bytes is told, not held.
    fn read(&self, file: &SourceFile, maximum: Bytes, emit: &mut Emit<'_>) -> Result<(), CorpusError>;
}

macro_rules! readers {
    ($($(#[$doc:meta])* $module:ident::$variant:ident = $kind:literal,)*) => {
        $(
            mod $module;
            pub use $module::$variant;
        )*

        /// A source of documents; `kind` chooses the reader.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum SourceSpec {
            $($(#[$doc])* #[serde(rename = $kind)] $variant($variant),)*
        }

        impl SourceSpec {
            /// Every kind of source, in the order of the registry.
            pub const KINDS: &[&str] = &[$($kind),*];

            /// The source's kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)* }
            }

            pub(crate) fn source(&self) -> &dyn Source {
                match self { $(Self::$variant(source) => source,)* }
            }
        }
    };
}

readers! {
    /// Text, Markdown or code: each file is one document.
    files::Files = "files",
    /// JSON lines, plain or compressed with gzip or Zstandard.
    jsonl::Jsonl = "jsonl",
    /// A text column of Parquet files.
    parquet::Parquet = "parquet",
    /// The sources and documentation of the packages that a Cargo.lock pins.
    cargo_sources::CargoSources = "cargo-sources",
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

/// Emits one document of raw bytes.
fn emit_bytes(bytes: &[u8], maximum: Bytes, emit: &mut Emit<'_>) -> Result<ControlFlow<()>, CorpusError> {
    if bytes.len() as u64 > maximum.0 {
        return emit(Piece::TooLarge);
    }
    emit(std::str::from_utf8(bytes).map_or(Piece::NotUtf8, Piece::Document))
}

fn open(path: &Path) -> Result<std::fs::File, CorpusError> {
    std::fs::File::open(path).map_err(CorpusError::io("open", path))
}

fn text_field() -> String {
    "text".to_owned()
}
