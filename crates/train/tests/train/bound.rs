//! Bounds by the exact denoiser of a small distribution: they are its likelihood.

use triaxis_random::Stream;
use triaxis_train::Batch;
use triaxis_train::bound::{MaskedBatch, bound};

/// A distribution over all sequences of some length and tokens.
struct Joint {
    length: usize,
    tokens: usize,
    /// By the sequence, read as a number whose first digit counts most.
    probabilities: Vec<f64>,
}

impl Joint {
    /// One far from even, in which tokens hang together.
    fn drawn(seed: u64, length: usize, tokens: usize) -> Self {
        let mut stream = Stream::new(seed, "joint", 0);
        let weights: Vec<f64> = (0..tokens.pow(length as u32))
            .map(|_| (2.0 * stream.normal()).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        Self {
            length,
            tokens,
            probabilities: weights.iter().map(|weight| weight / sum).collect(),
        }
    }

    fn digit(&self, sequence: usize, place: usize) -> usize {
        sequence / self.tokens.pow((self.length - 1 - place) as u32) % self.tokens
    }

    fn sequence(&self, number: usize) -> Vec<i64> {
        let digits = 0..self.length;
        digits.map(|place| self.digit(number, place) as i64).collect()
    }

    /// The loss of each masked token given those that are not masked.
    fn losses(&self, masked: &MaskedBatch) -> Vec<f32> {
        let mask = self.tokens as i64;
        let loss = |(&place, &target): (&i64, &i64)| {
            let (begin, place) = (place as usize / self.length, place as usize % self.length);
            let seen = &masked.inputs[begin * self.length..(begin + 1) * self.length];
            let agrees = |number: usize| {
                (0..self.length).all(|at| seen[at] == mask || seen[at] == self.digit(number, at) as i64)
            };
            let mut sums = [0.0; 2];
            for number in (0..self.probabilities.len()).filter(|&number| agrees(number)) {
                sums[0] += self.probabilities[number];
                if self.digit(number, place) as i64 == target {
                    sums[1] += self.probabilities[number];
                }
            }
            -(sums[1] / sums[0]).ln() as f32
        };
        masked.places.iter().zip(&masked.targets).map(loss).collect()
    }
}

fn batch(joint: &Joint, numbers: &[usize]) -> Batch {
    let targets: Vec<i64> = numbers
        .iter()
        .flat_map(|&number| joint.sequence(number))
        .collect();
    Batch {
        sequences: numbers.len(),
        length: joint.length,
        inputs: targets.clone(),
        targets,
        end_of_text: None,
    }
}

#[test]
fn over_all_masks_it_is_the_likelihood() {
    for (length, tokens) in [(1, 5), (2, 4), (5, 3), (8, 2)] {
        let joint = Joint::drawn(7, length, tokens);
        let numbers: Vec<usize> = (0..joint.probabilities.len()).step_by(3).collect();
        let batch = batch(&joint, &numbers);
        let found = bound(
            &batch,
            tokens as i64,
            8,
            0,
            &mut |masked| Ok(joint.losses(masked)),
        )
        .unwrap();
        assert_eq!(found.variance, 0.0);
        for (losses, &number) in found.losses.chunks_exact(length).zip(&numbers) {
            let sum: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
            let exact = -joint.probabilities[number].ln();
            assert!(
                (sum - exact).abs() <= 1e-6 * length as f64,
                "{length} tokens of {tokens}: {sum} and {exact}"
            );
        }
    }
}

#[test]
fn by_draws_it_is_the_likelihood_within_their_error() {
    let joint = Joint::drawn(9, 9, 2);
    let numbers: Vec<usize> = (0..joint.probabilities.len()).collect();
    let batch = batch(&joint, &numbers);
    let exact: f64 = joint
        .probabilities
        .iter()
        .map(|probability| -probability.ln())
        .sum();
    let mut errors = Vec::new();
    for (draws, first) in [(4, 0), (16, 0), (16, 4_096)] {
        let found = bound(&batch, 2, draws, first, &mut |masked| Ok(joint.losses(masked))).unwrap();
        let sum: f64 = found.losses.iter().map(|&loss| f64::from(loss)).sum();
        let error = found.variance.sqrt();
        assert!(
            (sum - exact).abs() <= 3.0 * error,
            "{sum} and {exact}, within {error} by {draws} draws"
        );
        errors.push(error);
    }
    // Four times the draws are half the error, and all of it is small.
    assert!((errors[0] / errors[1] - 2.0).abs() < 0.2, "{errors:?}");
    assert!(errors[1] < 0.02 * exact, "{errors:?}, {exact}");
}
