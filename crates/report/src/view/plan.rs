use serde::{Deserialize, Serialize};
use triaxis_units::{Dollars, Flops, Nats, Params, Tokens};

use super::{Estimate, Finding};

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

/// How many times beyond the largest measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// In training compute.
    pub compute: f64,
    /// In parameters.
    pub params: f64,
    /// In tokens.
    pub tokens: f64,
}

/// How far one statement of the report reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extrapolation {
    /// What is stated.
    pub target: String,
    /// The factors.
    pub reach: Reach,
    /// What follows from them, in plain words.
    pub statement: String,
}

/// What to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The budget and demand it answers, in words.
    pub question: String,
    /// The hardware and price that the dollars assume, in words.
    pub prices: String,
    /// The answers, each under its law and objective.
    pub choices: Vec<Choice>,
    /// How far the answers reach, in words.
    pub reach: Vec<String>,
    /// What the ladder cannot know; shown loud.
    pub caveats: Vec<String>,
    /// What shifts its numbers without overturning it.
    pub notes: Vec<String>,
}

/// One answer of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What it optimises.
    pub label: String,
    /// The law or published constants used.
    pub law: String,
    /// Whether the plan recommends this one.
    pub recommended: bool,
    /// The answer.
    pub allocation: Finding<Allocation>,
}

/// A model size, its data and its bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// N, in parameters.
    pub params: Estimate,
    /// D, in tokens.
    pub tokens: Estimate,
    /// D / N.
    pub tokens_per_param: f64,
    /// Training compute.
    pub flops: Flops,
    /// Cost of training.
    pub training: Dollars,
    /// Cost of serving the stated demand.
    pub inference: Dollars,
    /// Both.
    pub total: Dollars,
    /// Expected loss in nats a token.
    pub loss: Finding,
}
