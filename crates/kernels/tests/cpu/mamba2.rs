//! Mamba-2 between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::mamba2::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use crate::reference::mamba2::{Inputs, lengths, mamba2 as expected};
use crate::reference::{config, random, wide};
use crate::{on_every_level, size, stepped, unset};

const EPSILON: f64 = 1e-5;

/// Inputs of the size of one, gains and rates away from it.
fn inputs(shape: Shape) -> Inputs<f32> {
    let mut seed = 0;
    lengths(shape).map(|length| {
        seed += 1;
        random(seed, length)
    })
}

fn weights(inputs: &Inputs<f32>) -> Weights<'_> {
    let [_, filter, filter_bias, step_bias, decay_log, skip, gain] = inputs;
    Weights {
        filter,
        filter_bias,
        step_bias,
        decay_log,
        skip,
        gain,
        epsilon: EPSILON as f32,
    }
}

fn forward(shape: Shape, inputs: &Inputs<f32>, before: Option<&Carried>) -> (Vec<f32>, Carried) {
    let mut output = unset(shape.batch * shape.length * shape.inner());
    let saved = mamba2::forward(shape, weights(inputs), &inputs[0], before, &mut output);
    (output, saved.carried(shape, &inputs[0], before))
}

fn shape(batch: usize, length: usize, groups: usize, in_group: usize, rest: [usize; 4]) -> Shape {
    let [dimension, state, chunk, taps] = rest;
    Shape {
        batch,
        length,
        heads: groups * in_group,
        groups,
        dimension,
        state,
        chunk,
        taps,
        norm_groups: 1,
    }
}

