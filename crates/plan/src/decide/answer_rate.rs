//! How often a query is answered right: by the loss of the model, the spread of difficulty, and the samples drawn.
//!
//! A query's chance of a right sample is drawn from a Beta distribution of mean `mu` and size `nu`, `a = mu nu` and
//! `b = (1 - mu) nu`; the mean rises with the model as a logistic curve of its loss (T², arXiv 2604.01411). Of `k`
//! samples then `x` are right with the Beta-binomial chance, and how the answer is chosen from them says how often
//! `x` right ones are enough.

use serde::{Deserialize, Serialize};

/// How one answer is chosen from several samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Chosen {
    /// A check that passes every right sample and some wrong ones; of those that pass one is taken at random.
    Verifier {
        /// Share of wrong samples that pass.
        #[serde(default)]
        false_pass: f64,
    },
    /// The answer given most often; ties at random.
    Vote {
        /// Share of wrong samples that agree on one answer.
        rival: f64,
    },
}

/// How often an answer is right when `x` of `k` samples are, for every `x` from 0 to `k`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    right: Vec<f64>,
}

impl Rule {
    /// The rule for `samples` samples, at least 1.
    pub fn of(chosen: Chosen, samples: u32) -> Self {
        let right = (0..=samples).map(|right| {
            let wrong = samples - right;
            let share = match chosen {
                Chosen::Verifier { false_pass } => false_pass,
                Chosen::Vote { rival } => rival,
            };
            let others = binomial(wrong, share);
            let won = others.iter().zip(0u32..).map(|(chance, other)| {
                let won = match chosen {
                    _ if right == 0 => 0.0,
                    Chosen::Verifier { .. } => f64::from(right) / f64::from(right + other),
                    Chosen::Vote { .. } if other < right => 1.0,
                    Chosen::Vote { .. } if other == right => 0.5,
                    Chosen::Vote { .. } => 0.0,
                };
                chance * won
            });
            won.sum()
        });
        Self {
            right: right.collect(),
        }
    }

    /// The share of queries answered right where difficulty is Beta of mean `mean`, in (0, 1), and size `size` above 0.
    pub fn rate(&self, mean: f64, size: f64) -> f64 {
        let (a, b) = (mean * size, (1.0 - mean) * size);
        let samples = self.right.len() - 1;
        // P(0 right) = B(a, b + k) / B(a, b), and from each number of right samples to the next; in logarithms, as the
        // first may be too small for a number where the last is nearly sure.
        let first: f64 = (0..samples)
            .map(|drawn| ((b + drawn as f64) / (size + drawn as f64)).ln())
            .sum();
        let shift = if first < -600.0 {
            self.largest(a, b, first)
        } else {
            0.0
        };
        let (mut log, mut chance) = (first - shift, (first - shift).exp());
        let mut rate = 0.0;
        for (right, won) in self.right.iter().enumerate() {
            rate += chance * won;
            let next = step(right, samples, a, b);
            if shift == 0.0 {
                chance *= next;
            } else {
                log += next.ln();
                chance = log.exp();
            }
        }
        rate.clamp(0.0, 1.0)
    }

