//! Pages to text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod golden;
mod hostile;
