//! Mixtures drawn by chance, and what the best of many have in common.
//!
//! A law's one best mixture is where its errors flatter it most. The mean of the best of many that are drawn is not at an
//! edge that no run came near to, and their spread says what the law does not tell apart (Liu et al. 2024, section 3.3).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MixtureFit, check_mixture};
use crate::error::{FitError, InputError, Refusal};
use crate::fit::{Estimate, Interval};
use crate::numeric::{Stream, quantile_sorted, sorted};

/// Mixtures around one: a Dirichlet distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Dirichlet {
    /// The parameter of each domain: its share of the mean times the concentration.
    parameters: Vec<f64>,
}

impl Dirichlet {
    /// Mixtures around `mean`: the larger the concentration, the nearer. At that of the number of domains around an even
    /// mean, all mixtures are as likely.
    ///
    /// # Errors
    /// [`InputError`] for a mean that is no mixture or has a domain without a share, and for a concentration that is not
    /// above 0.
    pub fn new(mean: &[f64], concentration: f64) -> Result<Self, InputError> {
        let mean = check_mixture(mean, 0)?;
        if let Some(row) = mean.iter().position(|share| *share <= 0.0) {
            return Err(InputError::OutOfRange {
                column: "mean".into(),
                row,
                value: 0.0,
                rule: "above 0: a domain without a share is in no mixture that is drawn",
            });
        }
        if !(concentration > 0.0 && concentration.is_finite()) {
            return Err(InputError::Option {
                option: "concentration",
                value: concentration,
                rule: "above 0 and finite",
            });
        }
        let parameters = mean.iter().map(|share| share * concentration).collect();
        Ok(Self { parameters })
    }

    /// The next mixture of a stream.
    pub fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let logarithms: Vec<f64> = self.parameters.iter().map(|of| log_gamma(*of, stream)).collect();
        let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts: Vec<f64> = logarithms.iter().map(|of| (of - largest).exp()).collect();
        let sum: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / sum).collect()
    }
}

/// The logarithm of a gamma variate (Marsaglia and Tsang 2000), of which a small parameter leaves no number.
fn log_gamma(parameter: f64, stream: &mut Stream) -> f64 {
    if parameter < 1.0 {
        let uniform = 1.0 - stream.uniform();
        return log_gamma(parameter + 1.0, stream) + uniform.ln() / parameter;
    }
    let shift = parameter - 1.0 / 3.0;
    let scale = (9.0 * shift).sqrt().recip();
    loop {
        let normal = stream.normal();
        let cube = (1.0 + scale * normal).powi(3);
        let uniform = 1.0 - stream.uniform();
        if cube > 0.0 && uniform.ln() < 0.5 * normal * normal + shift * (1.0 - cube + cube.ln()) {
            return (shift * cube).ln();
        }
    }
}

/// How many mixtures are drawn, and how many of them are the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawOptions {
    /// Mixtures drawn.
    pub drawn: usize,
    /// The best of them.
    pub best: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for DrawOptions {
    /// As in RegMix.
    fn default() -> Self {
        Self {
            drawn: 100_000,
            best: 128,
            seed: 0,
        }
    }
}

/// The best of many mixtures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestDrawn {
    /// The mean share of each domain.
    pub shares: Vec<f64>,
    /// The law's loss there, with its interval.
    pub loss: Estimate,
    /// Where the shares lie, by all of the best and by the laws of the bootstrap's samples: mixtures between are as good as
    /// can be told.
    pub spread: Vec<Interval>,
    /// Mixtures within the caps, of which these are the best.
    pub within: usize,
}

