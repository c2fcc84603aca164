//! The finished trials as the fits see them.

use std::collections::BTreeMap;

use triaxis_laws::FitOptions;
use triaxis_laws::approach::Run;
use triaxis_records::{Role, Sweep};
use triaxis_units::Params;

use crate::approaches::Range;
use crate::spec::{ParameterConvention, StudySpec};
use crate::survey::Survey;
use crate::trial::Trial;

/// The ladder as the fits see it.
pub struct Ladder {
    /// The trials, in the order of `runs`.
    pub trials: Vec<String>,
    /// Their numbers.
    pub runs: Vec<Run>,
    /// Bits per byte of one nat per token on the validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
    /// What several learning rates at one size and length made of it; `None` where each has one.
    pub sweep: Option<Sweep>,
}

impl Ladder {
    /// The finished trials; of a learning-rate sweep only those of the rate that is best at their size and length,
    /// by the mean over the seeds that finished at it. Seeds are rows of their own.
    pub fn of(spec: &StudySpec, survey: &Survey) -> Self {
        let mut points: BTreeMap<String, (Vec<f64>, Vec<Finished<'_>>)> = BTreeMap::new();
        let mut bits_per_byte = None;
        let ladder = survey.trials().filter(|trial| trial.role == Role::Ladder);
        for (order, trial) in ladder.enumerate() {
            let point = crate::identity::of(&(trial.architecture(), trial.tokens, trial.budget));
            let (rates, finished) = points.entry(point).or_default();
            rates.push(trial.config.peak_learning_rate);
            let record = survey.record(&trial.id);
            let Some(validation) = record.and_then(|record| record.outcome.validation()) else {
                continue;
            };
            bits_per_byte = Some(validation.bits_per_byte.0 / validation.nats.0);
            finished.push(Finished {
                order,
                trial,
                loss: validation.nats.0,
            });
        }
        let mut factors = spec.training.learning_rate_factors.clone();
        factors.sort_by(f64::total_cmp);
        let (mut rows, mut best_factor) = (Vec::new(), vec![0; factors.len()]);
        for (mut rates, finished) in points.into_values() {
            let best = of_the_best_rate(finished);
            rates.sort_by(f64::total_cmp);
            rates.dedup();
            if let Some(row) = best.first() {
                let lower = rates
                    .iter()
                    .filter(|rate| **rate < row.trial.config.peak_learning_rate);
                if let Some(count) = best_factor.get_mut(lower.count()) {
                    *count += 1;
                }
            }
            rows.extend(best);
        }
        rows.sort_by_key(|row| row.order);
        let run = |row: &Finished<'_>| Run {
            params: counted(row.trial, spec.laws.parameters).as_f64(),
            tokens: row.trial.tokens.as_f64(),
            flops: row.trial.flops.0,
            loss: row.loss,
            budget: row.trial.budget.map(|budget| budget.0),
        };
        Self {
            trials: rows.iter().map(|row| row.trial.id.clone()).collect(),
            runs: rows.iter().map(run).collect(),
            bits_per_byte,
            sweep: (factors.len() > 1 && !rows.is_empty()).then_some(Sweep {
                factors,
                best: best_factor,
            }),
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

    /// C / (N D) of the largest run, the nearest to what is planned; `None` without any.
    pub fn operations(&self) -> Option<f64> {
        let largest = self
            .runs
            .iter()
            .max_by(|one, other| one.flops.total_cmp(&other.flops))?;
        Some(largest.flops / (largest.params * largest.tokens))
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

/// A trial of the ladder that came to its end.
struct Finished<'a> {
    order: usize,
    trial: &'a Trial,
    loss: f64,
}

/// Those of the learning rate with the lowest mean loss; a rate that fewer seeds finished at does not count.
fn of_the_best_rate(point: Vec<Finished<'_>>) -> Vec<Finished<'_>> {
    let mut rates: Vec<Vec<Finished<'_>>> = Vec::new();
    for row in point {
        let rate = row.trial.config.peak_learning_rate;
        match rates
            .iter_mut()
            .find(|rows| rows[0].trial.config.peak_learning_rate == rate)
        {
            Some(rows) => rows.push(row),
            None => rates.push(vec![row]),
        }
    }
    let most = rates.iter().map(Vec::len).max().unwrap_or(0);
    let mean = |rows: &[Finished<'_>]| rows.iter().map(|row| row.loss).sum::<f64>() / rows.len() as f64;
    rates.retain(|rows| rows.len() == most);
    let best = rates.into_iter().min_by(|a, b| mean(a).total_cmp(&mean(b)));
    best.unwrap_or_default()
}

/// N of a trial as the fits count it.
pub fn counted(trial: &Trial, convention: ParameterConvention) -> Params {
    convention.of(trial.parameters, trial.non_embedding)
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
