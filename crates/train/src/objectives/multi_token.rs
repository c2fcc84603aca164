use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use triaxis_model::weights::WeightSpec;
use triaxis_model::{Model, ModelError, Stack};
use triaxis_units::Flops;

use super::ObjectiveSpec;
use crate::config::rule;
use crate::data::Batch;
use crate::error::TrainError;
use crate::evaluate;
use crate::objective::{Noise, Objective};

/// Next tokens, and by modules of their own those after them: see `ABOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MultiToken {
    /// Modules, each of which tells one token further ahead.
    pub modules: usize,
    /// What the mean of their losses is multiplied by.
    pub weight: f64,
}

impl Default for MultiToken {
    fn default() -> Self {
        Self {
            modules: 1,
            weight: 0.3,
        }
    }
}

/// Modules that a training has at most.
const MOST: usize = 16;

impl MultiToken {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Multi-token prediction (DeepSeek-V3, arXiv 2412.19437, section 2.2): beside next \
        tokens, modules tell tokens further ahead, each from what the one before made of a position and the embedding of the \
        token that that one was to tell, by a block as the network's last and its embedding and head; their mean loss is \
        added, times a weight (0.3 there, later 0.1). The modules are trained with the network and left out of it: what is \
        measured and saved tells next tokens alone. Curves of training have both losses in them.";
}

impl Objective for MultiToken {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ObjectiveSpec> {
        let far = Self {
            modules: 3,
            weight: 1.0,
        };
        [Self::default(), far].map(ObjectiveSpec::MultiToken).into()
    }

    fn validate(&self, stack: &Stack) -> Result<(), TrainError> {
        let most = MOST.min(stack.context.saturating_sub(1));
        rule(
            (1..=most).contains(&self.modules),
            "objective.modules",
            self.modules,
            || {
                let told =
                    format!("must be at least 1 and at most {most}: tokens so far ahead are in a sequence");
                let remedy =
                    "the usual is 1; make sequences longer, or for none take the objective \"next-token\"";
                (told, remedy.into())
            },
        )?;
        let is_above_zero = self.weight > 0.0 && self.weight.is_finite();
        rule(is_above_zero, "objective.weight", self.weight, || {
            let remedy = "the usual is 0.3; for 0, take the objective \"next-token\"";
            ("must be finite and above 0".into(), remedy.into())
        })?;
        Ok(stack.check_ahead()?)
    }

    fn cost(&self, model: &Model, batch: &Batch, _: Noise, device: &Device) -> Result<Tensor<1>, ModelError> {
        let (inputs, targets) = evaluate::tensors(batch, device);
        model.loss_ahead(inputs, targets, self.modules, self.weight)
    }

    fn beside(&self, stack: &Stack) -> Vec<WeightSpec> {
        stack.ahead(self.modules)
    }

    fn activations_beside(&self, stack: &Stack, length: usize) -> u64 {
        stack.ahead_activations(self.modules, length)
    }

    fn tables_beside(&self, stack: &Stack) -> u64 {
        stack.ahead_tables(self.modules)
    }

    fn operations_beside(&self, stack: &Stack, length: usize) -> Flops {
        stack.ahead_flops(self.modules, length).total()
    }
}
