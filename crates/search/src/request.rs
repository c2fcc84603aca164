//! What is asked of a model and of a verifier.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::key;

/// A problem: what a model is asked to solve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is called, once in a set of problems: draws hang on it, so that they are the same whatever other problems
    /// there are.
    pub name: Arc<str>,
    /// What the model reads.
    pub prompt: Arc<str>,
}

impl Problem {
    /// A problem of this name and prompt.
    pub fn new(name: impl Into<Arc<str>>, prompt: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            prompt: prompt.into(),
        }
    }
}

/// How tokens are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// What scores are divided by; at 0 the largest one is taken.
    pub temperature: f64,
    /// How many of the largest are kept, if not all.
    pub top_k: Option<usize>,
    /// The share that the largest that are kept take together.
    pub top_p: f64,
    /// The share of the largest probability that a kept one has at least.
    pub min_p: f64,
}

impl Default for Sampling {
    /// Temperature 0.8, as in search-and-learn, and everything kept.
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: None,
            top_p: 1.0,
            min_p: 0.0,
        }
    }
}

impl Sampling {
    /// The likeliest token each time.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }
}

/// Text that a model is asked to go on with.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRequest {
    /// The problem's name.
    pub problem: Arc<str>,
    /// What the model reads before it says anything.
    pub prompt: Arc<str>,
    /// What it has said so far, or is made to have said.
    pub said: Arc<str>,
    /// What draws hang on, with the place of each token after the prompt: a text that is sampled in pieces is the one that
    /// is sampled at once.
    pub seed: u64,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Texts that end what is sampled, and are its last characters then.
    pub marks: Arc<[String]>,
    /// A text that ends the answer, as the model's own end does, and is its last characters then.
    pub stop: Option<String>,
    /// The most tokens.
    pub most: u64,
}

impl SampleRequest {
    /// What the model reads and has said.
    pub fn prefix(&self) -> String {
        format!("{}{}", self.prompt, self.said)
    }
}

/// What a verifier is asked about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scored {
    /// How good the last step is, after those before it (a process reward).
    Step,
    /// How good the whole is: an outcome reward, or 1 and 0 of a checker.
    Answer,
    /// The logarithm of the text's probability by a model, in nats.
    Likelihood,
}

/// A text that a verifier is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRequest {
    /// The problem's name.
    pub problem: Arc<str>,
    /// What the model read.
    pub prompt: Arc<str>,
    /// What it said.
    pub said: Arc<str>,
    /// What is asked.
    pub of: Scored,
}

/// What a search asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Text, of the model.
    Sample(SampleRequest),
    /// A score, of the verifier.
    Score(ScoreRequest),
}

/// What tells a request from all others: equal for equal requests, whoever asks, so that a reply can be used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(String);

impl Request {
    /// Its identity, among requests to the model, verifier and settings that `salt` names.
    pub fn identity(&self, salt: &str) -> Identity {
        let mut hasher = blake3::Hasher::new();
        let mut absorb = |field: &str| {
            hasher.update(&(field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        };
        absorb(salt);
        match self {
            Self::Sample(asked) => {
                let Sampling {
                    temperature,
                    top_k,
                    top_p,
                    min_p,
                } = asked.sampling;
                let numbers = format!(
                    "sample {} {} {temperature} {top_k:?} {top_p} {min_p} {:?}",
                    asked.seed, asked.most, asked.stop
                );
                for field in [&asked.problem, &asked.prompt, &asked.said, &*numbers] {
                    absorb(field);
                }
                asked.marks.iter().for_each(|mark| absorb(mark));
            }
            Self::Score(asked) => {
                let of = format!("score {:?}", asked.of);
                for field in [&asked.problem, &asked.prompt, &asked.said, &*of] {
                    absorb(field);
                }
            }
        }
        Identity(hasher.finalize().to_hex()[..32].to_owned())
    }
}

/// The seed of a problem's sample: strategies that draw the same samples of a problem share them.
pub(crate) fn sample_seed(seed: u64, problem: &str, number: u64) -> u64 {
    key(key(seed, problem, 0), "sample", number)
}