fn check(shape: Shape) {
    let inputs = inputs(shape);
    let expected = expected(shape, &inputs.each_ref().map(|input| wide(input)), EPSILON);
    on_every_level(|| {
        let (found, _) = forward(shape, &inputs, None);
        assert_close!(found, expected);
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(
        batch in 1usize..3, length in size(), groups in 1usize..3, in_group in 1usize..4, dimension in 1usize..20,
        state in 1usize..20, chunk in prop_oneof![Just(1usize), Just(16), Just(17), Just(64)], taps in 1usize..5,
    ) {
        let shape = shape(batch, length, groups, in_group, [dimension, state, chunk, taps]);
        check(shape);
        check(Shape { norm_groups: groups, ..shape });
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, groups in 1usize..3, in_group in 1usize..4, dimension in 1usize..20,
        state in 1usize..20, taps in 1usize..5,
    ) {
        let whole = shape(batch, length, groups, in_group, [dimension, state, 16, taps]);
        let whole = Shape { norm_groups: groups, ..whole };
        let inputs = inputs(whole);
        let expected = expected(whole, &inputs.each_ref().map(|input| wide(input)), EPSILON);
        on_every_level(|| {
            let sizes = [whole.window_size(), whole.state_size()];
            let (found, carried) = stepped(&inputs[0], [batch, length, whole.inner()], sizes, |rows, carried, output| {
                let one = Shape { length: 1, ..whole };
                mamba2::step(one, weights(&inputs), rows, carried, output);
            });
            assert_close!(found, expected);
            let (_, after) = forward(whole, &inputs, None);
            assert_close!(carried.window, wide(&after.window));
            assert_close!(carried.state, wide(&after.state));
        });
    }

    /// A sequence in two pieces, the first of them at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, groups in 1usize..3, taps in 1usize..5) {
        let whole = shape(2, length, groups, 2, [5, 7, 16, taps]);
        let first = 1 + (at * (length - 2) as f64) as usize;
        let inputs = inputs(whole);
        let piece = |from: usize, to: usize| {
            let columns = whole.columns();
            let rows = inputs[0].chunks(length * columns);
            let projected = rows.flat_map(|rows| &rows[from * columns..to * columns]).copied().collect();
            let mut inputs = inputs.clone();
            inputs[0] = projected;
            (Shape { length: to - from, ..whole }, inputs)
        };
        on_every_level(|| {
            let (expected, after) = forward(whole, &inputs, None);
            let (begin, rest) = (piece(0, first), piece(first, length));
            let (head, carried) = forward(begin.0, &begin.1, None);
            let (tail, last) = forward(rest.0, &rest.1, Some(&carried));
            let inner = whole.inner();
            let of = |part: &[f32], length: usize, sequence: usize| {
                part[sequence * length * inner..(sequence + 1) * length * inner].to_vec()
            };
            let joined: Vec<f32> = (0..2)
                .flat_map(|sequence| [of(&head, first, sequence), of(&tail, length - first, sequence)].concat())
                .collect();
            assert_close!(joined, wide(&expected));
            assert_close!(last.window, wide(&after.window));
            assert_close!(last.state, wide(&after.state));
        });
    }
}

/// More heads than a task does, and more rows.
#[test]
fn many_heads() {
    check(shape(2, 130, 1, 19, [3, 4, 32, 4]));
}

/// A step so large, and one so small, that nothing or all of a state stays.
#[test]
fn extreme_steps() {
    let shape = shape(1, 40, 1, 2, [3, 4, 16, 4]);
    let mut inputs = inputs(shape);
    let columns = shape.columns();
    for (row, values) in inputs[0].chunks_mut(columns).enumerate() {
        values[columns - 2..].copy_from_slice(&[if row % 3 == 0 { 60.0 } else { -60.0 }, 90.0]);
    }
    let expected = expected(shape, &inputs.each_ref().map(|input| wide(input)), EPSILON);
    on_every_level(|| {
        let (found, _) = forward(shape, &inputs, None);
        assert_close!(found, expected);
    });
}

/// Every gradient against central differences of the reference.
#[test]
fn gradients() {
    for (batch, length, groups, in_group, rest) in [
        (2, 11, 1, 3, [3, 4, 4, 4]),
        (1, 9, 2, 2, [2, 3, 64, 2]),
        (1, 7, 1, 9, [1, 2, 3, 1]),
    ] {
        let shape = Shape {
            norm_groups: groups,
            ..shape(batch, length, groups, in_group, rest)
        };
        let inputs = inputs(shape);
        let rows = batch * length;
        let direction = random(99, rows * shape.inner());
        let wide_inputs = inputs.each_ref().map(|input| wide(input));
        let loss = |inputs: &Inputs<f64>| -> f64 {
            let output = expected(shape, inputs, EPSILON);
            output
                .iter()
                .zip(&direction)
                .map(|(y, &d)| y * f64::from(d))
                .sum()
        };
        let differences = std::array::from_fn::<_, 7, _>(|which| {
            let mut at = wide_inputs.clone();
            let difference = |index: usize| {
                let (value, step) = (wide_inputs[which][index], 1e-5);
                let mut shifted = |shift: f64| {
                    at[which][index] = value + shift;
                    loss(&at)
                };
                let difference = (shifted(step) - shifted(-step)) / (2.0 * step);
                at[which][index] = value;
                difference
            };
            (0..wide_inputs[which].len())
                .map(difference)
                .collect::<Vec<f64>>()
        });
        on_every_level(|| {
            let mut output = unset(rows * shape.inner());
            let saved = mamba2::forward(shape, weights(&inputs), &inputs[0], None, &mut output);
            let mut found = inputs.each_ref().map(|input| unset(input.len()));
            let [projected, filter, filter_bias, step_bias, decay_log, skip, gain] = &mut found;
            let gradients = Gradients {
                projected,
                filter,
                filter_bias,
                step_bias,
                decay_log,
                skip,
                gain,
            };
            mamba2::backward(shape, weights(&inputs), &inputs[0], &saved, &direction, gradients);
            for (found, expected) in found.iter().zip(&differences) {
                assert_close!(found, expected);
            }
        });
    }
}
