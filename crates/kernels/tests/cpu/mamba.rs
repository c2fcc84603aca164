//! Mamba between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::mamba::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;
use crate::size;

fn shape([batch, length]: [usize; 2], [inner, state, rank, taps]: [usize; 4], normed: bool) -> Shape {
    Shape {
        batch,
        length,
        inner,
        state,
        rank,
        taps,
        normed,
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(
        batch in 1usize..3, length in size(), inner in size(), state in 1usize..20, rank in 1usize..5,
        taps in 1usize..5, normed: bool,
    ) {
        let shape = shape([batch, length], [inner, state, rank, taps], normed);
        check(shape, &shape.inputs());
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, inner in 1usize..40, state in 1usize..20, rank in 1usize..5,
        taps in 1usize..5, normed: bool,
    ) {
        check_steps(shape([batch, length], [inner, state, rank, taps], normed));
    }

    /// The first piece is at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, inner in 1usize..40, taps in 1usize..5) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(shape([2, length], [inner, 7, 3, taps], false), first);
    }
}

/// A step so large, and one so small, that nothing or all of a state stays.
#[test]
fn extreme_steps() {
    let shape = shape([1, 40], [20, 4, 2, 4], false);
    let mut inputs = shape.inputs();
    for (channel, bias) in inputs[6].iter_mut().enumerate() {
        *bias = [60.0, -60.0, 0.5][channel % 3];
    }
    check(shape, &inputs);
}

#[test]
fn gradients() {
    for (sizes, rest, normed) in [
        ([2, 11], [5, 4, 2, 4], false),
        ([1, 9], [3, 9, 3, 2], true),
        ([1, 70], [18, 3, 4, 1], true),
        ([1, 3], [130, 1, 1, 3], false),
    ] {
        check_gradients(shape(sizes, rest, normed));
    }
}
