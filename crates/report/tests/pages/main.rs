//! The pages of a fit and of a decision.

#![allow(clippy::unwrap_used, clippy::panic)]

mod decision;
mod fit;
