use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Params};

/// How well models fill gaps of a text, the same ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Infilling {
    /// Hash of the text.
    pub text: String,
    /// Gaps.
    pub spans: usize,
    /// Tokens of a gap.
    pub length: usize,
    /// Tokens of what a model is given with its gap.
    pub context: usize,
    /// What the places of the gaps were drawn by.
    pub seed: u64,
    /// The models.
    pub scores: Vec<InfillScores>,
}

/// What came of a model's gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InfillScores {
    /// What tables call it.
    pub name: String,
    /// Trainable parameters.
    pub parameters: Params,
    /// How it fills: `diffusion`, `prefix only`, …
    pub method: String,
    /// Its scores.
    pub score: InfillScore,
    /// By how much they are above those of the first model, gap by gap; of the first nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_first: Option<InfillScore>,
}

/// Means over gaps, with intervals over them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct InfillScore {
    /// The share of gaps whose text is what was there.
    pub exact: Estimate,
    /// The share of tokens that are what was there, place by place.
    pub tokens: Estimate,
    /// How like its text is to what was there: one less the share of signs to be changed, put in or left out (Levenshtein).
    pub similarity: Estimate,
}
