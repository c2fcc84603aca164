//! Published studies refitted from their own runs. The runs lie outside the repository; where they
//! are absent each test says so and passes, except under `CI=true`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod chinchilla;
mod coverage;
mod data_constrained;
mod files;
mod ladders;
mod over_training;
mod routed_and_parallel;
