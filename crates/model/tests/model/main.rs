//! What every architecture, mixer and channel owes.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod ahead;
mod experts;
#[path = "../golden/mod.rs"]
mod files;
mod gguf;
mod golden;
mod layouts;
mod memory;
mod refusals;
mod registry;
