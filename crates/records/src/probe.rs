use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Flops, Params};

/// What models of one architecture and size learn of a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeScores {
    /// What tables and pictures call the architecture.
    pub name: String,
    /// The probe.
    pub probe: String,
    /// Tokens in its vocabulary.
    pub vocabulary: usize,
    /// Levels that are trained on, each the tokens of a sequence and the answers that are scored in it.
    pub train: Vec<[usize; 2]>,
    /// Width of the residual stream.
    pub width: usize,
    /// Trainable parameters.
    pub parameters: Params,
    /// Those that are in no table of the vocabulary or of positions.
    pub non_embedding: Params,
    /// Numbers that are remembered of the longest sequence that is trained on.
    pub remembered: u64,
    /// The learning rates that were tried, each by the mean accuracy of fresh sequences of the levels that are trained on;
    /// none where the only one was given.
    pub tried: Vec<RateTried>,
    /// The learning rate that was chosen; where the whole sweep diverged, the first.
    pub rate: f64,
    /// Trainings at that rate, which differ by their seed; none where the whole sweep diverged.
    pub seeds: usize,
    /// What was tested, level by level.
    pub levels: Vec<LevelScore>,
    /// What each of them had learnt on the way, of the first level that is tested; none where nobody asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub along: Vec<ProbeCurve>,
    /// Why trainings have no accuracy, one entry for each that diverged.
    pub diverged: Vec<String>,
}

impl ProbeScores {
    /// How many of the seeds diverged, in words, where any did.
    pub fn told_diverged(&self) -> Option<String> {
        match (self.seeds, self.diverged.len()) {
            (0, _) => Some("all rates diverged".to_owned()),
            (_, 0) => None,
            (seeds, diverged) => Some(format!("{diverged} of {seeds} diverged")),
        }
    }

    /// That the best rate lies at an end of those that were tried, in words, so that a better one may lie beyond.
    pub fn told_rate(&self) -> Option<String> {
        let rates = || self.tried.iter().map(|tried| tried.rate);
        let is_lowest = rates().all(|rate| rate >= self.rate);
        let is_highest = rates().all(|rate| rate <= self.rate);
        if self.seeds == 0 || !(is_lowest || is_highest) || self.tried.len() < 2 {
            return None;
        }
        let (end, beyond) = if is_lowest {
            ("lowest", "lower")
        } else {
            ("highest", "higher")
        };
        Some(format!(
            "the best rate, {}, is the {end} that was tried: try {beyond} ones",
            self.rate
        ))
    }
}

/// What one training has learnt on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeCurve {
    /// Its seed.
    pub seed: u64,
    /// After some steps each, in their order.
    pub points: Vec<ProbePoint>,
}

/// What a training has learnt after some steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProbePoint {
    /// Steps done.
    pub step: u64,
    /// Operations so far.
    pub flops: Flops,
    /// The share of right answers.
    pub accuracy: f64,
    /// The mean logarithm of the right answer's probability.
    pub log_probability: f64,
    /// The mean squared difference of all probabilities from those of who knows.
    pub brier: f64,
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
    /// Whether a level was trained on that is as long, or longer, and has as many answers.
    pub is_trained: bool,
    /// Sequences that accuracies are shares of.
    pub sequences: usize,
    /// What guessing scores.
    pub chance: f64,
    /// What can be scored at best, where it is known.
    pub perfect: Option<f64>,
    /// What a known method scores on the same sequences, where there is one.
    pub reference: Option<ReferenceScore>,
    /// The share of right answers of each training; that of guessing where it diverged.
    pub accuracies: Vec<f64>,
    /// Their mean, with its interval over seeds; none where nothing was trained but a sweep that diverged.
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
