//! AdamW with clipping by the global norm.

use std::collections::BTreeMap;

use burn::tensor::{Gradients, Tensor};
use triaxis_kernels::{Moments, Parameter, Update, adamw_step, gradient_norm};
use triaxis_model::{Model, weights::Group};

use crate::config::OptimizerConfig;

/// Version of an update: raised when weights, gradients and constants give other weights, other than by the operations
/// of `kernels`.
pub const NUMERICS: u32 = 1;

/// The optimiser's state: the moments of every weight, by name.
#[derive(Debug, Clone, Default)]
pub struct AdamW {
    /// By the name of the weight, which none has before the first step.
    pub moments: BTreeMap<String, Moments>,
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
            let (mut places, mut parameters) = (Vec::new(), Vec::new());
            for (place, gradient) in gradients.gradients.into_iter().enumerate() {
                let Some((gradient, weight)) =
                    gradient.and_then(|gradient| Some((gradient, weights[place].take()?)))
                else {
                    continue;
                };
                // Nothing else holds the weight, so that it is updated in place.
                let value = weight.inner();
                let moments = self.moments.remove(&lines[place].name);
                parameters.push(Parameter {
                    moments: moments.unwrap_or_else(|| Moments::zeros_like(&value)),
                    value,
                    gradient,
                    weight_decay: decay(lines[place].group, config),
                });
                places.push(place);
            }
            for (place, (value, moments)) in places.into_iter().zip(adamw_step(parameters, &update)) {
                self.moments.insert(lines[place].name.clone(), moments);
                weights[place] = Some(Tensor::from_inner(value).require_grad());
            }
            weights.into_iter().flatten().collect()
        })
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
