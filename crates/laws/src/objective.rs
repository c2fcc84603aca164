//! What a fit minimises: robust losses of residuals, summed over weighted rows.

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::form::Residual;

/// The loss of one residual `r`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Robust {
    /// `r^2 / 2`.
    Squares,
    /// `r^2 / 2` up to `delta`, then `delta (|r| - delta / 2)` (Huber 1964).
    Huber {
        /// Where the quadratic part ends, in the unit of the residual.
        delta: f64,
    },
    /// `|r|`: least absolute deviations.
    Absolute,
}

/// How the losses of rows are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Sum over rows.
    Sum,
    /// Mean over rows.
    Mean,
}

/// What a fit minimises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The coordinate of the residual.
    pub residual: Residual,
    /// The loss of a residual.
    pub robust: Robust,
    /// Sum or mean; changes the reported objective, never the estimates.
    pub reduction: Reduction,
    /// Weight of rows observed above the curve: below 1 for undertuned runs, which can only be too high.
    pub weight_above: f64,
}

impl Objective {
    /// The objective of Hoffmann et al. 2022, equation 3: log-Huber with delta 1e-3, summed.
    pub fn log_huber() -> Self {
        Self {
            residual: Residual::Log,
            robust: Robust::Huber { delta: 1e-3 },
            reduction: Reduction::Sum,
            weight_above: 1.0,
        }
    }

    /// Ordinary least squares on the given residual.
    pub fn squares(residual: Residual) -> Self {
        Self {
            residual,
            robust: Robust::Squares,
            reduction: Reduction::Sum,
            weight_above: 1.0,
        }
    }

    /// Checks the numbers in it.
    ///
    /// # Errors
    /// [`InputError::Option`] for a delta or weight that is not positive and finite.
    pub fn check(&self) -> Result<(), InputError> {
        let positive = |option, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(InputError::Option {
                option,
                value,
                rule: "a positive finite number",
            }),
        };
        if let Robust::Huber { delta } = self.robust {
            positive("delta", delta)?;
        }
        positive("weight_above", self.weight_above)
    }
}

/// Loss, derivative, and the weight of the majorising quadratic at a residual.
#[derive(Clone, Copy)]
pub(crate) struct Penalty {
    delta: f64,
    scale: f64,
    weight_above: f64,
}

impl Penalty {
    /// `smoothing` replaces the kink of absolute deviations; it is not used by the others.
    pub(crate) fn new(objective: &Objective, smoothing: f64) -> Self {
        let (delta, scale) = match objective.robust {
            Robust::Squares => (f64::INFINITY, 1.0),
            Robust::Huber { delta } => (delta, 1.0),
            Robust::Absolute => (smoothing, smoothing.recip()),
        };
        Self {
            delta,
            scale,
            weight_above: objective.weight_above,
        }
    }

    /// Where the quadratic part ends, and its curvature for residuals above and below zero.
    pub(crate) fn quadratic_part(&self) -> (f64, f64, f64) {
        (self.delta, self.scale, self.scale * self.weight_above)
    }

    /// `(loss, d loss / d residual, curvature of the majorising parabola)` for residual predicted - observed.
    #[inline(always)]
    pub(crate) fn at(&self, residual: f64) -> (f64, f64, f64) {
        let size = residual.abs();
        let above = if residual < 0.0 { self.weight_above } else { 1.0 };
        let scale = self.scale * above;
        let bounded = size.min(self.delta);
        (
            scale * bounded * (size - 0.5 * bounded),
            scale * bounded.copysign(residual),
            scale * if size > self.delta { self.delta / size } else { 1.0 },
        )
    }
}
