use super::draws;
use crate::error::SearchError;
use crate::outcome::Candidate;

/// A sample with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What it was judged by, larger being better; none comes after all others.
    pub score: Option<f64>,
    /// Whether its answer is right.
    pub is_right: bool,
}

impl Scored {
    /// A candidate, by the score that it has.
    pub fn of(candidate: &Candidate, is_right: bool) -> Self {
        Self {
            score: candidate.score,
            is_right,
        }
    }
}

/// The expected accuracy of the best of `n` samples, over all ways to draw them from these in any order: Σ over ranks r of
/// C(r−1, n−1) ÷ C(N, n), by ascending score, where equals share theirs.
///
/// # Errors
/// When there are fewer samples than `n`, or `n` is 0.
///
/// ```
/// use triaxis_search::estimators::{Scored, best_of_n};
/// let sample = |score, is_right| Scored { score: Some(score), is_right };
/// let samples = [sample(0.9, true), sample(0.5, false), sample(0.1, true)];
/// // Of the three pairs two have the first sample, and the third is won by the second one.
/// assert!((best_of_n(&samples, 2).unwrap() - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn best_of_n(samples: &[Scored], n: usize) -> Result<f64, SearchError> {
    draws(n, samples.len())?;
    let score = |sample: &Scored| {
        let score = sample.score.filter(|score| !score.is_nan());
        score.unwrap_or(f64::NEG_INFINITY)
    };
    let mut order = samples.to_vec();
    order.sort_by(|one, other| score(one).total_cmp(&score(other)));
    let mut below = 0;
    let mut sum = 0.0;
    for equals in order.chunk_by(|one, other| score(one) == score(other)) {
        let right = equals.iter().filter(|sample| sample.is_right).count();
        let upto = below + equals.len();
        let chance = within(upto, samples.len(), n) - within(below, samples.len(), n);
        sum += chance * right as f64 / equals.len() as f64;
        below = upto;
    }
    Ok(sum)
}

/// The probability that all `n` of `all` samples are among the first `count`: C(count, n) ÷ C(all, n).
fn within(count: usize, all: usize, n: usize) -> f64 {
    if count < n {
        return 0.0;
    }
    (0..n)
        .map(|drawn| (count - drawn) as f64 / (all - drawn) as f64)
        .product()
}
