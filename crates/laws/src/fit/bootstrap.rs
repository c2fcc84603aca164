//! Bootstrap samples of a fit, and intervals from them.

use rayon::prelude::*;

use super::groups::Groups;
use super::noise::{Noise, SMOOTH};
use super::options::{FitOptions, LEAST_REPLICATES, Resampling};
use super::search::Searcher;
use crate::error::Warning;
use crate::numeric::{Stream, normal_quantile, quantile_sorted, solve_positive, sorted};
use crate::objective::Penalty;
use crate::problem::Problem;
use crate::rows::Rows;
use statrs::distribution::{ContinuousCDF, Normal};

/// What a bootstrap starts from.
pub(crate) struct Sampler<'a> {
    pub(crate) searcher: Searcher<'a>,
    pub(crate) rows: &'a Rows,
    /// Where a sample's search starts: the best point of all rows first.
    pub(crate) starts: &'a [Vec<f64>],
    /// What one run's response varies by.
    pub(crate) noise: &'a Noise,
    /// Residuals at the best, predicted minus observed.
    pub(crate) residuals: &'a [f64],
    /// The runs that rows share, which are drawn whole.
    pub(crate) groups: Option<&'a Groups>,
    /// Degrees of freedom that the noise is known by.
    pub(crate) freedom: usize,
    pub(crate) seed: u64,
}

/// How many times the noise estimated with `freedom` the true one may be: what a linear law predicts of
/// noise so drawn follows Student's distribution.
pub(crate) fn scale_of_noise(freedom: usize, stream: &mut Stream) -> f64 {
    let chi_squared: f64 = (0..freedom).map(|_| stream.normal().powi(2)).sum();
    (freedom as f64 / chi_squared).sqrt()
}

/// A fit to a sample of the data.
pub(crate) struct Replicate {
    /// Its parameters, in search coordinates.
    pub(crate) point: Vec<f64>,
    /// How many times its noise is the one estimated; `None` where rows were drawn.
    pub(crate) scale: Option<f64>,
}

impl Sampler<'_> {
    /// Refits to `count` samples; a sample without a finite fit is left out. Same numbers on any number of threads.
    pub(crate) fn replicates(&self, resampling: Resampling, count: usize) -> Vec<Replicate> {
        let fits: Vec<Option<Replicate>> = (0..count)
            .into_par_iter()
            .map(|index| {
                let (sample, scale) = match resampling {
                    Resampling::Case | Resampling::Posterior => (self.case_sample(index), None),
                    Resampling::Residual => {
                        let (sample, scale) = self.residual_sample(index);
                        (sample, Some(scale))
                    }
                };
                let minimum = self.searcher.refit(&sample, self.starts);
                let point = minimum.point;
                minimum.value.is_finite().then_some(Replicate { point, scale })
            })
            .collect();
        fits.into_iter().flatten().collect()
    }

    fn case_sample(&self, index: usize) -> Rows {
        let mut stream = Stream::new(self.seed, "case bootstrap", index as u64);
        let counts = match self.groups {
            Some(groups) => groups.counts(&mut stream),
            None => stream.resample_counts(self.rows.len()),
        };
        self.rows.counted(&counts)
    }

    /// Fitted values plus noise drawn anew, and how many times the noise it is.
    fn residual_sample(&self, index: usize) -> (Rows, f64) {
        let mut stream = Stream::new(self.seed, "residual bootstrap", index as u64);
        let scale = scale_of_noise(self.freedom, &mut stream);
        let mut rows = self.rows.clone();
        let noise = match self.groups {
            Some(groups) => groups.draw(&mut stream),
            None => (0..rows.len()).map(|_| self.noise.draw(&mut stream)).collect(),
        };
        for (row, (residual, noise)) in self.residuals.iter().zip(noise).enumerate() {
            *rows.target_mut(row) += residual + scale * noise;
        }
        (rows, scale)
    }

    /// The acceleration of BCa for each parameter: how skewed the influence of rows on it is
    /// (Efron 1987, equation 7.3, with the influence function of an M-estimator for the jackknife).
    pub(crate) fn accelerations(&self) -> Vec<f64> {
        let best = &self.starts[0];
        let order = best.len();
        let slopes =
            Problem::new(self.searcher.form, self.rows, self.searcher.objective, SMOOTH).slopes(best);
        let penalty = Penalty::new(self.searcher.objective, SMOOTH);
        let mut squares = vec![0.0; order * order];
        for (slope, weight) in slopes.chunks_exact(order).zip(self.rows.weights()) {
            for (at, sum) in squares.iter_mut().enumerate() {
                *sum += weight * slope[at / order] * slope[at % order];
            }
        }
        let (mut square, mut cube) = (vec![0.0; order], vec![0.0; order]);
        let alone = || (0..self.rows.len()).map(|row| vec![row]).collect();
        let members: Vec<Vec<usize>> = self.groups.map_or_else(alone, |groups| groups.members.clone());
        for own in members {
            let mut pulled = vec![0.0; order];
            for row in own {
                let pull = -self.rows.weight(row) * penalty.at(self.residuals[row]).1;
                let slopes = &slopes[row * order..(row + 1) * order];
                pulled
                    .iter_mut()
                    .zip(slopes)
                    .for_each(|(sum, slope)| *sum += pull * slope);
            }
            let Some(influence) = solve_positive(&squares, &pulled) else {
                return vec![0.0; order];
            };
            for (at, influence) in influence.iter().enumerate() {
                square[at] += influence * influence;
                cube[at] += influence.powi(3);
            }
        }
        let skewness = cube
            .iter()
            .zip(&square)
            .map(|(cube, square): (&f64, &f64)| cube / (6.0 * square.powf(1.5)));
        skewness
            .map(|skewness| if skewness.is_finite() { skewness } else { 0.0 })
            .collect()
    }
}

