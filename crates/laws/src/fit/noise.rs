//! The distribution of one run's noise, from the residuals of a fit.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::numeric::{Stream, quantile_sorted, sorted};
use crate::objective::{Objective, Penalty, Robust};
use crate::rows::Rows;

/// Smoothing of absolute deviations at convergence.
pub(crate) const SMOOTH: f64 = 1e-9;

/// Residuals as a distribution: scaled for the parameters fitted and smoothed by a normal kernel.
///
/// A fit of `p` parameters by absolute deviations goes through `p` rows exactly, so the raw residuals
/// have an atom at zero that noise does not have; it would make every such estimate look too sharp.
/// As many of the smallest are left out as the objective interpolates: `p` for absolute deviations,
/// none for squares.
pub(crate) struct Noise {
    /// Rows and their scaled residuals.
    residuals: Vec<(usize, f64)>,
    /// Standard deviation of the kernel (Silverman 1986, equation 3.31).
    bandwidth: f64,
    /// Keeps the variance what it was before the kernel widened it (Silverman and Young 1987).
    shrinkage: f64,
    /// Squared residuals over their degrees of freedom.
    variance: f64,
}

impl Noise {
    /// Normal noise of the variance that `residuals` of a fit by squares show.
    pub(crate) fn normal(residuals: &[f64], freedom: usize) -> Self {
        let variance = residuals.iter().map(|residual| residual * residual).sum::<f64>() / freedom as f64;
        Self {
            residuals: vec![(0, 0.0)],
            bandwidth: variance.sqrt(),
            shrinkage: 1.0,
            variance,
        }
    }

    /// Standard deviation.
    pub(crate) fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }

    /// The noise that `residuals` show after a fit of `parameters`.
    pub(crate) fn new(residuals: &[f64], objective: &Objective, parameters: usize) -> Self {
        let mut kept: Vec<(usize, f64)> = residuals.iter().copied().enumerate().collect();
        let count = kept.len();
        let outside = match objective.robust {
            Robust::Squares => 0,
            Robust::Absolute => count,
            Robust::Huber { delta } => kept.iter().filter(|(_, residual)| residual.abs() > delta).count(),
        };
        let freedom = count.saturating_sub(parameters).max(1);
        let variance = kept.iter().map(|(_, residual)| residual * residual).sum::<f64>() / freedom as f64;
        let interpolated = (parameters as f64 * outside as f64 / count as f64).round() as usize;
        kept.sort_by(|first, second| first.1.abs().total_cmp(&second.1.abs()));
        kept.drain(..interpolated.min(count.saturating_sub(2)));
        let left = kept.iter().map(|(_, residual)| residual * residual).sum::<f64>() / kept.len() as f64;
        let scale = if left > 0.0 { (variance / left).sqrt() } else { 1.0 };
        kept.iter_mut().for_each(|(_, residual)| *residual *= scale);
        kept.sort_by_key(|(row, _)| *row);
        let ordered = sorted(kept.iter().map(|(_, residual)| *residual));
        let quartiles = quantile_sorted(&ordered, 0.75) - quantile_sorted(&ordered, 0.25);
        let spread = variance.sqrt().min(quartiles / 1.34);
        let bandwidth = 0.9 * spread * (kept.len() as f64).powf(-0.2);
        let shrinkage = if variance > 0.0 {
            (1.0 + bandwidth * bandwidth / variance).sqrt().recip()
        } else {
            1.0
        };
        Self {
            residuals: kept,
            bandwidth,
            shrinkage,
            variance,
        }
    }

    /// A draw, of random sign so that a skewed few do not shift a fit.
    pub(crate) fn draw(&self, stream: &mut Stream) -> f64 {
        let (_, residual) = self.residuals[stream.below(self.residuals.len())];
        let sign = if stream.uniform() < 0.5 { -1.0 } else { 1.0 };
        self.shrinkage * (sign * residual + self.bandwidth * stream.normal())
    }

    /// By what the fall of the objective from the truth to its minimum is to be divided to follow half
    /// a chi-squared distribution: `E psi^2 / E psi'` (Huber and Ronchetti 2009, equation 7.64), which is
    /// the variance for squares.
    pub(crate) fn dispersion(&self, rows: &Rows, objective: &Objective) -> f64 {
        if objective.robust == Robust::Squares && objective.weight_above == 1.0 {
            return self.variance * rows.mean_weight();
        }
        let penalty = Penalty::new(objective, SMOOTH);
        let (delta, inner, outer) = penalty.quadratic_part();
        let (mut square, mut slope) = (0.0, 0.0);
        for (row, residual) in &self.residuals {
            let weight = rows.weight(*row);
            let (_, derivative, _) = penalty.at(*residual);
            square += (weight * derivative).powi(2);
            // Residuals are predicted - observed: below zero is observed above the curve.
            let below = |bound: f64| {
                let distance = bound / self.shrinkage - residual;
                if self.bandwidth > 0.0 {
                    Normal::standard().cdf(distance / self.bandwidth)
                } else {
                    f64::from(distance >= 0.0)
                }
            };
            slope += weight * (inner * (below(delta) - below(0.0)) + outer * (below(0.0) - below(-delta)));
        }
        square / slope
    }
}
