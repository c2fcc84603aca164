use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use triaxis_host::Kind;
use triaxis_kernels::Precision;
use triaxis_model::ops::Weighing;
use triaxis_model::{Model, ModelError, Stack};
use triaxis_units::Nats;

use super::ObjectiveSpec;
use crate::bound::{MaskedBatch, bound, masked_once};
use crate::data::{Batch, ValidationText};
use crate::error::TrainError;
use crate::evaluate::evaluate_by;
use crate::objective::{Noise, Objective};
use crate::outcome::{BoundError, Evaluation, NamedEvaluation};

/// The loss of masked tokens, whatever share of them is masked: see `ABOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskedDiffusion {
    /// How slowly the average of the weights moves that is measured and saved in their place: from 0, where it is the
    /// weights, to below 1.
    pub average: f64,
    /// Masks of each sequence by which a text's loss is measured, an even number.
    pub draws: usize,
}

/// The least share of a sequence's time that is drawn, below which next to nothing is masked.
const LEAST: f64 = 1e-3;

/// What is never masked, at the end of time: the log-linear schedule masks `(1 - UNMASKED) × time`.
const UNMASKED: f64 = 1e-3;

impl MaskedDiffusion {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Masked diffusion (MDLM: Sahoo et al. 2024, arXiv 2406.07524): a share of each sequence's \
        tokens, drawn anew, is masked, and the model that sees all positions is to say what was there. As there: the mask has \
        no probability and what is not masked stays (SUBS); the log-linear schedule, by which time t masks t of the tokens \
        and losses are divided by t; times spread evenly over a batch; an average of the weights that moves by 0.9999. Its \
        loss is a bound from above on that of the text, estimated by draws.";

    /// The masked tokens of a batch at random times, spread evenly, and what each loss is multiplied by.
    fn masked(batch: &Batch, mask: i64, noise: Noise) -> (MaskedBatch, Vec<f32>) {
        let mut stream = noise.stream("masked diffusion");
        let tokens = batch.targets.len() as f64;
        let times: Vec<f64> = (0..batch.sequences)
            .map(|sequence| {
                let even = (sequence as f64 + stream.uniform()) / batch.sequences as f64;
                LEAST + (1.0 - LEAST) * even
            })
            .collect();
        let is_masked = |place: usize| stream.uniform() < (1.0 - UNMASKED) * times[place / batch.length];
        let mut masked = MaskedBatch::new(&batch.targets, batch.length, mask, is_masked);
        let weight = |&place: &i64| (1.0 / times[place as usize / batch.length] / tokens) as f32;
        let mut weights: Vec<f32> = masked.places.iter().map(weight).collect();
        if weights.is_empty() {
            // A loss of nothing, with gradients of zero.
            masked.places.push(0);
            masked.targets.push(batch.targets[0]);
            weights.push(0.0);
        }
        (masked, weights)
    }
}

impl Default for MaskedDiffusion {
    fn default() -> Self {
        Self {
            average: 0.9999,
            draws: 8,
        }
    }
}

impl Objective for MaskedDiffusion {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ObjectiveSpec> {
        let quick = Self {
            average: 0.5,
            draws: 4,
        };
        vec![
            ObjectiveSpec::MaskedDiffusion(Self::default()),
            ObjectiveSpec::MaskedDiffusion(quick),
        ]
    }

    /// The mask.
    fn marks(&self) -> usize {
        1
    }

    fn is_bidirectional(&self) -> bool {
        true
    }

    fn validate(&self, _: &Stack) -> Result<(), TrainError> {
        let refused = |message: String| Err(TrainError::new(Kind::Input, message));
        if !(0.0..1.0).contains(&self.average) {
            return refused(format!(
                "`objective.average = {}`: must be from 0 to below 1; the usual is 0.9999, and 0 measures the weights \
                 themselves",
                self.average
            ));
        }
        if !(4..=1 << 16).contains(&self.draws) || !self.draws.is_multiple_of(2) {
            return refused(format!(
                "`objective.draws = {}`: must be an even number from 4 to 65536, for masks are drawn in pairs and two of \
                 these tell an error; the usual is 8",
                self.draws
            ));
        }
        Ok(())
    }

    fn cost(
        &self,
        model: &Model,
        batch: &Batch,
        noise: Noise,
        device: &Device,
    ) -> Result<Tensor<1>, ModelError> {
        let answers = model.stack().vocabulary - 1;
        let (masked, weights) = Self::masked(batch, answers as i64, noise);
        let (tokens, places, targets) = masked.tensors(device);
        model.weighted_loss_at(tokens, places, targets, Weighing { weights, answers })
    }

    /// Times are spread evenly from almost none to all.
    fn scored(&self) -> f64 {
        (1.0 - UNMASKED) * (1.0 + LEAST) / 2.0
    }

    fn average(&self) -> Option<f64> {
        Some(self.average)
    }

    /// Losses of steps are as far apart as the masks that are drawn, so that the first may be any.
    fn at_first(&self, first: f64, stack: &Stack) -> f64 {
        first.max((stack.vocabulary as f64).ln())
    }

    fn given(&self, batch: &Batch, vocabulary: usize, first: u64) -> Vec<i64> {
        masked_once(batch, vocabulary as i64, first)
    }

    fn evaluate(
        &self,
        model: &Model,
        text: &ValidationText,
        context: usize,
        vocabulary: usize,
        device: &Device,
    ) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
        let mut denoise = |masked: &MaskedBatch| {
            let (tokens, places, targets) = masked.tensors(device);
            let losses = Precision::Float32.run(|| model.losses_at(tokens, places, targets, vocabulary))?;
            Ok(losses.into_data().iter::<f32>().collect())
        };
        let (mut variance, mut first) = (0.0, 0);
        let (whole, sources) = evaluate_by(text, context, vocabulary, &mut |batch| {
            let bound = bound(batch, vocabulary as i64, self.draws, first, &mut denoise)?;
            variance += bound.variance;
            first += batch.sequences as u64;
            Ok(bound.losses)
        })?;
        let error = Nats(variance.sqrt() / whole.tokens.as_f64());
        let bounded = |evaluation: Evaluation, error| Evaluation {
            bound: Some(BoundError { error }),
            ..evaluation
        };
        let sources = sources.into_iter().map(|source| NamedEvaluation {
            evaluation: bounded(source.evaluation, None),
            ..source
        });
        Ok((bounded(whole, Some(error)), sources.collect()))
    }
}
