use super::wsd::decayed;
use crate::schedule::{Shape, Span};

/// Warm-up, stable, linear decay: see `ABOUT`.
#[derive(Debug, Clone, Copy)]
pub struct WsdLinear;

impl WsdLinear {
    /// What it does, and its paper.
    pub const ABOUT: &str = "Constant after the warm-up, then linear to zero (Hu et al. 2024, MiniCPM, \
        arXiv 2404.06395; Haegele et al. 2024, arXiv 2405.18392). Trainings of several lengths share their stable phase.";
}

impl Shape for WsdLinear {
    fn numerics(&self) -> u32 {
        1
    }

    fn factor(&self, step: u64, span: &Span) -> f64 {
        1.0 - decayed(step, span)
    }

    fn stable_until(&self, span: &Span) -> u64 {
        span.end.saturating_sub(span.decay)
    }
}
