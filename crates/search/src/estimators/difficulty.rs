use serde::{Deserialize, Serialize};
use triaxis_random::Stream;
use triaxis_units::Finding;

use super::comparison::{Comparison, average, compare, mean};
use super::equal_tokens::{Measured, at_tokens};
use crate::choice::Measure;
use crate::error::SearchError;
use crate::outcome::{Candidate, Outcome};

/// How many kinds of difficulty there are.
const BINS: usize = 5;

/// Five kinds of problems, as many of each, by how easy they are: by the shares of right samples, or by what a pilot tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quintiles {
    /// The least ease of all kinds but the hardest, ascending.
    pub edges: Vec<f64>,
}

impl Quintiles {
    /// Those of problems that are so easy.
    ///
    /// # Errors
    /// When there are fewer than five problems, or an ease is no number.
    pub fn of(ease: &[f64]) -> Result<Self, SearchError> {
        if ease.len() < BINS || ease.iter().any(|ease| ease.is_nan()) {
            return Err(SearchError::new(format!(
                "{} problems: quintiles take at least {BINS}, each with a number; give more",
                ease.len()
            )));
        }
        let mut order = ease.to_vec();
        order.sort_by(f64::total_cmp);
        let edges = (1..BINS).map(|bin| order[bin * order.len() / BINS]).collect();
        Ok(Self { edges })
    }

    /// Which kind a problem is of: 0 is the hardest, 4 the easiest.
    pub fn bin(&self, ease: f64) -> usize {
        self.edges.iter().filter(|edge| ease >= **edge).count()
    }
}

/// The mean of a value over the problems of each quintile, the hardest first; why there is none where one has too few.
///
/// How easy problems are must be known from other samples than the value: luck that makes a problem look easy would
/// otherwise count for it.
///
/// # Errors
/// When there are fewer than five problems, or not a value for each.
pub fn by_quintile(ease: &[f64], values: &[f64], seed: u64) -> Result<Vec<Finding>, SearchError> {
    if ease.len() != values.len() {
        return Err(SearchError::new(format!(
            "{} problems have an ease and {} a value: give each both",
            ease.len(),
            values.len()
        )));
    }
    let quintiles = Quintiles::of(ease)?;
    let of_bin = |bin: usize| {
        let members = ease
            .iter()
            .zip(values)
            .filter(|(ease, _)| quintiles.bin(**ease) == bin);
        let members: Vec<f64> = members.map(|(_, value)| *value).collect();
        Finding::of(mean(&members, seed))
    };
    Ok((0..BINS).map(of_bin).collect())
}

/// The entropy of a pilot's votes in nats, between 0 for one answer and ln n for n of them: what has no answer is an answer
/// of its own.
pub fn vote_entropy(answers: &[Option<&str>]) -> f64 {
    let mut order = answers.to_vec();
    order.sort_unstable();
    let total = answers.len() as f64;
    let groups = order.chunk_by(|one, other| one.is_some() && one == other);
    -groups
        .map(|group| group.len() as f64 / total)
        .map(|share| share * share.ln())
        .sum::<f64>()
}

/// What tells how easy a problem seems, where nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ease {
    /// The mean score of its samples.
    Score,
    /// How far their votes agree: their entropy, turned round.
    Agreement,
    /// The mean logarithm of the probability of their tokens.
    LogProbability,
}

impl Ease {
    /// Of some samples; `None` where they do not tell.
    pub fn of(self, candidates: &[Candidate]) -> Option<f64> {
        let mean = |value: &dyn Fn(&Candidate) -> Option<f64>| {
            let values: Vec<f64> = candidates
                .iter()
                .filter_map(value)
                .filter(|value| !value.is_nan())
                .collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        match self {
            Self::Score => mean(&|candidate| candidate.score),
            Self::LogProbability => mean(&|candidate| Measure::MeanLogProbability.of(candidate)),
            Self::Agreement => {
                let answers: Vec<Option<&str>> = candidates
                    .iter()
                    .map(|candidate| candidate.answer.as_deref())
                    .collect();
                (!answers.is_empty()).then(|| -vote_entropy(&answers))
            }
        }
    }
}

/// What a few samples of each problem told.
#[derive(Debug, Clone, PartialEq)]
pub struct Pilot {
    /// How easy each problem seems: a mean score of a verifier, votes' entropy turned round, a mean log-probability.
    pub ease: Vec<f64>,
    /// The tokens that this took.
    pub tokens: Vec<f64>,
}

impl Pilot {
    /// What these outcomes tell, by the tokens that were sampled for them. A problem whose samples do not tell seems as hard
    /// as the hardest.
    pub fn of(outcomes: &[Outcome], by: Ease) -> Self {
        let told: Vec<Option<f64>> = outcomes
            .iter()
            .map(|outcome| by.of(&outcome.candidates))
            .collect();
        let hardest = told.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        Self {
            ease: told.into_iter().map(|ease| ease.unwrap_or(hardest)).collect(),
            tokens: outcomes
                .iter()
                .map(|outcome| outcome.spent.sampled as f64)
                .collect(),
        }
    }
}

/// What choosing a strategy by a pilot does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piloted {
    /// Its accuracy at the tokens that were asked for, those of the pilot among them, beside that of the one strategy that
    /// is best for all at as many tokens.
    pub comparison: Comparison,
    /// The strategy of each kind of problem, the hardest first, as each of both halves chose it.
    pub chosen: [Vec<usize>; 2],
    /// The one strategy for all, as each half chose it.
    pub fixed: [usize; 2],
}

