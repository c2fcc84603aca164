//! Documents to better documents: steps that keep, edit or drop them, each verdict with what was measured.
//!
//! ```text
//! sources ─► filters ─► look for ─┐                          ┌─► kept/NNNNN.jsonl.zst
//!                       copies    ▼                          │
//!            survivors on the disk ─► without copies ─► more ─┴─► dropped/NNNNN.jsonl.zst
//!                                                      filters
//! ```
//!
//! Whether a document has a copy is known once all have been read. So the steps are done in passes, one more than there
//! are steps that look for copies: a pass writes what its filters left beside the later output, and the next one reads
//! that instead of the sources. Each filter judges a document once, and each step sees exactly what those before it left.
//!
//! [`curate`] does all of it. [`statistics()`] tells what text is like before, and [`compare`] which documents two recipes
//! judge differently; both read, and write nothing. The output depends on the recipe and the text alone: not on the number of threads, nor on
//! how often the process died, nor on how many processes shared the work.
//!
//! # Death
//! An output is written in a hidden folder beside its later place, which a lock keeps to one process, and renamed when it
//! is whole. After a batch it is noted there how far all is: files, cut back to what is known of them when another process
//! goes on, lines that are in none yet, counts, and what the next step must know. That is done whenever twenty times as
//! long has passed as it took, and at the latest after thirty seconds, so that a death costs half a minute and a batch at
//! most. Within a file of the sources what is done is read again and passed over, unjudged, and within one of a pass at
//! most 256 MiB of text. Sorting keys and joining them is done anew.
//!
//! # Shards
//! [`curate_shard`] reads a share of the documents, does the steps up to the first that looks for copies, and writes what
//! is left with the keys by which that step finds copies. [`merge`] reads those files side by side in the order of the
//! corpus and does the rest: what is dropped and kept is put together, keys are sorted into each other, and later passes go
//! over what is left. So reading, the filters before the first search and the hashing for it are shared out; what comes
//! after is one process's, on all of its threads. A file that is more than a share is read by every shard, and every 256
//! documents of it are the next one's.
//!
//! # Memory
//! Two batches of 16 MiB of text and a document are held, with what is made of one, beside the recipe's `memory` for
//! each of two steps that look for copies and the list of the sources' files, however much text there is: of 100 GB no more
//! than of 1 GB. A step that looks through text `at_once` has batches of that much, and merging holds about 4 MiB a shard
//! more. The disk holds the survivors of two passes, compressed, and what [`triaxis_duplicates`] says that it writes.

mod batches;
mod comparison;
mod curate;
mod drawn;
mod error;
mod facts;
mod journal;
mod keys;
mod lines;
mod measured;
mod parquet;
mod pass;
mod passes;
mod progress;
mod recipe;
mod record;
mod samples;
mod shard;
mod statistics;
mod steps;
mod unfinished;
mod written;

pub use comparison::{Broken, Compare, Comparison, DroppedFor, Example, Reasons, Said, SourceRead, compare};
pub use curate::{Curated, VERSION, curate, curate_apart, curate_shard, finished, merge};
pub use error::CurationError;
pub use facts::{Edited, Facts, File, PassedSource, StepFacts};
pub use measured::Measured;
pub use progress::Progress;
pub use recipe::{Output, Recipe};
pub use record::{Bound, Dropped, Kept};
pub use samples::{Asked, KeptSample, Samples, samples};
pub use shard::Shard;
pub use statistics::{
    Bar, Grown, Labelled, Measure, MeasuredValue, Overlap, Quantile, SourceStatistics, Statistics, Summary,
    statistics,
};
pub use steps::{Bloom, Exact, Filter, Harm, Near, Noise, Passages, Random, StepSpec};
