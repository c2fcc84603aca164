//! How unlike a model's text a document is, as cc_net tells it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::Score;
use crate::unit::{Prepared, Room};
use crate::{Model, NgramsError, Units};

/// What is scored by itself, from a begin to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sentence {
    /// Each line, empty ones too.
    #[default]
    Line,
    /// The whole document.
    Document,
}

/// A model that is asked about documents, from any thread.
pub struct Judge {
    model: Model,
    units: Prepared,
    sentence: Sentence,
}

impl Judge {
    /// Opens a model. Text is split by `units`, or else as the model's file says, or else at spaces; `tokenizer` is the
    /// file whose tokens the words are, if they are that.
    ///
    /// # Errors
    /// When the model cannot be read, or there is no such tokenizer.
    pub fn open(
        model: &Path,
        units: Option<Units>,
        tokenizer: Option<&Path>,
        sentence: Sentence,
    ) -> Result<Self, NgramsError> {
        let model = Model::open(model)?;
        let units = match units {
            Some(units) => units,
            None => Units::said(model.comments())?.unwrap_or_default(),
        };
        Ok(Self {
            units: units.prepare(tokenizer)?,
            model,
            sentence,
        })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How probable a document is: the sum over its sentences.
    ///
    /// # Errors
    /// When a tokenizer cannot encode it.
    pub fn score(&self, text: &str, room: &mut Room) -> Result<Score, NgramsError> {
        let mut score = Score::default();
        match self.sentence {
            _ if text.is_empty() => {}
            Sentence::Document => score += self.line(text, room)?,
            Sentence::Line => {
                // As training splits lines.
                for line in text.split('\n') {
                    score += self.line(line.strip_suffix('\r').unwrap_or(line), room)?;
                }
            }
        }
        Ok(score)
    }

    /// How probable a sentence is.
    ///
    /// # Errors
    /// When a tokenizer cannot encode it.
    pub fn line(&self, line: &str, room: &mut Room) -> Result<Score, NgramsError> {
        self.units.split(line, room, |words| self.model.sentence(words))
    }
}

impl Score {
    /// 10 to the power of minus the mean logarithm of the words' and ends' probabilities, to one decimal place as cc_net
    /// rounds it; of nothing it is 0.
    pub fn perplexity(&self) -> f64 {
        if self.tokens == 0 {
            return 0.0;
        }
        let exact = 10f64.powf(-self.log10 / self.tokens as f64).min(f64::MAX);
        // Written out it is rounded exactly, as Python's `round` does; times ten it would not be.
        format!("{exact:.1}").parse().unwrap_or(exact)
    }
}

/// cc_net's parts of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bucket {
    /// Most like the model's text.
    Head,
    /// Between.
    Middle,
    /// Least like the model's text.
    Tail,
}

impl Bucket {
    /// Shares of a calibration set below the perplexities that part the buckets, in percent.
    pub const PERCENTILES: [f64; 2] = [30.0, 60.0];

    /// The bucket of a perplexity, where `cutoffs` are the first of the middle and of the tail.
    pub fn of(perplexity: f64, cutoffs: [f64; 2]) -> Self {
        match perplexity {
            value if value < cutoffs[0] => Self::Head,
            value if value < cutoffs[1] => Self::Middle,
            _ => Self::Tail,
        }
    }
}

/// The value that so many percent of `sorted` values are below, on a line between the two around it, as numpy's
/// `percentile` has it; none where there is no value.
///
/// ```
/// use triaxis_ngrams::percentile;
/// assert_eq!(percentile(&[1.0, 2.0, 4.0], 75.0), Some(3.0));
/// ```
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}
