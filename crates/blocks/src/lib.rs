//! Weights in quantised blocks: formats to the bit, and their encoders.
//!
//! A row of a matrix is stored as blocks of 1, 32 or 256 numbers, each with scales of its own; no block straddles rows. A
//! [`Format`] says how many bytes a block has, what numbers they are, and which bytes to write for given numbers. [`Rows`]
//! are a matrix in one of them.

mod format;
mod formats;
mod half;
mod rows;
mod search;

pub use format::Format;
pub use rows::Rows;
