//! An LSTM between its products.

use proptest::prelude::*;
use triaxis_kernels::cpu::lstm::Shape;

use crate::recurrent::{check, check_gradients, check_pieces, check_steps_of};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;

proptest! {
    #![proptest_config(config(24))]

    /// Of more sequences than a task takes.
    #[test]
    fn any_shape(batch in 1usize..10, length in 1usize..40, inner in 1usize..40) {
        let shape = Shape { batch, length, inner };
        check(shape, &tamed(shape));
    }

    #[test]
    fn steps_are_the_recurrence(batch in 1usize..4, length in 1usize..30, inner in 1usize..80) {
        let shape = Shape { batch, length, inner };
        check_steps_of(shape, &tamed(shape));
    }

    #[test]
    fn pieces_are_the_whole(length in 2usize..50, at in 0.0f64..1.0) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        check_pieces(Shape { batch: 2, length, inner: 19 }, first);
    }
}

/// What the gates see of `h` is small enough that rounding does not grow with time.
fn tamed(shape: Shape) -> [Vec<f32>; 4] {
    let mut inputs = shape.inputs();
    let root = (shape.inner as f32).sqrt();
    inputs[1].iter_mut().for_each(|weight| *weight /= root);
    inputs
}

#[test]
fn gates_that_are_shut_and_open() {
    let shape = Shape {
        batch: 1,
        length: 40,
        inner: 3,
    };
    let mut inputs = tamed(shape);
    for (row, values) in inputs[0].chunks_mut(shape.columns()).enumerate() {
        for (place, gate) in values.iter_mut().enumerate() {
            *gate = [90.0, -90.0, 300.0, -300.0, 0.0][(7 * row + place) % 5];
        }
    }
    check(shape, &inputs);
}

#[test]
fn gradients() {
    for (batch, length, inner) in [(2, 7, 3), (5, 4, 2), (1, 3, 17)] {
        check_gradients(Shape { batch, length, inner });
    }
}
