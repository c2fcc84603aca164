//! Grouped products of experts.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::experts::{self, Choice, Experts, Gradients};

use super::reference::experts::{Sizes, choices, experts as expected};
use super::reference::{config, finite_differences, random, rounded, wide};
use super::{on_every_level, size, tolerance, unset};

/// `x`, the scales, gate and up, down, and the gradient of `y`.
fn inputs([rows, width, inner, experts, chosen]: Sizes) -> [Vec<f32>; 5] {
    let of_inputs = |seed, count, inputs: usize| {
        let factor = (3.0 / inputs as f32).sqrt();
        random(seed, count).iter().map(|x| factor * x).collect()
    };
    [
        random(1, rows * width),
        random(2, rows * chosen),
        of_inputs(3, experts * width * 2 * inner, width),
        of_inputs(4, experts * inner * width, inner),
        random(5, rows * width),
    ]
}

/// What the kernels write, in the order of the reference.
fn found(
    precision: Precision,
    [_, width, ..]: Sizes,
    choice: &Choice,
    [x, scales, gate_and_up, down, dy]: &[Vec<f32>; 5],
) -> [Vec<f32>; 5] {
    let layer = Experts {
        precision,
        choice,
        width,
        gate_and_up,
        down,
    };
    let inner = down.len() / (choice.experts() * width);
    let [mut y, mut gate_up] = [x.len(), scales.len() * 2 * inner].map(unset);
    experts::forward(layer, dy, [x, scales], &mut y, &mut gate_up);
    let mut gradients = [x, scales, gate_and_up, down].map(|input| unset(input.len()));
    let [dx, dscales, dgate_and_up, ddown] = &mut gradients;
    let into = Gradients {
        x: dx,
        scales: dscales,
        gate_and_up: dgate_and_up,
        down: ddown,
    };
    experts::backward(layer, x, scales, &gate_up, dy, into);
    let [dx, dscales, dgate_and_up, ddown] = gradients;
    [y, dx, dscales, dgate_and_up, ddown]
}

fn check(sizes: Sizes, chosen: Vec<u32>) {
    let inputs = inputs(sizes);
    let wide = inputs.each_ref().map(|input| wide(input));
    let (y, gradients) = expected(sizes, &chosen, wide.each_ref().map(Vec::as_slice));
    let [dx, dscales, dgate_and_up, ddown] = gradients;
    // What comes in besides is the gradient, as good as any.
    let y: Vec<f64> = y.iter().zip(&wide[4]).map(|(y, residual)| y + residual).collect();
    let choice = Choice::new(sizes[3], sizes[4], chosen);
    on_every_level(|| {
        for precision in [Precision::Float32, rounded()] {
            let (found, tolerance) = (found(precision, sizes, &choice, &inputs), tolerance(precision));
            let expected = [&y, &dx, &dscales, &dgate_and_up, &ddown];
            for (found, expected) in found.iter().zip(expected) {
                assert_close!(*found, *expected, 1.0, tolerance);
            }
        }
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(rows in size(), width in size(), inner in 1usize..40, experts in 1usize..9, most in 1usize..5) {
        let sizes = [rows, width, inner, experts, most.min(experts)];
        check(sizes, choices(7, sizes));
    }
}

/// All rows to one expert, more of them than a block has, so that the others have none and no gradient.
#[test]
fn one_expert_takes_all() {
    let sizes = [150, 20, 12, 4, 1];
    check(sizes, vec![2; 150]);
    let choice = Choice::new(4, 1, vec![2; 150]);
    let [.., dgate_and_up, ddown] = found(Precision::Float32, sizes, &choice, &inputs(sizes));
    for gradients in [dgate_and_up, ddown] {
        for (expert, gradients) in gradients.chunks(gradients.len() / 4).enumerate() {
            assert_eq!(gradients.iter().all(|&gradient| gradient == 0.0), expert != 2);
        }
    }
}

#[test]
fn no_rows() {
    check([0, 20, 12, 3, 2], Vec::new());
}

#[test]
fn reference_gradients_match_finite_differences() {
    let sizes = [5, 3, 4, 4, 2];
    let chosen = choices(3, sizes);
    let at = inputs(sizes).map(|input| wide(&input));
    let (_, gradients) = expected(sizes, &chosen, at.each_ref().map(Vec::as_slice));
    for (input, gradient) in gradients.iter().enumerate() {
        let found = finite_differences(&at[input], &at[4], |values| {
            let mut inputs = at.each_ref().map(Vec::as_slice);
            inputs[input] = values;
            expected(sizes, &chosen, inputs).0
        });
        for (gradient, found) in gradient.iter().zip(found) {
            assert!(
                (gradient - found).abs() < 1e-6,
                "input {input}: {gradient} {found}"
            );
        }
    }
}
