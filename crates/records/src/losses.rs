use serde::{Deserialize, Serialize};
use triaxis_units::{BitsPerByte, Tokens};

use crate::trial::{NGramLoss, Role, Trial};

/// What each text and source costs at the ladder's largest budget: in bits per byte, of the runs of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossesByText {
    /// Which runs they are of, in words.
    pub at: String,
    /// The arms with such runs, the baseline first; one entry for a study of one.
    pub arms: Vec<String>,
    /// One entry a text.
    pub texts: Vec<TextLoss>,
}

/// How the trials of a ladder stand beside n-grams of the tokens that they saw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NGrams {
    /// Trials that there are n-grams for.
    pub trials: usize,
    /// Those that lose more than the longest n-grams.
    pub worse: usize,
    /// Tokens that the best trial saw.
    pub tokens: Tokens,
    /// Its loss.
    pub best: BitsPerByte,
    /// The n-grams of as many tokens.
    pub ngram: NGramLoss,
}

impl NGrams {
    /// That of the trials of a ladder that came to their end; `None` where there are no n-grams.
    pub fn of<'t>(trials: impl Iterator<Item = &'t Trial>) -> Option<Self> {
        let beside = |trial: &'t Trial| Some((trial, trial.bits_per_byte?, *trial.ngrams.last()?));
        let known: Vec<_> = trials
            .filter(|trial| trial.role == Role::Ladder)
            .filter_map(beside)
            .collect();
        let best = known.iter().min_by(|one, other| one.1.0.total_cmp(&other.1.0))?;
        Some(Self {
            trials: known.len(),
            worse: known
                .iter()
                .filter(|(_, loss, ngram)| loss.0 > ngram.bits_per_byte.0)
                .count(),
            tokens: best.0.tokens,
            best: best.1,
            ngram: best.2,
        })
    }

    /// In words.
    pub fn told(&self) -> String {
        let Self {
            trials,
            worse,
            tokens,
            best,
            ngram,
        } = self;
        let (order, counted) = (ngram.order, ngram.bits_per_byte);
        let beside = format!(
            "the best has {best} bits per byte after {tokens} tokens, and a {order}-gram of as many, which only counts, \
             {counted}"
        );
        match (worse, trials) {
            (0, _) => {
                format!("Every trial is better than a {order}-gram of the tokens that it saw: {beside}.")
            }
            (worse, trials) if worse == trials => format!(
                "No trial is better than a {order}-gram of the tokens that it saw: {beside}. Runs this short have not \
                 learnt what counting gives; larger budgets would tell more of models."
            ),
            (worse, trials) => format!(
                "{worse} of {trials} trials are worse than a {order}-gram of the tokens that they saw: {beside}."
            ),
        }
    }
}

/// The losses on one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextLoss {
    /// Its name.
    pub name: String,
    /// Whether it is a source of the corpus' own validation split, and not a validation text.
    pub is_source: bool,
    /// In the order of the arms; `None` where an arm has no such text.
    pub arms: Vec<Option<ArmLoss>>,
}

/// The loss of one arm on one text, in bits per byte.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArmLoss {
    /// Mean over the seeds.
    pub mean: f64,
    /// Their standard deviation; `None` of a single one.
    pub deviation: Option<f64>,
    /// Runs.
    pub runs: usize,
    /// The mean less the baseline's; `None` of the baseline, and where the two texts are not the same.
    pub difference: Option<f64>,
}

impl ArmLoss {
    /// The loss of runs that differ by their seed, beside the baseline's mean; `None` without any.
    pub fn of(losses: &[f64], baseline: Option<f64>) -> Option<Self> {
        let runs = losses.len();
        let mean = losses.iter().sum::<f64>() / runs as f64;
        let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
        (runs > 0).then(|| Self {
            mean,
            deviation: (runs > 1).then(|| (squares / (runs - 1) as f64).sqrt()),
            runs,
            difference: baseline.map(|baseline| mean - baseline),
        })
    }
}
