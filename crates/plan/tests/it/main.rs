//! What things cost, how much there is of them, and how sure that is.

#![allow(clippy::unwrap_used, clippy::panic)]

mod decide;
mod quantities;
