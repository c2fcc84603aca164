//! The parts that architectures share.

/// Initial weights.
pub mod initial;
/// Rotary tables and the causal mask.
pub mod positions;
