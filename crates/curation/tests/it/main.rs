//! Curation of planted corpora.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod example;
mod noise;
mod planted;
mod support;
mod threads;
