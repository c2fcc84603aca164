//! Language models that count: made of text by interpolated modified Kneser-Ney smoothing, as KenLM's `lmplz` estimates
//! them, kept as ARPA files, and asked how unlike their text a document is.
//!
//! [`Trainer`] makes a model of text that may be larger than memory, [`Model`] holds one, and [`Judge`] tells the
//! perplexity of a document as cc_net does.

mod arpa;
pub mod discounts;
mod error;
mod estimate;
mod model;
mod normal;
mod perplexity;
mod train;
mod unit;
mod vocabulary;

pub use arpa::{Arpa, Entry, LONGEST};
pub use error::NgramsError;
pub use estimate::{Estimate, Stage};
pub use model::{Model, Score};
pub use normal::Normalization;
pub use perplexity::{Bucket, Judge, Sentence, percentile};
pub use train::{Settings, Trained, Trainer};
pub use triaxis_words::Splitter;
pub use unit::{Room, Units};
