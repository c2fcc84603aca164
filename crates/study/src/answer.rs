//! What a study answers: the laws of each arm, and what the arms are worth.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Corpus;
use triaxis_laws::emergence::TaskEmergence;
use triaxis_laws::experts::ExpertsLaws;
use triaxis_laws::mixture::Sweep;
use triaxis_laws::worth::{self, Comparison, Compounded, Repeated};
use triaxis_records::Role;
use triaxis_train::NamedEvaluation;
use triaxis_units::Finding;

use crate::analysis::Analysis;
use crate::arm::{Arm, CompoundSpec};
use crate::emergence;
use crate::ensembles;
use crate::error::StudyError;
use crate::experts;
use crate::ladder::Ladder;
use crate::mixtures;
use crate::plan;
use crate::prediction::Prediction;
use crate::repeated;
use crate::spec::StudySpec;
use crate::survey::Survey;

/// All that is computed from a study's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What is computed of each arm by itself, in their order.
    pub arms: Vec<ArmAnswer>,
    /// What the arms are worth against the baseline, in bits per byte; `None` for a study of one.
    pub comparison: Option<Finding<Comparison>>,
    /// What some arms are worth against baselines of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Finding<Comparison>>,
    /// Whether what arms take alone multiplies where it is taken together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compounds: Vec<Compounded>,
    /// What repeated text is worth, of each arm with `unique_tokens`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repeated>,
    /// How many experts, and how fine, where arms differ in that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experts: Option<ExpertsLaws>,
    /// What mixtures of experts take to learn probes, beside dense models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergence: Vec<TaskEmergence>,
}

/// What is computed of one arm by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmAnswer {
    /// Its name; the study's, where there are no arms.
    pub arm: String,
    /// Its laws, prediction and plan.
    #[serde(flatten)]
    pub analysis: Analysis,
    /// What its sweep over mixtures says, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixtures: Option<Sweep>,
}

impl Answer {
    /// Computes everything from the records of `survey`; corpora and predictions are in the order of the arms.
    ///
    /// # Errors
    /// When a corpus has not the text that mixtures were trained on.
    pub fn of(
        spec: &StudySpec,
        arms: &[Arm],
        survey: &Survey,
        corpora: &[Arc<Corpus>],
        predictions: Vec<Option<Prediction>>,
    ) -> Result<Self, StudyError> {
        let compared = Compared::of(spec, arms, survey);
        let (comparison, also) = match compared.as_ref().map(Compared::comparisons) {
            Some((comparison, also)) => (Some(comparison), also),
            None => (None, Vec::new()),
        };
        let repeated = repeated::of(arms, survey, corpora)?;
        let baseline = spec.baseline(arms);
        let each = arms.iter().zip(corpora).zip(predictions);
        let each = each.map(|((arm, corpus), prediction)| {
            let own = survey.of_arm(&arm.name);
            let compared = comparison.as_ref().filter(|_| baseline == Some(&arm.name));
            let (spec, said) = planned(arm, arms, survey, compared);
            let mut analysis = Analysis::of(&spec, &own, prediction.as_ref());
            if let Some(Finding::Found(decision)) = &mut analysis.plan {
                decision.cautions.splice(0..0, said);
            }
            Ok(ArmAnswer {
                arm: arm.name.clone(),
                analysis,
                mixtures: mixtures::of(arm, arms.len() > 1, survey, corpus)?,
            })
        });
        Ok(Self {
            arms: each.collect::<Result<_, StudyError>>()?,
            comparison,
            also,
            compounds: compared.map(|compared| compared.compounds()).unwrap_or_default(),
            repeated,
            experts: experts::laws(spec, arms, survey),
            emergence: emergence::of(spec, survey),
        })
    }
}

/// The spec of `arm` with the study's arms as choices of its plan, and what is to be said of them.
fn planned(
    arm: &Arm,
    arms: &[Arm],
    survey: &Survey,
    comparison: Option<&Finding<Comparison>>,
) -> (StudySpec, Vec<String>) {
    let mut spec = arm.spec.clone();
    let Some(question) = &arm.spec.plan else {
        return (spec, Vec::new());
    };
    let others = arms.iter().filter(|_| comparison.is_some());
    let ladders = others.chain([arm]).map(|arm| {
        let ladder = Ladder::of(&arm.spec, &survey.of_arm(&arm.name));
        (arm.name.as_str(), ladder)
    });
    let (asked, said) = plan::of_arms(question, &arm.name, comparison, &ladders.collect());
    spec.plan = Some(asked);
    (spec, said)
}

/// The arms of a study that has several, with their runs, and how they are compared.
struct Compared<'a> {
    spec: &'a StudySpec,
    arms: Vec<worth::Arm>,
    baseline: &'a str,
    options: worth::Options,
    /// Why they cannot be compared at all.
    refused: Option<String>,
}

