//! Formats against the field's own readers and writers: `golden/blocks.py` made the blocks of `golden/*.bin`.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod golden;
mod quality;
