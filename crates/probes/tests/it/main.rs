//! Tests of the probes from outside.

mod answers;
mod refusals;
mod registry;
