//! The finished trials as the fits see them.

use std::collections::BTreeMap;

use triaxis_laws::FitOptions;
use triaxis_laws::approach::Run;
use triaxis_units::Params;

use crate::optima::Range;
use crate::run::Survey;
use crate::spec::{ParameterConvention, StudySpec};
use crate::trial::{Role, Trial};

/// The ladder as the fits see it.
pub struct Ladder {
    /// The trials, in the order of `runs`.
    pub trials: Vec<String>,
    /// Their numbers.
    pub runs: Vec<Run>,
    /// Bits per byte of one nat per token on the validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
}

impl Ladder {
    /// The finished trials; of a learning-rate sweep only the best at each size and length.
    pub fn of(spec: &StudySpec, survey: &Survey) -> Self {
        let mut best: BTreeMap<String, (usize, &Trial, f64)> = BTreeMap::new();
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
            let entry = best.entry(point).or_insert((order, trial, validation.nats.0));
            if validation.nats.0 < entry.2 {
                *entry = (entry.0, trial, validation.nats.0);
            }
        }
        let mut rows: Vec<_> = best.into_values().collect();
        rows.sort_by_key(|(order, _, _)| *order);
        let run = |(_, trial, loss): &(usize, &Trial, f64)| Run {
            params: counted(trial, spec.laws.parameters).as_f64(),
            tokens: trial.tokens.as_f64(),
            flops: trial.flops.0,
            loss: *loss,
            budget: trial.budget.map(|budget| budget.0),
        };
        Self {
            trials: rows.iter().map(|(_, trial, _)| trial.id.clone()).collect(),
            runs: rows.iter().map(run).collect(),
            bits_per_byte,
        }
    }

    /// From the smallest trial to the held-out run, which is where the approaches are compared.
    pub fn range(&self, survey: &Survey) -> Option<Range> {
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
    pub fn per_param_token(&self) -> f64 {
        let logarithms = self
            .runs
            .iter()
            .map(|run| (run.flops / (run.params * run.tokens)).ln());
        (logarithms.sum::<f64>() / self.runs.len().max(1) as f64).exp()
    }

    /// The largest value of something about a run.
    pub fn largest(&self, of: fn(&Run) -> f64) -> f64 {
        self.runs.iter().map(of).fold(f64::NAN, f64::max)
    }
}

/// N of a trial as the fits count it.
pub fn counted(trial: &Trial, convention: ParameterConvention) -> Params {
    match convention {
        ParameterConvention::Total => trial.parameters,
        ParameterConvention::NonEmbedding => trial.non_embedding,
    }
}

/// How the study's spec wants laws fitted.
pub fn options(spec: &StudySpec) -> FitOptions {
    FitOptions {
        replicates: spec.laws.resamples,
        level: spec.laws.level,
        seed: spec.seed,
        ..FitOptions::default()
    }
}
