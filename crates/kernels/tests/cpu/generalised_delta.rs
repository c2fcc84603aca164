//! The generalised delta rule against its definition, position by position in double precision.

use proptest::prelude::*;
use triaxis_kernels::cpu::generalised_delta::{Gradients, Inputs, Shape, backward, forward};

use crate::on_every_level;
use crate::reference::{config, finite_differences, random, unset, wide};

/// Decays below one, and keys of the size of a head's that are normalised, so that states stay of the size of one.
fn inputs(shape: Shape) -> [Vec<f32>; 6] {
    let count = shape.batch * shape.length * shape.inner();
    let mut inputs = [0, 1, 2, 3, 4, 5].map(|seed| random(seed, count));
    inputs[1].iter_mut().for_each(|w| *w = 1.0 / (1.0 + (-*w).exp()));
    let root = (shape.size as f32).sqrt().recip();
    for which in [4, 5] {
        inputs[which].iter_mut().for_each(|value| *value *= root);
    }
    inputs
}

fn of(inputs: &[Vec<f32>; 6]) -> Inputs<'_> {
    let [r, w, k, v, a, b] = inputs.each_ref().map(Vec::as_slice);
    Inputs { r, w, k, v, a, b }
}

/// The outputs of sequences that go on from states, and the states after.
fn expected(shape: Shape, inputs: &[Vec<f64>; 6], before: &[f64]) -> [Vec<f64>; 2] {
    let Shape { size, heads, .. } = shape;
    let (mut output, mut after) = (vec![0.0; inputs[0].len()], before.to_vec());
    for (index, state) in after.chunks_mut(size * size).enumerate() {
        for position in 0..shape.length {
            let row = (index / heads * shape.length + position) * heads + index % heads;
            let [r, w, k, v, a, b] = inputs.each_ref().map(|input| &input[row * size..][..size]);
            let seen = |value: usize| {
                (0..size)
                    .map(|key| a[key] * state[key * size + value])
                    .sum::<f64>()
            };
            let seen: Vec<f64> = (0..size).map(seen).collect();
            for key in 0..size {
                for value in 0..size {
                    let state = &mut state[key * size + value];
                    *state = w[key] * *state + b[key] * seen[value] + k[key] * v[value];
                    output[row * size + value] += r[key] * *state;
                }
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
            let mut found = unset(output.len());
            let left = forward(shape, of(&inputs), before, &mut found);
            assert_close!(found, output);
            assert_close!(left.after, after);
        }
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(batch in 1usize..3, length in 1usize..50, heads in 1usize..4, size in 1usize..40) {
        check(Shape { batch, length, heads, size });
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
        let differences = std::array::from_fn::<_, 6, _>(|which| {
            finite_differences(&wide_inputs[which], &wide(&direction), |values| {
                let mut inputs = wide_inputs.clone();
                inputs[which] = values.to_vec();
                let [output, _] = expected(shape, &inputs, &zeros);
                output
            })
        });
        on_every_level(|| {
            let mut output = unset(direction.len());
            let left = forward(shape, of(&inputs), None, &mut output);
            let mut found = [0; 6].map(|_| unset(direction.len()));
            let gradients = Gradients {
                inputs: found.each_mut().map(|gradient| &mut gradient[..]),
            };
            backward(shape, of(&inputs), &left, &direction, gradients);
            for (found, expected) in found.iter().zip(&differences) {
                assert_close!(found, expected);
            }
        });
    }
}
