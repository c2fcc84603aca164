//! Which candidate is the answer.

use serde::{Deserialize, Serialize};

use crate::outcome::Candidate;
use crate::request::Scored;

/// What a whole answer is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The verifier's score of an answer.
    #[default]
    Verifier,
    /// The logarithm of its probability by another model, which the verifier tells.
    Likelihood,
    /// The logarithm of its probability by the model that said it.
    LogProbability,
    /// The same a token.
    MeanLogProbability,
    /// The model's self-certainty (Kang et al. 2025, arXiv 2502.18581).
    SelfCertainty,
}

impl Measure {
    /// What a verifier must be asked for it.
    pub fn asks(self) -> Option<Scored> {
        match self {
            Self::Verifier => Some(Scored::Answer),
            Self::Likelihood => Some(Scored::Likelihood),
            Self::LogProbability | Self::MeanLogProbability | Self::SelfCertainty => None,
        }
    }

    /// What the candidate itself tells of it.
    pub(crate) fn of(self, candidate: &Candidate) -> Option<f64> {
        let value = match self {
            Self::Verifier | Self::Likelihood => candidate.score,
            Self::LogProbability => Some(candidate.log_probability),
            Self::MeanLogProbability => Some(candidate.log_probability / candidate.tokens.max(1) as f64),
            Self::SelfCertainty => candidate.self_certainty,
        };
        value.filter(|value| !value.is_nan())
    }

    /// Whether it is a logarithm, so that a vote weighs by its exponential.
    fn is_logarithm(self) -> bool {
        matches!(
            self,
            Self::Likelihood | Self::LogProbability | Self::MeanLogProbability
        )
    }

    /// What votes weigh by their scores: a logarithm's exponential, beside that of the largest, and no score or one below
    /// zero nothing.
    pub fn weights(self, scores: &[Option<f64>]) -> Vec<f64> {
        let largest = scores.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |score: &Option<f64>| match score {
            // Also where it is infinite.
            Some(score) if self.is_logarithm() && *score == largest => 1.0,
            Some(score) if self.is_logarithm() => (score - largest).exp(),
            Some(score) => score.max(0.0),
            None => 0.0,
        };
        scores.iter().map(weight).collect()
    }
}

/// How the answer is chosen among candidates; of equals always the one that was sampled first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// The first.
    First,
    /// The last.
    Last,
    /// That of the largest score; those without one come after all others.
    #[default]
    Best,
    /// The first of those whose answer most have. What has no answer does not vote.
    Majority,
    /// The same with votes weighed by scores.
    Weighted,
}

impl Pick {
    /// The place of the chosen one; `weights` has what each vote weighs.
    pub fn choose(self, candidates: &[Candidate], weights: &[f64]) -> Option<usize> {
        let last = candidates.len().checked_sub(1)?;
        match self {
            Self::First => Some(0),
            Self::Last => Some(last),
            Self::Best => {
                let score = |place: usize| candidates[place].score.unwrap_or(f64::NEG_INFINITY);
                first_largest(candidates.len(), score)
            }
            Self::Majority => vote(candidates, |_| 1.0),
            Self::Weighted => vote(candidates, |place| weights.get(place).copied().unwrap_or(0.0)),
        }
    }
}

/// The first of the places below `count` with the largest value.
pub(crate) fn first_largest(count: usize, value: impl Fn(usize) -> f64) -> Option<usize> {
    (0..count).reduce(|best, place| if value(place) > value(best) { place } else { best })
}

/// The first candidate of the answer that has most votes; the first of all where none has an answer.
fn vote(candidates: &[Candidate], weight: impl Fn(usize) -> f64) -> Option<usize> {
    let votes = tally(
        candidates.iter().map(|candidate| candidate.answer.as_deref()),
        weight,
    );
    let winner = first_largest(votes.len(), |place| votes[place].weight);
    Some(winner.map_or(0, |winner| votes[winner].first))
}

