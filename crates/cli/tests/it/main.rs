//! The real program, run as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fit;
mod bench;
mod input;
mod kill;
mod output;
mod study;
mod support;
