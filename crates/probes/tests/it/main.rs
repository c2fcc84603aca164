//! Tests of the probes from outside.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod answers;
mod refusals;
mod registry;
