//! Text whose gaps are filled, by a model that says of masked tokens what was there.
//!
//! A [`Canvas`] holds what is there and what may come into each gap; [`fill`] draws what comes, and keeps to it.

mod canvas;
mod filler;
mod infill;
mod marks;
mod sampler;

pub use canvas::{Canvas, TokenSet};
pub use filler::{Denoise, Filler, no_next_token};
pub use infill::{InTheMiddle, Infill};
pub use marks::{MARK, Piece, pieces};
pub use sampler::{Filled, Filling, Order, fill};