/// What it does to choose a strategy by how easy a pilot says that a problem is, where nobody knows. Kinds and strategies,
/// and the one that is best for all, are chosen on one half of the problems and measured on the other, both ways.
///
/// Each strategy is given by some of its settings. By a pilot it has the tokens that the pilot leaves.
///
/// # Errors
/// When there are fewer than ten problems, no strategy, measures that are not of the same problems, or a strategy was not
/// measured at those tokens.
pub fn by_pilot(
    pilot: &Pilot,
    strategies: &[Vec<Measured>],
    tokens: f64,
    seed: u64,
) -> Result<Piloted, SearchError> {
    let problems = pilot.ease.len();
    if problems < 2 * BINS || strategies.is_empty() || pilot.tokens.len() != problems {
        return Err(SearchError::new(format!(
            "{problems} problems and {} strategies: choosing by a pilot takes at least {} and 1, and the pilot's tokens of each; give more",
            strategies.len(),
            2 * BINS
        )));
    }
    let paid = pilot.tokens.iter().sum::<f64>() / problems as f64;
    let at = |tokens: f64| -> Result<Vec<Vec<f64>>, SearchError> {
        let values: Vec<Vec<f64>> = strategies
            .iter()
            .map(|settings| at_tokens(settings, tokens))
            .collect::<Result<_, _>>()?;
        match values.iter().all(|values| values.len() == problems) {
            true => Ok(values),
            false => Err(SearchError::new(
                "the strategies and the pilot are not of the same problems: measure all on all",
            )),
        }
    };
    let (left, whole) = (at(tokens - paid)?, at(tokens)?);
    let mut order: Vec<usize> = (0..problems).collect();
    Stream::new(seed, "halves", 0).shuffle(&mut order);
    let (first, second) = order.split_at(problems / 2);
    let (mut piloted, mut fixed) = (vec![0.0; problems], vec![0.0; problems]);
    let mut halve = |choosing: &[usize], measured: &[usize]| -> Result<(Vec<usize>, usize), SearchError> {
        let ease: Vec<f64> = choosing.iter().map(|problem| pilot.ease[*problem]).collect();
        let quintiles = Quintiles::of(&ease)?;
        let kind = |problem: &usize| quintiles.bin(pilot.ease[*problem]);
        let overall = best(&left, choosing);
        let chosen: Vec<usize> = (0..BINS)
            .map(|bin| {
                let members: Vec<usize> = choosing
                    .iter()
                    .copied()
                    .filter(|problem| kind(problem) == bin)
                    .collect();
                if members.is_empty() {
                    overall
                } else {
                    best(&left, &members)
                }
            })
            .collect();
        let one = best(&whole, choosing);
        for problem in measured {
            piloted[*problem] = left[chosen[kind(problem)]][*problem];
            fixed[*problem] = whole[one][*problem];
        }
        Ok((chosen, one))
    };
    let (one, one_fixed) = halve(first, second)?;
    let (other, other_fixed) = halve(second, first)?;
    Ok(Piloted {
        comparison: compare(&piloted, &fixed, seed)?,
        chosen: [one, other],
        fixed: [one_fixed, other_fixed],
    })
}

/// The strategy with the largest mean on those problems; of equals the first.
fn best(values: &[Vec<f64>], problems: &[usize]) -> usize {
    crate::choice::first_largest(values.len(), |place| average(&values[place], problems)).unwrap_or(0)
}
