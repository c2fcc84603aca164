//! AdamW with clipping by the global norm.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Shape, Tensor};
use triaxis_kernels::{Moments, Parameter, Update, adamw_step, gradient_norm};
use triaxis_model::{Model, weights::Path};

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
    /// With the weights' names, in the model's order.
    gradients: Vec<(String, Tensor<1>)>,
    /// Euclidean norm over all weights.
    pub norm: f64,
}

impl WeightGradients {
    /// Takes the gradients of `model`'s weights out of a backward pass.
    pub fn take(model: &Model, gradients: Gradients) -> Self {
        struct Taker {
            path: Path,
            from: Gradients,
            gradients: Vec<(String, Tensor<1>)>,
        }
        impl ModuleVisitor for Taker {
            fn enter_module(&mut self, name: &str, container: &str) {
                self.path.enter(name, container);
            }
            fn exit_module(&mut self, _: &str, _: &str) {
                self.path.exit();
            }
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                if let Some(gradient) = parameter.val().grad_remove(&mut self.from) {
                    let gradient = gradient.flatten(0, D - 1);
                    self.gradients.push((self.path.name(), gradient));
                }
            }
        }
        let mut taker = Taker {
            path: Path::default(),
            from: gradients,
            gradients: Vec::new(),
        };
        model.visit(&mut taker);
        let gradients = taker.gradients;
        let norm = gradient_norm(gradients.iter().map(|(_, gradient)| gradient));
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
        let mut taken = WeightsOut {
            path: Path::default(),
            gradients: gradients.gradients.into_iter().collect(),
            moments: &mut self.moments,
            config,
            places: Vec::new(),
            parameters: Vec::new(),
        };
        let model = model.map(&mut taken);
        let (places, parameters) = (taken.places, taken.parameters);
        let mut updated = WeightsIn::default();
        for ((name, shape), (value, moments)) in places.into_iter().zip(adamw_step(parameters, &update)) {
            self.moments.insert(name.clone(), moments);
            updated.weights.insert(name, (shape, value));
        }
        model.map(&mut updated)
    }
}

/// Takes the weights that have a gradient out of the model, so that nothing else holds them and they are
/// updated in place.
struct WeightsOut<'a> {
    path: Path,
    gradients: BTreeMap<String, Tensor<1>>,
    moments: &'a mut BTreeMap<String, Moments>,
    config: &'a OptimizerConfig,
    /// The name and shape of each parameter.
    places: Vec<(String, Shape)>,
    parameters: Vec<Parameter>,
}

impl ModuleMapper for WeightsOut<'_> {
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
        parameter.map(|tensor| {
            let (shape, device) = (tensor.shape(), tensor.device());
            let value = tensor.inner().flatten(0, D - 1);
            let moments = self.moments.remove(&name);
            self.parameters.push(Parameter {
                moments: moments.unwrap_or_else(|| Moments::zeros_like(&value)),
                value,
                gradient,
                weight_decay: if decays { self.config.weight_decay } else { 0.0 },
            });
            self.places.push((name, shape));
            Tensor::empty([0; D], &device)
        })
    }
}

/// Puts the weights back, updated.
#[derive(Default)]
struct WeightsIn {
    path: Path,
    weights: BTreeMap<String, (Shape, Tensor<1>)>,
}

impl ModuleMapper for WeightsIn {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.weights.remove(&self.path.name()) {
            Some((shape, value)) => {
                parameter.map(|_| Tensor::from_inner(value.reshape(shape)).require_grad())
            }
            None => parameter,
        }
    }
}
