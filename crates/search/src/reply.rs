//! What a model and a verifier reply.

use serde::{Deserialize, Serialize};
use triaxis_units::Seconds;

/// Why a sampled text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The model ended it, or the text that ends an answer.
    End,
    /// By a mark that was asked for, which is its last characters.
    Mark,
    /// By the number of tokens, or the end of the model's context.
    Most,
}

/// A sampled text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// What was said after what the request says.
    pub text: String,
    /// Its tokens, that which ended it included.
    pub tokens: u64,
    /// Tokens of what stood before it: the prompt and what was said so far.
    pub before: u64,
    /// The logarithm of its probability by the model, in nats.
    pub log_probability: f64,
    /// The mean over its tokens of the divergence of the uniform distribution from the model's, in nats (Kang et al. 2025,
    /// arXiv 2502.18581), if the model tells.
    pub self_certainty: Option<f64>,
    /// Why it ended.
    pub ended: Ended,
    /// The machine's time, its share of each step in the batch that it was part of.
    pub seconds: Seconds,
}

/// What a verifier says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The score: larger is better.
    pub score: f64,
    /// Tokens that it read.
    pub tokens: u64,
    /// The machine's time.
    pub seconds: Seconds,
}

/// A reply, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Text.
    Sampled(Sampled),
    /// A score.
    Scored(Verdict),
    /// What could not be done, in words: this item is lost, and no other.
    Failed(String),
}

/// A reply as a search gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replied {
    /// Which of the search's requests it answers, counted from 0 in the order of asking.
    pub ticket: usize,
    /// What the whole text says so far as an answer, if it says one: of sampled text alone.
    pub answer: Option<String>,
    /// The reply.
    pub reply: Reply,
}
