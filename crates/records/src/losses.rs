use serde::{Deserialize, Serialize};

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
