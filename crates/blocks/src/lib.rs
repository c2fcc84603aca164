//! Weights in quantised blocks: formats to the bit, and their encoders.
//!
//! A row of a matrix is stored as blocks of 1, 32 or 256 numbers, each with scales of its own; no block straddles rows. A
//! [`Format`] says how many bytes a block has, what numbers they are, and which bytes to write for given numbers. [`Rows`]
//! are a matrix in one of them.
//!
//! A [`Matrix`] holds such rows side by side and multiplies them with [`Activations`], on the instruction set that is asked
//! for. What a column gives does not depend on the others.
#![allow(unsafe_code)] // Vector instructions, as in `kernels`.

mod activations;
mod format;
mod formats;
mod half;
mod lanes;
mod products;
mod rows;
mod search;

pub use activations::{Activations, PanelMut, Precision};
pub use format::Format;
pub use products::{Matrix, STRIP};
pub use rows::Rows;
