use serde::{Deserialize, Serialize};
use triaxis_units::{Finding, Nats, Tokens};

use crate::information::Specialisation;
use crate::load::Load;
use crate::stability::Stability;

/// What the experts of a mixture did over a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpertsOutcome {
    /// Validation tokens that each look on the way is of.
    pub tokens: Tokens,
    /// Each look, the last at the training's end.
    pub looks: Vec<Look>,
    /// Whether experts specialise, by each kind of label that the text has.
    pub specialisation: Vec<Finding<Specialisation>>,
    /// The validation loss where each token's experts are drawn at random.
    pub random: Nats,
    /// The validation loss where the experts of each layer have changed places, so that none gets what it was trained on.
    pub permuted: Nats,
}

/// What the experts did after some steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Steps done.
    pub step: u64,
    /// Each layer that has experts.
    pub layers: Vec<LayerLook>,
}

/// What the experts of one layer did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerLook {
    /// The layer, counted from 0.
    pub layer: usize,
    /// How its load was spread.
    pub load: Load,
    /// How far the same tokens had the same experts at the look before, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<Stability>,
}
