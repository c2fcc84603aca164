//! Scaling-law forms, fits, intervals and refusals: pure functions over numbers.

pub mod forms;
