//! Tests of the tasks from outside.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod brute;
mod command;
mod file;
mod golden;
mod registry;
