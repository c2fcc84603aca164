//! Mamba-2 between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::mamba2::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;
use crate::size;

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
        least_step: 0.0,
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(
        batch in 1usize..3, length in size(), groups in 1usize..3, in_group in 1usize..4, dimension in 1usize..20,
        state in 1usize..20, chunk in prop_oneof![Just(1usize), Just(16), Just(17), Just(64)], taps in 1usize..5,
    ) {
        let shape = shape(batch, length, groups, in_group, [dimension, state, chunk, taps]);
        check(shape, &shape.inputs());
        check(Shape { norm_groups: groups, ..shape }, &shape.inputs());
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, groups in 1usize..3, in_group in 1usize..4, dimension in 1usize..20,
        state in 1usize..20, taps in 1usize..5,
    ) {
        let shape = shape(batch, length, groups, in_group, [dimension, state, 16, taps]);
        check_steps(Shape { norm_groups: groups, ..shape });
    }

    /// The first piece is at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, groups in 1usize..3, taps in 1usize..5) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(shape(2, length, groups, 2, [5, 7, 16, taps]), first);
    }
}

/// More heads than a task does, and more rows.
#[test]
fn many_heads() {
    let shape = shape(2, 130, 1, 19, [3, 4, 32, 4]);
    check(shape, &shape.inputs());
}

/// A step so large, and one so small, that nothing or all of a state stays.
#[test]
fn extreme_steps() {
    let shape = shape(1, 40, 1, 2, [3, 4, 16, 4]);
    let mut inputs = shape.inputs();
    let columns = shape.columns();
    for (row, values) in inputs[0].chunks_mut(columns).enumerate() {
        values[columns - 2..].copy_from_slice(&[if row % 3 == 0 { 60.0 } else { -60.0 }, 90.0]);
    }
    check(shape, &inputs);
}

/// Most steps raised, some not.
#[test]
fn least_steps() {
    let shape = Shape {
        least_step: 0.8,
        ..shape(1, 30, 1, 2, [3, 4, 16, 4])
    };
    check(shape, &shape.inputs());
    check_steps(shape);
    check_gradients(Shape { length: 9, ..shape });
}

#[test]
fn gradients() {
    for (batch, length, groups, in_group, rest) in [
        (2, 11, 1, 3, [3, 4, 4, 4]),
        (1, 9, 2, 2, [2, 3, 64, 2]),
        (1, 7, 1, 9, [1, 2, 3, 1]),
    ] {
        let shape = shape(batch, length, groups, in_group, rest);
        check_gradients(Shape {
            norm_groups: groups,
            ..shape
        });
    }
}