/// Bias-corrected and accelerated interval (Efron 1987) of a quantity: its replicates, its estimate,
/// and its acceleration. Falls back to percentiles where the correction is undefined.
pub(crate) fn bca(replicates: &[f64], estimate: f64, acceleration: f64, level: f64) -> Option<(f64, f64)> {
    let values = sorted(replicates.iter().copied());
    if values.len() < LEAST_REPLICATES {
        return None;
    }
    let below = values.iter().filter(|value| **value < estimate).count() as f64
        + 0.5 * values.iter().filter(|value| **value == estimate).count() as f64;
    let share = (below / values.len() as f64).clamp(1e-4, 1.0 - 1e-4);
    let bias = normal_quantile(share);
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

/// What samples of the data gave, each from a random stream of its own, and a warning when some gave nothing.
/// Nothing when these are too many for intervals.
pub(crate) fn resampled<T: Send>(
    options: &FitOptions,
    purpose: &str,
    draw: impl Fn(&mut Stream) -> Option<T> + Sync,
) -> (Vec<T>, Option<Warning>) {
    let samples: Vec<Option<T>> = (0..options.replicates as u64)
        .into_par_iter()
        .map(|index| draw(&mut Stream::new(options.seed, purpose, index)))
        .collect();
    let found: Vec<T> = samples.into_iter().flatten().collect();
    enough(found, options)
}

/// Samples that were found, unless too many were not.
pub(crate) fn enough<T>(found: Vec<T>, options: &FitOptions) -> (Vec<T>, Option<Warning>) {
    let warning = Warning::failed_samples(found.len(), options.replicates, options.level);
    match warning {
        Some(Warning::TooManyFailedSamples { .. }) => (Vec::new(), warning),
        _ => (found, warning),
    }
}

/// Equal-tailed percentile interval.
pub(crate) fn percentile(replicates: &[f64], level: f64) -> Option<(f64, f64)> {
    let values = sorted(replicates.iter().copied());
    (values.len() >= LEAST_REPLICATES).then(|| {
        (
            quantile_sorted(&values, 0.5 * (1.0 - level)),
            quantile_sorted(&values, 0.5 * (1.0 + level)),
        )
    })
}
