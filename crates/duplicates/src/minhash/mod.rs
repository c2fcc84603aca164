//! Near copies: documents that share most of their runs of words, found without comparing each with each.
//!
//! Of a document's runs of words (its shingles) each of some permutations keeps the least hash. Two documents have the
//! same least hash with the probability of their likeness, the Jaccard index of their sets of shingles (Broder 1997).
//! Hashes lie in bands; documents that agree in all rows of a band are taken for near copies, which those of likeness
//! s do with probability [`1 − (1 − s^rows)^bands`](Settings::chance) (Indyk and Motwani 1998). Copies of copies are
//! one cluster, whose first document in the order of the corpus is kept.
//!
//! Signatures are those of datatrove to the bit, given the same words: `(h · a + b)` wraps at 2⁶⁴ *before* it is
//! taken modulo 2⁶¹ − 1, `a` and `b` are what numpy's `RandomState` of the seed draws, and a document of fewer words
//! than a run has no signature.
//!
//! ```
//! use triaxis_duplicates::minhash::{Finder, Found, Settings, Verdict};
//! use triaxis_duplicates::{Document, Position, Workspace};
//! let folder = tempfile::tempdir()?;
//! let workspace = Workspace::new(folder.path(), "64MiB".parse()?)?;
//! let settings = Settings::fineweb();
//! let texts = ["One text of a few words.", "Quite another one, of other words.", "One text -- of a few WORDS!"];
//!
//! let mut finder = Finder::new(settings, &workspace)?;
//! let document = |(record, text)| Document { position: Position::new(0, record), text };
//! finder.add(&(0..).zip(texts).map(document).collect::<Vec<_>>())?;
//! let path = folder.path().join("near");
//! assert_eq!(finder.finish(None)?.cluster(&path)?.removed, 1);
//!
//! let mut found = Found::open(&path, settings)?;
//! assert_eq!(found.verdict(Position::new(0, 2))?, Verdict::Copy { of: Position::new(0, 0) });
//! assert_eq!(found.verdict(Position::new(0, 1))?, Verdict::Alone);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidates;
mod clusters;
mod finder;
mod found;
mod hashes;
mod likeness;
mod mersenne_twister;
mod permutations;
mod settings;
mod signer;

pub use candidates::{Candidates, Facts};
pub use finder::{Finder, Read};
pub use found::{Found, Verdict};
pub use hashes::ShingleHash;
pub use likeness::{Likeness, jaccard};
pub use settings::Settings;
pub(crate) use signer::Shingles;
pub use signer::{Room, Signer};
