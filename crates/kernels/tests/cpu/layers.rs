//! The layers that are one kernel, in both precisions.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::feed_forward::{self, FeedForward};
use triaxis_kernels::cpu::linear;
use triaxis_kernels::cpu::matrix::Matrix;
use triaxis_kernels::cpu::norm_linear::{self, NormLinear};

use super::reference::{self, Product, config, multiply, random, rounded, wide};
use super::{on_every_level, size, tolerance, unset};

const EPSILON: f64 = 1e-5;

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Runs a check in both precisions, with what they may differ by, on every instruction set.
fn in_every_way(check: impl Fn(Precision, f64)) {
    on_every_level(|| {
        for precision in [Precision::Float32, rounded()] {
            check(precision, tolerance(precision));
        }
    });
}

/// Weights of deviation one over the root of their inputs, so that the layers keep the size of their inputs.
fn weight(seed: u64, inputs: usize, outputs: usize) -> Vec<f32> {
    let factor = (3.0 / inputs as f32).sqrt();
    random(seed, inputs * outputs)
        .iter()
        .map(|x| factor * x)
        .collect()
}

/// What is expected, in bf16 with infinities of the sign that was found: rounding decides it where a value near zero
/// is multiplied by one.
fn of_any_sign(precision: Precision, expected: &[f64], found: &[f32]) -> Vec<f64> {
    let pairs = expected.iter().zip(found);
    pairs
        .map(|(&e, &f)| match precision {
            Precision::BFloat16 if e.is_infinite() && f.is_infinite() => f.into(),
            _ => e,
        })
        .collect()
}

/// The residual, `x`, the weight, and the gradient of `y`.
pub(super) fn linear_inputs([rows, depth, columns]: [usize; 3]) -> [Vec<f32>; 4] {
    [
        random(1, rows * columns),
        random(2, rows * depth),
        weight(3, depth, columns),
        random(4, rows * columns),
    ]
}

pub(super) fn check_linear(sizes: [usize; 3], [residual, x, w, dy]: &[Vec<f32>; 4]) {
    let [rows, depth, columns] = sizes;
    let expected = Product::new(&wide(x), &wide(w), &wide(dy), sizes);
    let (x, w) = (Matrix::new(x, rows, depth), Matrix::new(w, depth, columns));
    in_every_way(|precision, tolerance| {
        let [mut y, mut dx, mut dweight] = [rows * columns, rows * depth, depth * columns].map(unset);
        linear::forward(precision, residual, x, w, &mut y);
        assert_close!(y, add(&wide(residual), &expected.y), 1.0, tolerance);
        let dy = Matrix::new(dy, rows, columns);
        linear::backward(precision, [x, w], dy, &mut dx, &mut dweight);
        assert_close!(dx, expected.dx, 1.0, tolerance);
        assert_close!(dweight, expected.dweight, 1.0, tolerance);
    });
}

/// `x`, the gain, the weight, the gradient of `y`, and the gradient from around the layer.
pub(super) fn norm_linear_inputs([rows, width, columns]: [usize; 3]) -> [Vec<f32>; 5] {
    [
        random(1, rows * width),
        random(2, width),
        weight(3, width, columns),
        random(4, rows * columns),
        random(5, rows * width),
    ]
}

pub(super) fn check_norm_linear(sizes: [usize; 3], [x, gain, w, dy, around]: &[Vec<f32>; 5]) {
    let [rows, width, columns] = sizes;
    let normed = reference::rms_norm(&wide(x), &wide(gain), EPSILON);
    let product = Product::new(&normed, &wide(w), &wide(dy), sizes);
    let [expected_dx, expected_dgain] =
        reference::rms_norm_gradients(&wide(x), &wide(gain), EPSILON, &product.dx);
    in_every_way(|precision, tolerance| {
        let layer = NormLinear {
            precision,
            gain,
            epsilon: EPSILON as f32,
            weight: w,
        };
        let (mut y, mut scales) = (unset(rows * columns), unset(rows));
        norm_linear::forward(layer, x, &mut y, &mut scales);
        assert_close!(y, product.y, 1.0, tolerance);
        let [mut dx, mut dgain, mut dweight] = [x.len(), width, w.len()].map(unset);
        let gradients = norm_linear::Gradients {
            x: &mut dx,
            gain: &mut dgain,
            weight: &mut dweight,
        };
        norm_linear::backward(layer, x, &scales, dy, around, gradients);
        let expected_dx = of_any_sign(precision, &add(&wide(around), &expected_dx), &dx);
        assert_close!(dx, expected_dx, 1.0, tolerance);
        assert_close!(dgain, expected_dgain, 1.0, tolerance);
        assert_close!(dweight, product.dweight, 1.0, tolerance);
    });
}

/// `x`, the gain, the weights before and after the gate, and the gradient of `y`.
pub(super) fn feed_forward_inputs([rows, width, inner]: [usize; 3]) -> [Vec<f32>; 5] {
    [
        random(1, rows * width),
        random(2, width),
        weight(3, width, 2 * inner),
        weight(4, inner, width),
        random(5, rows * width),
    ]
}

