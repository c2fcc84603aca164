//! What a question leaves open, held against a world that is known: for simulations, and for plans that came true.

use super::aim::Length;
use super::alternative::Alternative;
use super::answer::{Refusal, Trial, TrialRun, one_unit, trial};
use super::compare::Compared;
use super::experiment::{self, Valued};
use super::law::Law;
use super::outcome::Outcome;
use super::question::Question;
use super::reckon::{Choice, Reckoner};
use super::world::Seen;
use crate::PlanError;

/// What becomes of a choice, taken as it was planned by `question` and `laws`, where `known`, the same question with
/// every quantity as it turned out, and `truth` hold.
///
/// # Errors
/// When either question cannot be asked, or knows no such choice.
pub fn outcome_where(
    (question, laws): (&Question, &[Law]),
    chosen: &Alternative,
    (known, truth): (&Question, &[Law]),
) -> Result<Outcome, PlanError> {
    let planned = Reckoner::of(question, laws)?;
    let known = Reckoner::of(known, truth)?;
    let missing = |what: &str, name: &str| PlanError(format!("the question has no {what} `{name}`"));
    let strategy = planned
        .strategies
        .iter()
        .position(|strategy| strategy.name == chosen.strategy)
        .ok_or_else(|| missing("strategy", &chosen.strategy))?;
    let samples = question
        .samples
        .iter()
        .position(|samples| *samples == chosen.samples)
        .ok_or_else(|| missing("number of samples", &chosen.samples.to_string()))?;
    let context = question
        .contexts
        .iter()
        .position(|context| context.name == chosen.context)
        .ok_or_else(|| missing("context", &chosen.context))?;
    let length = question.aim.rule().length();
    let choice = Choice {
        arm: question.arm(Some(&chosen.arm))?,
        strategy,
        synthetic: chosen.synthetic_share,
        params: chosen.params,
        samples,
        context,
        tokens: match length {
            Length::Pay => Some(chosen.tokens.value),
            Length::Spend | Length::Reach => {
                planned.strategies[strategy].tokens.map(|tokens| tokens.as_f64())
            }
        },
    };
    Ok(planned.prepare(choice).outcome(known.worlds.centre(), length))
}

/// Every trial that could be made, without its value, in no order.
///
/// # Errors
/// As [`decide`](super::decide).
pub fn trials_of(question: &Question, laws: &[Law]) -> Result<Vec<Trial>, Refusal> {
    one_unit(laws)?;
    let reckoner = Reckoner::of(question, laws)?;
    let compared = Compared::of(&reckoner);
    let unvalued = |(trial, cost)| Valued {
        trial,
        cost,
        value: 0.0,
        error: 0.0,
        flips: 0.0,
    };
    let trials = experiment::trials(&compared).into_iter();
    Ok(trials.map(|one| trial(&compared, unvalued(one), 1.0)).collect())
}

/// The loss that a run would reach with everything at its median.
///
/// # Errors
/// When the question does not know its arm or text, or cannot be asked.
pub fn loss_of(question: &Question, laws: &[Law], run: &TrialRun) -> Result<f64, PlanError> {
    let reckoner = Reckoner::of(question, laws)?;
    let seen = Seen {
        arm: question.arm(Some(&run.arm))?,
        tier: question.tier(&run.text)?,
        params: run.params.as_f64(),
        tokens: run.tokens.as_f64(),
        epochs: run.epochs,
    };
    Ok(reckoner.worlds.shown(reckoner.worlds.centre(), seen).exp())
}
