//! Counts of correct samples as evidence of how hard the problems are.

use std::collections::BTreeMap;

use super::Problem;
use super::difficulty::{CHANCES, STEP, dot};
use super::posterior::{Evidence, Expected};

/// Problems of equal counts.
struct Row {
    problems: f64,
    /// Likelihood of the counts at each chance and at zero, over the largest.
    likelihood: Vec<f64>,
    /// Logarithm of that largest.
    largest: f64,
}

/// Counts of correct samples, of any number of samples a problem.
pub(super) struct Counts {
    rows: Vec<Row>,
    problems: f64,
}

impl Counts {
    pub(super) fn new(problems: &[Problem]) -> Self {
        let mut equal: BTreeMap<(u64, u64), f64> = BTreeMap::new();
        for problem in problems {
            *equal.entry((problem.samples, problem.correct)).or_default() += 1.0;
        }
        let row = |((samples, correct), problems): (&(u64, u64), &f64)| {
            Row::new(*samples as f64, *correct as f64, *problems)
        };
        Self {
            rows: equal.iter().map(row).collect(),
            problems: problems.len() as f64,
        }
    }
}

impl Row {
    fn new(samples: f64, correct: f64, problems: f64) -> Self {
        // What many samples tell of a chance is sharper than the spacing of the logits, and far sharper than
        // any distribution of difficulty: it is widened to the spacing.
        let information = correct * (samples - correct) / samples;
        let scale = (STEP * STEP * information).max(1.0).recip();
        let (correct, wrong) = (scale * correct, scale * (samples - correct));
        let mut likelihood: Vec<f64> = CHANCES
            .iter()
            .map(|chance| correct * chance.ln_success + wrong * chance.ln_failure)
            .collect();
        likelihood.push(if correct == 0.0 { 0.0 } else { f64::NEG_INFINITY });
        let largest = likelihood.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        likelihood
            .iter_mut()
            .for_each(|value| *value = (*value - largest).exp());
        Self {
            problems,
            likelihood,
            largest,
        }
    }
}

impl Evidence for Counts {
    fn problems(&self) -> f64 {
        self.problems
    }

    fn ln_likelihood(&self, shares: &[f64]) -> f64 {
        let rows = self.rows.iter();
        rows.map(|row| row.problems * (dot(shares, &row.likelihood).ln() + row.largest))
            .sum()
    }

    /// Of these very problems: each has what its own counts leave of the distribution.
    fn expected(&self, shares: &[f64], missed: [&[f64]; 2]) -> Expected {
        let (mut mean, mut law, mut run) = (0.0, 0.0, 0.0);
        let mut likely = vec![0.0; shares.len()];
        for row in &self.rows {
            for ((likely, share), likelihood) in likely.iter_mut().zip(shares).zip(&row.likelihood) {
                *likely = share * likelihood;
            }
            let total: f64 = likely.iter().sum();
            let [once, twice] = missed.map(|missed| dot(&likely, missed) / total);
            mean += row.problems * (1.0 - once);
            law += row.problems * (twice - once * once).max(0.0);
            run += row.problems * once * (1.0 - once);
        }
        let squared = self.problems * self.problems;
        Expected {
            mean: mean / self.problems,
            law: law / squared,
            run: run / squared,
        }
    }
}
