use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use triaxis_host::Kind;
use triaxis_model::ops::Weighing;
use triaxis_model::{Model, ModelError, Stack};
use triaxis_random::Stream;

use super::ObjectiveSpec;
use crate::bound::MaskedBatch;
use crate::config::rule;
use crate::data::Batch;
use crate::error::TrainError;
use crate::evaluate;
use crate::objective::{Noise, Objective};

/// Masked tokens of some sequences, next tokens of the others: see `ABOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskedNextToken {
    /// The share of sequences in which tokens are masked.
    pub share: f64,
    /// The share of their tokens that are to be told.
    pub rate: f64,
    /// The share of these in whose place stands a token that is drawn at random.
    pub random: f64,
    /// The share of these that stand as they are.
    pub kept: f64,
}

impl Default for MaskedNextToken {
    fn default() -> Self {
        Self {
            share: 0.9375,
            rate: 0.15,
            random: 0.1,
            kept: 0.1,
        }
    }
}

impl MaskedNextToken {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Masked next tokens (GPT-BERT: Charpentier and Samuel 2024, arXiv 2410.24159): in a \
        share of the sequences of a step some tokens are masked, positions see those after them, too, and a masked token is \
        told at the position before it; in the others each position sees those before it and tells the next. One network \
        learns both, each by its share, and is measured by next tokens. Tokens are masked each by itself and at one rate \
        throughout; in 2 of 10 places stand a token drawn at random or their own (BERT, arXiv 1810.04805).";

    /// How many of some sequences have masked tokens: their share, in the mean over steps.
    fn masked_of(&self, sequences: usize, stream: &mut Stream) -> usize {
        let wanted = self.share * sequences as f64;
        let is_one_more = stream.uniform() < wanted.fract();
        (wanted as usize + usize::from(is_one_more)).min(sequences)
    }

    /// Sequences with tokens masked, each of which is told at the row before it.
    fn masked(&self, batch: &Batch, mask: i64, stream: &mut Stream) -> MaskedBatch {
        let mut masked = MaskedBatch {
            sequences: batch.sequences,
            length: batch.length,
            inputs: batch.inputs.clone(),
            places: Vec::new(),
            targets: Vec::new(),
        };
        for (place, &token) in batch.inputs.iter().enumerate() {
            // No row is before the first.
            if place.is_multiple_of(batch.length) || stream.uniform() >= self.rate {
                continue;
            }
            masked.places.push(place as i64 - 1);
            masked.targets.push(token);
            let drawn = stream.uniform();
            masked.inputs[place] = if drawn < self.kept {
                token
            } else if drawn < self.kept + self.random {
                stream.below(mask as usize) as i64
            } else {
                mask
            };
        }
        masked
    }
}

impl Objective for MaskedNextToken {
    fn numerics(&self) -> u32 {
        2
    }

    fn examples(&self) -> Vec<ObjectiveSpec> {
        let half = Self {
            share: 0.5,
            rate: 0.4,
            random: 0.3,
            kept: 0.0,
        };
        [Self::default(), half].map(ObjectiveSpec::MaskedNextToken).into()
    }

    /// The mask.
    fn marks(&self) -> usize {
        1
    }

    fn validate(&self, stack: &Stack) -> Result<(), TrainError> {
        for (field, value) in [("objective.share", self.share), ("objective.rate", self.rate)] {
            rule(value > 0.0 && value <= 1.0, field, value, || {
                let remedy =
                    "the usual are 0.9375 and 0.15; without masks, take the objective \"next-token\"";
                ("must be above 0 and at most 1".into(), remedy.into())
            })?;
        }
        let together = self.random + self.kept;
        for (field, value) in [("objective.random", self.random), ("objective.kept", self.kept)] {
            rule(value >= 0.0 && together <= 1.0, field, value, || {
                let told = "must be 0 or more, and at most 1 together with the other of `random` and `kept`";
                (told.into(), "the usual are 0.1 and 0.1".into())
            })?;
        }
        match stack.both_ways().is_bidirectional() {
            true => Ok(()),
            false => Err(TrainError::new(
                Kind::Input,
                "`objective = \"masked-next-token\"`: needs attention without a window, which can see the positions after \
                 its own, and this model has none; give it some, or take another objective"
                    .to_owned(),
            )),
        }
    }

