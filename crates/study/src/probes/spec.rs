//! What a study asks of its architectures, and how they are trained on it.

use serde::{Deserialize, Serialize};
use triaxis_model::ArchitectureSpec;
use triaxis_probes::Task;
use triaxis_records::Role;

use super::inputs::ProbeInputs;
use crate::error::StudyError;
use crate::trial::Group;

/// How models are trained on a task; all architectures alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeTraining {
    /// Steps of a training.
    pub steps: u64,
    /// Sequences of a step, each drawn anew.
    pub sequences: usize,
    /// Learning rates, of which each architecture has that by which it answers best.
    pub rates: Vec<f64>,
    /// Trainings at that rate, which differ by their seed.
    pub seeds: u64,
    /// Whether what is learnt is measured on the way, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub along: bool,
}

impl Default for ProbeTraining {
    /// About 100,000 different sequences and four rates from 1e-4 to 1e-2, as Zoology has them, which sees its sequences
    /// for up to 100 epochs; here each is seen once.
    fn default() -> Self {
        Self {
            steps: 1600,
            sequences: 64,
            rates: vec![1e-4, 4.6e-4, 2.2e-3, 1e-2],
            seeds: 3,
            along: false,
        }
    }
}

impl ProbeTraining {
    /// Checks every number.
    ///
    /// # Errors
    /// For the first that breaks its rule, in words.
    pub fn check(&self) -> Result<(), String> {
        let rate = |rate: &f64| *rate > 0.0 && rate.is_finite();
        let rules = [
            (
                (1..=1 << 24).contains(&self.steps),
                format!("`steps = {}`: must be from 1 to {}", self.steps, 1 << 24),
            ),
            (
                (1..=1 << 16).contains(&self.sequences),
                format!("`sequences = {}`: must be from 1 to {}", self.sequences, 1 << 16),
            ),
            (
                !self.rates.is_empty() && self.rates.iter().all(rate),
                format!(
                    "`rates = {:?}`: must be one or more finite numbers above 0, such as [1e-3, 3e-3]",
                    self.rates
                ),
            ),
            (
                (1..=1000).contains(&self.seeds),
                format!("`seeds = {}`: must be from 1 to 1000", self.seeds),
            ),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map_or(Ok(()), |(_, rule)| Err(format!("{rule}; choose another")))
    }

    /// Trainings in all: one for each rate of a sweep, and one for each seed.
    pub fn trainings(&self) -> u64 {
        let sweep = if self.rates.len() > 1 {
            self.rates.len() as u64
        } else {
            0
        };
        sweep + self.seeds
    }
}

/// What a study asks of its architectures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbesSpec {
    /// The tasks, each a probe with its levels.
    pub tasks: Vec<Task>,
    /// How models are trained on them.
    #[serde(default)]
    pub training: ProbeTraining,
}

impl ProbesSpec {
    /// Checks every number.
    ///
    /// # Errors
    /// For the first that breaks its rule, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.tasks.is_empty() {
            return Err(
                "`tasks` is empty: give one or more, such as [{ probe = \"parity\" }], or leave `[probes]` out".to_owned(),
            );
        }
        self.training.check()
    }

    /// What is asked of models by the ladders of arms: each model with each task, by the name of its arm; of those whose
    /// positions see the answers after them, nothing.
    ///
    /// # Errors
    /// When a task does not fit a model.
    pub(crate) fn asked(&self, groups: &[Group]) -> Result<Vec<AskedProbe>, StudyError> {
        let ladder = groups.iter().filter(|group| group.role == Role::Ladder);
        let mut models: Vec<(&str, &ArchitectureSpec)> = Vec::new();
        for group in ladder.filter(|group| !group.config.architecture.stack().is_bidirectional()) {
            let model = (group.arm.as_str(), &group.config.architecture);
            if !models.contains(&model) {
                models.push(model);
            }
        }
        let pairs = self
            .tasks
            .iter()
            .flat_map(|task| models.iter().map(move |model| (task, model)));
        let asked = pairs.map(|(task, (arm, model))| {
            let inputs = ProbeInputs::of_trial(model, task.clone(), self.training.clone());
            let inputs = inputs.map_err(|message| StudyError::Model {
                key: format!("probes, the models of `{arm}`"),
                message,
            })?;
            Ok(AskedProbe {
                id: inputs.id(),
                arm: (*arm).to_owned(),
                inputs,
            })
        });
        asked.collect()
    }
}

/// A model of an arm and what it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedProbe {
    /// Identity of the accuracies.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// What is measured.
    pub inputs: ProbeInputs,
}
