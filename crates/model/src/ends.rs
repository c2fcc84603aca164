//! What a stack does before its first block and behind its head.

use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax};
use serde::{Deserialize, Serialize};

use crate::error::{ModelError, positive};
use crate::is_default;
use crate::ops::Weighing;

/// What becomes of the embedding's rows, and of the scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ends {
    /// What the rows of tokens are multiplied by, if by anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_scale: Option<f64>,
    /// Whether they are normalised then.
    #[serde(skip_serializing_if = "is_default")]
    pub embedding_norm: bool,
    /// What bounds the scores of tokens, `cap × tanh(score ÷ cap)`, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_cap: Option<f64>,
}

impl Ends {
    pub(crate) fn validate(&self) -> Result<(), ModelError> {
        let remedy = "leave it out for rows as they are";
        positive("ends.embedding_scale", self.embedding_scale, remedy)?;
        let remedy = "leave it out for scores without bounds";
        positive("ends.score_cap", self.score_cap, remedy)
    }

    /// The rows of tokens as they go on, but for their normalisation.
    pub(crate) fn scaled(&self, embedded: Tensor<2>) -> Tensor<2> {
        match self.embedding_scale {
            Some(scale) => embedded.mul_scalar(scale),
            None => embedded,
        }
    }

    /// The scores within their bounds.
    pub(crate) fn bounded(&self, scores: Tensor<2>) -> Tensor<2> {
        match self.score_cap {
            Some(cap) => scores.div_scalar(cap).tanh().mul_scalar(cap),
            None => scores,
        }
    }
}

/// The mean cross-entropy in nats of targets by scores, or what is weighed of it.
pub(crate) fn loss(scores: Tensor<2>, targets: Tensor<1, Int>, weighing: Option<Weighing>) -> Tensor<1> {
    let Some(Weighing { weights, answers }) = weighing else {
        return losses(scores, targets).mean();
    };
    let losses = losses(scores.slice_dim(1, 0..answers), targets);
    let weights = TensorData::new(weights, losses.dims());
    let weights = Tensor::<1>::from_data(weights, (&losses.device(), losses.dtype()));
    (losses * weights).sum()
}

/// Cross-entropy in nats of each target by the scores of its row.
pub(crate) fn losses(scores: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let rows = scores.dims()[0];
    let at = targets.reshape([rows, 1]);
    log_softmax(scores, 1).gather(1, at).reshape([rows]).neg()
}
