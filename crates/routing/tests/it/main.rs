//! Measures of routes against worlds whose truth is planted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod measures;
mod specialisation;
mod worlds;
