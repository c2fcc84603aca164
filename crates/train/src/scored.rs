//! Training on sequences that are made as they are asked for, of which some positions are scored.

use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_host::Kind;
use triaxis_kernels::Precision;
use triaxis_kernels::parallel::inside;

use crate::config::{Branch, TrainConfig};
use crate::error::TrainError;
use crate::outcome::Divergence;
use crate::state::State;

/// Sequences of one length, and the answers that are scored in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredBatch {
    sequences: usize,
    length: usize,
    /// `[sequences × length]`
    tokens: Vec<i32>,
    /// Rows of these after which an answer is scored.
    places: Vec<i32>,
    /// The answers, in the order of the places.
    targets: Vec<i32>,
    /// The largest token or answer.
    largest: u32,
}

impl ScoredBatch {
    /// Tokens, each with the answer that is scored after it, if one is.
    ///
    /// # Errors
    /// When nothing is scored, lengths differ, or there are more tokens than can be told apart.
    pub fn new<'a>(
        sequences: impl IntoIterator<Item = (&'a [u32], &'a [Option<u32>])>,
    ) -> Result<Self, TrainError> {
        let mut batch = Self {
            sequences: 0,
            length: 0,
            tokens: Vec::new(),
            places: Vec::new(),
            targets: Vec::new(),
            largest: 0,
        };
        let refused = |rule: &str| {
            let message = format!("a batch of scored sequences: {rule}; make it of other sequences");
            Err(TrainError::new(Kind::Input, message))
        };
        for (tokens, targets) in sequences {
            if batch.sequences > 0 && tokens.len() != batch.length || tokens.len() != targets.len() {
                return refused("all have one length, and a place for an answer after each token");
            }
            let first = batch.tokens.len();
            let all = tokens.iter().copied().chain(targets.iter().copied().flatten());
            batch.largest = all.fold(batch.largest, u32::max);
            batch.tokens.extend(tokens.iter().map(|&token| token as i32));
            for (place, target) in (first..).zip(targets) {
                if let Some(target) = target {
                    batch.places.push(place as i32);
                    batch.targets.push(*target as i32);
                }
            }
            batch.length = tokens.len();
            batch.sequences += 1;
        }
        if batch.places.is_empty() {
            return refused("at least one answer is scored");
        }
        if batch.tokens.len().max(batch.largest as usize) > i32::MAX as usize {
            return refused("it has at most 2147483647 tokens, of a vocabulary of at most as many");
        }
        Ok(batch)
    }

    fn tensors(&self, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>, Tensor<1, Int>) {
        let list = |values: &[i32]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Tensor::<1, Int>::from_data(data, device)
        };
        let tokens = list(&self.tokens).reshape([self.sequences, self.length]);
        (tokens, list(&self.places), list(&self.targets))
    }

    /// How many of the answers are those that are scored.
    pub fn right(&self, answers: &[u32]) -> usize {
        let pairs = answers.iter().zip(&self.targets);
        pairs
            .filter(|(answer, target)| **answer as i32 == **target)
            .count()
    }
}

/// How answers are, summed over them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AnswerScores {
    /// Answers.
    pub answers: usize,
    /// Those whose likeliest token is right.
    pub right: usize,
    /// The logarithms of the right tokens' probabilities.
    pub log_probability: f64,
    /// The squared differences of all probabilities from those of who knows (Brier 1950).
    pub brier: f64,
}

impl AnswerScores {
    /// Of one answer with these scores of every token.
    fn of(scores: &[f32], target: usize) -> Self {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let parts = || scores.iter().map(|&score| f64::from(score - largest).exp());
        let sum: f64 = parts().sum();
        let squares: f64 = parts().map(|part| (part / sum).powi(2)).sum();
        let gap = scores
            .get(target)
            .map_or(f64::NAN, |&score| f64::from(score - largest));
        let probability = gap.exp() / sum;
        Self {
            answers: 1,
            right: usize::from(gap == 0.0),
            log_probability: gap - sum.ln(),
            brier: squares - 2.0 * probability + 1.0,
        }
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            answers: self.answers + other.answers,
            right: self.right + other.right,
            log_probability: self.log_probability + other.log_probability,
            brier: self.brier + other.brier,
        }
    }
}

/// A training on such batches: the first branch of a configuration, whose sequences come from elsewhere.
#[derive(Debug)]
pub struct Learner {
    config: TrainConfig,
    branch: Branch,
    state: State,
    device: Device,
}

