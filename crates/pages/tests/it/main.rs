//! Pages to text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod golden;
mod hostile;
