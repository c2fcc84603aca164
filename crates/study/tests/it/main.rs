//! What the study room promises, by its public functions.

#![allow(clippy::unwrap_used, clippy::panic)]

mod analysis;
mod spec;
