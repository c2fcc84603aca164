use serde::{Deserialize, Serialize};
use triaxis_units::{Finding, Flops, Nats, Params, Reach, Tokens};

/// A larger run: what was said before it started, and what it then measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// The trial.
    pub trial: String,
    /// The arm that it is of, where a study has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Bits per byte of one nat per token of it.
    pub bits_per_nat: Option<f64>,
    /// Its parameters.
    pub params: Params,
    /// Its tokens.
    pub tokens: Tokens,
    /// Its training compute.
    pub flops: Flops,
    /// The law that predicted, or the laws with their weights.
    pub law: String,
    /// Every law that was fitted, the most trusted first.
    pub candidates: Vec<Candidate>,
    /// Predicted validation loss in nats a token.
    pub predicted: Finding,
    /// When the prediction was written to disk.
    pub predicted_at: Option<String>,
    /// When the run started.
    pub started_at: Option<String>,
    /// Measured validation loss in nats a token, or why there is none.
    pub measured: Finding<Nats>,
    /// `measured / predicted - 1`.
    pub relative_error: Option<f64>,
    /// Whether the measurement lies in the predicted interval.
    pub inside: Option<bool>,
    /// How far it reaches beyond the ladder.
    pub reach: Reach,
}

/// What one law said of a held-out run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name of the law's form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// Mean absolute relative error on the largest budget, predicted from the others.
    pub held_out_error: Option<f64>,
    /// Its share of the prediction; the shares of all laws sum to one.
    pub weight: f64,
    /// Predicted validation loss in nats a token.
    pub predicted: Finding,
    /// `measured / predicted - 1`.
    pub relative_error: Option<f64>,
}
