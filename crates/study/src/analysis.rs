//! From run records to laws, a prediction, and a plan: nothing here is measured, everything computed.
//!
//! Laws are fitted to the validation loss in nats per token, which all trials of a study share a
//! tokenizer for; results are given in bits per byte beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Corpus;
use triaxis_laws::FitOptions;
use triaxis_laws::approach::{self, Approach1, Approach2, Approach3, Curve, Run};
use triaxis_plan::{LossUnit, Measured, ParameterCount, Plan, StudyLaw};
use triaxis_units::{Flops, Params, Tokens};

use crate::machine;
use crate::optima::{Optima, Range};
use crate::record::RunRecord;
use crate::run::Survey;
use crate::spec::{ParameterConvention, StudySpec};
use crate::trial::{Role, Trial};

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

    fn of<E: std::fmt::Display>(result: Result<T, E>) -> Self {
        result.map_or_else(|error| Self::Refused(error.to_string()), Self::Found)
    }
}

/// A loss with its interval, in nats per token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossInterval {
    /// The loss.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Coverage of the interval.
    pub level: f64,
}

/// What the ladder says of the held-out run, before that run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The held-out trial.
    pub trial: String,
    /// The trials it is predicted from.
    pub from: Vec<String>,
    /// The law that predicts.
    pub law: String,
    /// The loss in nats per token, holding both the uncertainty of the law and the noise of one run.
    pub loss: Finding<LossInterval>,
    /// Bits per byte of one nat per token on this validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
    /// When it was written, in seconds since 1970.
    pub written: u64,
}

impl Prediction {
    /// Predicts `target` from the ladder's records.
    pub fn of(spec: &StudySpec, survey: &Survey, target: &Trial) -> Self {
        let ladder = Ladder::of(spec, survey);
        let fit = Finding::of(approach::approach3(&ladder.runs, &options(spec)));
        let loss = match &fit {
            Finding::Refused(reason) => Finding::Refused(reason.clone()),
            Finding::Found(fit) => {
                let params = counted(target, spec.laws.parameters).as_f64();
                Finding::of(
                    fit.predict(params, target.tokens.as_f64())
                        .map(|prediction| LossInterval {
                            value: prediction.value,
                            low: prediction.low,
                            high: prediction.high,
                            level: spec.laws.level,
                        }),
                )
            }
        };
        Self {
            trial: target.id.clone(),
            from: ladder.trials,
            law: "approach 3, L = E + A / N^alpha + B / D^beta".to_owned(),
            loss,
            bits_per_byte: ladder.bits_per_byte,
            written: machine::now(),
        }
    }
}

impl std::fmt::Display for Prediction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.loss {
            Finding::Found(loss) => {
                let bits = |nats: f64| nats * self.bits_per_byte.unwrap_or(f64::NAN);
                write!(
                    formatter,
                    "{}  {:.4} bits per byte ({:.4} to {:.4} at {:.0}%), from {} trials",
                    self.trial,
                    bits(loss.value),
                    bits(loss.low),
                    bits(loss.high),
                    loss.level * 100.0,
                    self.from.len(),
                )
            }
            Finding::Refused(reason) => write!(formatter, "{}  no prediction: {reason}", self.trial),
        }
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
    /// The parametric law.
    pub approach3: Finding<Approach3>,
    /// What the three approaches say of the compute-optimal size, in order.
    pub optima: [Optima; 3],
    /// The budgets that `optima` are given at; `None` before any trial is done.
    pub range: Option<Range>,
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
        let approach3 = Finding::of(approach::approach3(&ladder.runs, &options));
        let plan = spec.plan.as_ref().map(|wanted| {
            let law = study_law(spec, &ladder, corpus, approach3.found());
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
            range,
            approach1,
            approach2,
            approach3,
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

/// The ladder as the fits see it.
struct Ladder {
    trials: Vec<String>,
    runs: Vec<Run>,
    bits_per_byte: Option<f64>,
}

impl Ladder {
    /// The finished trials; of a learning-rate sweep only the best at each size and length.
    fn of(spec: &StudySpec, survey: &Survey) -> Self {
        let mut best: BTreeMap<String, (usize, &RunRecord, f64)> = BTreeMap::new();
        let mut bits_per_byte = None;
        for (order, trial) in survey
            .trials()
            .enumerate()
            .filter(|(_, trial)| trial.role == Role::Ladder)
        {
            let Some(record) = survey.record(&trial.id) else {
                continue;
            };
            let Some(validation) = record.outcome.validation() else {
                continue;
            };
            bits_per_byte = Some(validation.bits_per_byte.0 / validation.nats.0);
            let point = crate::identity::of(&(trial.architecture(), trial.tokens, trial.budget));
            let entry = best.entry(point).or_insert((order, record, validation.nats.0));
            if validation.nats.0 < entry.2 {
                *entry = (entry.0, record, validation.nats.0);
            }
        }
        let mut rows: Vec<_> = best.into_values().collect();
        rows.sort_by_key(|(order, _, _)| *order);
        let run = |(_, record, loss): &(usize, &RunRecord, f64)| Run {
            params: counted(&record.trial, spec.laws.parameters).as_f64(),
            tokens: record.trial.tokens.as_f64(),
            flops: record.trial.flops.0,
            loss: *loss,
            budget: record.trial.budget.map(|budget| budget.0),
        };
        Self {
            trials: rows
                .iter()
                .map(|(_, record, _)| record.trial.id.clone())
                .collect(),
            runs: rows.iter().map(run).collect(),
            bits_per_byte,
        }
    }

    /// From the smallest trial to the held-out run, which is where the approaches are compared.
    fn range(&self, survey: &Survey) -> Option<Range> {
        let low = self.runs.iter().map(|run| run.flops).reduce(f64::min)?;
        let largest = self.largest(|run| run.flops);
        let heldout = survey
            .trials()
            .find(|trial| trial.role == Role::HeldOut)
            .map(|trial| trial.flops.0);
        let reference = heldout.unwrap_or(largest);
        Some(Range {
            low,
            high: reference.max(largest),
            reference,
        })
    }

    /// Geometric mean of C / (N D): 6 by the rule of thumb, more where the vocabulary or the context
    /// is large beside the model.
    fn per_param_token(&self) -> f64 {
        let logarithms = self
            .runs
            .iter()
            .map(|run| (run.flops / (run.params * run.tokens)).ln());
        (logarithms.sum::<f64>() / self.runs.len().max(1) as f64).exp()
    }

    fn largest(&self, of: fn(&Run) -> f64) -> f64 {
        self.runs.iter().map(of).fold(f64::NAN, f64::max)
    }
}

/// N of a trial as the fits count it.
fn counted(trial: &Trial, convention: ParameterConvention) -> Params {
    match convention {
        ParameterConvention::Total => trial.parameters,
        ParameterConvention::NonEmbedding => trial.non_embedding,
    }
}

fn options(spec: &StudySpec) -> FitOptions {
    FitOptions {
        replicates: spec.laws.resamples,
        level: spec.laws.level,
        seed: spec.seed,
        ..FitOptions::default()
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

fn study_law(
    spec: &StudySpec,
    ladder: &Ladder,
    corpus: &Corpus,
    fit: Option<&Approach3>,
) -> Option<StudyLaw> {
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
        name: "this study, approach 3".to_owned(),
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
