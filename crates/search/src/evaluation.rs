//! What strategies made of problems that have checkers: each strategy's accuracy and cost, beside the first one's, and what
//! more samples give.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use triaxis_laws::coverage::{Coverage, laws};
use triaxis_laws::{FitOptions, HeldOut};
use triaxis_tasks::Verdict;
use triaxis_units::{Estimate, Finding, Interval};

use crate::accounting::Spent;
use crate::checked::Checked;
use crate::error::SearchError;
use crate::estimators::{Comparison, Counts, LEVEL, Vote, compare, coverage, majority, mean, pass_at_k};
use crate::outcome::{Candidate, Outcome, Why};

/// Standard deviations of the normal distribution that hold [`LEVEL`] of it.
const DEVIATIONS: f64 = 1.959_963_984_540_054;
/// Bootstrap draws of a law of coverage.
const DRAWS: usize = 200;
/// Of the samples one in so many is fitted.
const FITTED: u64 = 4;

/// What is told of strategies on the same problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How many problems there are.
    pub problems: usize,
    /// The strategies, in the order in which they were asked for.
    pub strategies: Vec<Evaluated>,
    /// The verdicts on all independent samples.
    pub samples: Tally,
    /// What so many of them give.
    pub repeated: Vec<Repeated>,
    /// The law of coverage, fitted to a quarter of the samples and checked at all.
    pub law: Finding<LawCheck>,
}

/// A strategy on all problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// Its name and settings.
    pub strategy: String,
    /// The share of problems that it answers right, with Wilson's interval.
    pub accuracy: Estimate,
    /// The verdicts on its answers.
    pub answers: Tally,
    /// What it took, of all problems.
    pub spent: Spent,
    /// Tokens that it sampled, a problem.
    pub tokens_per_problem: f64,
    /// Its accuracy less that of the first strategy, problem by problem; none of the first.
    pub against_first: Option<Finding<Comparison>>,
    /// What it made of each problem.
    pub outcomes: Vec<Answered>,
}

/// Verdicts, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Right answers.
    pub right: u64,
    /// Wrong ones that can be read.
    pub wrong: u64,
    /// Answers that cannot be read.
    pub unparsable: u64,
    /// Answers whose checker failed, and problems without any answer: they count as not right.
    pub failed: u64,
}

/// What came of a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The problem's name.
    pub problem: String,
    /// What the model said, where there is an answer.
    pub said: Option<String>,
    /// The answer in it, as votes count it.
    pub answer: Option<String>,
    /// What the checker says.
    pub verdict: Verdict,
    /// Why the search stopped.
    pub why: Why,
    /// Tokens that were sampled for it.
    pub tokens: u64,
    /// What failed, in words.
    pub faults: Vec<String>,
}

/// What a number of independent samples gives, on average over all ways to draw them from those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// How many.
    pub samples: u64,
    /// The share of problems that at least one of them solves. Intervals resample problems, and are none below five of them.
    pub pass: Estimate,
    /// The share that a majority vote of them solves.
    pub majority: Estimate,
}

/// A law of coverage beside what it predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LawCheck {
    /// The likeliest form, of those that are averaged.
    pub form: String,
    /// Samples a problem that the law is fitted to.
    pub fitted: u64,
    /// Samples that it is checked at.
    pub samples: u64,
    /// Coverage there by the law, with the interval of as many new samples.
    pub predicted: Estimate,
    /// Coverage that was measured.
    pub measured: f64,
}

/// A checker that judges each text once.
struct Judge<'a> {
    checked: &'a Checked,
    known: BTreeMap<(String, String), Verdict>,
}

impl Judge<'_> {
    fn verdict(&mut self, problem: &str, candidate: &Candidate) -> Verdict {
        let checked = self.checked;
        let by = (problem.to_owned(), candidate.said.clone());
        let check = || {
            checked
                .check(problem, &candidate.said)
                .unwrap_or_else(Verdict::Failed)
        };
        self.known.entry(by).or_insert_with(check).clone()
    }
}

