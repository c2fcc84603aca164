//! Copies and near copies in a corpus: which documents, and which parts of documents, stand there already.
//!
//! | module | finds | memory |
//! |---|---|---|
//! | [`exact`] | documents, paragraphs, lines and sentences that stand earlier, too | as given |
//! | [`minhash`] | documents that share most of their runs of words | as given, and 16 bytes for each document with a near copy |
//! | [`bloom`] | documents and paragraphs most of whose runs of words were read before | as given |
//! | [`substrings`] | long passages that stand earlier, too | 5⅛ bytes for a byte of the text at hand |
//!
//! Documents come in batches, each with its [`Position`] in the corpus. The first two take two passes: one that
//! reads every document and ends with a file of what was found, and one that asks this file about each document, from
//! any place on. What is found depends on the documents and their positions alone: not on the batches, the order
//! they come in, the number of threads, or which process read which documents. Of copies the first in the order of
//! the corpus is kept.
//!
//! # Memory
//! [`Workspace::memory`] bounds what is held beside a batch and its results. Of keys no more than half of it is held:
//! what is more goes to the disk as sorted runs that are merged in the end, each through a block of 64 KiB, and so
//! does each shard and index of an earlier corpus; no more than 64 runs are merged at once. So memory does not grow
//! with the corpus: one of 100 GB is read with 1 GiB, and takes about 30 GB of disk for near copies of pages of 3 kB
//! (14 keys of 28 bytes each, written twice at most). Only the clusters of near copies are held whole, 16 bytes for a
//! document that has one: 1 GiB is enough for 67 million of them, and more are refused by name, not run into.

pub mod bloom;
mod error;
pub mod exact;
mod keys;
pub mod minhash;
mod position;
mod ranges;
pub mod records;
pub mod substrings;
mod workspace;

pub use error::DuplicatesError;
pub use position::{Document, Position};
pub use ranges::without;
pub use workspace::Workspace;
