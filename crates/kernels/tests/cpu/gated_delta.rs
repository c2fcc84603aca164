//! Gated DeltaNet between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::gated_delta::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use crate::reference::gated_delta::{Inputs, gated_delta as expected, lengths};
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
    let [_, filter, step_bias, decay_log, gain] = inputs;
    Weights {
        filter,
        step_bias,
        decay_log,
        gain,
        epsilon: EPSILON as f32,
    }
}

fn forward(shape: Shape, inputs: &Inputs<f32>, before: Option<&Carried>) -> (Vec<f32>, Carried) {
    let mut output = unset(shape.batch * shape.length * shape.inner());
    let saved = gated_delta::forward(shape, weights(inputs), &inputs[0], before, &mut output);
    (output, saved.carried(shape, &inputs[0], before))
}

fn shape(batch: usize, length: usize, heads: usize, rest: [usize; 4], negative: bool) -> Shape {
    let [key, value, chunk, taps] = rest;
    Shape {
        batch,
        length,
        heads,
        key_heads: heads,
        key,
        value,
        chunk,
        taps,
        negative,
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
        batch in 1usize..3, length in size(), heads in 1usize..4, key in 1usize..20, value in 1usize..20,
        chunk in prop_oneof![Just(1usize), Just(16), Just(17), Just(64)], taps in 1usize..5, negative: bool,
    ) {
        check(shape(batch, length, heads, [key, value, chunk, taps], negative));
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, heads in 1usize..4, key in 1usize..20, value in 1usize..20,
        taps in 1usize..5, negative: bool,
    ) {
        let whole = Shape { key_heads: 1, ..shape(batch, length, heads, [key, value, 16, taps], negative) };
        let inputs = inputs(whole);
        let expected = expected(whole, &inputs.each_ref().map(|input| wide(input)), EPSILON);
        on_every_level(|| {
            let sizes = [whole.window_size(), whole.state_size()];
            let (found, carried) = stepped(&inputs[0], [batch, length, whole.inner()], sizes, |rows, carried, output| {
                let one = Shape { length: 1, ..whole };
                gated_delta::step(one, weights(&inputs), rows, carried, output);
            });
            assert_close!(found, expected);
            let (_, after) = forward(whole, &inputs, None);
            assert_close!(carried.window, wide(&after.window));
            assert_close!(carried.state, wide(&after.state));
        });
    }

    /// A sequence in two pieces, the first of them at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, heads in 1usize..3, taps in 1usize..5) {
        let whole = shape(2, length, heads, [5, 7, 16, taps], true);
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

/// Steps so large, and so small, that nothing or all of a state stays, and rates at both ends.
#[test]
fn extreme_steps() {
    let shape = shape(1, 40, 2, [3, 4, 16, 4], true);
    let mut inputs = inputs(shape);
    let columns = shape.columns();
    for (row, values) in inputs[0].chunks_mut(columns).enumerate() {
        let step = if row % 3 == 0 { 60.0 } else { -60.0 };
        values[columns - 4..].copy_from_slice(&[step, 90.0, 30.0, if row % 2 == 0 { 20.0 } else { -80.0 }]);
    }
    let expected = expected(shape, &inputs.each_ref().map(|input| wide(input)), EPSILON);
    on_every_level(|| {
        let (found, _) = forward(shape, &inputs, None);
        assert_close!(found, expected);
    });
}

/// Heads that share queries and keys compute, to the bit, what heads with equal ones do.
#[test]
fn shared_heads_are_repeated_ones() {
    let whole = shape(2, 70, 6, [5, 7, 16, 4], true);
    let shared = Shape {
        key_heads: 2,
        ..whole
    };
    let inputs = inputs(shared);
    // Of each channel with repeated heads, the one that it repeats.
    let parts = (0..2 * whole.heads).flat_map(|head| (0..5).map(move |place| head / 3 * 5 + place));
    let channels: Vec<usize> = parts.chain(20..shared.channels()).collect();
    let inner = whole.inner();
    let behind = inner + shared.channels()..shared.columns();
    let convolved = channels.iter().map(|channel| inner + channel);
    let columns: Vec<usize> = (0..inner).chain(convolved).chain(behind).collect();
    let repeat = |rows: &[f32], width: usize, from: &[usize]| -> Vec<f32> {
        let rows = rows.chunks(width);
        rows.flat_map(|row| from.iter().map(|&column| row[column]))
            .collect()
    };
    let mut repeated = inputs.clone();
    repeated[0] = repeat(&inputs[0], shared.columns(), &columns);
    repeated[1] = repeat(&inputs[1], shared.channels(), &channels);
    on_every_level(|| {
        let (found, _) = forward(shared, &inputs, None);
        let (expected, _) = forward(whole, &repeated, None);
        assert_eq!(found, expected);
    });
}

/// Every gradient against central differences of the reference.
#[test]
fn gradients() {
    for (batch, length, [heads, key_heads], rest, negative) in [
        (2, 11, [3, 3], [3, 4, 4, 4], false),
        (1, 9, [4, 2], [4, 3, 64, 2], true),
        (1, 7, [1, 1], [1, 2, 3, 1], true),
    ] {
        let shape = shape(batch, length, heads, rest, negative);
        let shape = Shape { key_heads, ..shape };
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
        let differences = std::array::from_fn::<_, 5, _>(|which| {
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
            let saved = gated_delta::forward(shape, weights(&inputs), &inputs[0], None, &mut output);
            let mut found = inputs.each_ref().map(|input| unset(input.len()));
            let [projected, filter, step_bias, decay_log, gain] = &mut found;
            let gradients = Gradients {
                projected,
                filter,
                step_bias,
                decay_log,
                gain,
            };
            gated_delta::backward(shape, weights(&inputs), &inputs[0], &saved, &direction, gradients);
            for (found, expected) in found.iter().zip(&differences) {
                assert_close!(found, expected);
            }
        });
    }
}
