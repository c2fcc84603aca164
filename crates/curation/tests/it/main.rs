//! Curation of planted corpora.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod comparison;
mod damage;
mod example;
mod noise;
mod planted;
mod resume;
mod shards;
mod statistics;
mod steps;
mod support;
mod threads;