/// Votes for one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Votes {
    /// The place of the first vote.
    pub first: usize,
    /// How many there are.
    pub count: u64,
    /// What they weigh together.
    pub weight: f64,
}

/// The votes for each answer, in the order of first votes.
pub(crate) fn tally<'a>(
    answers: impl Iterator<Item = Option<&'a str>>,
    weight: impl Fn(usize) -> f64,
) -> Vec<Votes> {
    let mut places = std::collections::BTreeMap::new();
    let mut votes: Vec<Votes> = Vec::new();
    for (first, answer) in answers.enumerate() {
        let Some(answer) = answer else { continue };
        let place = *places.entry(answer).or_insert(votes.len());
        if place == votes.len() {
            votes.push(Votes {
                first,
                count: 0,
                weight: 0.0,
            });
        }
        votes[place].count += 1;
        votes[place].weight += weight(first);
    }
    votes
}

/// What of a text's step scores is its own (search-and-learn's `aggregate_scores`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// The last one.
    #[default]
    Last,
    /// The least one.
    Min,
    /// Their product.
    Product,
}

impl Aggregate {
    /// The score of a text; `None` where it has no steps, or one has no score.
    pub fn of(self, steps: &[Option<f64>]) -> Option<f64> {
        let scores: Vec<f64> = steps.iter().copied().collect::<Option<_>>()?;
        match self {
            Self::Last => scores.last().copied(),
            Self::Min => scores.into_iter().reduce(f64::min),
            Self::Product => scores.into_iter().reduce(|product, score| product * score),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(answers: &[(Option<&str>, Option<f64>)]) -> Vec<Candidate> {
        let candidate = |(answer, score): &(Option<&str>, Option<f64>)| Candidate {
            answer: answer.map(str::to_owned),
            score: *score,
            ..Candidate::default()
        };
        answers.iter().map(candidate).collect()
    }

    #[test]
    fn of_equals_the_first_sampled_is_chosen() {
        let all = candidates(&[
            (None, Some(0.1)),
            (Some("b"), Some(0.7)),
            (Some("a"), Some(0.7)),
            (Some("a"), None),
            (Some("b"), Some(0.0)),
        ]);
        let scores: Vec<Option<f64>> = all.iter().map(|candidate| candidate.score).collect();
        let weights = Measure::Verifier.weights(&scores);
        for (pick, place) in [
            (Pick::First, 0),
            (Pick::Last, 4),
            (Pick::Best, 1),
            (Pick::Majority, 1),
            (Pick::Weighted, 1),
        ] {
            assert_eq!(pick.choose(&all, &weights), Some(place), "{pick:?}");
            assert_eq!(pick.choose(&[], &[]), None);
        }
        let unread = candidates(&[(None, None), (None, Some(-1.0))]);
        assert_eq!(Pick::Majority.choose(&unread, &[]), Some(0));
        assert_eq!(Pick::Best.choose(&unread, &[]), Some(1));
    }

    #[test]
    fn logarithms_weigh_by_their_exponentials() {
        let scores = [Some(-1000.0), Some(-1000.0 + 3f64.ln()), None];
        let weights = Measure::LogProbability.weights(&scores);
        assert!((weights[1] / weights[0] - 3.0).abs() < 1e-9, "{weights:?}");
        assert_eq!(weights[2], 0.0);
        assert_eq!(Measure::Verifier.weights(&[Some(-2.0), Some(0.5)]), [0.0, 0.5]);
    }

    #[test]
    fn steps_have_one_score() {
        let steps = [Some(0.5), Some(0.25), Some(0.75)];
        assert_eq!(Aggregate::Last.of(&steps), Some(0.75));
        assert_eq!(Aggregate::Min.of(&steps), Some(0.25));
        assert_eq!(Aggregate::Product.of(&steps), Some(0.09375));
        assert_eq!(Aggregate::Last.of(&[]), None);
        assert_eq!(Aggregate::Last.of(&[None, Some(1.0)]), None);
    }
}
