use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Params, Seconds};

/// What a model costs by the length of what it reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// What tables and pictures call it.
    pub name: String,
    /// Trainable parameters.
    pub parameters: Params,
    /// Whether what is remembered grows with what was read.
    pub grows: bool,
    /// Stepping, one token after so many others.
    pub steps: Vec<StepCost>,
    /// Training on sequences of some length.
    pub trainings: Vec<TrainingCost>,
    /// What was not measured.
    pub left_out: Vec<LeftOut>,
}

/// A token after so many others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepCost {
    /// Tokens before it.
    pub context: usize,
    /// Threads that computed.
    pub threads: usize,
    /// The median time of a token.
    pub time: Seconds,
    /// Tokens that it is the median of.
    pub tokens: usize,
    /// What is remembered of the tokens before it.
    pub remembered: Bytes,
    /// Whether the tokens before it were all read. Else some were, and what is remembered of them was repeated, which
    /// takes the same time and room.
    pub is_read: bool,
}

/// Training on sequences of one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingCost {
    /// Tokens of a sequence.
    pub length: usize,
    /// Sequences a step.
    pub sequences: usize,
    /// Threads that computed.
    pub threads: usize,
    /// The median time of a step.
    pub time: Seconds,
    /// Steps that it is the median of.
    pub steps: usize,
    /// What a step takes, estimated.
    pub memory: Bytes,
}

impl TrainingCost {
    /// Tokens trained on in a second.
    pub fn tokens_per_second(&self) -> f64 {
        (self.length * self.sequences) as f64 / self.time.0
    }
}

/// A point that was not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// `stepping` or `training`.
    pub what: String,
    /// From this length on.
    pub from: usize,
    /// On so many threads; on any if none are told.
    pub threads: Option<usize>,
    /// Why.
    pub reason: String,
}
