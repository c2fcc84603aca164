use crate::schedule::{Shape, Span};

/// Warm-up, stable, decay along `1 − √`: see `ABOUT`.
#[derive(Debug, Clone, Copy)]
pub struct Wsd;

impl Wsd {
    /// What it does, and its paper.
    pub const ABOUT: &str = "Constant after the warm-up, then one minus the square root of the share of \
        the decay that is done (Haegele et al. 2024, arXiv 2405.18392, section 4: the best of the decays they tried, \
        level with cosine at 20% of the steps). Trainings of several lengths share their stable phase.";
}

impl Shape for Wsd {
    fn numerics(&self) -> u32 {
        1
    }

    fn factor(&self, step: u64, span: &Span) -> f64 {
        1.0 - decayed(step, span).sqrt()
    }

    fn stable_until(&self, span: &Span) -> u64 {
        span.end.saturating_sub(span.decay)
    }
}

/// The share of the decay that is done during `step`: 0 before it, below 1 at the last step, so that
/// no step is lost to a rate of zero.
pub(super) fn decayed(step: u64, span: &Span) -> f64 {
    let start = span.end.saturating_sub(span.decay);
    if step < start {
        0.0
    } else {
        (step - start + 1) as f64 / (span.decay + 1) as f64
    }
}