impl<'a> Compared<'a> {
    fn of(spec: &'a StudySpec, arms: &'a [Arm], survey: &Survey) -> Option<Self> {
        let baseline = spec.baseline(arms).filter(|_| arms.len() > 1)?;
        let is_other = |arm: &&Arm| {
            (&arm.spec.corpus, &arm.spec.curation) != (&arms[0].spec.corpus, &arms[0].spec.curation)
        };
        let other = arms.iter().find(is_other).filter(|_| spec.validation.is_empty());
        let refused = other.map(|other| {
            format!(
                "arms `{}` and `{}` have corpora of their own, and so have the texts that their losses are of; name texts \
                 that all are evaluated on, `[[validation]]`",
                arms[0].name, other.name
            )
        });
        let held_out = survey.trials().filter(|trial| trial.role == Role::HeldOut);
        let largest = held_out.map(|trial| trial.flops.0).reduce(f64::max);
        let options = worth::Options {
            level: spec.laws.level,
            replicates: spec.laws.resamples,
            seed: spec.seed,
            asked: spec
                .compare
                .as_ref()
                .and_then(|compare| compare.at)
                .map(|at| at.0)
                .or(largest),
            ..worth::Options::default()
        };
        let named = |arm: &Arm| worth::Arm {
            name: arm.name.clone(),
            runs: rows(arm, survey),
        };
        Some(Self {
            spec,
            arms: arms
                .iter()
                .map(named)
                .chain(ensembles::of(spec, arms, survey))
                .collect(),
            baseline,
            options,
            refused,
        })
    }

    /// The arms called `names`, all if there are none, held against `baseline` on text that none of them trains on.
    fn against(&self, baseline: &str, names: &[String]) -> Finding<Comparison> {
        if let Some(refused) = &self.refused {
            return Finding::Refused(refused.clone());
        }
        let is_of_it =
            |arm: &&worth::Arm| names.is_empty() || arm.name == baseline || names.contains(&arm.name);
        let arms: Vec<worth::Arm> = self.arms.iter().filter(is_of_it).cloned().collect();
        Finding::of(worth::compare(&arms, baseline, &self.options))
    }

    /// The main comparison, and those beside it.
    fn comparisons(&self) -> (Finding<Comparison>, Vec<Finding<Comparison>>) {
        let compare = self.spec.compare.clone().unwrap_or_default();
        let also = compare.also.iter();
        (
            self.against(self.baseline, &compare.arms),
            also.map(|also| self.against(&also.baseline, &also.arms))
                .collect(),
        )
    }

    fn compounds(&self) -> Vec<Compounded> {
        let asked = self.spec.compare.iter().flat_map(|compare| &compare.compounds);
        let of = |CompoundSpec { whole, parts }: &CompoundSpec| {
            let names: Vec<&str> = parts.iter().map(String::as_str).collect();
            let found = match &self.refused {
                Some(refused) => Finding::Refused(refused.clone()),
                None => Finding::of(worth::compound(
                    &self.arms,
                    self.baseline,
                    whole,
                    &names,
                    &self.options,
                )),
            };
            Compounded {
                baseline: self.baseline.to_owned(),
                whole: whole.clone(),
                parts: parts.clone(),
                found,
            }
        };
        asked.map(of).collect()
    }
}

/// Bits per byte of all validation texts together, unless one is missing.
pub(crate) fn common(texts: &[NamedEvaluation], all: usize) -> Option<f64> {
    let bytes: f64 = texts.iter().map(|text| text.evaluation.bytes.as_f64()).sum();
    let bits = texts
        .iter()
        .map(|text| text.evaluation.bits_per_byte.0 * text.evaluation.bytes.as_f64());
    (bytes > 0.0 && texts.len() == all).then(|| bits.sum::<f64>() / bytes)
}

/// The trials that an arm's own laws are fitted to, with losses that compare across tokenizers.
pub(crate) fn rows(arm: &Arm, survey: &Survey) -> Vec<worth::Run> {
    trials(arm, survey).into_iter().map(|(_, run)| run).collect()
}

/// The same with the trial of each.
pub(crate) fn trials(arm: &Arm, survey: &Survey) -> Vec<(String, worth::Run)> {
    let survey = survey.of_arm(&arm.name);
    let ladder = Ladder::of(&arm.spec, &survey);
    let bits = ladder.bits_per_byte.unwrap_or(f64::NAN);
    let rows = ladder.trials.iter().zip(&ladder.runs).filter_map(|(id, run)| {
        let trial = survey.trials().find(|trial| trial.id == *id)?;
        let place = trial.place?;
        let run = worth::Run {
            size: place.size.to_string(),
            budget: place.asked,
            seed: trial.config.seed,
            params: run.params,
            tokens: run.tokens,
            flops: run.flops,
            loss: match survey.frozen.texts.len() {
                0 => run.loss * bits,
                texts => common(&survey.texts(id), texts)?,
            },
        };
        Some((id.clone(), run))
    });
    rows.collect()
}