impl Tally {
    fn of<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts {
            let count = match verdict {
                Verdict::Right => &mut tally.right,
                Verdict::Wrong => &mut tally.wrong,
                Verdict::Unparsable(_) => &mut tally.unparsable,
                Verdict::Failed(_) => &mut tally.failed,
            };
            *count += 1;
        }
        tally
    }
}

impl Evaluation {
    /// What strategies, by name and with their outcomes, and independent samples made of the same problems; `counts` are the
    /// numbers of samples that are told, and `seed` is what problems are resampled by.
    ///
    /// # Errors
    /// When there is no problem, strategies or samples are of other problems, or a count is above the samples of one.
    pub fn of(
        checked: &Checked,
        strategies: &[(String, &[Outcome])],
        samples: &[Outcome],
        counts: &[u64],
        seed: u64,
    ) -> Result<Self, SearchError> {
        let names: BTreeSet<&str> = samples.iter().map(|outcome| outcome.problem.as_str()).collect();
        let are_same = |outcomes: &[Outcome]| {
            outcomes.len() == samples.len()
                && outcomes
                    .iter()
                    .zip(samples)
                    .all(|(one, other)| one.problem == other.problem)
        };
        if names.is_empty() || names.len() < samples.len() || !strategies.iter().all(|(_, own)| are_same(own))
        {
            return Err(SearchError::new(
                "strategies are compared on the same problems in one order, at least one: give all of them the same",
            ));
        }
        let known = BTreeMap::new();
        let mut judge = Judge { checked, known };
        let mut evaluated: Vec<Evaluated> = Vec::new();
        let mut first: Option<Vec<f64>> = None;
        for (name, outcomes) in strategies {
            let mut strategy = Evaluated::of(name, outcomes, &mut judge);
            let right = strategy.right();
            match &first {
                Some(first) => strategy.against_first = Some(Finding::of(compare(&right, first, seed))),
                None => first = Some(right),
            }
            evaluated.push(strategy);
        }
        let pools: Vec<Pool> = samples
            .iter()
            .map(|outcome| Pool::of(outcome, &mut judge))
            .collect();
        let verdicts = pools.iter().flat_map(|pool| &pool.verdicts);
        Ok(Self {
            problems: samples.len(),
            strategies: evaluated,
            samples: Tally::of(verdicts),
            repeated: counts
                .iter()
                .map(|&count| repeated(&pools, count, seed))
                .collect::<Result<_, _>>()?,
            law: Finding::of(law(&pools, seed)),
        })
    }
}

impl Evaluated {
    fn of(name: &str, outcomes: &[Outcome], judge: &mut Judge<'_>) -> Self {
        let mut answered = |outcome: &Outcome| {
            let answer = outcome.answer();
            let verdict = answer.map(|answer| judge.verdict(&outcome.problem, answer));
            let nothing = || Verdict::Failed("there is no answer".to_owned());
            Answered {
                problem: outcome.problem.clone(),
                said: answer.map(|answer| answer.said.clone()),
                answer: answer.and_then(|answer| answer.answer.clone()),
                verdict: verdict.unwrap_or_else(nothing),
                why: outcome.why,
                tokens: outcome.spent.sampled,
                faults: outcome.faults.clone(),
            }
        };
        let answers: Vec<Answered> = outcomes.iter().map(&mut answered).collect();
        let tally = Tally::of(answers.iter().map(|answer| &answer.verdict));
        let spent = outcomes
            .iter()
            .fold(Spent::default(), |sum, outcome| sum.and(&outcome.spent));
        let count = outcomes.len() as f64;
        let share = tally.right as f64 / count;
        Self {
            strategy: name.to_owned(),
            accuracy: Estimate {
                value: share,
                interval: Some(Interval::of_share(share, count, DEVIATIONS, LEVEL)),
            },
            answers: tally,
            tokens_per_problem: spent.sampled as f64 / count,
            spent,
            against_first: None,
            outcomes: answers,
        }
    }

