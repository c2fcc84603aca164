use serde::{Deserialize, Serialize};
use thiserror::Error;
use triaxis_units::{Estimate, Params, Tokens};

use super::acceptability::{self, Acceptability};
use super::aim::{Aim, Length};
use super::alternative::{Alternative, alternative, named, told};
use super::caution;
use super::change::{self, BreakEven, Swing};
use super::compare::Compared;
use super::dollar::{self, Axis};
use super::experiment::{self, Valued};
use super::first;
use super::law::Law;
use super::question::Question;
use super::reckon::{Reckoner, whole};
use super::running::{self, Running};
use super::unmet;
use super::wall::{self, DataWall};
use super::world::Seen;
use crate::PlanError;
use crate::evidence::LossUnit;

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// What was given is not enough, or breaks a rule.
    #[error(transparent)]
    Input(#[from] PlanError),
    /// No choice does what is asked: the limit that binds, and what would relax it.
    #[error("{0}")]
    Unmet(String),
}

/// What to do, how sure that is, and what would make it surer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What the question is called.
    pub title: String,
    /// What was wanted.
    pub aim: Aim,
    /// The unit of every loss.
    pub unit: LossUnit,
    /// The share of the draws that every interval holds.
    pub level: f64,
    /// Draws of everything that is uncertain.
    pub draws: usize,
    /// The choices, the recommended first, then the next by expected score.
    pub choices: Vec<Alternative>,
    /// Whether the first may be recommended: not where nothing vouches for a law so far out.
    pub is_recommended: bool,
    /// Why it is not, and what to do first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// What it trains on.
    pub training_hardware: String,
    /// What that run is like; none where the devices do not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Share of the draws in which some choice does what is asked.
    pub met: f64,
    /// Choices that were held against each other.
    pub compared: usize,
    /// What would change the choice, the likeliest first.
    pub break_evens: Vec<BreakEven>,
    /// What each uncertain quantity makes of the first choice.
    pub swings: Vec<Swing>,
    /// What the next dollar buys on each axis.
    pub axes: Vec<Axis>,
    /// What could be found out before, the most worth a dollar first.
    pub trials: Vec<Trial>,
    /// Whether every trial costs more than it is worth, by two standard errors: time to stop measuring.
    pub none_is_worth_it: bool,
    /// Cost against loss of the first choice's family.
    pub frontier: Vec<Point>,
    /// How much text there is for it.
    pub wall: DataWall,
    /// Which of the choices is best by what quality is worth; none where more dollars gain none.
    pub acceptability: Option<Acceptability>,
    /// The laws.
    pub laws: Vec<LawUsed>,
    /// What the answer stands on that is not measured, and what was left out.
    pub cautions: Vec<String>,
}

/// What a trial trains; with the loss that it reaches it is an [`Observed`](super::Observed) run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRun {
    /// Its arm.
    pub arm: String,
    /// The text that it sees.
    pub text: String,
    /// Parameters.
    pub params: Params,
    /// Tokens seen.
    pub tokens: Tokens,
    /// Passes over its text.
    pub epochs: f64,
}

/// A small run that could be made before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// In words.
    pub name: String,
    /// The run; `None` where nothing is trained.
    pub run: Option<TrialRun>,
    /// Dollars that it costs.
    pub cost: f64,
    /// What it is expected to save, in dollars.
    pub value: f64,
    /// Standard error of that by the number of draws.
    pub error: f64,
    /// Chance that the choice changes.
    pub flips: f64,
    /// Whether it is worth more than it costs, by more than two standard errors.
    pub is_worth_it: bool,
}

/// A point of cost against loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Dollars before serving.
    pub dollars: f64,
    /// Parameters.
    pub params: f64,
    /// The loss that they buy.
    pub loss: Estimate,
}

/// A law as it was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LawUsed {
    /// Its name.
    pub name: String,
    /// Where its constants come from.
    pub source: String,
    /// Share of the draws that it judges.
    pub weight: f64,
    /// Draws of its constants.
    pub draws: usize,
}

/// Share of the draws in which some choice must do what is asked, for there to be an answer.
const LEAST_MET: f64 = 0.05;
/// Choices shown: the recommended and the next four.
const SHOWN: usize = 5;
/// Trials shown.
const TRIALS: usize = 8;
/// Break-even values shown.
const BREAK_EVENS: usize = 8;

