//! The real program, run as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arms;
mod bench;
mod examples;
mod fit;
mod input;
mod kill;
mod library;
mod output;
mod study;
mod support;