    /// 1 for each problem that it answers right, and 0 for others.
    fn right(&self) -> Vec<f64> {
        let right = |answer: &Answered| f64::from(answer.verdict.is_right());
        self.outcomes.iter().map(right).collect()
    }
}

/// The independent samples of a problem, in the order of drawing.
struct Pool {
    verdicts: Vec<Verdict>,
    votes: Vec<Vote>,
}

impl Pool {
    fn of(outcome: &Outcome, judge: &mut Judge<'_>) -> Self {
        let candidates = || outcome.candidates.iter();
        let verdicts: Vec<Verdict> = candidates()
            .map(|candidate| judge.verdict(&outcome.problem, candidate))
            .collect();
        let votes = candidates()
            .zip(&verdicts)
            .map(|(candidate, verdict)| Vote::of(candidate, verdict.is_right(), 1.0));
        Self {
            votes: votes.collect(),
            verdicts,
        }
    }

    /// The right ones among the first samples.
    fn counts(&self, first: usize) -> Counts {
        let first = &self.verdicts[..first.min(self.verdicts.len())];
        Counts {
            samples: first.len() as u64,
            correct: first.iter().filter(|verdict| verdict.is_right()).count() as u64,
        }
    }
}

/// The mean over problems, with an interval where there are enough of them.
fn told(values: &[f64], seed: u64) -> Estimate {
    let all = values.iter().sum::<f64>() / values.len().max(1) as f64;
    mean(values, seed).unwrap_or(Estimate::point(all))
}

fn repeated(pools: &[Pool], samples: u64, seed: u64) -> Result<Repeated, SearchError> {
    let pass = |pool: &Pool| {
        pass_at_k(pool.counts(usize::MAX), samples).ok_or_else(|| {
            SearchError::new(format!(
                "`{samples}` samples of a problem that has {}: must be at most as many; ask for fewer, or draw more",
                pool.votes.len()
            ))
        })
    };
    let passed = pools.iter().map(pass).collect::<Result<Vec<f64>, _>>()?;
    let voted = pools.iter().map(|pool| majority(&pool.votes, samples as usize));
    let voted = voted.collect::<Result<Vec<f64>, _>>()?;
    Ok(Repeated {
        samples,
        pass: told(&passed, seed),
        majority: told(&voted, seed),
    })
}

/// The law of the first quarter of the samples, and what all of them show.
fn law(pools: &[Pool], seed: u64) -> Result<LawCheck, SearchError> {
    let samples = pools
        .iter()
        .map(|pool| pool.votes.len() as u64)
        .min()
        .unwrap_or(0);
    let fitted = samples / FITTED;
    if fitted < 2 {
        return Err(SearchError::new(format!(
            "{samples} samples a problem: a law is fitted to a quarter of them, at least two; draw more"
        )));
    }
    let counts = |first: u64| Vec::from_iter(pools.iter().map(|pool| pool.counts(first as usize)));
    let options = FitOptions {
        replicates: DRAWS,
        level: LEVEL,
        seed,
        holdout: HeldOut::None,
        ..FitOptions::default()
    };
    let law = Coverage::of_counts(&counts(fitted), &laws(), &options).map_err(SearchError::new)?;
    let predicted = law.predict(samples as f64).map_err(SearchError::new)?;
    let interval = predicted.interval.map(|interval| Interval {
        low: interval.low,
        high: interval.high,
        level: predicted.level,
    });
    Ok(LawCheck {
        form: law.laws.first().map_or("", |law| law.form.name()).to_owned(),
        fitted,
        samples,
        predicted: Estimate {
            value: predicted.value,
            interval,
        },
        measured: coverage(&counts(samples), samples).unwrap_or(0.0),
    })
}
