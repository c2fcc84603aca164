//! Bootstrap samples of a fit, and intervals from them.

use rayon::prelude::*;

use super::noise::Noise;
use super::options::Resampling;
use super::search::Searcher;
use crate::numeric::{Stream, normal_quantile, quantile_sorted, sorted};
use crate::objective::Rows;
use statrs::distribution::{ContinuousCDF, Normal};

/// Largest number of rows for which leaving each one out in turn is worth its time.
const MOST_LEFT_OUT: usize = 2000;

/// What a bootstrap starts from.
pub(crate) struct Sampler<'a> {
    pub(crate) searcher: Searcher<'a>,
    pub(crate) rows: &'a Rows,
    /// Local minima of the fit to all rows, the best first.
    pub(crate) minima: &'a [Vec<f64>],
    /// What one run's response varies by.
    pub(crate) noise: &'a Noise,
    /// Residuals at the best, predicted minus observed.
    pub(crate) residuals: &'a [f64],
    pub(crate) seed: u64,
}

impl Sampler<'_> {
    /// Refits to `count` samples; a sample without a finite fit is left out. Same numbers on any number of threads.
    pub(crate) fn replicates(&self, resampling: Resampling, count: usize) -> Vec<Vec<f64>> {
        let fits: Vec<Option<Vec<f64>>> = (0..count)
            .into_par_iter()
            .map(|index| {
                let sample = match resampling {
                    Resampling::Case => self.case_sample(index),
                    Resampling::Residual => self.residual_sample(index),
                };
                let minimum = self.searcher.refit(&sample, self.minima);
                minimum.value.is_finite().then_some(minimum.point)
            })
            .collect();
        fits.into_iter().flatten().collect()
    }

    fn case_sample(&self, index: usize) -> Rows {
        let mut stream = Stream::new(self.seed, "case bootstrap", index as u64);
        let mut rows = self.rows.clone();
        for (weight, count) in rows
            .weights
            .iter_mut()
            .zip(stream.resample_counts(self.rows.len()))
        {
            *weight *= count;
        }
        rows
    }

    /// Fitted values plus noise drawn anew.
    fn residual_sample(&self, index: usize) -> Rows {
        let mut stream = Stream::new(self.seed, "residual bootstrap", index as u64);
        let mut rows = self.rows.clone();
        for row in 0..rows.len() {
            rows.target[row] += self.residuals[row] + self.noise.draw(&mut stream);
        }
        rows
    }

    /// Refits with each row left out, for the acceleration of BCa; empty when there are too many rows.
    pub(crate) fn left_out(&self) -> Vec<Vec<f64>> {
        if self.rows.len() > MOST_LEFT_OUT {
            return Vec::new();
        }
        (0..self.rows.len())
            .into_par_iter()
            .filter(|row| self.rows.weights[*row] > 0.0)
            .map(|row| {
                let mut rows = self.rows.clone();
                rows.weights[row] = 0.0;
                self.searcher.refit(&rows, &self.minima[..1])
            })
            .filter(|minimum| minimum.value.is_finite())
            .map(|minimum| minimum.point)
            .collect()
    }
}

/// Bias-corrected and accelerated interval (Efron 1987) of a quantity: its replicates, its estimate,
/// and its values with one row left out. Falls back to percentiles where the correction is undefined.
pub(crate) fn bca(replicates: &[f64], estimate: f64, left_out: &[f64], level: f64) -> Option<(f64, f64)> {
    let values = sorted(replicates.iter().copied());
    if values.len() < 20 {
        return None;
    }
    let below = values.iter().filter(|value| **value < estimate).count() as f64
        + 0.5 * values.iter().filter(|value| **value == estimate).count() as f64;
    let share = (below / values.len() as f64).clamp(1e-4, 1.0 - 1e-4);
    let bias = normal_quantile(share);
    let mean = left_out.iter().sum::<f64>() / left_out.len().max(1) as f64;
    let (square, cube) = left_out.iter().fold((0.0, 0.0), |(square, cube), value| {
        let distance = mean - value;
        (square + distance * distance, cube + distance.powi(3))
    });
    let acceleration = if square > 0.0 {
        cube / (6.0 * square.powf(1.5))
    } else {
        0.0
    };
    let adjusted = |probability: f64| {
        let shifted = bias + normal_quantile(probability);
        let corrected = Normal::standard().cdf(bias + shifted / (1.0 - acceleration * shifted));
        quantile_sorted(
            &values,
            if corrected.is_finite() {
                corrected
            } else {
                probability
            },
        )
    };
    Some((adjusted(0.5 * (1.0 - level)), adjusted(0.5 * (1.0 + level))))
}

/// Equal-tailed percentile interval.
pub(crate) fn percentile(replicates: &[f64], level: f64) -> Option<(f64, f64)> {
    let values = sorted(replicates.iter().copied());
    (values.len() >= 20).then(|| {
        (
            quantile_sorted(&values, 0.5 * (1.0 - level)),
            quantile_sorted(&values, 0.5 * (1.0 + level)),
        )
    })
}
