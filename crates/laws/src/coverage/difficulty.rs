//! How hard problems are: the distribution of a problem's chance that one sample solves it.

use std::sync::LazyLock;

use crate::numeric::vectorised;

/// A chance of success, in the coordinates that densities are written in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// `ln(p / (1 - p))`.
    pub logit: f64,
    /// `ln(p)`.
    pub ln_success: f64,
    /// `ln(1 - p)`.
    pub ln_failure: f64,
}

/// A distribution of difficulty: what a law of coverage says of the chances of single problems, so that
/// counts have a likelihood under it.
pub trait Difficulty: Send + Sync {
    /// Logarithm of the density of the logit of a chance, up to a constant, at natural `parameters`.
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64;

    /// Share of problems whose chance is zero.
    fn unsolvable(&self, _parameters: &[f64]) -> f64 {
        0.0
    }

    /// Logarithm of the density of what is expected of the parameters before any data, at their search
    /// coordinates.
    fn ln_prior(&self, coordinates: &[f64]) -> f64;

    /// Standard deviation of each coordinate before any data: one that the data do not narrow is not identified.
    fn prior_spread(&self) -> Vec<f64>;
}

/// Logarithm of the normal density.
pub(crate) fn ln_normal(value: f64, mean: f64, spread: f64) -> f64 {
    let scaled = (value - mean) / spread;
    -0.5 * scaled * scaled - (spread * (2.0 * std::f64::consts::PI).sqrt()).ln()
}

/// Distance of neighbouring logits. The trapezoidal rule is exact to rounding for densities and likelihoods
/// twice as wide.
pub(super) const STEP: f64 = 0.125;

/// Chances at which distributions are summed: their logits are evenly spaced from -32 to 12.
pub(super) static CHANCES: LazyLock<Vec<Chance>> = LazyLock::new(|| {
    let chance = |at: i32| {
        let logit = f64::from(at) * STEP;
        let ln_failure = -(logit.max(0.0) + (-logit.abs()).exp().ln_1p());
        Chance {
            logit,
            ln_success: logit + ln_failure,
            ln_failure,
        }
    };
    (-256..=96).map(chance).collect()
});

/// The share of problems at each of [`CHANCES`], and last of those that are never solved.
pub(super) type Shares = Vec<f64>;

/// The shares by a distribution; `None` where it has no density.
pub(super) fn shares(difficulty: &dyn Difficulty, parameters: &[f64]) -> Option<Shares> {
    let mut shares: Shares = CHANCES
        .iter()
        .map(|chance| difficulty.ln_density(parameters, chance))
        .collect();
    let highest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !highest.is_finite() {
        return None;
    }
    shares
        .iter_mut()
        .for_each(|share| *share = (*share - highest).exp());
    // Beyond the outermost logits densities go on as powers, or as nothing.
    let beyond = |last: f64, before: f64| match last / before {
        fall if fall < 1.0 && last > 0.0 => last * fall / (1.0 - fall),
        _ => 0.0,
    };
    let count = shares.len();
    let below = beyond(shares[0], shares[1]);
    shares[count - 1] += beyond(shares[count - 1], shares[count - 2]);
    let unsolvable = difficulty.unsolvable(parameters);
    let scale = (1.0 - unsolvable) / (shares.iter().sum::<f64>() + below);
    shares.iter_mut().for_each(|share| *share *= scale);
    shares.push(unsolvable + scale * below);
    let total: f64 = shares.iter().sum();
    total.is_finite().then_some(shares)
}

/// The chance that `samples` samples all fail, at each of [`CHANCES`] and for what is never solved.
pub(super) fn missed(samples: f64) -> Vec<f64> {
    let missed = CHANCES.iter().map(|chance| (samples * chance.ln_failure).exp());
    missed.chain([1.0]).collect()
}

/// `sum(first * second)`, in eight sums that go on side by side.
pub(super) fn dot(first: &[f64], second: &[f64]) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let mut sums = [0.0; 8];
            let (heads, tails) = (first.chunks_exact(8), second.chunks_exact(8));
            let rest: f64 = heads
                .remainder()
                .iter()
                .zip(tails.remainder())
                .map(|(one, other)| one * other)
                .sum();
            for (one, other) in heads.zip(tails) {
                for at in 0..8 {
                    sums[at] += one[at] * other[at];
                }
            }
            rest + sums.iter().sum::<f64>()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::registry;

    #[test]
    fn the_shares_of_a_form_give_its_coverage() {
        for form in registry() {
            let Some(difficulty) = form.difficulty() else {
                continue;
            };
            let parameters = form.example().parameters;
            let shares = shares(difficulty, &parameters).unwrap();
            assert!(
                (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12,
                "{}",
                form.name()
            );
            for samples in [1.0_f64, 7.0, 300.0, 1e5] {
                let law = form.value(&parameters, &[samples.ln()], &mut [0.0; 8]);
                let sum = 1.0 - dot(&shares, &missed(samples));
                assert!((law - sum).abs() < 1e-6, "{} {samples}: {law} {sum}", form.name());
            }
        }
    }
}
