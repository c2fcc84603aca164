//! Models that are read to and asked: an engine for decoding on processors, and what goes on around it.
//!
//! An [`Engine`] holds the weights of a network as they are stored, in quantised blocks or in floating point, and reads
//! tokens into [`Sequence`]s, each of which remembers what it has read. Of networks of attention it computes every product
//! and all attention itself (`triaxis-blocks`); other mixers step as in training.
//!
//! # What holds
//! In an engine of attention what a sequence gives has the same bits whatever other sequences are read beside it, in how
//! many pieces it is read, on how many threads, and whether its beginning is its own, shared with others or found in a
//! [`PrefixCache`]. Other mixers step by training's kernels, whose sums are cut by how many positions they are given: of them
//! the same holds of pieces that end at multiples of 256 tokens, where the engine cuts what is longer and a cache does; other
//! pieces, such as answers token by token, give the same to 1e-4.

mod batch;
mod constraints;
mod draft;
mod engine;
mod error;
mod evaluate;
pub mod filling;
mod generate;
mod prefixes;
mod sampling;
mod sequence;
mod source;
pub mod speed;
mod steps;
pub mod text;

pub use batch::Batch;
pub use constraints::{Allowed, Constraint, Grammar};
pub use draft::{Draft, Drafted, LookUp, SmallModel};
pub use engine::{Engine, Options, Reading, Wanted};
pub use error::InferError;
pub use evaluate::{TextLoss, Windows, evaluate};
pub use generate::{Answer, Ended, Helpers, Request, Token, generate};
pub use prefixes::PrefixCache;
pub use sampling::{Counts, Distribution, Sampling, log_probabilities};
pub use sequence::Sequence;
pub use source::{WeightSource, Weights};
pub use triaxis_blocks::{Format, Kept, Precision};
