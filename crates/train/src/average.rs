//! A moving average of a model's weights, which is measured and saved in their place.

use burn::tensor::Tensor;
use triaxis_kernels::moved_averages;
use triaxis_model::Model;

/// The average after some steps.
#[derive(Debug, Clone)]
pub(crate) struct Average {
    /// Of each weight, flat, in the order of the model's table; without gradients.
    pub(crate) values: Vec<Tensor<1>>,
}

impl Average {
    /// That of a model before its first step: its weights.
    pub(crate) fn of(model: &Model) -> Self {
        Self {
            values: model.without_gradients().values().to_vec(),
        }
    }

    /// The average after the `step`-th update, counted from 1, which `model` is after. At first it moves faster than
    /// `decay` says, so that it soon forgets the initial weights: `(1 + step) ÷ (10 + step)`, as Song et al. 2021 (arXiv
    /// 2011.13456) have it in their code, and those after them.
    pub(crate) fn moved(self, model: &Model, decay: f64, step: u64) -> Self {
        let decay = decay.min((1 + step) as f64 / (10 + step) as f64);
        let weights = model.without_gradients().values().to_vec();
        Self {
            values: moved_averages(self.values.into_iter().zip(weights).collect(), decay),
        }
    }
}