impl Learner {
    /// A training before its first step.
    ///
    /// # Errors
    /// When the configuration breaks a rule, or positions of its network see those after them, where answers are.
    pub fn new(config: TrainConfig) -> Result<Self, TrainError> {
        config.validate()?;
        if config.architecture.stack().is_bidirectional() {
            return Err(TrainError::new(
                Kind::Input,
                "`bidirectional = true`: answers that stand in a sequence must not be seen by who is to give them, and \
                 this model's positions see those after them; train one without `bidirectional`"
                    .to_owned(),
            ));
        }
        let device = Device::default().autodiff();
        Ok(Self {
            branch: config.branches[0],
            state: inside(|| State::initial(&config, &device))?,
            config,
            device,
        })
    }

    /// The training after one more step; a step that diverges changes nothing.
    ///
    /// # Errors
    /// When the batch does not fit the model.
    pub fn learn(self, batch: &ScoredBatch) -> Result<(Self, Option<Divergence>), TrainError> {
        let started = Instant::now();
        self.fits(batch)?;
        let Self {
            config,
            branch,
            state,
            device,
        } = self;
        let (state, divergence) = inside(|| {
            let (tokens, places, targets) = batch.tensors(&device);
            state.learn(&config, &config.span(branch), started, |model| {
                model.loss_at(tokens, places, targets)
            })
        })?;
        let learner = Self {
            config,
            branch,
            state,
            device,
        };
        Ok((learner, divergence))
    }

    /// The loss of the last step, before its update.
    pub fn last_loss(&self) -> Option<f32> {
        self.state.losses.last().copied()
    }

    /// What the model answers where a batch is scored, each the likeliest token, computed in `f32`.
    ///
    /// # Errors
    /// When the batch does not fit the model.
    pub fn answers(&self, batch: &ScoredBatch) -> Result<Vec<u32>, TrainError> {
        let scores = self.logits(batch)?;
        let rows = scores.chunks_exact(self.config.architecture.vocabulary());
        let likeliest = |row: &[f32]| {
            let best = (0u32..).zip(row).max_by(|one, other| one.1.total_cmp(other.1));
            best.map_or(0, |(token, _)| token)
        };
        Ok(rows.map(likeliest).collect())
    }

    /// The scores of every token where a batch is scored.
    fn logits(&self, batch: &ScoredBatch) -> Result<Vec<f32>, TrainError> {
        self.fits(batch)?;
        let model = self.state.model.without_gradients();
        let (tokens, places, _) = batch.tensors(&Device::default());
        let logits = inside(|| Precision::Float32.run(|| model.logits_at(tokens, places)))?;
        Ok(logits.into_data().iter::<f32>().collect())
    }

    /// How the model answers where a batch is scored, computed in `f32`: more than whether the likeliest token is right.
    ///
    /// # Errors
    /// When the batch does not fit the model.
    pub fn scores(&self, batch: &ScoredBatch) -> Result<AnswerScores, TrainError> {
        let scores = self.logits(batch)?;
        let rows = scores.chunks_exact(self.config.architecture.vocabulary());
        let each = rows.zip(&batch.targets);
        Ok(each.fold(AnswerScores::default(), |sum, (row, target)| {
            sum.and(&AnswerScores::of(row, *target as usize))
        }))
    }

    fn fits(&self, batch: &ScoredBatch) -> Result<(), TrainError> {
        let vocabulary = self.config.architecture.vocabulary();
        if batch.largest as usize >= vocabulary {
            let message = format!(
                "token {} of a scored sequence is outside the model's vocabulary of {vocabulary}; give the model a larger \
                 `vocabulary`",
                batch.largest
            );
            return Err(TrainError::new(Kind::Input, message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_scored_by_its_probability() {
        // Probabilities 1/2, 1/4 and 1/4.
        let scores = [2f32.ln(), 0.0, 0.0];
        let first = AnswerScores::of(&scores, 0);
        let second = AnswerScores::of(&scores, 1);
        assert_eq!((first.right, second.right), (1, 0));
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        close(first.log_probability, 0.5f64.ln());
        close(second.log_probability, 0.25f64.ln());
        close(first.brier, 0.25 + 2.0 / 16.0);
        close(second.brier, 0.25 + 9.0 / 16.0 + 1.0 / 16.0);
        let both = first.and(&second);
        assert_eq!((both.answers, both.right), (2, 1));
        close(both.brier, first.brier + second.brier);
    }
}
