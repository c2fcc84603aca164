//! RWKV-7's time mix and what is around it, against their definitions in double precision.

use proptest::prelude::*;
use triaxis_kernels::cpu::activation::{self, Activation};
use triaxis_kernels::cpu::rwkv7::{Gradients, Rows, Shape, VECTORS, Weights, backward, forward};
use triaxis_kernels::cpu::{sigmoid_mix, token_shift};

use crate::reference::{config, finite_differences, random, unset, wide};
use crate::{on_every_level, size};

/// The rows and the small weights: seven inputs, of which the last holds vectors one after the other.
fn inputs(shape: Shape) -> [Vec<f32>; 7] {
    let count = shape.batch * shape.length * shape.inner();
    let rows = [1, 2, 3, 4, 5, 6].map(|seed| random(seed, count));
    let [reading, decay, key, value, rate, gate] = rows;
    let vectors = random(7, VECTORS * shape.inner());
    [reading, decay, key, value, rate, gate, vectors]
}

fn of(inputs: &[Vec<f32>; 7]) -> (Rows<'_>, Weights<'_>) {
    let [reading, decay, key, value, rate, gate, vectors] = inputs.each_ref().map(Vec::as_slice);
    let rows = Rows {
        reading,
        decay,
        key,
        value,
        rate,
        gate,
    };
    (rows, Weights::of(vectors))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The outputs of sequences that go on from states, and the states after.
fn expected(shape: Shape, inputs: &[Vec<f64>; 7], before: &[f64]) -> [Vec<f64>; 2] {
    let (size, inner) = (shape.size, shape.inner());
    let (mut output, mut after) = (vec![0.0; inputs[0].len()], before.to_vec());
    for (index, state) in after.chunks_mut(size * size).enumerate() {
        let head = index % shape.heads * size;
        let weight = |which: usize, key: usize| inputs[6][which * inner + head + key];
        for position in 0..shape.length {
            let start = (index / shape.heads * shape.length + position) * inner + head;
            let at = |which: usize, key: usize| inputs[which][start + key];
            let of_keys = |make: &dyn Fn(usize) -> f64| (0..size).map(make).collect::<Vec<f64>>();
            let decay = of_keys(&|key| (-(-0.5f64).exp() * sigmoid(at(1, key) + weight(0, key))).exp());
            let rate = of_keys(&|key| sigmoid(at(4, key) + weight(1, key)));
            let scaled = of_keys(&|key| at(2, key) * weight(2, key));
            let length = scaled
                .iter()
                .map(|value| value * value)
                .sum::<f64>()
                .sqrt()
                .max(1e-12);
            let removal = of_keys(&|key| scaled[key] / length);
            let keys = of_keys(&|key| at(2, key) * (1.0 + (rate[key] - 1.0) * weight(3, key)));
            let sum = |of: &dyn Fn(usize) -> f64| (0..size).map(of).sum::<f64>();
            let seen = of_keys(&|value| sum(&|key| -removal[key] * state[key * size + value]));
            for key in 0..size {
                for value in 0..size {
                    let state = &mut state[key * size + value];
                    *state = decay[key] * *state
                        + removal[key] * rate[key] * seen[value]
                        + keys[key] * at(3, value);
                }
            }
            let read = of_keys(&|value| sum(&|key| at(0, key) * state[key * size + value]));
            let mean = read.iter().sum::<f64>() / size as f64;
            let variance = read.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / size as f64;
            let agreement = sum(&|key| at(0, key) * keys[key] * weight(4, key));
            for value in 0..size {
                let normed = (read[value] - mean) / (variance + 64e-5).sqrt();
                let whole = normed * weight(5, value) + weight(6, value) + agreement * at(3, value);
                output[start + value] = whole * at(5, value);
            }
        }
    }
    [output, after]
}

fn check(shape: Shape) {
    let inputs = inputs(shape);
    let before = random(9, shape.batch * shape.state_size());
    let wide_inputs = inputs.each_ref().map(|input| wide(input));
    let from_zero = expected(shape, &wide_inputs, &vec![0.0; before.len()]);
    let from_before = expected(shape, &wide_inputs, &wide(&before));
    on_every_level(|| {
        for (before, [output, after]) in [(None, &from_zero), (Some(&before[..]), &from_before)] {
            let (mut found, (rows, weights)) = (unset(output.len()), of(&inputs));
            let saved = forward(shape, rows, weights, before, &mut found);
            assert_close!(found, output, 1.0);
            assert_close!(saved.into_states(), after);
        }
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(batch in 1usize..3, length in 1usize..50, heads in 1usize..4, size in 2usize..40) {
        check(Shape { batch, length, heads, size });
    }

    #[test]
    fn shifted_rows_of_any_shape(batch in 1usize..4, length in 1usize..70, width in size()) {
        let count = batch * length * width;
        let [x, share, dy] = [(1, count), (2, width), (3, count)].map(|(seed, count)| random(seed, count));
        let last = random(4, batch * width);
        // The row before, or what came before the sequence; and of gradients the row after.
        let neighbour = |of: &[f32], before: Option<&[f32]>, index: usize| {
            let (row, column) = (index / width, index % width);
            match (row % length, before) {
                (0, None) => 0.0,
                (0, Some(before)) => f64::from(before[row / length * width + column]),
                _ => f64::from(of[index - width]),
            }
        };
        let later = |index: usize| match index / width % length + 1 == length {
            true => 0.0,
            false => f64::from(dy[index + width]),
        };
        let (wide_x, wide_dy) = (wide(&x), wide(&dy));
        let share_of = |index: usize| f64::from(share[index % width]);
        let y_of = |before: Option<&[f32]>| -> Vec<f64> {
            let all = (0..count).map(|i| wide_x[i] + share_of(i) * (neighbour(&x, before, i) - wide_x[i]));
            all.collect()
        };
        let dx: Vec<f64> = (0..count).map(|i| wide_dy[i] + share_of(i) * (later(i) - wide_dy[i])).collect();
        let mut dshare = vec![0.0; width];
        for i in 0..count {
            dshare[i % width] += wide_dy[i] * (neighbour(&x, None, i) - wide_x[i]);
        }
        on_every_level(|| {
            for before in [None, Some(&last[..])] {
                let mut y = unset(count);
                token_shift::forward(token_shift::Rows { x: &x, length, before }, &share, &mut y);
                assert_close!(y, y_of(before));
            }
            let (mut found_dx, mut found_dshare) = (unset(count), unset(width));
            let rows = token_shift::Rows { x: &x, length, before: None };
            token_shift::backward(rows, &share, &dy, &mut found_dx, &mut found_dshare);
            assert_close!(found_dx, dx);
            assert_close!(found_dshare, dshare, 1.0);
        });
    }

    #[test]
    fn mixed_rows_of_any_shape(rows in size(), width in size()) {
        let count = rows * width;
        let [x, other, share, dy] = [1, 2, 3, 4].map(|seed| random(seed, count));
        let bias = random(5, width);
        let share_of = |i: usize| sigmoid(f64::from(share[i]) + f64::from(bias[i % width]));
        let (wide_x, wide_other, wide_dy) = (wide(&x), wide(&other), wide(&dy));
        let of = |make: &dyn Fn(usize) -> f64| (0..count).map(make).collect::<Vec<f64>>();
        let y = of(&|i| wide_x[i] + (wide_other[i] - wide_x[i]) * share_of(i));
        let expected = [
            of(&|i| wide_dy[i] * (1.0 - share_of(i))),
            of(&|i| wide_dy[i] * share_of(i)),
            of(&|i| wide_dy[i] * (wide_other[i] - wide_x[i]) * share_of(i) * (1.0 - share_of(i))),
        ];
        let mut dbias = vec![0.0; width];
        (0..count).for_each(|i| dbias[i % width] += expected[2][i]);
        on_every_level(|| {
            let rows = sigmoid_mix::Rows { x: &x, other: &other, share: &share };
            let mut found = unset(count);
            sigmoid_mix::forward(rows, &bias, &mut found);
            assert_close!(found, y);
            let (mut gradients, mut found) = ([(); 3].map(|()| unset(count)), unset(width));
            let targets = gradients.each_mut().map(|gradient| &mut gradient[..]);
            sigmoid_mix::backward(rows, &bias, &dy, targets, &mut found);
            for (gradient, expected) in gradients.iter().zip(&expected) {
                assert_close!(gradient, expected);
            }
            assert_close!(found, dbias, 1.0);
        });
    }

    #[test]
    fn activations_of_any_length(length in prop_oneof![size(), Just(40_000)]) {
        let (x, dy) = (random(1, length).iter().map(|x| 6.0 * x).collect::<Vec<f32>>(), random(2, length));
        let check = |activation: Activation, of: &dyn Fn(f64) -> [f64; 2]| {
            let y: Vec<f64> = x.iter().map(|&x| of(x.into())[0]).collect();
            let dx: Vec<f64> = x.iter().zip(&dy).map(|(&x, &dy)| of(x.into())[1] * f64::from(dy)).collect();
            on_every_level(|| {
                let [mut found, mut found_dx] = [(); 2].map(|()| unset(length));
                activation::forward(&x, activation, &mut found);
                assert_close!(found, y);
                activation::backward(&x, &dy, activation, &mut found_dx);
                assert_close!(found_dx, dx, 1.0);
            });
        };
        check(Activation::Sigmoid, &|x| [sigmoid(x), sigmoid(x) * sigmoid(-x)]);
        check(Activation::SquaredRelu, &|x| [x.max(0.0).powi(2), 2.0 * x.max(0.0)]);
        check(Activation::Tanh, &|x| [x.tanh(), 1.0 - x.tanh().powi(2)]);
    }
}

#[test]
fn usual_heads() {
    check(Shape {
        batch: 2,
        length: 33,
        heads: 3,
        size: 64,
    });
}

#[test]
fn gradients() {
    for (batch, length, heads, size) in [(2, 5, 2, 3), (1, 19, 1, 2), (1, 3, 1, 17)] {
        let shape = Shape {
            batch,
            length,
            heads,
            size,
        };
        let (inputs, direction) = (inputs(shape), random(99, batch * length * shape.inner()));
        let wide_inputs = inputs.each_ref().map(|input| wide(input));
        let zeros = vec![0.0; batch * shape.state_size()];
        let differences = std::array::from_fn::<_, 7, _>(|which| {
            finite_differences(&wide_inputs[which], &wide(&direction), |values| {
                let mut inputs = wide_inputs.clone();
                inputs[which] = values.to_vec();
                let [output, _] = expected(shape, &inputs, &zeros);
                output
            })
        });
        on_every_level(|| {
            let (mut output, (rows, weights)) = (unset(direction.len()), of(&inputs));
            let saved = forward(shape, rows, weights, None, &mut output);
            let mut found = inputs.each_ref().map(|input| unset(input.len()));
            let [reading, decay, key, value, rate, gate, vectors] =
                found.each_mut().map(|gradient| &mut gradient[..]);
            let gradients = Gradients {
                rows: [reading, decay, key, value, rate, gate],
                vectors,
            };
            backward(shape, rows, weights, &saved, &direction, gradients);
            for (found, expected) in found.iter().zip(&differences) {
                assert_close!(found, expected, 1.0, 2e-5);
            }
        });
    }
}

/// A key of zeros removes nothing, and its gradient is a number.
#[test]
fn keys_of_zeros() {
    let shape = Shape {
        batch: 1,
        length: 4,
        heads: 2,
        size: 5,
    };
    let mut inputs = inputs(shape);
    inputs[2].fill(0.0);
    on_every_level(|| {
        let (mut output, (rows, weights)) = (unset(inputs[0].len()), of(&inputs));
        let saved = forward(shape, rows, weights, None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [reading, decay, key, value, rate, gate, vectors] =
            found.each_mut().map(|gradient| &mut gradient[..]);
        let rows_of = [reading, decay, key, value, rate, gate];
        let gradients = Gradients {
            rows: rows_of,
            vectors,
        };
        let direction = random(99, output.len());
        backward(shape, rows, weights, &saved, &direction, gradients);
        let all = found.iter().chain([&output]).flatten();
        assert!(all.into_iter().all(|value| value.is_finite()));
    });
}
