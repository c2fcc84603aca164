use std::collections::BTreeMap;

use super::draws;
use crate::error::SearchError;
use crate::outcome::Candidate;

/// A sample as it votes.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// Its answer; what has none does not vote.
    pub answer: Option<String>,
    /// Whether that is right: the same of equal answers.
    pub is_right: bool,
    /// What the vote weighs, where votes are weighed.
    pub weight: f64,
}

impl Vote {
    /// A candidate's vote, of this weight.
    pub fn of(candidate: &Candidate, is_right: bool, weight: f64) -> Self {
        Self {
            answer: candidate.answer.clone(),
            is_right,
            weight,
        }
    }
}

/// The expected accuracy of a majority vote of `n` samples, over all ways to draw them from these in any order, exactly:
/// among answers with as many votes each is as likely to have been sampled first. Where none votes nothing is right.
///
/// With θ = n ÷ N the counts of `n` drawn samples are those of independent binomial draws of each answer, given that they
/// are n together, so that sums over all ways are products of polynomials, with coefficients that do not overflow.
///
/// # Errors
/// When there are fewer samples than `n`, or `n` is 0.
pub fn majority(samples: &[Vote], n: usize) -> Result<f64, SearchError> {
    draws(n, samples.len())?;
    let mut counts: BTreeMap<Option<&str>, (usize, bool)> = BTreeMap::new();
    for sample in samples {
        let count = counts
            .entry(sample.answer.as_deref())
            .or_insert((0, sample.is_right));
        count.0 += 1;
    }
    let silent = counts.remove(&None).map_or(0, |(count, _)| count);
    let counts: Vec<(usize, bool)> = counts.into_values().collect();
    let share = n as f64 / samples.len() as f64;
    let chances: Vec<Vec<f64>> = counts.iter().map(|(count, _)| binomial(*count, share)).collect();
    let silent = binomial(silent, share);
    let all = binomial(samples.len(), share)[n];
    let mut sum = 0.0;
    for (winner, (count, _)) in counts.iter().enumerate().filter(|(_, (_, is_right))| *is_right) {
        for votes in 1..=n.min(*count) {
            let others = || {
                chances
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != winner)
                    .map(|(_, other)| other)
            };
            sum += chances[winner][votes] * wins(others(), &silent, votes, n - votes);
        }
    }
    Ok((sum / all).min(1.0))
}

/// The probability that the others and the silent have `left` samples together and none of them more than `votes`, where
/// it counts by one over the number of those that have `votes`, the winner included.
fn wins<'a>(others: impl Iterator<Item = &'a Vec<f64>>, silent: &[f64], votes: usize, left: usize) -> f64 {
    let most_ties = left / votes;
    // [ties][samples]
    let mut ways = vec![vec![0.0; left + 1]; most_ties + 1];
    for (count, chance) in silent.iter().enumerate().take(left + 1) {
        ways[0][count] = *chance;
    }
    for other in others {
        let mut next = vec![vec![0.0; left + 1]; most_ties + 1];
        for (ties, row) in ways.iter().enumerate() {
            for (drawn, chance) in row.iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
                for (count, more) in other.iter().enumerate().take(votes.min(left - drawn) + 1) {
                    let ties = ties + usize::from(count == votes);
                    next[ties][drawn + count] += chance * more;
                }
            }
        }
        ways = next;
    }
    ways.iter()
        .enumerate()
        .map(|(ties, row)| row[left] / (ties + 1) as f64)
        .sum()
}

/// The probabilities of 0 to `count` of `count` draws, each of probability `share`.
fn binomial(count: usize, share: f64) -> Vec<f64> {
    if share >= 1.0 {
        let mut chances = vec![0.0; count];
        chances.push(1.0);
        return chances;
    }
    let odds = (share / (1.0 - share)).ln();
    let mut ln_chance = count as f64 * (-share).ln_1p();
    let chance = |drawn: usize| {
        let chance = ln_chance.exp();
        ln_chance += odds + (count.saturating_sub(drawn) as f64 / (drawn + 1) as f64).ln();
        chance
    };
    (0..=count).map(chance).collect()
}
