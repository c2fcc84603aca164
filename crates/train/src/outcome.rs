use std::fmt;

use serde::{Deserialize, Serialize};
use triaxis_routing::ExpertsOutcome;
use triaxis_units::{BitsPerByte, Bytes, Nats, Seconds, Tokens};

use crate::config::{Branch, TrainConfig};

/// How a branch ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All steps were done and the validation loss is finite.
    Completed,
    /// Training left the region of finite or sensible loss.
    Diverged {
        /// Steps done before the one that showed it.
        step: u64,
        /// What showed it.
        reason: Divergence,
    },
}

/// What shows that a training diverged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divergence {
    /// A training loss that is infinite or not a number.
    LossNotFinite,
    /// A gradient whose norm is infinite or not a number.
    GradientNotFinite,
    /// A mean training loss, over some steps, far above the first step's.
    LossRose {
        /// The mean over the last steps.
        mean: Nats,
        /// The first step's.
        initial: Nats,
    },
    /// A validation loss that is infinite or not a number.
    ValidationNotFinite,
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LossNotFinite => write!(formatter, "the training loss is not finite"),
            Self::GradientNotFinite => write!(formatter, "the gradient is not finite"),
            Self::LossRose { mean, initial } => {
                write!(
                    formatter,
                    "the mean training loss rose to {mean} nats, far above the initial {initial}"
                )
            }
            Self::ValidationNotFinite => write!(formatter, "the validation loss is not finite"),
        }
    }
}

/// The loss on a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean over the scored tokens.
    pub nats: Nats,
    /// The same per byte of text.
    pub bits_per_byte: BitsPerByte,
    /// Scored tokens: all but the text's first.
    pub tokens: Tokens,
    /// The text.
    pub bytes: Bytes,
    /// Where it is a bound from above, how far its draws may have moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<BoundError>,
}

/// What comes of estimating a bound by draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoundError {
    /// Its standard error, a token; of parts of a text it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Nats>,
}

/// The loss on a text, or on a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedEvaluation {
    /// The text, or the source that the part is of.
    pub name: String,
    /// Its loss.
    #[serde(flatten)]
    pub evaluation: Evaluation,
}

/// The training loss over some successive steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Steps done.
    pub step: u64,
    /// Tokens seen.
    pub tokens: Tokens,
    /// Mean loss of the steps since the point before.
    pub loss: Nats,
    /// Learning rate of the last of them.
    pub learning_rate: f64,
    /// Mean norm of the gradient, before clipping, of the same steps.
    pub gradient_norm: f64,
}

/// What came of a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BranchOutcome {
    /// Its place in [`TrainConfig::branches`].
    pub branch: usize,
    /// How it ended.
    pub status: Status,
    /// Steps done, the trunk's included.
    pub steps: u64,
    /// Tokens seen.
    pub tokens: Tokens,
    /// The same as a number of passes over the training text.
    pub epochs: f64,
    /// Loss of the last point of the curve, if a step was done.
    pub final_train_loss: Option<Nats>,
    /// Loss on the validation split, if the branch completed.
    pub validation: Option<Evaluation>,
    /// The same by the source of the text, if the branch completed.
    pub sources: Vec<NamedEvaluation>,
    /// What its experts did, if it has any and the branch completed.
    pub experts: Option<ExpertsOutcome>,
    /// At most [`CURVE_POINTS`] points, the trunk's steps included.
    pub curve: Vec<CurvePoint>,
    /// Time of the steps and the evaluation, the trunk's steps included: what it would have taken
    /// alone.
    pub seconds: Seconds,
}

/// The most points of a curve.
pub const CURVE_POINTS: u64 = 200;

/// The curve of `branch` from the loss and gradient norm of each step done.
pub(crate) fn curve(config: &TrainConfig, branch: Branch, losses: &[f32], norms: &[f32]) -> Vec<CurvePoint> {
    let stride = branch.end.div_ceil(CURVE_POINTS).max(1) as usize;
    let span = config.span(branch);
    let mean =
        |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
    let mut step = 0;
    losses
        .chunks(stride)
        .zip(norms.chunks(stride))
        .map(|(losses, norms)| {
            step += losses.len() as u64;
            CurvePoint {
                step,
                tokens: config.batch_tokens() * step,
                loss: Nats(mean(losses)),
                learning_rate: config.peak_learning_rate * config.schedule.factor(step - 1, &span),
                gradient_norm: mean(norms),
            }
        })
        .collect()
}
