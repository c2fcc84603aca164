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

/// How many of these threads there are trainings and memory for.
fn at_once(inputs: &ProbeInputs, threads: usize, available: Option<Bytes>) -> usize {
    let most = threads.min(inputs.side_by_side());
    let fitting = available.map(|available| available.0 / inputs.memory().0.max(1));
    let fitting = fitting.and_then(|fitting| usize::try_from(fitting).ok());
    most.min(fitting.unwrap_or(usize::MAX)).max(1)
}

/// Trains and tests models on up to so many threads, one a training, as there is memory for; `heard` is told of each training that has ended.
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
    let available = machine::available_memory();
    inputs.check_memory(name, available)?;
    let threads = at_once(inputs, threads, available);
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
    // Where every rate diverged, seeds would as well.
    let seeds = match tried.is_empty() || best.is_some() {
        true => inputs.training.seeds,
        false => 0,
    };
    let seeds: Vec<(f64, u64)> = (1..=seeds).map(|seed| (rate, seed)).collect();
    let trained = train(inputs, &seeds, Purpose::Test, threads, heard)?;

    let stack = inputs.model.stack();
    let parameters = stack.parameters();
    let longest = task.train.iter().map(|level| level.length).max().unwrap_or(0);
    let levels = task.test.iter().enumerate();
    let reasons = if seeds.is_empty() { &tried } else { &trained };
    let reasons = reasons
        .iter()
        .filter_map(|trained| trained.accuracies.as_ref().err());
    let scores = ProbeScores {
        name: name.to_owned(),
        probe: task.probe.name().to_owned(),
        vocabulary: task.vocabulary,
        train: task.train.iter().map(|&level| level.into()).collect(),
        width: stack.width,
        parameters: parameters.total,
        non_embedding: parameters.non_embedding,
        remembered: stack.remembered(longest),
        along: trained.iter().filter_map(Trained::curve).collect(),
        diverged: reasons.cloned().collect(),
        tried: tried
            .iter()
            .map(|trained| RateTried {
                rate: trained.rate,
                accuracy: trained.mean(),
            })
            .collect(),
        rate,
        seeds: seeds.len(),
        levels: levels
            .map(|(place, &level)| {
                let accuracies = trained.iter().map(|one| one.accuracies.as_ref().ok());
                score(
                    task,
                    level,
                    accuracies.map(|levels| levels.map(|levels| levels[place])),
                )
            })
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

#[cfg(test)]
mod tests {
    use triaxis_model::ArchitectureSpec;
    use triaxis_probes::{Level, Probe, Task};

    use super::*;
    use crate::probes::ProbeTraining;

    fn inputs() -> ProbeInputs {
        let model: ArchitectureSpec = serde_json::from_str(
            r#"{"architecture": "stack", "pattern": "a", "vocabulary": 2, "width": 16, "layers": 1, "context": 256}"#,
        )
        .unwrap();
        ProbeInputs::of_trial(&model, Task::usual(Probe::Parity), ProbeTraining::default()).unwrap()
    }

    #[test]
    fn no_more_trainings_run_at_a_time_than_there_are_and_there_is_memory_for() {
        let inputs = inputs();
        let one = inputs.memory().0;
        // Four rates, and then three seeds.
        for (threads, available, at_a_time) in [
            (16, None, 4),
            (2, None, 2),
            (0, None, 1),
            (16, Some(100 * one), 4),
            (16, Some(2 * one), 2),
            (16, Some(2 * one - 1), 1),
        ] {
            let found = at_once(&inputs, threads, available.map(Bytes));
            assert_eq!(found, at_a_time, "{threads} and {available:?}");
        }
        assert!(inputs.check_memory("model", Some(Bytes(one))).is_ok());
        let refused = inputs.check_memory("model", Some(Bytes(one - 1))).unwrap_err();
        assert!(
            refused.to_string().contains("lower the sequences of a step"),
            "{refused}"
        );
    }

    #[test]
    fn who_sees_the_answers_is_not_asked() {
        let model: ArchitectureSpec = serde_json::from_str(
            r#"{"architecture": "stack", "preset": "diffusion-transformer", "vocabulary": 4, "width": 16, "layers": 1,
                "context": 256}"#,
        )
        .unwrap();
        let error =
            ProbeInputs::of_trial(&model, Task::usual(Probe::Parity), ProbeTraining::default()).unwrap_err();
        assert!(
            error.contains("parity") && error.contains("without it"),
            "{error}"
        );
    }

    #[test]
    fn operations_count_the_head_where_an_answer_is_scored() {
        let all = inputs();
        let mut few = all.clone();
        few.task.train[0].answers = 8;
        let sequences = (1600 * 64 * 7) as f64;
        let head = 3.0 * 2.0 * 24.0 * 16.0 * 2.0;
        let less = (all.flops().0 - few.flops().0) / sequences;
        assert!((less - head).abs() < 1e-6 * head, "{less} and {head}");
    }

    #[test]
    fn a_training_that_diverged_counts_as_guessing() {
        let mut task = Task::usual(Probe::Parity);
        let level = Level::new(16, 8);
        let both = || [Some(1.0), None].into_iter();
        let found = score(&task, level, both());
        assert_eq!((found.accuracies, found.is_trained), (vec![1.0, 0.5], true));
        // Nobody was trained on as many answers.
        task.train = vec![Level::new(32, 4), Level::new(8, 8)];
        assert!(!score(&task, level, both()).is_trained);
    }

    #[test]
    fn rates_are_chosen_on_what_is_trained_on_and_a_sweep_that_diverges_trains_no_seeds() {
        let mut inputs = inputs();
        inputs.training = ProbeTraining {
            steps: 4,
            sequences: 2,
            rates: vec![1e-3, 1e30],
            seeds: 2,
            along: false,
        };
        let tried = train(&inputs, &[(1e-3, 0)], Purpose::Choice, 1, &mut |_| ()).unwrap();
        assert_eq!(
            tried[0].accuracies.as_ref().unwrap().len(),
            inputs.task.train.len()
        );
        let scores = measure("model", &inputs, 1, &mut |_| ()).unwrap().scores;
        assert_eq!(
            (scores.rate, scores.seeds, scores.told_diverged()),
            (1e-3, 2, None)
        );
        assert!(
            scores
                .told_rate()
                .unwrap()
                .contains("is the lowest that was tried")
        );
        inputs.training.rates = vec![1e30, 1e31];
        let scores = measure("model", &inputs, 1, &mut |_| ()).unwrap().scores;
        assert_eq!((scores.seeds, scores.diverged.len()), (0, 2));
        assert_eq!(scores.told_diverged().unwrap(), "all rates diverged");
        assert!(scores.levels.iter().all(|level| level.accuracy.is_none()));
    }
}