    fn cost(
        &self,
        model: &Model,
        batch: &Batch,
        noise: Noise,
        device: &Device,
    ) -> Result<Tensor<1>, ModelError> {
        let mut stream = noise.stream("masked next tokens");
        let mask = model.stack().vocabulary - 1;
        let count = self.masked_of(batch.sequences, &mut stream);
        let share = count as f64 / batch.sequences as f64;
        let masked = self.masked(&batch.part(0..count), mask as i64, &mut stream);
        // Where nothing is masked, all tell next tokens.
        if masked.places.is_empty() {
            return evaluate::loss(model, batch, device);
        }
        let weights = vec![(1.0 / masked.places.len() as f64) as f32; masked.places.len()];
        let weighing = Weighing {
            weights,
            answers: mask,
        };
        let (tokens, places, targets) = masked.tensors(device);
        let told = model
            .both_ways()
            .weighted_loss_at(tokens, places, targets, weighing)?;
        if count == batch.sequences {
            return Ok(told);
        }
        let causal = evaluate::loss(model, &batch.part(count..batch.sequences), device)?;
        // Each part has in it what experts cost that are out of balance, so that together they have it once.
        Ok(told.mul_scalar(share) + causal.mul_scalar(1.0 - share))
    }

    /// Those that are to be told, and all of the other sequences.
    fn scored(&self) -> f64 {
        self.share * self.rate + (1.0 - self.share)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use triaxis_model::{ArchitectureSpec, Decoder};

    use super::*;

    #[test]
    fn what_is_masked_is_told_at_the_place_before_it() {
        let settings = MaskedNextToken {
            rate: 0.3,
            random: 0.2,
            kept: 0.1,
            ..MaskedNextToken::default()
        };
        let (sequences, length) = (200, 50);
        let tokens: Vec<u32> = (0..sequences as u32 * 50 + 1).map(|place| place % 90).collect();
        let starts: Vec<usize> = (0..sequences).map(|sequence| sequence * length).collect();
        let batch = Batch::read(&tokens, "training", &starts, length, 91).unwrap();
        let masked = settings.masked(&batch, 90, &mut Stream::new(1, "test", 0));
        let told = masked.places.len() as f64;
        let share = told / (sequences * (length - 1)) as f64;
        assert!((0.28..0.32).contains(&share), "{share}");
        let mut counts = [0.0; 3];
        for (&place, &target) in masked.places.iter().zip(&masked.targets) {
            let place = place as usize;
            assert_eq!(batch.inputs[place + 1], target);
            assert_eq!(batch.targets[place], target);
            assert_ne!((place + 1) % length, 0);
            counts[match masked.inputs[place + 1] {
                90 => 0,
                token if token == target => 1,
                _ => 2,
            }] += 1.0 / told;
        }
        for (found, expected) in counts.into_iter().zip([0.7, 0.1, 0.2]) {
            assert!((found - expected).abs() < 0.03, "{counts:?}");
        }
        let changed = masked
            .inputs
            .iter()
            .zip(&batch.inputs)
            .filter(|(new, old)| new != old);
        assert!(changed.count() <= masked.places.len());
    }

    #[test]
    fn as_many_sequences_have_masks_as_their_share_says() {
        let settings = MaskedNextToken::default();
        let counts = |sequences| -> Vec<usize> {
            let count = |step| settings.masked_of(sequences, &mut Stream::new(1, "test", step));
            (0..2000).map(count).collect()
        };
        assert!(counts(16).iter().all(|&count| count == 15));
        let three = counts(3);
        assert!(three.iter().all(|count| [2, 3].contains(count)));
        let mean = three.iter().sum::<usize>() as f64 / (3.0 * 2000.0);
        assert!((mean - settings.share).abs() < 0.01, "{mean}");
    }

    /// `-ln softmax(scores)[target]` among the first so many, as its definition says.
    fn loss(scores: &[f32], answers: usize, target: i64) -> f64 {
        let sum: f64 = scores[..answers]
            .iter()
            .map(|&score| f64::from(score).exp())
            .sum();
        sum.ln() - f64::from(scores[target as usize])
    }

    fn scores(model: &Model, batch: &Batch, device: &Device) -> Vec<f32> {
        let data = TensorData::new(batch.inputs.clone(), [batch.sequences, batch.length]);
        let logits = model.logits(Tensor::from_data(data, device)).unwrap();
        logits.into_data().iter::<f32>().collect()
    }

    #[test]
    fn what_a_step_costs_is_both_losses_by_their_shares() {
        let settings = MaskedNextToken {
            share: 0.5,
            rate: 0.4,
            ..MaskedNextToken::default()
        };
        let (vocabulary, length, device) = (14, 8, Device::default());
        let decoder = Decoder::new(vocabulary, 16, 2, 2, length);
        let model = ArchitectureSpec::Decoder(decoder).build(3, &device).unwrap();
        let tokens: Vec<u32> = (0..33).map(|place| place * place % 13).collect();
        let batch = Batch::read(&tokens, "training", &[0, 8, 16, 24], length, vocabulary).unwrap();
        let noise = Noise { seed: 1, step: 2 };
        let found: f32 = settings
            .cost(&model, &batch, noise, &device)
            .unwrap()
            .into_scalar();

        let mut stream = noise.stream("masked next tokens");
        assert_eq!(settings.masked_of(4, &mut stream), 2);
        let masked = settings.masked(&batch.part(0..2), 13, &mut stream);
        let both = Batch {
            inputs: masked.inputs.clone(),
            ..batch.part(0..2)
        };
        let seen = scores(&model.both_ways(), &both, &device);
        let row = |scores: &[f32], place: usize| scores[place * vocabulary..][..vocabulary].to_vec();
        let told = masked.places.iter().zip(&masked.targets);
        let told: f64 = told
            .map(|(&place, &target)| loss(&row(&seen, place as usize), 13, target))
            .sum();
        let rest = batch.part(2..4);
        let seen = scores(&model, &rest, &device);
        let next = rest.targets.iter().enumerate();
        let next: f64 = next
            .map(|(place, &target)| loss(&row(&seen, place), vocabulary, target))
            .sum();
        let expected = 0.5 * told / masked.places.len() as f64 + 0.5 * next / 16.0;
        assert!((f64::from(found) - expected).abs() < 1e-5, "{found} {expected}");
        // One way they are others.
        assert_ne!(
            scores(&model, &both, &device),
            scores(&model.both_ways(), &both, &device)
        );
    }

    /// Experts that are all chosen are in balance, which costs `auxiliary` itself.
    #[test]
    fn what_experts_cost_is_counted_once() {
        let settings = MaskedNextToken {
            share: 0.5,
            rate: 0.4,
            ..MaskedNextToken::default()
        };
        let (device, noise) = (Device::default(), Noise { seed: 1, step: 2 });
        let tokens: Vec<u32> = (0..33).map(|place| place * place % 13).collect();
        let batch = Batch::read(&tokens, "training", &[0, 8, 16, 24], 8, 14).unwrap();
        let cost = |auxiliary: f64| -> f32 {
            let text = format!(
                r#"{{"pattern": "a", "vocabulary": 14, "width": 16, "layers": 1, "context": 8, "blocks": {{"a": {{
                    "mixer": {{"kind": "attention", "head_dim": 8}},
                    "channel": {{"kind": "experts", "experts": 2, "chosen": 2, "auxiliary": {auxiliary}}}}}}}}}"#
            );
            let stack: Stack = serde_json::from_str(&text).unwrap();
            let model = stack.build(3, &device).unwrap();
            settings
                .cost(&model, &batch, noise, &device)
                .unwrap()
                .into_scalar()
        };
        let by = cost(0.5) - cost(0.0);
        assert!((by - 0.5).abs() < 1e-5, "{by}");
    }
}
