//! Filters against datatrove's, and on any text.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod any;
mod golden;
mod models;
mod perplexity;
mod rules;
