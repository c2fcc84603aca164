//! The loss of text by a model that fills in masked tokens: a bound from above, averaged over masks.
//!
//! With `l` of a sequence's `L` tokens masked, each choice of them as likely as any other and every `l` from 1 to `L` as
//! likely, the mean of `L ÷ l` times the losses of the masked tokens bounds the sequence's loss from above. That is the
//! bound of masked diffusion in continuous time (Sahoo et al. 2024, arXiv 2406.07524, equation 10, which integrates over
//! the share that is masked) as LLaDA draws it (Nie et al. 2025, arXiv 2502.09992, equation 6), since
//! `∫ t^(l-1) (1-t)^(L-l) dt = 1 ÷ (l C(L, l))`. It is the loss itself where the model's distributions agree with one another.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_random::Stream;

use crate::data::Batch;
use crate::error::TrainError;

/// Tokens of a sequence up to which all masks are taken and none is drawn.
const ENUMERATED: usize = 8;

/// Sequences of which some tokens are masked, and which these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedBatch {
    /// Sequences.
    pub sequences: usize,
    /// Tokens a sequence.
    pub length: usize,
    /// `[sequences × length]`, with the mask's token where one is masked.
    pub inputs: Vec<i64>,
    /// Rows of these that are masked, in order.
    pub places: Vec<i64>,
    /// What was there.
    pub targets: Vec<i64>,
}

impl MaskedBatch {
    /// Its tokens `[sequences, length]`, places and targets.
    pub(crate) fn tensors(&self, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>, Tensor<1, Int>) {
        let list = |values: &[i64]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Tensor::<1, Int>::from_data(data, device)
        };
        let tokens = list(&self.inputs).reshape([self.sequences, self.length]);
        (tokens, list(&self.places), list(&self.targets))
    }

    /// `tokens [sequences × length]` with `mask` in the place of those that `is_masked` says.
    pub(crate) fn new(
        tokens: &[i64],
        length: usize,
        mask: i64,
        mut is_masked: impl FnMut(usize) -> bool,
    ) -> Self {
        let mut batch = Self {
            sequences: tokens.len() / length,
            length,
            inputs: tokens.to_vec(),
            places: Vec::new(),
            targets: Vec::new(),
        };
        for (place, &token) in tokens.iter().enumerate() {
            if is_masked(place) {
                batch.inputs[place] = mask;
                batch.places.push(place as i64);
                batch.targets.push(token);
            }
        }
        batch
    }
}

/// What a denoiser loses on each masked token.
pub type Denoise<'a> = dyn FnMut(&MaskedBatch) -> Result<Vec<f32>, TrainError> + 'a;

/// The bound on the loss of some sequences.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// What each token adds to the bound, in nats, `[sequences × length]`.
    pub losses: Vec<f32>,
    /// The variance of their sum that comes of drawing masks.
    pub variance: f64,
}

/// The bound on the loss of the targets of a batch, seen from nothing but one another, by `draws` masks of each sequence
/// or all of them where sequences are short. Sequence i, counted from `first`, draws from a stream of its own.
///
/// # Errors
/// When the denoiser fails.
pub fn bound(
    batch: &Batch,
    mask: i64,
    draws: usize,
    first: u64,
    denoise: &mut Denoise<'_>,
) -> Result<Bound, TrainError> {
    match batch.length <= ENUMERATED {
        true => enumerated(batch, mask, denoise),
        false => drawn(batch, mask, draws, first, denoise),
    }
}

/// By all masks.
fn enumerated(batch: &Batch, mask: i64, denoise: &mut Denoise<'_>) -> Result<Bound, TrainError> {
    let length = batch.length;
    let mut losses = vec![0.0f64; batch.targets.len()];
    for chosen in 1u32..1 << length {
        let masked = chosen.count_ones() as usize;
        let weight = 1.0 / (masked as f64 * choices(length, masked));
        let is_masked = |place: usize| chosen >> (place % length) & 1 == 1;
        let masked = MaskedBatch::new(&batch.targets, length, mask, is_masked);
        for (&place, loss) in masked.places.iter().zip(denoise(&masked)?) {
            losses[place as usize] += weight * f64::from(loss);
        }
    }
    Ok(Bound {
        losses: losses.into_iter().map(|loss| loss as f32).collect(),
        variance: 0.0,
    })
}

