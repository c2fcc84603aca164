use crate::schedule::{Shape, Span};

/// The peak rate to the end: see `ABOUT`.
#[derive(Debug, Clone, Copy)]
pub struct Constant;

impl Constant {
    /// What it does, and its paper.
    pub const ABOUT: &str = "The peak rate from the warm-up to the end: the reference that shows what a \
        decay brings. Trainings of several lengths share every step of the shorter.";
}

impl Shape for Constant {
    fn numerics(&self) -> u32 {
        1
    }

    fn factor(&self, _: u64, _: &Span) -> f64 {
        1.0
    }

    fn stable_until(&self, span: &Span) -> u64 {
        span.end
    }
}
