//! Trainings on a task, one a thread, each tested once it has ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use triaxis_probes::{Level, Purpose, Sample, Task};
use triaxis_records::{ProbeCurve, ProbePoint};
use triaxis_train::{AnswerScores, Learner, ScoredBatch};

use super::inputs::ProbeInputs;
use super::{LOOKED_AT, TOKENS_AT_ONCE, sequences};
use crate::error::StudyError;
use crate::length::pool;

/// A training that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its learning rate.
    pub rate: f64,
    /// Its seed; that of the sweep is 0.
    pub seed: u64,
    /// The accuracy at each level that is tested, those that are trained on where a rate is chosen, or why it diverged.
    pub accuracies: Result<Vec<f64>, String>,
    /// What was learnt on the way, where that is asked.
    pub along: Vec<ProbePoint>,
}

impl Trained {
    /// The mean over the levels.
    pub fn mean(&self) -> Option<f64> {
        let accuracies = self.accuracies.as_ref().ok()?;
        Some(accuracies.iter().sum::<f64>() / accuracies.len() as f64)
    }

    /// What was learnt on the way, if anything was measured.
    pub(super) fn curve(&self) -> Option<ProbeCurve> {
        (!self.along.is_empty()).then(|| ProbeCurve {
            seed: self.seed,
            points: self.along.clone(),
        })
    }
}

/// Trains one model for each rate and seed, on a thread each, and tests it on sequences for that purpose.
pub(super) fn train(
    inputs: &ProbeInputs,
    runs: &[(f64, u64)],
    purpose: Purpose,
    threads: usize,
    heard: &mut dyn FnMut(&Trained),
) -> Result<Vec<Trained>, StudyError> {
    let next = AtomicUsize::new(0);
    let (told, ended) = mpsc::channel();
    let mut results = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1).min(runs.len()) {
            let (told, next) = (told.clone(), &next);
            scope.spawn(move || {
                while let Some(&(rate, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = pool(1).and_then(|pool| pool.install(|| one(inputs, rate, seed, purpose)));
                    let is_last = result.is_err();
                    // Nobody hears only after an error, which ends all.
                    if told.send(result).is_err() || is_last {
                        return;
                    }
                }
            });
        }
        drop(told);
        for result in ended {
            if let Ok(trained) = &result {
                heard(trained);
            }
            let is_last = result.is_err();
            results.push(result);
            if is_last {
                // What is not begun is not begun any more.
                next.store(runs.len(), Ordering::Relaxed);
            }
        }
    });
    let mut trained = results
        .into_iter()
        .collect::<Result<Vec<Trained>, StudyError>>()?;
    // In the order in which they were asked for, not in that in which they ended.
    trained.sort_by_key(|trained| runs.iter().position(|run| *run == (trained.rate, trained.seed)));
    Ok(trained)
}

/// One training: its accuracies, or why it diverged.
fn one(inputs: &ProbeInputs, rate: f64, seed: u64, purpose: Purpose) -> Result<Trained, StudyError> {
    let ProbeInputs { task, training, .. } = inputs;
    let mut learner = Learner::new(inputs.config(rate, seed))?;
    let mut along = Vec::new();
    let ended = |accuracies, along| Trained {
        rate,
        seed,
        accuracies,
        along,
    };
    for step in 0..training.steps {
        let level = task.train[(step % task.train.len() as u64) as usize];
        let first = step * training.sequences as u64;
        let samples = (first..first + training.sequences as u64)
            .map(|index| task.sample(level, seed, Purpose::Training, index));
        let (next, divergence) = learner.learn(&batch(&samples.collect::<Vec<_>>())?)?;
        if let Some(divergence) = divergence {
            let reason = format!(
                "the training of seed {seed} at the rate {rate} diverged at step {step}: {divergence}"
            );
            return Ok(ended(Err(reason), along));
        }
        learner = next;
        if training.along && purpose == Purpose::Test && is_looked_at(step + 1, training.steps) {
            along.push(look(&learner, inputs, seed, step + 1)?);
        }
    }
    // What is tested beyond the training chooses nothing.
    let levels = match purpose {
        Purpose::Test => &task.test,
        Purpose::Choice | Purpose::Training => &task.train,
    };
    let accuracies = levels
        .iter()
        .map(|&level| accuracy(&learner, task, level, seed, purpose));
    let accuracies = accuracies.collect::<Result<_, _>>()?;
    Ok(ended(Ok(accuracies), along))
}

/// Whether a training is looked at after so many steps: at the powers of the root of 2, and at its end.
fn is_looked_at(step: u64, end: u64) -> bool {
    let power = |step: u64| (step * step).ilog2();
    step == end || step == 1 || power(step - 1) < power(step)
}

/// What a training has learnt after so many steps.
fn look(learner: &Learner, inputs: &ProbeInputs, seed: u64, step: u64) -> Result<ProbePoint, StudyError> {
    let task = &inputs.task;
    let level = task.test[0];
    let [least, most] = LOOKED_AT;
    let samples = (0..(most / level.answers).clamp(least, most) as u64)
        .map(|index| task.sample(level, seed, Purpose::Test, index));
    let samples: Vec<Sample> = samples.collect();
    let mut sum = AnswerScores::default();
    for samples in samples.chunks((TOKENS_AT_ONCE / level.length).max(1)) {
        sum = sum.and(&learner.scores(&batch(samples)?)?);
    }
    let mean = |sum: f64, answers: usize| sum / answers as f64;
    Ok(ProbePoint {
        step,
        flops: inputs.flops_of_steps(step),
        accuracy: mean(sum.right as f64, sum.answers),
        log_probability: mean(sum.log_probability, sum.answers),
        brier: mean(sum.brier, sum.answers),
    })
}

/// The share of right answers at a level.
fn accuracy(
    learner: &Learner,
    task: &Task,
    level: Level,
    seed: u64,
    purpose: Purpose,
) -> Result<f64, StudyError> {
    let samples: Vec<Sample> = (0..sequences(level) as u64)
        .map(|index| task.sample(level, seed, purpose, index))
        .collect();
    let mut right = 0;
    for samples in samples.chunks((TOKENS_AT_ONCE / level.length).max(1)) {
        let batch = batch(samples)?;
        right += batch.right(&learner.answers(&batch)?);
    }
    Ok(right as f64 / (samples.len() * level.answers) as f64)
}

fn batch(samples: &[Sample]) -> Result<ScoredBatch, StudyError> {
    let samples = samples.iter();
    Ok(ScoredBatch::new(
        samples.map(|sample| (&sample.tokens[..], &sample.targets[..])),
    )?)
}