/// How many ways there are to choose so many of so many.
fn choices(of: usize, many: usize) -> f64 {
    (0..many).fold(1.0, |choices, taken| {
        choices * (of - taken) as f64 / (taken + 1) as f64
    })
}

/// By pairs of masks that are drawn together: the first `l` of a random order, and its last `L + 1 - l`, so that few
/// masked tokens in one are many in the other, and each token is masked in one of them at least.
fn drawn(
    batch: &Batch,
    mask: i64,
    draws: usize,
    first: u64,
    denoise: &mut Denoise<'_>,
) -> Result<Bound, TrainError> {
    let (length, pairs) = (batch.length, (draws / 2).max(1));
    let mut streams: Vec<Stream> = (first..first + batch.sequences as u64)
        .map(|sequence| Stream::new(0, "masks of a bound", sequence))
        .collect();
    let mut losses = vec![0.0f64; batch.targets.len()];
    // Of each sequence, the sum over its pairs, and of squares.
    let mut sums = vec![[0.0f64; 2]; batch.sequences];
    for _ in 0..pairs {
        let orders: Vec<(Vec<usize>, usize)> =
            streams.iter_mut().map(|stream| ranks(stream, length)).collect();
        let mut totals = vec![0.0f64; batch.sequences];
        for half in 0..2 {
            let masked_of = |masked: usize| [masked, length + 1 - masked][half];
            let is_masked = |place: usize| {
                let (ranks, masked) = &orders[place / length];
                let rank = [ranks[place % length], length - 1 - ranks[place % length]][half];
                rank < masked_of(*masked)
            };
            let masked = MaskedBatch::new(&batch.targets, length, mask, is_masked);
            for (&place, loss) in masked.places.iter().zip(denoise(&masked)?) {
                let place = place as usize;
                let weight = length as f64 / masked_of(orders[place / length].1) as f64 / 2.0;
                totals[place / length] += weight * f64::from(loss);
                losses[place] += weight * f64::from(loss) / pairs as f64;
            }
        }
        for ([sum, squares], total) in sums.iter_mut().zip(totals) {
            *sum += total;
            *squares += total * total;
        }
    }
    let count = pairs as f64;
    let of_mean = |[sum, squares]: [f64; 2]| (squares - sum * sum / count) / (count * (count - 1.0));
    Ok(Bound {
        losses: losses.into_iter().map(|loss| loss as f32).collect(),
        variance: sums.into_iter().map(|sums| of_mean(sums).max(0.0)).sum(),
    })
}

/// The inputs of a batch with some masked of each sequence, from one to all, by masks as they are drawn for a bound, but from
/// streams of their own.
pub(crate) fn masked_once(batch: &Batch, mask: i64, first: u64) -> Vec<i64> {
    let mut inputs = batch.inputs.clone();
    for (sequence, tokens) in (first..).zip(inputs.chunks_mut(batch.length.max(1))) {
        let mut stream = Stream::new(0, "masks of a look", sequence);
        let (ranks, masked) = ranks(&mut stream, tokens.len());
        let places = tokens.iter_mut().zip(ranks);
        places
            .filter(|(_, rank)| *rank < masked)
            .for_each(|(token, _)| *token = mask);
    }
    inputs
}

/// The rank of each position in a random order, and how many are masked, from 1 to all.
fn ranks(stream: &mut Stream, length: usize) -> (Vec<usize>, usize) {
    let mut ranks: Vec<usize> = (0..length).collect();
    stream.shuffle(&mut ranks);
    (ranks, 1 + stream.below(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_one_to_all_of_each_sequence_are_masked_the_same_each_time() {
        let tokens: Vec<u32> = (0..161).map(|place| place % 9).collect();
        let starts: Vec<usize> = (0..20).map(|sequence| sequence * 8).collect();
        let batch = Batch::read(&tokens, "validation", &starts, 8, 9).unwrap();
        let all = masked_once(&batch, 9, 0);
        let mut counts = [0; 9];
        for (masked, own) in all.chunks(8).zip(batch.inputs.chunks(8)) {
            counts[masked.iter().filter(|token| **token == 9).count()] += 1;
            assert!(
                masked
                    .iter()
                    .zip(own)
                    .all(|(one, other)| one == other || *one == 9)
            );
        }
        assert!(
            counts[0] == 0 && counts.iter().filter(|count| **count > 0).count() > 3,
            "{counts:?}"
        );
        // However many are read at a time.
        let later = masked_once(&batch.part(5..20), 9, 5);
        assert_eq!(later, all[40..]);
    }
}
