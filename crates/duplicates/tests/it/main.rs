//! What is found of copies, against plain references and datatrove.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bloom;
mod chance;
mod common;
mod exact;
mod golden;
mod memory;
mod near;
mod substrings;
