//! What a model will be asked: from a trace of requests, and over a life in which demand grows and
//! prices fall.

mod life;
mod trace;

pub use life::Lifetime;
pub use trace::Trace;
