//! What is measured of a model, and what that takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_model::{ArchitectureSpec, FlopCount, Stack};
use triaxis_probes::{Level, Task};
use triaxis_train::{Branch, Dtype, Schedule, TrainConfig, speed, step_memory};
use triaxis_units::{Bytes, Flops, Seconds};

use super::spec::ProbeTraining;
use super::{NUMERICS, TOKENS_AT_ONCE};
use crate::error::StudyError;
use crate::identity;

/// The share of steps over which the learning rate rises.
const WARM_UP: f64 = 0.05;

/// What is measured, and by what: equal inputs have equal accuracies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeInputs {
    /// The network.
    pub model: ArchitectureSpec,
    /// What it is trained on and tested at.
    pub task: Task,
    /// How it is trained.
    pub training: ProbeTraining,
    /// Versions of the parts of the program that the accuracies hang on.
    pub numerics: BTreeMap<String, u32>,
    /// What multiplies, as resolved where it runs.
    pub unit: String,
}

impl ProbeInputs {
    /// A model that learns a task.
    ///
    /// # Errors
    /// When the task does not fit the model, or the training breaks a rule, in words.
    pub fn new(model: ArchitectureSpec, task: Task, training: ProbeTraining) -> Result<Self, String> {
        let stack = model.stack();
        let Stack {
            vocabulary, context, ..
        } = stack;
        let (probe, longest) = (task.probe.name(), task.longest());
        task.validate().map_err(|error| error.to_string())?;
        if stack.is_bidirectional() {
            return Err(format!(
                "the probe `{probe}` has its answers in the sequence, after what asks for them, and positions of a model with \
                 `bidirectional = true` see those after them: take a model without it"
            ));
        }
        if longest > context {
            return Err(format!(
                "the probe `{probe}` has sequences of {longest} tokens, and the model a context of {context}: raise \
                 `context`, or choose shorter levels"
            ));
        }
        if task.vocabulary > vocabulary {
            return Err(format!(
                "the probe `{probe}` has a vocabulary of {} tokens, and the model one of {vocabulary}: raise the model's \
                 `vocabulary`, or lower the probe's",
                task.vocabulary
            ));
        }
        training.check()?;
        let mut inputs = Self {
            unit: Dtype::F32.unit(),
            numerics: BTreeMap::new(),
            model,
            task,
            training,
        };
        let config = inputs.config(1.0, 0);
        config.validate().map_err(|error| error.to_string())?;
        inputs.numerics = config.numerics(&inputs.unit);
        let own = [("probes", triaxis_probes::NUMERICS), ("probing", NUMERICS)];
        let own = own.map(|(part, version)| (part.to_owned(), version));
        inputs.numerics.extend(own);
        Ok(inputs)
    }

    /// A model of the architecture of a study's trial, with the vocabulary and context of the task.
    ///
    /// # Errors
    /// As [`ProbeInputs::new`].
    pub fn of_trial(
        architecture: &ArchitectureSpec,
        task: Task,
        training: ProbeTraining,
    ) -> Result<Self, String> {
        let stack = Stack {
            vocabulary: task.vocabulary,
            context: task.longest(),
            ..architecture.stack()
        };
        Self::new(ArchitectureSpec::Stack(stack), task, training)
    }

    /// The identity of the accuracies.
    pub fn id(&self) -> String {
        identity::of(&("probe", self))
    }

    pub(super) fn config(&self, rate: f64, seed: u64) -> TrainConfig {
        let steps = self.training.steps;
        let trained = self.task.train.iter().map(|level| level.length);
        TrainConfig {
            context: trained.max().unwrap_or(1),
            schedule: Schedule::Cosine,
            warmup_steps: (WARM_UP * steps as f64) as u64,
            peak_learning_rate: rate,
            seed,
            branches: vec![Branch { end: steps, decay: 0 }],
            ..speed::config(self.model.clone(), self.training.sequences, Dtype::F32)
        }
    }

    /// Operations of all trainings.
    pub fn flops(&self) -> Flops {
        self.flops_of_steps(self.training.steps * self.training.trainings())
    }

    /// Operations of so many steps.
    pub(super) fn flops_of_steps(&self, steps: u64) -> Flops {
        let levels = &self.task.train;
        let flops = levels.iter().map(|&level| self.sequence_flops(level).0);
        let sequences = steps * self.training.sequences as u64;
        Flops(flops.sum::<f64>() / levels.len() as f64 * sequences as f64)
    }

    /// Operations of training on a sequence: the head is computed only where an answer is scored.
    fn sequence_flops(&self, level: Level) -> Flops {
        let scored = level.answers as f64 / level.length as f64;
        let forward = self.model.forward_flops(level.length);
        let counts = forward.operations.iter().map(|count| {
            let share = if count.operation == "head" { scored } else { 1.0 };
            (count.operation.as_str(), share * count.flops.0)
        });
        FlopCount::of(counts).training()
    }

    /// A step of a training on the longest sequences, to be timed.
    pub fn step(&self) -> TrainConfig {
        self.config(1.0, 0)
    }

    /// How long all trainings take one after the other, where a step of [`ProbeInputs::step`] takes so long.
    pub fn time(&self, step: Seconds) -> Seconds {
        let timed = self.step();
        let flops = self.model.forward_flops(timed.context).training().0 * timed.batch_sequences as f64;
        step * (self.flops().0 / flops)
    }

    /// Trainings that can run at a time: those of the rates, and then those of the seeds.
    pub fn side_by_side(&self) -> usize {
        let seeds = usize::try_from(self.training.seeds).unwrap_or(usize::MAX);
        self.training.rates.len().max(seeds)
    }

    /// What a training and its test take at most, estimated.
    pub fn memory(&self) -> Bytes {
        let trained = self.config(1.0, 0);
        // Some whole sequences are tested at a time, at least one.
        let tested = TrainConfig {
            context: self.task.longest(),
            batch_sequences: (TOKENS_AT_ONCE / self.task.longest()).max(1),
            ..trained.clone()
        };
        step_memory(&trained).max(step_memory(&tested))
    }

    /// Refuses a training that would take more memory than is `available`, where the system tells.
    ///
    /// # Errors
    /// When it would; `name` is what the model is called.
    pub fn check_memory(&self, name: &str, available: Option<Bytes>) -> Result<(), StudyError> {
        let needed = self.memory();
        match available {
            Some(available) if available < needed => Err(StudyError::Model {
                key: format!("the probe `{}`", self.task.probe.name()),
                message: format!(
                    "a training of `{name}` takes about {needed} of memory, and {available} are available: lower the \
                     sequences of a step, or the lengths"
                ),
            }),
            _ => Ok(()),
        }
    }
}