/// Answers a question by laws.
///
/// # Errors
/// What the question or the laws lack, or, where no choice does what is asked, which limit binds and what would relax
/// it.
pub fn decide(question: &Question, laws: &[Law]) -> Result<Decision, Refusal> {
    if laws.is_empty() {
        return Err(PlanError(
            "there is no law: give `[[laws]]` with `study`, `fit` or `published`".to_owned(),
        )
        .into());
    }
    let unit = one_unit(laws)?;
    let reckoner = Reckoner::of(question, laws)?;
    let compared = Compared::of(&reckoner);
    if compared.met < LEAST_MET {
        return Err(Refusal::Unmet(unmet::why(&compared)));
    }
    if let Some(why) = unmet::in_vain(&compared) {
        return Err(Refusal::Unmet(why));
    }
    let shown = compared.ranked(SHOWN);
    let axes = dollar::axes(&compared);
    // What the budget must rise by to lower the loss by one; 0 where no dollars do.
    let gained = axes[0].next_dollar;
    let per_loss = if gained > 0.0 { 1.0 / gained } else { 0.0 };
    // Dollars that a unit of score is worth.
    let per_score = if question.aim.in_dollars() { 1.0 } else { per_loss };
    let choices: Vec<Alternative> = shown
        .iter()
        .map(|choice| alternative(&compared, *choice, per_score))
        .collect();
    let name = |choice: usize| named(&compared, choice);
    let all = experiment::valued(&compared).into_iter();
    let mut trials: Vec<Trial> = all.map(|valued| trial(&compared, valued, per_score)).collect();
    // Of no trial nothing can be said.
    let is_in_vain = |trial: &Trial| trial.value + 2.0 * trial.error < trial.cost;
    let none_is_worth_it = !trials.is_empty() && trials.iter().all(is_in_vain);
    trials.truncate(TRIALS);
    let mut break_evens = change::break_evens(&compared, name);
    break_evens.truncate(BREAK_EVENS);
    let instead = first::instead(&compared, &choices[0]);
    Ok(Decision {
        title: question.title.clone(),
        aim: question.aim,
        unit,
        level: question.level,
        draws: question.draws,
        cautions: caution::cautions(&compared, &choices),
        choices,
        is_recommended: instead.is_none(),
        instead,
        training_hardware: reckoner.training.name.clone(),
        running: running::running(&compared),
        met: compared.met,
        compared: compared.choices.len(),
        break_evens,
        swings: change::swings(&compared),
        axes,
        trials,
        none_is_worth_it,
        frontier: frontier(&compared),
        wall: wall::wall(&compared)?,
        acceptability: acceptability::curves(&compared, &shown, per_loss),
        laws: laws_used(&compared),
    })
}

impl Decision {
    /// What the trials come to, where none is worth its cost; nothing where there is no recommendation to stop at.
    pub fn on_trials(&self) -> Option<&'static str> {
        let none = !self.trials.is_empty() && self.trials.iter().all(|trial| !trial.is_worth_it);
        match (self.is_recommended && none, self.none_is_worth_it) {
            (false, _) => None,
            (true, true) => Some("No experiment is worth more than it costs: stop measuring and decide."),
            (true, false) => Some(
                "The draws cannot tell that any experiment is worth more than it costs; more `draws` could.",
            ),
        }
    }
}

/// The unit of all laws.
pub(super) fn one_unit(laws: &[Law]) -> Result<LossUnit, PlanError> {
    let unit = laws[0].unit;
    if let Some(other) = laws.iter().find(|law| law.unit != unit) {
        return Err(PlanError(format!(
            "the law `{}` is of {unit}, `{}` of {}: losses of one plan are in one unit; leave one of them out",
            laws[0].name, other.name, other.unit
        )));
    }
    Ok(unit)
}

pub(super) fn trial(compared: &Compared<'_>, valued: Valued, per_score: f64) -> Trial {
    let question = compared.reckoner.question;
    let name = match &valued.trial {
        experiment::Trial::Serving => "serve such a model for an hour and time it".to_owned(),
        experiment::Trial::Queries => "ask 500 more queries of the task, 16 samples each".to_owned(),
        experiment::Trial::Run(Seen {
            arm,
            params,
            tokens,
            tier,
            epochs,
        }) => {
            let arm = if question.arms.len() > 1 {
                format!(" of `{}`", question.arms[*arm].name)
            } else {
                String::new()
            };
            let text = &question.tiers[*tier].name;
            let passes = if *epochs > 1.0 {
                format!(" in {epochs} passes")
            } else {
                String::new()
            };
            format!(
                "train {}{arm} on {} tokens of `{text}`{passes}",
                whole(*params),
                Tokens(tokens.round() as u64)
            )
        }
    };
    let run = match valued.trial {
        experiment::Trial::Serving | experiment::Trial::Queries => None,
        experiment::Trial::Run(run) => Some(TrialRun {
            arm: question.arms[run.arm].name.clone(),
            text: question.tiers[run.tier].name.clone(),
            params: whole(run.params),
            tokens: Tokens(run.tokens.round() as u64),
            epochs: run.epochs,
        }),
    };
    let (value, error) = (valued.value * per_score, valued.error * per_score);
    Trial {
        name,
        run,
        cost: valued.cost,
        value,
        error,
        flips: valued.flips,
        is_worth_it: value - 2.0 * error > valued.cost,
    }
}

/// Cost against loss of the recommended family, from a hundredth of its cost to a hundred times.
fn frontier(compared: &Compared<'_>) -> Vec<Point> {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let chosen = &compared.choices[compared.best];
    let worlds: Vec<_> = (0..reckoner.worlds.count)
        .map(|draw| reckoner.worlds.world(draw))
        .collect();
    (-6..=6)
        .map(|step| {
            let budget = compared.spent * 10f64.powf(f64::from(step) / 3.0);
            let (best, _) = dollar::lowest(reckoner, reckoner.worlds.centre(), chosen.choice, budget);
            let prepared = reckoner.prepare(best);
            let draws: Vec<f64> = worlds
                .iter()
                .map(|world| prepared.outcome(&world.spending(budget), Length::Spend).loss)
                .collect();
            Point {
                dollars: budget,
                params: best.params,
                loss: told(&draws, question.level),
            }
        })
        .collect()
}

fn laws_used(compared: &Compared<'_>) -> Vec<LawUsed> {
    let worlds = &compared.reckoner.worlds;
    let arm = compared.choices[compared.best].choice.arm;
    let judged: Vec<usize> = worlds.law_of_draw(arm).collect();
    let used = worlds.laws.iter().enumerate().map(|(at, law)| LawUsed {
        name: law.name.clone(),
        source: law.source.clone(),
        weight: judged.iter().filter(|law| **law == at).count() as f64 / judged.len() as f64,
        draws: law.draws(),
    });
    used.collect()
}
