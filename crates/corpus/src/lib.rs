//! Documents to token shards: readers, exact deduplication, split, mixture, tokenizer, shards.
//!
//! ```text
//! sources ─► scan ─────► select ───────────► tokenizer ─► shards + manifest
//!            hash every   drop duplicates,    train or     one folder, renamed
//!            document,    split, sample,      load         into place at the end
//!            hold out     shuffle
//! ```
//!
//! The scan reads every document once and keeps 32 bytes of each, so that a corpus larger than
//! memory is no trouble. Everything after it reads only the documents that were chosen. No result
//! depends on the number of threads, on the order in which a folder lists its files, or on where the
//! sources lie on the disk.
//!
//! [`prepare`] does all of it, [`describe`] tells what the sources hold without reading them, and
//! [`Corpus::open`] maps a finished folder for training.

mod classes;
mod content;
mod corpus;
mod describe;
mod documents;
mod error;
mod facts;
mod folder;
mod held_out;
mod index;
mod left_out;
mod losses;
mod manifest;
mod novelty;
mod prepare;
mod progress;
mod read;
mod readers;
mod scan;
mod select;
mod shards;
mod spec;
mod text;
mod texts;

pub use classes::TokenClasses;
pub use content::{content, content_of_text};
pub use corpus::{Corpus, TokenView};
pub use describe::{SourceListing, describe};
pub use documents::{Documents, FileFacts, Reading};
pub use error::CorpusError;
pub use folder::Unfinished;
pub use held_out::HeldOut;
pub use index::{Document, Index};
pub use left_out::{LeftOut, LeftOutBy, Reason};
pub use manifest::{
    Count, HeldOutFacts, LicenceFacts, Manifest, Shard, SourceFacts, SplitFacts, TextFacts, TokenizerFacts,
    Total, left_out_told,
};
pub use novelty::Novelty;
pub use prepare::{prepare, prepare_apart};
pub use progress::{Progress, Stage};
pub use readers::{CargoSources, Curated, Files, Found, Jsonl, Origin, Parquet, SourceSpec};
pub use spec::{CorpusSpec, LongDocuments, TokenizerSpec};
pub use texts::{Encoded, Text, describe_text, read_text};
pub use triaxis_tokens::{END_OF_TEXT, Tokenizer};

/// The parts of this room that the tokens of a corpus hang on, each with its version.
pub fn numerics() -> std::collections::BTreeMap<String, u32> {
    let parts = [
        ("text", prepare::NUMERICS),
        ("tokenizer", triaxis_tokens::NUMERICS),
    ];
    parts.map(|(part, version)| (part.to_owned(), version)).into()
}
