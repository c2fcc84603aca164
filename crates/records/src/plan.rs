use serde::{Deserialize, Serialize};
use triaxis_units::{Dollars, Estimate, Finding, Flops, Reach, Seconds};

/// What to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The budget and demand it answers, in words.
    pub question: String,
    /// The hardware and price that the dollars assume, in words.
    pub prices: String,
    /// What to run before anything of it, where the answer lies too far from what was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The answers, each under its law and objective.
    pub choices: Vec<Choice>,
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
    /// How far it lies from the runs behind its law, in a word.
    pub reach: String,
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
    /// Devices that train together.
    pub devices: u64,
    /// Training from its start to its end on these.
    pub time: Seconds,
    /// Cost of serving the stated demand.
    pub inference: Dollars,
    /// Both.
    pub total: Dollars,
    /// Expected loss in nats a token.
    pub loss: Finding,
    /// How far it lies from the largest run behind its law.
    pub reach: Reach,
}
