//! The head and its cross-entropy, in both precisions.

use std::cell::LazyCell;

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::cross_entropy::{self, Head};

use super::reference::{self, config, random, random_tokens, round_to_bf16, rounded, rounds, wide};
use super::{ROUNDED_TOLERANCE, TOLERANCE, on_every_level, size, unset};

/// `x`, and the head's weight.
pub(super) fn cross_entropy_inputs([rows, width, vocabulary]: [usize; 3]) -> [Vec<f32>; 2] {
    let weight = random(2, vocabulary * width).iter().map(|x| 3.0 * x).collect();
    [random(1, rows * width), weight]
}

pub(super) fn check_cross_entropy([rows, width, vocabulary]: [usize; 3], [x, weight]: &[Vec<f32>; 2]) {
    let targets = random_tokens(3, rows, vocabulary);
    let (expected, [expected_dx, expected_dweight]) =
        reference::cross_entropy(&wide(x), &wide(weight), width, &targets);
    on_every_level(|| {
        let head = Head {
            weight,
            width,
            precision: Precision::Float32,
        };
        let [mut alone, mut losses, mut dx, mut dweight] = [rows, rows, x.len(), weight.len()].map(unset);
        cross_entropy::losses(head, x, &targets, &mut alone);
        cross_entropy::losses_and_gradients(head, x, &targets, &mut losses, &mut dx, &mut dweight);
        assert_close!(alone, wide(&losses), 0.0, 0.0);
        assert_close!(losses, expected, 1.0);
        assert_close!(dx, expected_dx, 1.0 / rows as f64);
        assert_close!(dweight, expected_dweight, 1.0 / rows as f64);
        // Of equal weights the sum is the mean, to the bit.
        let weights = vec![1.0 / rows as f32; rows];
        let equal = weighted(head, x, &targets, &weights);
        assert_eq!(equal.map(bits), [losses, dx, dweight].map(bits));
    });
}

/// Losses and gradients of their weighted sum.
fn weighted(head: Head, x: &[f32], targets: &[u32], weights: &[f32]) -> [Vec<f32>; 3] {
    let [mut losses, mut dx, mut dweight] = [targets.len(), x.len(), head.weight.len()].map(unset);
    let gradients = [&mut dx[..], &mut dweight];
    cross_entropy::weighted_losses_and_gradients(head, x, targets, weights, &mut losses, gradients);
    [losses, dx, dweight]
}

/// In both precisions, a weight is how often a row is there.
#[test]
fn weights_are_how_often_rows_are_there() {
    let sizes = [70, 24, 600];
    let [x, weight] = cross_entropy_inputs(sizes);
    let targets = random_tokens(3, 70, 600);
    let times: Vec<usize> = (0..70).map(|row| row % 3).collect();
    let repeated = || (0..70).flat_map(|row| std::iter::repeat_n(row, times[row]));
    let more_x: Vec<f32> = repeated()
        .flat_map(|row| x[row * 24..(row + 1) * 24].to_vec())
        .collect();
    let more_targets: Vec<u32> = repeated().map(|row| targets[row]).collect();
    let weights: Vec<f32> = times
        .iter()
        .map(|&times| times as f32 / more_targets.len() as f32)
        .collect();
    for precision in [Precision::Float32, rounded()] {
        on_every_level(|| {
            let head = Head {
                weight: &weight,
                width: 24,
                precision,
            };
            let [mut losses, mut dx, mut dweight] =
                [more_targets.len(), more_x.len(), weight.len()].map(unset);
            cross_entropy::losses_and_gradients(
                head,
                &more_x,
                &more_targets,
                &mut losses,
                &mut dx,
                &mut dweight,
            );
            let [_, found_dx, found_dweight] = weighted(head, &x, &targets, &weights);
            let scale = 1.0 / more_targets.len() as f64;
            let tolerance = if rounds() { ROUNDED_TOLERANCE } else { TOLERANCE };
            assert_close!(found_dweight, wide(&dweight), scale, tolerance);
            let mut expected = vec![0.0; x.len()];
            for (row, gradient) in repeated().zip(dx.chunks_exact(24)) {
                for (sum, value) in expected[row * 24..(row + 1) * 24].iter_mut().zip(gradient) {
                    *sum += f64::from(*value);
                }
            }
            assert_close!(found_dx, expected, scale, tolerance);
        });
    }
}

/// Against the reference of operands rounded to bf16, the losses to a tolerance of their own; where nothing rounds
/// them, against `f32`, bit for bit: that reference is no measure there, for the rounding of its operands moves the
/// logits of width 257 by 0.15 and their gradients by 2.4%.
pub(super) fn check_rounded_cross_entropy(
    [rows, width, vocabulary]: [usize; 3],
    [x, weight]: &[Vec<f32>; 2],
    tolerance: f64,
) {
    let targets = random_tokens(3, rows, vocabulary);
    let reference = || reference::cross_entropy(&round_to_bf16(x), &round_to_bf16(weight), width, &targets);
    let reference = LazyCell::new(reference);
    let run = |precision| {
        let head = Head {
            weight,
            width,
            precision,
        };
        let [mut losses, mut dx, mut dweight] = [rows, x.len(), weight.len()].map(unset);
        cross_entropy::losses_and_gradients(head, x, &targets, &mut losses, &mut dx, &mut dweight);
        [losses, dx, dweight]
    };
    on_every_level(|| {
        let found = run(rounded());
        if !rounds() {
            assert_eq!(found.map(bits), run(Precision::Float32).map(bits));
            return;
        }
        let ([losses, dx, dweight], (expected, [expected_dx, expected_dweight])) = (found, &*reference);
        assert_close!(losses, *expected, 1.0, tolerance);
        assert_close!(dx, *expected_dx, 1.0 / rows as f64, ROUNDED_TOLERANCE);
        assert_close!(dweight, *expected_dweight, 1.0 / rows as f64, ROUNDED_TOLERANCE);
    });
}

fn bits(values: Vec<f32>) -> Vec<u32> {
    values.into_iter().map(f32::to_bits).collect()
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn cross_entropy_of_any_shape(rows in size(), width in size(), vocabulary in size()) {
        let sizes = [rows, width, vocabulary];
        check_cross_entropy(sizes, &cross_entropy_inputs(sizes));
    }

    #[test]
    fn rounded_cross_entropy_of_any_shape(
        rows in size(), width in size(), vocabulary in prop_oneof![size(), Just(513), Just(1100)],
    ) {
        let sizes = [rows, width, vocabulary];
        check_rounded_cross_entropy(sizes, &cross_entropy_inputs(sizes), ROUNDED_TOLERANCE);
    }
}

/// Values that bf16 holds exactly, so that only the exponentials are rounded; the logits of the last tokens lie
/// far above those of the first, or not, and all of them are far from zero.
#[test]
fn rounded_cross_entropy_of_low_and_high_logits() {
    for (rows, width, vocabulary) in [(1, 1, 1), (33, 8, 17), (70, 8, 513), (300, 9, 1100)] {
        for late in [1.0, 6.0] {
            let whole = |seed, count, most: f32| -> Vec<f32> {
                random(seed, count).iter().map(|x| (most * x).round()).collect()
            };
            let (x, mut weight) = (whole(1, rows * width, 3.0), whole(2, vocabulary * width, 3.0));
            for value in weight.iter_mut().skip(512 * width) {
                *value *= late;
            }
            check_rounded_cross_entropy([rows, width, vocabulary], &[x, weight], TOLERANCE);
        }
    }
}
