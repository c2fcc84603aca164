//! AdamW with clipping by the global norm.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use triaxis_kernels::{Moments, Update, adamw_step, sum_of_squares};
use triaxis_model::{Model, weights::Path};

use crate::config::OptimizerConfig;

/// The optimiser's state: the moments of every weight, by name.
#[derive(Debug, Clone, Default)]
pub struct AdamW {
    /// By the name of the weight, which none has before the first step.
    pub moments: BTreeMap<String, Moments<1>>,
}

/// The gradient of every weight, flat, with its norm.
pub struct WeightGradients {
    by_name: BTreeMap<String, Tensor<1>>,
    /// Euclidean norm over all weights.
    pub norm: f64,
}

impl WeightGradients {
    /// Takes the gradients of `model`'s weights out of a backward pass.
    pub fn take(model: &Model, gradients: Gradients) -> Self {
        struct Taker {
            path: Path,
            gradients: Gradients,
            flat: WeightGradients,
        }
        impl ModuleVisitor for Taker {
            fn enter_module(&mut self, name: &str, container: &str) {
                self.path.enter(name, container);
            }
            fn exit_module(&mut self, _: &str, _: &str) {
                self.path.exit();
            }
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                if let Some(gradient) = parameter.val().grad_remove(&mut self.gradients) {
                    let gradient: Tensor<1> = gradient.flatten(0, D - 1);
                    self.flat.norm += sum_of_squares(&gradient);
                    self.flat.by_name.insert(self.path.name(), gradient);
                }
            }
        }
        let flat = Self {
            by_name: BTreeMap::new(),
            norm: 0.0,
        };
        let mut taker = Taker {
            path: Path::default(),
            gradients,
            flat,
        };
        model.visit(&mut taker);
        taker.flat.norm = taker.flat.norm.sqrt();
        taker.flat
    }
}

/// Walks over the weights and updates each.
struct Updater<'a> {
    path: Path,
    moments: &'a mut BTreeMap<String, Moments<1>>,
    gradients: BTreeMap<String, Tensor<1>>,
    /// Whether the embedding decays like a matrix.
    decay_embedding: bool,
    /// What the update of every weight has in common; its decay is that of matrices.
    common: Update,
}

impl AdamW {
    /// The model after the `step`-th update, counted from 1 (Loshchilov and Hutter 2019, algorithm
    /// 2, with the rate also multiplying the decay).
    pub fn update(
        &mut self,
        model: Model,
        gradients: WeightGradients,
        config: &OptimizerConfig,
        learning_rate: f64,
        step: u64,
    ) -> Model {
        let mut update = Updater {
            path: Path::default(),
            moments: &mut self.moments,
            decay_embedding: config.decay_embedding,
            common: Update {
                learning_rate,
                beta_1: config.beta1,
                beta_2: config.beta2,
                epsilon: config.epsilon,
                weight_decay: config.weight_decay,
                gradient_scale: (config.clip_norm / gradients.norm).min(1.0),
                step: u32::try_from(step).unwrap_or(u32::MAX),
            },
            gradients: gradients.by_name,
        };
        model.map(&mut update)
    }
}

impl ModuleMapper for Updater<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(gradient) = self.gradients.remove(&name) else {
            return parameter;
        };
        let decays = D > 1 && (self.decay_embedding || name != "embedding");
        let update = Update {
            weight_decay: if decays { self.common.weight_decay } else { 0.0 },
            ..self.common
        };
        parameter.map(|tensor| {
            let shape = tensor.dims();
            let flat: Tensor<1> = tensor.inner().flatten(0, D - 1);
            let moments = self
                .moments
                .remove(&name)
                .unwrap_or_else(|| Moments::zeros_like(&flat));
            let (updated, moments) = adamw_step(flat, gradient, moments, &update);
            self.moments.insert(name, moments);
            Tensor::from_inner(updated.reshape(shape)).require_grad()
        })
    }
}
