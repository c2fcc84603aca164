//! Gated linear attention between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::gated_linear::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;
use crate::size;

fn shape([batch, length]: [usize; 2], [heads, key, value, rank]: [usize; 4]) -> Shape {
    Shape {
        batch,
        length,
        heads,
        key,
        value,
        rank,
        divisor: 4,
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(
        batch in 1usize..3, length in size(), heads in 1usize..4, key in 1usize..20, value in 2usize..40,
        rank in 1usize..5,
    ) {
        let shape = shape([batch, length], [heads, key, value, rank]);
        check(shape, &shape.inputs());
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..40, heads in 1usize..4, key in 1usize..20, value in 2usize..40,
        rank in 1usize..5,
    ) {
        check_steps(shape([batch, length], [heads, key, value, rank]));
    }

    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, heads in 1usize..4) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(shape([2, length], [heads, 5, 7, 3]), first);
    }
}

/// Decays so strong that a product of them over a few positions is below what `f32` has, beside some that are none.
#[test]
fn strong_decays() {
    let shape = Shape {
        divisor: 1,
        ..shape([1, 200], [2, 9, 5, 2])
    };
    let mut inputs = shape.inputs();
    for (key, bias) in inputs[2].iter_mut().enumerate() {
        *bias = [-70.0, 90.0, 0.5][key % 3];
    }
    check(shape, &inputs);
}

#[test]
fn gradients() {
    for (sizes, rest) in [
        ([2, 11], [2, 5, 3, 2]),
        ([1, 70], [1, 9, 4, 3]),
        ([1, 4], [2, 1, 130, 1]),
    ] {
        check_gradients(shape(sizes, rest));
    }
}
