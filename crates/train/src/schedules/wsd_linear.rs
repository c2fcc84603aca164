use super::wsd::decayed;
use crate::schedule::{Shape, Span};

/// Warm-up, stable, linear decay: see [`Shape::DOCUMENTATION`].
#[derive(Debug, Clone, Copy)]
pub struct WsdLinear;

impl Shape for WsdLinear {
    const DOCUMENTATION: &'static str = "Constant after the warm-up, then linear to zero (Hu et al. 2024, MiniCPM, \
        arXiv 2404.06395; Haegele et al. 2024, arXiv 2405.18392). Trainings of several lengths share their stable phase.";

    const NUMERICS: u32 = 1;

    fn factor(step: u64, span: &Span) -> f64 {
        1.0 - decayed(step, span)
    }

    fn stable_until(span: &Span) -> u64 {
        span.end.saturating_sub(span.decay)
    }
}
