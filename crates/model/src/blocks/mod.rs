//! The parts that architectures share.

/// Initial weights.
pub mod initial;
