//! The study room from outside: what a spec may say, and what its trainings come to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod numerics;
mod spec;
