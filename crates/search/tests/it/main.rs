//! Strategies and estimators against worlds whose truth is known.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod allocation;
mod checked;
mod comparisons;
mod driver;
mod engine;
mod estimators;
mod exact;
mod hostile;
mod mcts;
mod named;
mod registry;
mod steps;
mod trees;
mod worlds;
