//! Griffin's recurrent block between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::rg_lru::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;

fn shape(batch: usize, length: usize, heads: usize, head: usize, taps: usize) -> Shape {
    Shape {
        batch,
        length,
        inner: heads * head,
        heads,
        taps,
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(batch in 1usize..3, length in 1usize..70, heads in 1usize..4, head in 1usize..30, taps in 1usize..5) {
        let shape = shape(batch, length, heads, head, taps);
        check(shape, &shape.inputs());
    }

    #[test]
    fn steps_are_the_recurrence(
        batch in 1usize..3, length in 1usize..30, heads in 1usize..4, head in 1usize..30, taps in 1usize..5,
    ) {
        check_steps(shape(batch, length, heads, head, taps));
    }

    /// The first piece is at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..60, at in 0.0f64..1.0, heads in 1usize..3, taps in 1usize..5) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(shape(2, length, heads, 5, taps), first);
    }
}

/// States that nothing of decays, and states of which nothing stays.
#[test]
fn extreme_decays() {
    let shape = shape(1, 40, 2, 3, 2);
    let mut inputs = shape.inputs();
    inputs[8].copy_from_slice(&[-90.0, 90.0, 0.0, 30.0, -30.0, 1.0]);
    inputs[5].copy_from_slice(&[90.0, -90.0, 5.0, -5.0, 0.0, 0.0]);
    check(shape, &inputs);
    let (_, gradients) = shape.backward(&inputs, &vec![1.0; shape.outputs()]);
    assert!(gradients.iter().flatten().all(|gradient| gradient.is_finite()));
}

#[test]
fn gradients() {
    for (batch, length, heads, head, taps) in [(2, 9, 2, 2, 3), (1, 5, 1, 5, 1), (1, 7, 3, 1, 4)] {
        check_gradients(shape(batch, length, heads, head, taps));
    }
}
