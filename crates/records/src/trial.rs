use serde::{Deserialize, Serialize};
use triaxis_units::{BitsPerByte, Bytes, Flops, Nats, Params, Seconds, Tokens};

/// One training run: what was asked, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Short hash of the resolved trial.
    pub id: String,
    /// The arm that asks for it, where a study has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// What it is for.
    pub role: Role,
    /// Seed of its initial weights and of the order of the text.
    pub seed: u64,
    /// The compute budget it belongs to.
    pub budget: Flops,
    /// Name and shape of the model.
    pub architecture: String,
    /// Trainable parameters, embeddings included.
    pub params: Params,
    /// Trainable parameters without embeddings.
    pub params_non_embedding: Params,
    /// Tokens seen, repeats counted.
    pub tokens: Tokens,
    /// Passes over the training text.
    pub epochs: f64,
    /// Training compute as the architecture counts it.
    pub flops: Flops,
    /// `6 N D`, for comparison.
    pub six_nd: Flops,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Tokens a step.
    pub batch_tokens: Tokens,
    /// Optimiser steps.
    pub steps: u64,
    /// What became of it.
    pub status: Status,
    /// Validation loss in nats a token.
    pub loss: Option<Nats>,
    /// Validation loss in bits a byte.
    pub bits_per_byte: Option<BitsPerByte>,
    /// Where the loss is a bound from above that is estimated by draws, its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_error: Option<Nats>,
    /// Wall-clock time.
    pub seconds: Option<Seconds>,
    /// Throughput.
    pub tokens_per_second: Option<f64>,
    /// Largest memory in use.
    pub peak_memory: Option<Bytes>,
    /// Training loss as it went; thin it to some hundred points, all of them are drawn.
    pub training_curve: Vec<LossPoint>,
    /// Validation loss as it went.
    pub evaluations: Vec<LossPoint>,
    /// What n-grams of as many tokens lose, the shortest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ngrams: Vec<NGramLoss>,
}

impl Trial {
    /// A loss of it as it is said: that it is a bound, if it is one.
    pub fn as_bound(&self, loss: &str) -> String {
        match self.bound_error {
            Some(_) => format!("≤ {loss}"),
            None => loss.to_owned(),
        }
    }
}

/// The loss of a model that counts n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NGramLoss {
    /// Tokens of the longest ones.
    pub order: usize,
    /// Validation loss in nats a token.
    pub loss: Nats,
    /// Validation loss in bits a byte.
    pub bits_per_byte: BitsPerByte,
}

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The laws are fitted to it.
    Ladder,
    /// It is predicted before it is run, and never fitted to.
    HeldOut,
    /// Its mixture of sources is one of many, whose losses say which is best.
    Mixture,
}

impl Role {
    /// The role's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ladder => "ladder",
            Self::HeldOut => "held out",
            Self::Mixture => "mixture",
        }
    }
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ended and was evaluated.
    Done,
    /// Its loss grew or stopped being a number.
    Diverged(String),
    /// It stopped, for this reason.
    Failed(String),
    /// It was never run, for this reason.
    Missing(String),
}

impl Status {
    /// One word.
    pub fn label(&self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Diverged(_) => "diverged",
            Status::Failed(_) => "failed",
            Status::Missing(_) => "missing",
        }
    }

    /// Why there is no result.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Status::Done => None,
            Status::Diverged(reason) | Status::Failed(reason) | Status::Missing(reason) => Some(reason),
        }
    }
}

/// The loss after some tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossPoint {
    /// Tokens seen so far.
    pub tokens: Tokens,
    /// Loss in nats a token.
    pub loss: Nats,
}
