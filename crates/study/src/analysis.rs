//! From run records to laws, a prediction, and a plan: nothing here is measured, everything computed.
//!
//! Laws are fitted to the validation loss in nats per token, which all trials of a study share a
//! tokenizer for; results are given in bits per byte beside it.

use serde::{Deserialize, Serialize};
use triaxis_corpus::Corpus;
use triaxis_laws::approach::{self, Approach1, Approach2, Approach3, Curve, JointFit, Run};
use triaxis_laws::{ComputeCurve, Flattening, flattening};
use triaxis_plan::{LossUnit, Measured, ParameterCount, Plan, StudyLaw};
use triaxis_units::{Flops, Params, Tokens};

use crate::ladder::{Ladder, counted, options};
use crate::optima::{Optima, Range};
use crate::prediction::{JointLaws, Prediction};
use crate::run::Survey;
use crate::spec::{ParameterConvention, StudySpec};

/// A result, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T> {
    /// The result.
    Found(T),
    /// Why there is none.
    Refused(String),
}

impl<T> Finding<T> {
    /// The result, if there is one.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Refused(_) => None,
        }
    }

    pub(crate) fn of<E: std::fmt::Display>(result: Result<T, E>) -> Self {
        result.map_or_else(|error| Self::Refused(error.to_string()), Self::Found)
    }
}

/// A prediction held against what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What was predicted.
    pub prediction: Prediction,
    /// The measured loss in nats per token, or why there is none.
    pub measured: Finding<f64>,
    /// measured / predicted − 1.
    pub relative_error: Option<f64>,
    /// Whether the measured loss lies in the predicted interval.
    pub inside: Option<bool>,
    /// How far the held-out run lies beyond the largest trial, in compute.
    pub compute: f64,
    /// In parameters.
    pub parameters: f64,
    /// In tokens.
    pub tokens: f64,
}

/// All that is computed from a study's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The trials that the laws are fitted to, in the order of `runs`.
    pub trials: Vec<String>,
    /// Their numbers as the fits see them.
    pub runs: Vec<Run>,
    /// Which parameters N counts.
    pub convention: ParameterConvention,
    /// Bits per byte of one nat per token on this validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
    /// Coverage of every interval.
    pub level: f64,
    /// The envelope of the losses over compute.
    pub approach1: Finding<Approach1>,
    /// IsoFLOP parabolas.
    pub approach2: Finding<Approach2>,
    /// The parametric law of Hoffmann et al. 2022.
    pub approach3: Finding<Approach3>,
    /// The joint law of N and D that predicts the largest budget best: what prediction and plan use.
    pub law: Finding<JointFit>,
    /// What the three approaches say of the compute-optimal size, in order.
    pub optima: [Optima; 3],
    /// The budgets that `optima` are given at; `None` before any trial is done.
    pub range: Option<Range>,
    /// Whether the loss still falls with compute as it did.
    pub flattening: Finding<Flattening>,
    /// The held-out run.
    pub holdout: Option<Comparison>,
    /// The plan, if the spec asks for one.
    pub plan: Option<Finding<Plan>>,
}

impl Analysis {
    /// Computes everything from the records of `survey`; what the data refuse is a
    /// [`Finding::Refused`].
    pub fn of(spec: &StudySpec, survey: &Survey, corpus: &Corpus, prediction: Option<Prediction>) -> Self {
        let ladder = Ladder::of(spec, survey);
        let options = options(spec);
        let joint = JointLaws::of(&ladder, &options);
        let approach3 = joint.approach3();
        let law = joint.most_trusted();
        let plan = spec.plan.as_ref().map(|wanted| {
            let law = study_law(spec, &ladder, corpus, law.found());
            Finding::of(triaxis_plan::plan(wanted, law.as_ref()))
        });
        let approach1 = Finding::of(approach::approach1(&ladder.runs, &options));
        let approach2 = Finding::of(approach::approach2(&ladder.runs, Curve::Parabola, &options));
        let range = ladder.range(survey);
        let drawn = range.unwrap_or(Range {
            low: 1.0,
            high: 1.0,
            reference: 1.0,
        });
        Self {
            optima: [
                Optima::of_approach1(&approach1, drawn),
                Optima::of_approach2(&approach2, drawn),
                Optima::of_approach3(&approach3, ladder.per_param_token(), drawn),
            ],
            flattening: Finding::of(
                ComputeCurve::of_runs(&ladder.runs).and_then(|curve| flattening(&curve, &options)),
            ),
            range,
            approach1,
            approach2,
            approach3,
            law,
            holdout: prediction.map(|prediction| compare(spec, survey, &ladder, prediction)),
            plan,
            convention: spec.laws.parameters,
            level: spec.laws.level,
            bits_per_byte: ladder.bits_per_byte,
            trials: ladder.trials,
            runs: ladder.runs,
        }
    }
}

fn compare(spec: &StudySpec, survey: &Survey, ladder: &Ladder, prediction: Prediction) -> Comparison {
    let record = survey.record(&prediction.trial);
    let measured = match record.map(|record| &record.outcome) {
        None => Finding::Refused("the held-out run has no record".to_owned()),
        Some(outcome) => match outcome.validation() {
            Some(validation) => Finding::Found(validation.nats.0),
            None => Finding::Refused(outcome.reason().unwrap_or_default()),
        },
    };
    let both = prediction.loss.found().copied().zip(measured.found().copied());
    let trial = survey.trials().find(|trial| trial.id == prediction.trial);
    let beyond = |value: Option<f64>, of: fn(&Run) -> f64| value.unwrap_or(f64::NAN) / ladder.largest(of);
    Comparison {
        relative_error: both.map(|(loss, measured)| measured / loss.value - 1.0),
        inside: both.map(|(loss, measured)| (loss.low..=loss.high).contains(&measured)),
        compute: beyond(trial.map(|trial| trial.flops.0), |run| run.flops),
        parameters: beyond(
            trial.map(|trial| counted(trial, spec.laws.parameters).as_f64()),
            |run| run.params,
        ),
        tokens: beyond(trial.map(|trial| trial.tokens.as_f64()), |run| run.tokens),
        measured,
        prediction,
    }
}

fn study_law(spec: &StudySpec, ladder: &Ladder, corpus: &Corpus, fit: Option<&JointFit>) -> Option<StudyLaw> {
    let fit = fit?;
    let whole = |value: f64| value.round() as u64;
    let runs = ladder.runs.iter().map(|run| {
        (
            Params(whole(run.params)),
            Tokens(whole(run.tokens)),
            Flops(run.flops),
        )
    });
    Some(StudyLaw {
        name: format!("this study, {}", fit.fit.form),
        law: fit.law,
        draws: fit.replicates().collect(),
        unit: LossUnit::NatsPerToken,
        bytes_per_token: ladder
            .bits_per_byte
            .map(|bits| 1.0 / (bits * std::f64::consts::LN_2)),
        parameters: match spec.laws.parameters {
            ParameterConvention::Total => ParameterCount::WithEmbeddings,
            ParameterConvention::NonEmbedding => ParameterCount::WithoutEmbeddings,
        },
        measured: Measured::of(runs)?,
        unique_tokens: Some(Tokens(corpus.train().len() as u64)),
    })
}
