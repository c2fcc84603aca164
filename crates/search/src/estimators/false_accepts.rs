use serde::{Deserialize, Serialize};
use triaxis_units::Estimate;

use super::comparison::resampled;
use crate::error::SearchError;

/// What a verifier said of a problem's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Right samples.
    pub right: u64,
    /// Those of them that were accepted.
    pub right_accepted: u64,
    /// Wrong samples.
    pub wrong: u64,
    /// Those of them that were accepted.
    pub wrong_accepted: u64,
}

/// How a verifier errs, and what that leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FalseAccepts {
    /// The share of wrong samples that it accepts.
    pub wrong_accepted: Estimate,
    /// The share of right samples that it accepts.
    pub right_accepted: Estimate,
    /// The mean accuracy that choosing among accepted samples comes to, however many are drawn.
    pub cap: Estimate,
}

/// The accuracy of a sample that was accepted, where samples are right with probability `p`, and right and wrong ones are
/// accepted with those probabilities: p·t ÷ (p·t + f·(1 − p)). No number of samples comes beyond it.
///
/// ```
/// use triaxis_search::estimators::cap;
/// assert!((cap(0.1, 1.0, 0.1) - 0.1 / 0.19).abs() < 1e-12);
/// assert_eq!(cap(0.1, 0.5, 0.0), 1.0);
/// assert_eq!(cap(0.0, 1.0, 0.0), 0.0);
/// ```
pub fn cap(p: f64, right_accepted: f64, wrong_accepted: f64) -> f64 {
    let (right, wrong) = (p * right_accepted, wrong_accepted * (1.0 - p));
    if right > 0.0 { right / (right + wrong) } else { 0.0 }
}

/// How a verifier errs by what it said of samples, with intervals over problems.
///
/// # Errors
/// When an accepted count is above its total, there are too few problems, or no right or no wrong sample among them.
pub fn false_accepts(problems: &[Judged], seed: u64) -> Result<FalseAccepts, SearchError> {
    for (place, judged) in problems.iter().enumerate() {
        if judged.right_accepted > judged.right || judged.wrong_accepted > judged.wrong {
            return Err(SearchError::new(format!(
                "problem {place} has more accepted samples than samples: {judged:?}; correct the counts"
            )));
        }
    }
    let rates = |drawn: &[usize]| {
        let sum = |count: fn(&Judged) -> u64| {
            drawn.iter().map(|place| count(&problems[*place])).sum::<u64>() as f64
        };
        let right = sum(|judged| judged.right_accepted) / sum(|judged| judged.right);
        let wrong = sum(|judged| judged.wrong_accepted) / sum(|judged| judged.wrong);
        (right, wrong)
    };
    let caps = |drawn: &[usize]| {
        let (right, wrong) = rates(drawn);
        let cap = |place: &usize| {
            let judged = &problems[*place];
            let p = judged.right as f64 / (judged.right + judged.wrong).max(1) as f64;
            cap(p, right, wrong)
        };
        drawn.iter().map(cap).sum::<f64>() / drawn.len() as f64
    };
    Ok(FalseAccepts {
        wrong_accepted: resampled(problems.len(), seed, |drawn| rates(drawn).1)?,
        right_accepted: resampled(problems.len(), seed, |drawn| rates(drawn).0)?,
        cap: resampled(problems.len(), seed, caps)?,
    })
}
