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
//! [`curate`] does all of it. The output depends on the recipe and the text alone: not on the number of threads. It is
//! written beside its later place and renamed when it is whole, so that what a killed run leaves is never taken for one.
//!
//! # Memory
//! Two batches of 16 MiB of text and a document are held, with what is made of one, beside the recipe's `memory` for
//! each of two steps that look for copies and the list of the sources' files, however much text there is. The disk holds
//! the survivors of a pass, compressed, and what [`triaxis_duplicates`] says that it writes.

mod batches;
mod curate;
mod error;
mod facts;
mod pass;
mod progress;
mod recipe;
mod record;
mod samples;
mod shards;
mod steps;

pub use curate::{Curated, VERSION, curate, curate_apart, finished};
pub use error::CurationError;
pub use facts::{Edited, Facts, File, PassedSource, StepFacts};
pub use progress::Progress;
pub use recipe::Recipe;
pub use record::{Bound, Dropped, Kept};
pub use samples::{Asked, Samples, samples};
pub use steps::{Exact, Filter, Harm, Near, Noise, Random, StepSpec};
