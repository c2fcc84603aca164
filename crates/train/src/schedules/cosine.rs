use crate::schedule::{Shape, Span};

/// Half a cosine from the peak to a tenth of it: see `ABOUT`.
#[derive(Debug, Clone, Copy)]
pub struct Cosine;

/// What is left of the rate at the end.
const FLOOR: f64 = 0.1;

impl Cosine {
    /// What it does, and its paper.
    pub const ABOUT: &str = "Half a cosine from the peak to a tenth of it over the whole training (Hoffmann \
        et al. 2022, arXiv 2203.15556, appendix B). It has no stable phase: trainings of different lengths share only \
        the warm-up, and the length of the decay is not used.";
}

impl Shape for Cosine {
    fn numerics(&self) -> u32 {
        1
    }

    fn factor(&self, step: u64, span: &Span) -> f64 {
        let done = (step - span.warmup) as f64 / (span.end - span.warmup) as f64;
        FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }

    fn stable_until(&self, span: &Span) -> u64 {
        span.warmup
    }
}