impl MixtureFit {
    /// The mean of the best of mixtures that are drawn from a distribution, none above its cap.
    ///
    /// # Errors
    /// [`InputError`] for caps that leave no mixture or another number of domains; [`Refusal`] where fewer of those drawn
    /// are within the caps than are to be the best.
    pub fn best_drawn(
        &self,
        from: &Dirichlet,
        caps: &[f64],
        options: &DrawOptions,
    ) -> Result<BestDrawn, FitError> {
        self.check(caps)?;
        if from.parameters.len() != self.domains {
            let (found, expected) = (from.parameters.len(), self.domains);
            let column = "mean".into();
            return Err(InputError::Length {
                column,
                found,
                expected,
            }
            .into());
        }
        let draw = |at: usize| from.draw(&mut Stream::new(options.seed, "mixtures", at as u64));
        let is_within = |shares: &Vec<f64>| shares.iter().zip(caps).all(|(share, cap)| share <= cap);
        let pool: Vec<Vec<f64>> = (0..options.drawn)
            .into_par_iter()
            .map(draw)
            .filter(is_within)
            .collect();
        let best = options.best.max(1);
        if pool.len() < best {
            return Err(Refusal::TooFewRows {
                rows: pool.len(),
                parameters: best - 1,
                needed: best,
            }
            .into());
        }
        let of_law = |parameters: &Vec<f64>| -> Vec<usize> {
            let mut scored: Vec<(f64, usize)> = pool
                .iter()
                .enumerate()
                .map(|(at, shares)| (self.form.loss(parameters, shares), at))
                .collect();
            scored.select_nth_unstable_by(best - 1, |one, other| one.0.total_cmp(&other.0));
            scored[..best].iter().map(|(_, at)| *at).collect()
        };
        let own = of_law(&self.best);
        let mean = |domain: usize| own.iter().map(|at| pool[*at][domain]).sum::<f64>() / best as f64;
        let shares: Vec<f64> = (0..self.domains).map(mean).collect();
        let all: Vec<usize> = self
            .draws
            .par_iter()
            .flat_map_iter(of_law)
            .chain(own.clone())
            .collect();
        let tail = 0.5 * (1.0 - self.level);
        let spread = (0..self.domains).map(|domain| {
            let found = sorted(all.iter().map(|at| pool[*at][domain]));
            Interval {
                low: quantile_sorted(&found, tail).min(shares[domain]),
                high: quantile_sorted(&found, 1.0 - tail).max(shares[domain]),
            }
        });
        Ok(BestDrawn {
            loss: self.predict(&shares)?,
            spread: spread.collect(),
            within: pool.len(),
            shares,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::MixtureForm;

    #[test]
    fn draws_have_the_moments_of_the_distribution() {
        let mean = [0.7, 0.25, 0.05];
        for concentration in [0.5, 3.0, 40.0] {
            let from = Dirichlet::new(&mean, concentration).unwrap();
            let draws: Vec<Vec<f64>> = (0..40_000)
                .map(|at| from.draw(&mut Stream::new(2, "moments", at)))
                .collect();
            for (domain, share) in mean.iter().enumerate() {
                let of =
                    |power: i32| draws.iter().map(|shares| shares[domain].powi(power)).sum::<f64>() / 4e4;
                let variance = share * (1.0 - share) / (concentration + 1.0);
                assert!(
                    (of(1) - share).abs() < 4.0 * (variance / 4e4).sqrt(),
                    "{} {share}",
                    of(1)
                );
                assert!(
                    ((of(2) - of(1).powi(2)) / variance - 1.0).abs() < 0.06,
                    "{concentration} {domain}"
                );
            }
        }
    }

    #[test]
    fn the_best_drawn_lie_about_the_optimum_and_within_their_caps() {
        let fit = MixtureFit {
            form: MixtureForm::Logarithmic,
            domains: 3,
            best: vec![0.0, 0.0, 0.0, -0.6, -0.3, -0.1],
            draws: Vec::new(),
            left_out: 0,
            noise: 0.0,
            r_squared: 1.0,
            largest: vec![1.0; 3],
            level: 0.9,
        };
        let even = Dirichlet::new(&[1.0 / 3.0; 3], 3.0).unwrap();
        let best = fit.best_drawn(&even, &[1.0; 3], &DrawOptions::default()).unwrap();
        let optimum = fit.optimum(&[1.0; 3]).unwrap();
        for ((share, ends), exact) in best.shares.iter().zip(&best.spread).zip(&optimum.shares) {
            assert!((share - exact).abs() < 0.01, "{best:?} {optimum:?}");
            assert!(ends.low <= *exact && *exact <= ends.high, "{best:?}");
        }
        let capped = fit
            .best_drawn(&even, &[0.4, 1.0, 1.0], &DrawOptions::default())
            .unwrap();
        assert!(capped.shares[0] <= 0.4 && capped.within < 100_000);
        let none = fit.best_drawn(
            &even,
            &[0.34, 0.34, 0.34],
            &DrawOptions {
                drawn: 1000,
                ..DrawOptions::default()
            },
        );
        assert!(
            matches!(none, Err(FitError::Refused(Refusal::TooFewRows { .. }))),
            "{none:?}"
        );
    }

    #[test]
    fn what_is_no_distribution_says_why() {
        let said = |mean: &[f64], concentration| Dirichlet::new(mean, concentration).unwrap_err().to_string();
        assert!(said(&[1.0, 0.0], 1.0).contains("above 0: a domain without a share"));
        assert!(said(&[0.5, 0.5], 0.0).contains("concentration is 0"));
        assert!(said(&[0.5, 0.4], 1.0).contains("1, as the sum of all shares"));
    }
}
