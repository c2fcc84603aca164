use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Params};

/// What models of one architecture and size learn of a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeScores {
    /// What tables and pictures call the architecture.
    pub name: String,
    /// The probe.
    pub probe: String,
    /// Width of the residual stream.
    pub width: usize,
    /// Trainable parameters.
    pub parameters: Params,
    /// Numbers that are remembered of the longest sequence that is trained on.
    pub remembered: u64,
    /// The learning rates that were tried, each by the mean accuracy of sequences that are drawn for the choice; none
    /// where the only one was given.
    pub tried: Vec<RateTried>,
    /// The learning rate that was chosen.
    pub rate: f64,
    /// What was tested, level by level.
    pub levels: Vec<LevelScore>,
    /// Why trainings have no accuracy, one entry for each that diverged.
    pub diverged: Vec<String>,
}

/// A learning rate of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateTried {
    /// The rate.
    pub rate: f64,
    /// The mean accuracy; none where the training diverged.
    pub accuracy: Option<f64>,
}

/// Right answers at one level of a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelScore {
    /// Tokens of a sequence.
    pub length: usize,
    /// Answers that are scored in it.
    pub answers: usize,
    /// Whether such sequences were trained on, or longer ones.
    pub is_trained: bool,
    /// Sequences that accuracies are shares of.
    pub sequences: usize,
    /// What guessing scores.
    pub chance: f64,
    /// What can be scored at best, where it is known.
    pub perfect: Option<f64>,
    /// What a known method scores on the same sequences, where there is one.
    pub reference: Option<ReferenceScore>,
    /// The share of right answers of each training that did not diverge.
    pub accuracies: Vec<f64>,
    /// Their mean, with its interval over seeds; none where all diverged.
    pub accuracy: Option<Estimate>,
}

/// What a method that is no network scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceScore {
    /// Its name.
    pub name: String,
    /// The share of right answers.
    pub accuracy: f64,
}

/// What is known of a probe before anything is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeFacts {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What others measured.
    pub published: Vec<PublishedScore>,
}

/// An accuracy that others report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedScore {
    /// Of which model.
    pub model: String,
    /// Right answers over all.
    pub accuracy: f64,
    /// At which level, in words.
    pub level: String,
    /// Where it stands.
    pub source: String,
}
