//! Models trained on a task and tested: the rates of a sweep, then seeds at the best.

use std::time::Instant;

use triaxis_host::machine;
use triaxis_probes::Purpose;
use triaxis_records::{ProbeScores, RateTried};
use triaxis_units::{Bytes, Seconds};

use super::inputs::ProbeInputs;
use super::record::{ProbeRecord, SCHEMA, score};
use super::training::{Trained, train};
use crate::error::StudyError;
use crate::record::Circumstances;

/// Trains and tests models on so many threads, one a training; `heard` is told of each training that has ended.
///
/// # Errors
/// When there is not the memory for it, or the machine refuses.
pub fn measure(
    name: &str,
    inputs: &ProbeInputs,
    threads: usize,
    heard: &mut dyn FnMut(&Trained),
) -> Result<ProbeRecord, StudyError> {
    let started = Instant::now();
    let task = &inputs.task;
    let needed = Bytes(inputs.memory().0.saturating_mul(threads as u64));
    if let Some(available) = machine::available_memory().filter(|&available| available < needed) {
        return Err(StudyError::Model {
            key: format!("the probe `{}`", task.probe.name()),
            message: format!(
                "trainings of `{name}` side by side take about {needed} of memory, and {available} are available: lower \
                 the sequences of a step, the lengths or the threads"
            ),
        });
    }
    let rates = &inputs.training.rates;
    let sweep: Vec<(f64, u64)> = rates.iter().map(|&rate| (rate, 0)).collect();
    let tried = match rates.len() {
        1 => Vec::new(),
        _ => train(inputs, &sweep, Purpose::Choice, threads, heard)?,
    };
    // The first of equals, so that the choice hangs on nothing else.
    let best = tried
        .iter()
        .filter_map(|trained| Some((trained.mean()?, trained.rate)));
    let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let rate = best.map_or(rates[0], |(_, rate)| rate);
    let seeds: Vec<(f64, u64)> = (1..=inputs.training.seeds).map(|seed| (rate, seed)).collect();
    let trained = train(inputs, &seeds, Purpose::Test, threads, heard)?;

    let stack = inputs.model.stack();
    let longest = task.train.iter().map(|level| level.length).max().unwrap_or(0);
    let levels = task.test.iter().enumerate();
    let scores = ProbeScores {
        name: name.to_owned(),
        probe: task.probe.name().to_owned(),
        width: stack.width,
        parameters: stack.parameters().total,
        remembered: stack.remembered(longest),
        tried: tried
            .iter()
            .map(|trained| RateTried {
                rate: trained.rate,
                accuracy: trained.mean(),
            })
            .collect(),
        rate,
        levels: levels
            .map(|(place, &level)| {
                let accuracies = trained.iter().filter_map(|one| one.accuracies.as_ref().ok());
                score(task, level, accuracies.map(|levels| levels[place]).collect())
            })
            .collect(),
        diverged: trained
            .into_iter()
            .filter_map(|trained| trained.accuracies.err())
            .collect(),
    };
    Ok(ProbeRecord {
        schema: SCHEMA,
        id: inputs.id(),
        inputs: inputs.clone(),
        scores,
        circumstances: Circumstances::of(threads, Seconds(started.elapsed().as_secs_f64())),
    })
}
