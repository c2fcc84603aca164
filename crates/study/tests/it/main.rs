//! The study room from outside: what a spec may say, what its trainings come to, what is computed from records.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod analysis;
mod experts;
mod jobs;
mod numerics;
mod spec;
