//! An ensemble beside a mixture of experts: models of which each has learnt one text, and is asked about that alone.
//!
//! It is what a mixture's experts would be if they were told which text they are of, and shared nothing. It stands among the
//! arms that are compared: of each text it has the loss of that text's own model, its training took what all of its members
//! took, and a token passes as many parameters as one of them has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::SourceSpec;
use triaxis_laws::worth;
use triaxis_train::NamedEvaluation;

use crate::answer::{self, common};
use crate::arm::Arm;
use crate::spec::{SpecError, StudySpec, plain_name, rule};
use crate::survey::Survey;

/// Arms that are asked together, each about its own text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleSpec {
    /// What it is called among the arms.
    pub name: String,
    /// The arm that is asked about each validation text; about each source of the corpus, where there are no other texts.
    pub members: BTreeMap<String, String>,
}

impl EnsembleSpec {
    /// Refuses what cannot be asked about all that arms are compared by.
    pub(crate) fn check(spec: &StudySpec, arms: &[Arm]) -> Result<(), SpecError> {
        let own = spec.compare.iter().flat_map(|compare| &compare.ensembles);
        let own: Vec<&Self> = own.collect();
        let asked = texts(spec);
        for (at, ensemble) in own.iter().enumerate() {
            let key = format!("compare.ensembles[{at}]");
            let is_new = !arms.iter().any(|arm| arm.name == ensemble.name)
                && !own[..at].iter().any(|other| other.name == ensemble.name);
            rule(
                plain_name(&ensemble.name) && is_new,
                &format!("{key}.name"),
                format!("{:?}", ensemble.name),
                "letters, digits, `-`, `_` and `.`, and the name of no arm and no other ensemble",
            )?;
            for (text, arm) in &ensemble.members {
                if !arms.iter().any(|known| known.name == *arm) {
                    let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
                    let told = format!("`{arm}` of `{text}` is no arm: one of {}", names.join(", "));
                    return Err(SpecError::of(&format!("{key}.members"), &told));
                }
            }
            let members: Vec<&str> = ensemble.members.keys().map(String::as_str).collect();
            let mut sorted = asked.clone();
            sorted.sort_unstable();
            if members != sorted {
                let told = format!(
                    "it has an arm for {}, and is to have one for each text that arms are compared by: {}",
                    members.join(", "),
                    asked.join(", ")
                );
                return Err(SpecError::of(&format!("{key}.members"), &told));
            }
        }
        Ok(())
    }

    /// Its arms, each once.
    fn arms<'a>(&self, arms: &'a [Arm]) -> Vec<&'a Arm> {
        let is_member = |arm: &&Arm| self.members.values().any(|name| *name == arm.name);
        arms.iter().filter(is_member).collect()
    }
}

/// What arms are compared by: the validation texts, or the corpus' own by its sources.
fn texts(spec: &StudySpec) -> Vec<&str> {
    let sources = match spec.validation.is_empty() {
        true => &spec.corpus.sources,
        false => &spec.validation,
    };
    sources.iter().map(SourceSpec::name).collect()
}

/// The ensembles of a study as arms.
pub(crate) fn of(spec: &StudySpec, arms: &[Arm], survey: &Survey) -> Vec<worth::Arm> {
    let ensembles = spec.compare.iter().flat_map(|compare| &compare.ensembles);
    let of_one = |ensemble: &EnsembleSpec| worth::Arm {
        name: ensemble.name.clone(),
        runs: runs(ensemble, arms, survey),
    };
    ensembles.map(of_one).collect()
}

/// A run for each size, seed and place among the budgets of their designs that all members have.
fn runs(ensemble: &EnsembleSpec, arms: &[Arm], survey: &Survey) -> Vec<worth::Run> {
    let members: Vec<Member> = ensemble
        .arms(arms)
        .into_iter()
        .map(|arm| Member::of(arm, survey))
        .collect();
    let Some(first) = members.first() else {
        return Vec::new();
    };
    let keys = first.runs.keys();
    keys.filter_map(|key| together(ensemble, &members, key, survey))
        .collect()
}

/// An arm with its runs by size, seed and place among the budgets of its design.
struct Member {
    arm: String,
    runs: BTreeMap<(String, u64, usize), (String, worth::Run)>,
}

impl Member {
    fn of(arm: &Arm, survey: &Survey) -> Self {
        let trials = answer::trials(arm, survey);
        // Of all trials: a run that came to no end would move the others up.
        let asked = survey.trials_of(&arm.name).filter_map(|trial| trial.place);
        let mut budgets: Vec<f64> = asked.map(|place| place.asked).collect();
        budgets.sort_by(f64::total_cmp);
        budgets.dedup();
        let runs = trials.into_iter().filter_map(|(id, run)| {
            let place = budgets.iter().position(|budget| *budget == run.budget)?;
            Some(((run.size.clone(), run.seed, place), (id, run)))
        });
        Self {
            arm: arm.name.clone(),
            runs: runs.collect(),
        }
    }
}

fn together(
    ensemble: &EnsembleSpec,
    members: &[Member],
    key: &(String, u64, usize),
    survey: &Survey,
) -> Option<worth::Run> {
    let runs: Vec<(&str, &(String, worth::Run))> = members
        .iter()
        .map(|member| Some((member.arm.as_str(), member.runs.get(key)?)))
        .collect::<Option<_>>()?;
    let losses = ensemble.members.iter().map(|(text, arm)| {
        let (_, (trial, _)) = runs.iter().find(|(name, _)| name == arm)?;
        losses(survey, trial).into_iter().find(|loss| loss.name == *text)
    });
    let losses: Vec<NamedEvaluation> = losses.collect::<Option<_>>()?;
    let of = |of: fn(&worth::Run) -> f64| runs.iter().map(move |(_, (_, run))| of(run));
    Some(worth::Run {
        size: key.0.clone(),
        seed: key.1,
        budget: of(|run| run.budget).sum(),
        // Those that a token passes: one member's.
        params: of(|run| run.params).fold(0.0, f64::max),
        tokens: of(|run| run.tokens).sum(),
        flops: of(|run| run.flops).sum(),
        loss: common(&losses, ensemble.members.len())?,
    })
}

/// The losses of a trial by what arms are compared by.
fn losses(survey: &Survey, trial: &str) -> Vec<NamedEvaluation> {
    match survey.frozen.texts.len() {
        0 => survey
            .record(trial)
            .map_or_else(Vec::new, |record| record.outcome.sources().to_vec()),
        _ => survey.texts(trial),
    }
}
