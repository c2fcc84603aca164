//! How weights follow their gradients, clipped by the global norm.

use std::collections::BTreeMap;

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde::Deserializer;
use triaxis_kernels::{Update, gradient_norm};
use triaxis_model::Model;
use triaxis_model::weights::{Group, Weight, WeightSpec};

use crate::config::OptimizerConfig;
use crate::error::TrainError;
use crate::named::named;
use crate::optimizers::{AdamW, Muon};

/// Version of an update: raised when weights, gradients and constants give other weights, other than by the operations
/// of `kernels` or by a rule that has a version of its own.
pub const NUMERICS: u32 = 1;

/// How an optimiser moves weights.
///
/// To add one, write a file in `optimizers/` with its settings as a type that implements this and says what it is
/// `ABOUT`, name it in `optimizers/mod.rs` and in the registry below.
pub trait Rule {
    /// Version of its updates: raised when one gives other weights.
    fn numerics(&self) -> u32;

    /// Checks its settings.
    ///
    /// # Errors
    /// For the first that breaks a rule.
    fn validate(&self) -> Result<(), TrainError> {
        Ok(())
    }

    /// The names that what it remembers of a weight is saved by.
    fn remembers(&self, line: &WeightSpec) -> &'static [&'static str];

    /// The new values of weights and what is remembered of them, in their order.
    fn update(&self, due: Vec<Due<'_>>, update: &Update) -> Vec<(Tensor<1>, Remembered)>;
}

triaxis_names::registry! {
    /// An optimiser, by `kind`, with its settings; the constants of AdamW and clipping lie beside it, in
    /// [`OptimizerConfig`], since others leave it some weights.
    pub enum Optimizer by "kind" as rule: Rule {
        AdamW = "adamw",
        Muon = "muon",
    }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::AdamW(AdamW::default())
    }
}

impl Optimizer {
    /// Reads one that is given as its name alone, or as a table of its `kind` with its settings.
    ///
    /// # Errors
    /// When it is neither, or has settings that are another's.
    pub fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(deserializer)
    }

    /// Whether it is the one that a configuration without a choice has.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// For the first that breaks a rule.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.rule().validate()
    }

    /// Its name and the version of its updates, beside [`NUMERICS`]; none for the default, which had no other.
    pub(crate) fn numerics(&self) -> Option<(&'static str, u32)> {
        (!self.is_default()).then(|| (self.kind(), self.rule().numerics()))
    }
}

/// What is remembered of a weight from step to step, flat, by the names that it is saved by.
pub type Remembered = BTreeMap<&'static str, Tensor<1>>;

/// A weight whose update is due: values and gradient flat and outside of any graph.
#[derive(Debug)]
pub struct Due<'a> {
    /// Its line in the model's table.
    pub line: &'a WeightSpec,
    /// Its values, which nothing else holds.
    pub value: Tensor<1>,
    /// Their gradients.
    pub gradient: Tensor<1>,
    /// What the rule remembers of it: zeros before the first step.
    pub remembered: Remembered,
    /// Its decoupled weight decay.
    pub weight_decay: f64,
}

impl Due<'_> {
    /// Takes something that the rule remembers.
    pub(crate) fn take(&mut self, name: &str) -> Tensor<1> {
        self.remembered
            .remove(name)
            .expect("all that a rule remembers is there")
    }
}

/// An optimiser's constants, and what it remembers of every weight.
#[derive(Debug, Clone)]
pub struct OptimizerState {
    config: OptimizerConfig,
    /// By the name of the weight, which none has before its first gradient.
    pub(crate) remembered: BTreeMap<String, Remembered>,
}

/// The gradient of every weight, flat, with its norm.
pub struct WeightGradients {
    /// In the order of the model's table; none for a weight that the loss does not depend on.
    gradients: Vec<Option<Tensor<1>>>,
    /// Euclidean norm over all weights.
    pub norm: f64,
}

impl WeightGradients {
    /// Takes the gradients of `model`'s weights out of a backward pass.
    pub fn take(model: &Model, mut gradients: Gradients) -> Self {
        let take = |weight: &Tensor<1>| weight.grad_remove(&mut gradients);
        let gradients: Vec<_> = model.values().iter().map(take).collect();
        let norm = gradient_norm(gradients.iter().flatten());
        Self { gradients, norm }
    }
}

impl OptimizerState {
    /// The state before the first step.
    pub fn new(config: &OptimizerConfig) -> Self {
        Self {
            config: config.clone(),
            remembered: BTreeMap::new(),
        }
    }

    /// The model after the `step`-th update, counted from 1.
    pub fn update(
        &mut self,
        model: Model,
        gradients: WeightGradients,
        learning_rate: f64,
        step: u64,
    ) -> Model {
        let config = &self.config;
        let update = Update {
            learning_rate,
            beta_1: config.beta1,
            beta_2: config.beta2,
            epsilon: config.epsilon,
            gradient_scale: (config.clip_norm / gradients.norm).min(1.0),
            step: u32::try_from(step).unwrap_or(u32::MAX),
        };
        model.map(|lines, weights| {
            let mut weights: Vec<_> = weights.into_iter().map(Some).collect();
            let (mut places, mut due) = (Vec::new(), Vec::new());
            for (place, gradient) in gradients.gradients.into_iter().enumerate() {
                let Some((gradient, weight)) =
                    gradient.and_then(|gradient| Some((gradient, weights[place].take()?)))
                else {
                    continue;
                };
                // Nothing else holds the weight, so that it is updated in place.
                let (line, value) = (&lines[place], weight.inner());
                let mut remembered = self.remembered.remove(&line.name).unwrap_or_default();
                for name in config.method.rule().remembers(line) {
                    remembered.entry(name).or_insert_with(|| value.zeros_like());
                }
                due.push(Due {
                    line,
                    value,
                    gradient,
                    remembered,
                    weight_decay: decay(line.group, config),
                });
                places.push(place);
            }
            let updated = config.method.rule().update(due, &update);
            for (place, (value, remembered)) in places.into_iter().zip(updated) {
                self.remembered.insert(lines[place].name.clone(), remembered);
                weights[place] = Some(Tensor::from_inner(value).require_grad());
            }
            weights.into_iter().flatten().collect()
        })
    }

    /// The same with what was saved of the weights of `lines`, by their names and those that the rule saves by; none
    /// where that is not what it remembers of them.
    pub(crate) fn restored(
        &self,
        lines: &[WeightSpec],
        mut saved: BTreeMap<String, BTreeMap<String, Weight>>,
        device: &Device,
    ) -> Option<Self> {
        let mut remembered = BTreeMap::new();
        for line in lines {
            let Some(mut parts) = saved.remove(&line.name) else {
                continue;
            };
            let mut of_line = Remembered::new();
            for &name in self.config.method.rule().remembers(line) {
                let part = parts.remove(name).filter(|part| part.shape == [line.size()])?;
                let data = TensorData::new(part.values, part.shape);
                of_line.insert(name, Tensor::from_data(data, device));
            }
            if !parts.is_empty() {
                return None;
            }
            remembered.insert(line.name.clone(), of_line);
        }
        let config = self.config.clone();
        saved.is_empty().then_some(Self { config, remembered })
    }
}

/// The decay of the weights of a group.
fn decay(group: Group, config: &OptimizerConfig) -> f64 {
    let decays = match group {
        Group::Embedding | Group::Positions => config.decay_embedding,
        Group::Head | Group::Matrix | Group::Router => true,
        Group::Gain | Group::Bias | Group::Recurrence | Group::Balance => false,
    };
    if decays { config.weight_decay } else { 0.0 }
}
