use crate::schedule::{Shape, Span};

/// The peak rate to the end: see [`Shape::DOCUMENTATION`].
#[derive(Debug, Clone, Copy)]
pub struct Constant;

impl Shape for Constant {
    const DOCUMENTATION: &'static str = "The peak rate from the warm-up to the end: the reference that shows what a \
        decay brings. Trainings of several lengths share every step of the shorter.";

    const NUMERICS: u32 = 1;

    fn factor(_: u64, _: &Span) -> f64 {
        1.0
    }

    fn stable_until(span: &Span) -> u64 {
        span.end
    }
}
