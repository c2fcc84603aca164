//! AdamW with clipping by the global norm.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use triaxis_model::{Model, weights::Path};

use crate::config::OptimizerConfig;

/// First and second moment of one weight's gradient, flat.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    pub(crate) first: Tensor<1>,
    pub(crate) second: Tensor<1>,
}

/// The optimiser's state: the moments of every weight, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct AdamW {
    pub(crate) moments: BTreeMap<String, Moments>,
}

/// The gradient of every weight, flat, with its norm.
pub(crate) struct FlatGradients {
    by_name: BTreeMap<String, Tensor<1>>,
    /// Euclidean norm over all weights.
    pub(crate) norm: f64,
}

impl FlatGradients {
    /// Takes the gradients of `model`'s weights out of a backward pass.
    pub(crate) fn take(model: &Model, gradients: Gradients) -> Self {
        struct Taker {
            path: Path,
            gradients: Gradients,
            flat: FlatGradients,
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
                    self.flat.norm += f64::from(gradient.clone().square().sum().into_scalar::<f32>());
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

/// What the update of every weight has in common.
struct Update<'a> {
    path: Path,
    moments: &'a mut BTreeMap<String, Moments>,
    gradients: BTreeMap<String, Tensor<1>>,
    config: &'a OptimizerConfig,
    learning_rate: f64,
    /// `1 − βᵗ` for both moments.
    corrections: [f64; 2],
    /// What the gradients are multiplied by to respect the largest norm.
    clip: f64,
}

impl AdamW {
    /// The model after the `step`-th update, counted from 1 (Loshchilov and Hutter 2019, algorithm
    /// 2, with the rate also multiplying the decay).
    pub(crate) fn update(
        &mut self,
        model: Model,
        gradients: FlatGradients,
        config: &OptimizerConfig,
        learning_rate: f64,
        step: u64,
    ) -> Model {
        let power = step.min(i32::MAX as u64) as i32;
        let mut update = Update {
            path: Path::default(),
            moments: &mut self.moments,
            clip: (config.clip_norm / gradients.norm).min(1.0),
            gradients: gradients.by_name,
            config,
            learning_rate,
            corrections: [1.0 - config.beta1.powi(power), 1.0 - config.beta2.powi(power)],
        };
        model.map(&mut update)
    }
}

impl ModuleMapper for Update<'_> {
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
        let decays = D > 1 && (self.config.decay_embedding || name != "embedding");
        let decay = if decays { self.config.weight_decay } else { 0.0 };
        parameter.map(|tensor| {
            let shape = tensor.dims();
            let flat: Tensor<1> = tensor.inner().flatten(0, D - 1);
            let updated = self.step(name, flat, gradient, decay);
            Tensor::from_inner(updated.reshape(shape)).require_grad()
        })
    }
}

impl Update<'_> {
    fn step(&mut self, name: String, weight: Tensor<1>, gradient: Tensor<1>, decay: f64) -> Tensor<1> {
        let OptimizerConfig {
            beta1,
            beta2,
            epsilon,
            ..
        } = *self.config;
        let scaled = gradient.clone().mul_scalar((1.0 - beta1) * self.clip);
        let squared = gradient
            .square()
            .mul_scalar((1.0 - beta2) * self.clip * self.clip);
        let (first, second) = match self.moments.remove(&name) {
            Some(Moments { first, second }) => (
                first.mul_scalar(beta1) + scaled,
                second.mul_scalar(beta2) + squared,
            ),
            None => (scaled, squared),
        };
        let root = second
            .clone()
            .sqrt()
            .mul_scalar(self.corrections[1].sqrt().recip());
        let direction = first.clone() / root.add_scalar(epsilon);
        self.moments.insert(name, Moments { first, second });
        let kept = if decay > 0.0 {
            weight.mul_scalar(1.0 - self.learning_rate * decay)
        } else {
            weight
        };
        kept - direction.mul_scalar(self.learning_rate / self.corrections[0])
    }
}
