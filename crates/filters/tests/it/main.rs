//! Filters against datatrove's, and on any text.
#![allow(clippy::unwrap_used)]

mod any;
mod golden;
mod perplexity;
mod rules;
