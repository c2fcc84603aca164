//! The real program, run as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arms;
mod bench;
mod classifier;
mod containers;
mod corpus;
mod corpus_told;
mod curated_arms;
mod curation;
mod evaluations;
mod examples;
mod extend;
#[cfg(target_os = "linux")]
mod faults;
mod fit;
mod gaps;
mod generate;
mod gguf;
mod held;
mod input;
mod kill;
mod length;
mod library;
mod mixtures;
mod model;
mod moved;
mod output;
mod perplexity;
mod plan;
mod probes;
mod registries;
mod study;
mod support;
mod test_time;
