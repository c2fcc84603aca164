//! Weights in quantised blocks: formats to the bit, and their encoders.
//!
//! A row of a matrix is stored as blocks of 1, 32 or 256 numbers, each with scales of its own; no block straddles rows. A
//! [`Format`] says how many bytes a block has, what numbers they are, and which bytes to write for given numbers. [`Rows`]
//! are a matrix in one of them.
//!
//! A [`Matrix`] holds such rows side by side and multiplies them with [`Activations`], on the instruction set that is asked
//! for. What a column gives does not depend on the others. [`Page`]s hold what attention remembers, a [`Span`] attends over
//! them, and a [`Team`] of threads shares such work.
#![allow(unsafe_code)] // Vector instructions, as in `kernels`.

mod activations;
mod attention;
mod format;
mod formats;
mod half;
mod lanes;
mod pages;
mod products;
mod rows;
mod search;
mod team;

pub use activations::{Activations, PanelMut, Precision};
pub use attention::{SPAN, Scores, Span, join, span_numbers};
pub use format::Format;
pub use pages::{Heads, Kept, PAGE, Page, PageLayout};
pub use products::{Matrix, STRIP};
pub use rows::Rows;
pub use team::{Taken, Team};