pub(super) fn check_feed_forward(sizes: [usize; 3], [x, gain, gate_and_up, down, dy]: &[Vec<f32>; 5]) {
    let [rows, width, inner] = sizes;
    let normed = reference::rms_norm(&wide(x), &wide(gain), EPSILON);
    let before = multiply(&normed, &wide(gate_and_up), rows, width, 2 * inner);
    let gated = reference::swiglu(&before, inner);
    let second = Product::new(&gated, &wide(down), &wide(dy), [rows, inner, width]);
    let dbefore = reference::swiglu_gradient(&before, inner, &second.dx);
    let first = Product::new(&normed, &wide(gate_and_up), &dbefore, [rows, width, 2 * inner]);
    let [dnorm, expected_dgain] = reference::rms_norm_gradients(&wide(x), &wide(gain), EPSILON, &first.dx);
    in_every_way(|precision, tolerance| {
        let layer = FeedForward {
            precision,
            gain,
            epsilon: EPSILON as f32,
            gate_and_up,
            down,
        };
        let [mut y, mut scales, mut gate_up] = [x.len(), rows, 2 * rows * inner].map(unset);
        feed_forward::forward(layer, x, &mut y, &mut scales, &mut gate_up);
        let expected = |values: &[f64], found: &[f32]| of_any_sign(precision, values, found);
        assert_close!(y, expected(&add(&wide(x), &second.y), &y), 1.0, tolerance);
        let [mut dx, mut dgain, mut dgate_and_up, mut ddown] =
            [x.len(), width, gate_and_up.len(), down.len()].map(unset);
        let gradients = feed_forward::Gradients {
            x: &mut dx,
            gain: &mut dgain,
            gate_and_up: &mut dgate_and_up,
            down: &mut ddown,
        };
        feed_forward::backward(layer, x, &scales, &gate_up, dy, gradients);
        assert_close!(dx, expected(&add(&wide(dy), &dnorm), &dx), 1.0, tolerance);
        assert_close!(dgain, expected(&expected_dgain, &dgain), 1.0, tolerance);
        assert_close!(
            dgate_and_up,
            expected(&first.dweight, &dgate_and_up),
            1.0,
            tolerance
        );
        assert_close!(ddown, expected(&second.dweight, &ddown), 1.0, tolerance);
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn linear_of_any_shape(rows in size(), depth in size(), columns in size()) {
        let sizes = [rows, depth, columns];
        check_linear(sizes, &linear_inputs(sizes));
    }

    #[test]
    fn norm_linear_of_any_shape(rows in size(), width in size(), columns in size()) {
        let sizes = [rows, width, columns];
        check_norm_linear(sizes, &norm_linear_inputs(sizes));
    }

    #[test]
    fn feed_forward_of_any_shape(rows in size(), width in size(), inner in size()) {
        let sizes = [rows, width, inner];
        check_feed_forward(sizes, &feed_forward_inputs(sizes));
    }
}

/// Sums over no rows, and products without depth, are zero.
#[test]
fn layers_of_nothing() {
    let (width, columns) = (200, 130);
    let (gain, w) = (random(1, width), weight(2, width, 2 * columns));
    in_every_way(|precision, _| {
        let x = Matrix::new(&[], 0, width);
        let (mut dx, mut dweight) = (Vec::new(), unset(2 * width * columns));
        let operands = [x, Matrix::new(&w, width, 2 * columns)];
        linear::backward(
            precision,
            operands,
            Matrix::new(&[], 0, 2 * columns),
            &mut dx,
            &mut dweight,
        );
        assert_eq!(dweight, vec![0.0; dweight.len()]);

        let (rows, residual) = (20, random(3, 20 * columns));
        let [mut y, mut dx, mut dweight] = [rows * columns, 0, 0].map(unset);
        let operands = [Matrix::new(&[], rows, 0), Matrix::new(&[], 0, columns)];
        linear::forward(precision, &residual, operands[0], operands[1], &mut y);
        assert_eq!(y, residual);
        let dy = Matrix::new(&residual, rows, columns);
        linear::backward(precision, operands, dy, &mut dx, &mut dweight);

        let layer = FeedForward {
            precision,
            gain: &gain,
            epsilon: EPSILON as f32,
            gate_and_up: &w,
            down: &w[..columns * width],
        };
        let [mut dgain, mut dgate_and_up, mut ddown] = [width, w.len(), columns * width].map(unset);
        feed_forward::forward(layer, &[], &mut [], &mut [], &mut []);
        let gradients = feed_forward::Gradients {
            x: &mut [],
            gain: &mut dgain,
            gate_and_up: &mut dgate_and_up,
            down: &mut ddown,
        };
        feed_forward::backward(layer, &[], &[], &[], &[], gradients);
        for gradient in [dgain, dgate_and_up, ddown] {
            assert_eq!(gradient, vec![0.0; gradient.len()]);
        }
    });
}
