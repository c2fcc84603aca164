//! How fast this machine trains, measured by a few steps of each group before anything is promised.

use std::collections::BTreeSet;
use std::time::Instant;

use triaxis_train::{Branch, BranchOutcome, Observer, StepEvent, TokenSource, TrainConfig};
use triaxis_units::{Bytes, Seconds};

use crate::error::StudyError;

/// Steps timed for each group, after one that warms up.
const STEPS: u64 = 3;

/// Time until the last of `durations` ends, run longest first on `cores`.
pub fn makespan(mut durations: Vec<Seconds>, cores: usize) -> Seconds {
    durations.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut busy = vec![0.0_f64; cores.max(1)];
    for duration in durations {
        if let Some(first_free) = busy.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first_free += duration.0;
        }
    }
    Seconds(busy.into_iter().fold(0.0, f64::max))
}

/// The median time of a step of `config` on this thread pool.
///
/// # Errors
/// When the temporary folder cannot be made, or a step cannot be run.
pub fn step(config: &TrainConfig) -> Result<Seconds, StudyError> {
    let folder = tempfile::tempdir().map_err(StudyError::io("make a folder in", std::env::temp_dir()))?;
    let end = STEPS + 1;
    let branches = vec![Branch { end, decay: 1 }];
    let config = TrainConfig {
        warmup_steps: 1,
        branches,
        ..config.clone()
    };
    let tokens = Cycle {
        vocabulary: config.architecture.vocabulary() as u32,
        length: 1 << 20,
    };
    let validation = Cycle {
        length: config.context + 1,
        ..tokens
    };
    let mut watch = Watch {
        times: vec![Instant::now()],
    };
    triaxis_train::run(
        &config,
        &tokens,
        &validation,
        Bytes(validation.length as u64),
        folder.path(),
        &BTreeSet::new(),
        &mut watch,
    )?;
    let mut gaps: Vec<f64> = watch
        .times
        .windows(2)
        .skip(1)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    gaps.sort_by(f64::total_cmp);
    Ok(Seconds(gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)))
}

/// Tokens that count round the vocabulary: a step takes the same time on any text.
#[derive(Clone, Copy)]
struct Cycle {
    vocabulary: u32,
    length: usize,
}

impl TokenSource for Cycle {
    fn len(&self) -> usize {
        self.length
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        for (offset, token) in out.iter_mut().enumerate() {
            *token = ((start + offset) % self.vocabulary as usize) as u32;
        }
    }
}

struct Watch {
    times: Vec<Instant>,
}

impl Observer for Watch {
    fn step(&mut self, _: &StepEvent) {
        self.times.push(Instant::now());
    }

    fn branch_finished(&mut self, _: &BranchOutcome) {}
}
