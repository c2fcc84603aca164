use std::path::Path;

use triaxis_units::{Nats, Tokens};

use crate::outcome::BranchOutcome;

/// A step that was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepEvent {
    /// The branch it belongs to; none on the trunk.
    pub branch: Option<usize>,
    /// Steps done of that training, the trunk's included.
    pub step: u64,
    /// Steps done of the whole run: the trunk's once, and every branch's own, those of an earlier
    /// process included.
    pub steps_done: u64,
    /// Steps of the whole run.
    pub steps_total: u64,
    /// Tokens seen by that training.
    pub tokens: Tokens,
    /// Loss of the step's batch before its update.
    pub loss: Nats,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
}

/// How often a run saves what it would lose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cadence {
    /// After so many seconds.
    Seconds(f64),
    /// After so many steps.
    Steps(u64),
}

/// Who watches a run. Nothing it does changes a bit of the result.
pub trait Observer {
    /// A step was done.
    fn step(&mut self, event: &StepEvent);

    /// A branch came to its end. Its checkpoints are removed when this returns and
    /// [`should_stop`](Self::should_stop) is still false, so keep the outcome safe before.
    fn branch_finished(&mut self, outcome: &BranchOutcome);

    /// A checkpoint was found damaged and set aside under `path`.
    fn damaged(&mut self, path: &Path, reason: &str) {
        let _ = (path, reason);
    }

    /// Asked before every step; when true, the run saves a checkpoint and ends with an error that says so.
    fn should_stop(&self) -> bool {
        false
    }

    /// How often to save a checkpoint.
    fn cadence(&self) -> Cadence {
        Cadence::Seconds(10.0)
    }
}
