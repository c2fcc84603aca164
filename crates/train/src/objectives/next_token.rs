use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use triaxis_model::{Model, ModelError};

use super::ObjectiveSpec;
use crate::data::Batch;
use crate::evaluate;
use crate::objective::{Noise, Objective};

/// The loss of each next token: see `ABOUT`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextToken {}

impl NextToken {
    /// What its registry says of it.
    pub const ABOUT: &'static str =
        "The mean cross-entropy of every token given those before it in its sequence.";
}

impl Objective for NextToken {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ObjectiveSpec> {
        vec![ObjectiveSpec::NextToken(*self)]
    }

    fn cost(&self, model: &Model, batch: &Batch, _: Noise, device: &Device) -> Result<Tensor<1>, ModelError> {
        evaluate::loss(model, batch, device)
    }
}
