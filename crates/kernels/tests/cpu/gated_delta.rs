//! Gated DeltaNet between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::gated_delta::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;
use crate::{on_every_level, size};

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

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(
        batch in 1usize..3, length in size(), heads in 1usize..4, key in 1usize..20, value in 1usize..20,
        chunk in prop_oneof![Just(1usize), Just(16), Just(17), Just(64)], taps in 1usize..5, negative: bool,
    ) {
        let shape = shape(batch, length, heads, [key, value, chunk, taps], negative);
        check(shape, &shape.inputs());
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, heads in 1usize..4, key in 1usize..20, value in 1usize..20,
        taps in 1usize..5, negative: bool,
    ) {
        let shape = shape(batch, length, heads, [key, value, 16, taps], negative);
        check_steps(Shape { key_heads: 1, ..shape });
    }

    /// The first piece is at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, heads in 1usize..3, taps in 1usize..5) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(shape(2, length, heads, [5, 7, 16, taps], true), first);
    }
}

/// Steps so large, and so small, that nothing or all of a state stays, and rates at both ends.
#[test]
fn extreme_steps() {
    let shape = shape(1, 40, 2, [3, 4, 16, 4], true);
    let mut inputs = shape.inputs();
    let columns = shape.columns();
    for (row, values) in inputs[0].chunks_mut(columns).enumerate() {
        let step = if row % 3 == 0 { 60.0 } else { -60.0 };
        values[columns - 4..].copy_from_slice(&[step, 90.0, 30.0, if row % 2 == 0 { 20.0 } else { -80.0 }]);
    }
    check(shape, &inputs);
}

/// Heads that share queries and keys compute, to the bit, what heads with equal ones do.
#[test]
fn shared_heads_are_repeated_ones() {
    let whole = shape(2, 70, 6, [5, 7, 16, 4], true);
    let shared = Shape {
        key_heads: 2,
        ..whole
    };
    let inputs = shared.inputs();
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
        let (found, _) = shared.forward(&inputs, None);
        let (expected, _) = whole.forward(&repeated, None);
        assert_eq!(found, expected);
    });
}

#[test]
fn gradients() {
    for (batch, length, [heads, key_heads], rest, negative) in [
        (2, 11, [3, 3], [3, 4, 4, 4], false),
        (1, 9, [4, 2], [4, 3, 64, 2], true),
        (1, 7, [1, 1], [1, 2, 3, 1], true),
    ] {
        let shape = shape(batch, length, heads, rest, negative);
        check_gradients(Shape { key_heads, ..shape });
    }
}
