use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Params};

/// How fast a model decodes and reads prompts on a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decoding {
    /// What tables call it.
    pub name: String,
    /// Trainable parameters.
    pub parameters: Params,
    /// How activations are rounded, and what is remembered: `eight` bits and half precision, or `single`.
    pub activations: String,
    /// Bytes of weights by the format that they are stored in.
    pub formats: BTreeMap<String, Bytes>,
    /// Threads that computed.
    pub threads: usize,
    /// Bytes of weights that a step reads, of experts those of one token.
    pub weights: Bytes,
    /// What the machine's memory gave a second where all threads only read it.
    pub bandwidth: Bytes,
    /// Steps of a token a sequence.
    pub steps: Vec<DecodeRate>,
    /// Prompts.
    pub prompts: Vec<PromptRate>,
}

/// Steps of a token of each of some sequences, after so many tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecodeRate {
    /// Sequences.
    pub batch: usize,
    /// Tokens before, of each.
    pub context: usize,
    /// Tokens a second, of all together: the median of steps.
    pub tokens_per_second: f64,
    /// Bytes that a step reads: weights once, and what is remembered of every sequence.
    pub read: Bytes,
    /// The share of the machine's bandwidth that this is.
    pub share: f64,
    /// Whether both are the least there is: tokens of several sequences may choose other experts, and one token's are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_least: bool,
}

/// Reading a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PromptRate {
    /// Its tokens.
    pub length: usize,
    /// Tokens a second: the median.
    pub tokens_per_second: f64,
    /// Operations a second of the products in its blocks, two for each of their weights and token.
    pub operations_per_second: f64,
}