    /// The logarithm of the sum of all chances, which is what the first is off by where it is taken as 0.
    fn largest(&self, a: f64, b: f64, first: f64) -> f64 {
        let samples = self.right.len() - 1;
        let mut logs = vec![first];
        for right in 0..samples {
            logs.push(logs[right] + step(right, samples, a, b).ln());
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
    }
}

/// The chance of one right sample more, as a multiple of that of `right` ones.
fn step(right: usize, samples: usize, a: f64, b: f64) -> f64 {
    let (right, left) = (right as f64, (samples - right.min(samples)) as f64);
    left / (right + 1.0) * (a + right) / (b + left - 1.0)
}

/// Chances of 0 to `trials` successes.
fn binomial(trials: u32, share: f64) -> Vec<f64> {
    let mut chances = vec![1.0];
    for _ in 0..trials {
        let mut next = vec![0.0; chances.len() + 1];
        for (successes, chance) in chances.iter().enumerate() {
            next[successes] += chance * (1.0 - share);
            next[successes + 1] += chance * share;
        }
        chances = next;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Difficulty;
    use proptest::prelude::*;

    fn until_passed(mean: f64, size: f64, false_pass: f64, most: u32) -> f64 {
        let queries = Difficulty {
            a: mean * size,
            b: (1.0 - mean) * size,
        };
        queries.checked(false_pass, u64::from(most)).samples
    }

    const SURE: Chosen = Chosen::Verifier { false_pass: 0.0 };

    #[test]
    fn a_verifier_gives_pass_at_k() {
        // Beta(.5, 4.5): pass@1, 10, 100 and 1,000 (planning sheet, section 3).
        for (samples, pass) in [(1, 0.1), (10, 0.4535), (100, 0.7979), (1000, 0.9349)] {
            let rate = Rule::of(SURE, samples).rate(0.1, 5.0);
            assert!((rate - pass).abs() < 6e-5, "{samples}: {rate}");
        }
    }

    #[test]
    fn stopping_early_costs_what_the_sheet_says() {
        // Mean 4, 10 and 100 samples at caps of 5, 15 and 681 (planning sheet, section 3).
        for (most, mean, rate) in [(5, 4.0, 0.311), (15, 10.0, 0.533), (681, 100.0, 0.921)] {
            assert!(
                (until_passed(0.1, 5.0, 0.0, most) / mean - 1.0).abs() < 0.1,
                "{most}"
            );
            assert!(
                (Rule::of(SURE, most).rate(0.1, 5.0) - rate).abs() < 2e-2,
                "{most}"
            );
        }
    }

    #[test]
    fn many_samples_of_a_good_model_are_right() {
        for (mean, size, samples) in [(0.6, 1e6, 1024), (0.9, 1e3, 1024), (0.95, 1e3, 512)] {
            let rate = Rule::of(SURE, samples).rate(mean, size);
            assert!((rate - 1.0).abs() < 1e-6, "{mean} {size} {samples}: {rate}");
        }
        assert!(
            (until_passed(0.1, 5.0, 1.0, 64) - 1.0).abs() < 1e-12,
            "the first passes"
        );
    }

    #[test]
    fn votes_of_equal_chances_by_hand() {
        // Everyone at p = 1/2 (a huge size): three votes against one rival win when two or three are right.
        let rate = Rule::of(Chosen::Vote { rival: 1.0 }, 3).rate(0.6, 1e9);
        assert!((rate - (0.6f64.powi(3) + 3.0 * 0.36 * 0.4)).abs() < 1e-6);
        let pair = Rule::of(Chosen::Verifier { false_pass: 1.0 }, 7).rate(0.3, 2.0);
        assert!(
            (pair - 0.3).abs() < 1e-12,
            "a check that passes all is no check: {pair}"
        );
    }

    proptest! {
        #[test]
        fn one_sample_is_right_as_often_as_the_mean(
            mean in 0.01f64..0.99, size in 0.05f64..50.0, share in 0.0f64..1.0,
        ) {
            for chosen in [Chosen::Verifier { false_pass: share }, Chosen::Vote { rival: share }] {
                prop_assert!((Rule::of(chosen, 1).rate(mean, size) - mean).abs() < 1e-9);
            }
        }

        #[test]
        fn more_samples_never_hurt_a_sure_check(
            mean in 0.01f64..0.99, size in 0.05f64..50.0, samples in 1u32..60,
        ) {
            let (few, more) = (Rule::of(SURE, samples), Rule::of(SURE, samples + 1));
            prop_assert!(few.rate(mean, size) <= more.rate(mean, size) + 1e-9);
            prop_assert!(until_passed(mean, size, 0.0, samples) <= f64::from(samples) + 1e-9);
        }
    }
}
