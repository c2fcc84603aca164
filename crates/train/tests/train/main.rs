//! The tests of the room, in one program.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod bound;
mod computing;
mod evaluate;
mod experts;
mod golden;
mod ngram;
mod objectives;
mod routing;
mod run;
mod scored;
