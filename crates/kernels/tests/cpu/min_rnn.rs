//! minGRU and minLSTM between their products.

use proptest::prelude::*;
use triaxis_kernels::cpu::min_rnn::{Kind, Shape};

use crate::recurrent::{check, check_gradients, check_pieces, check_steps};
use crate::reference::config;
use crate::reference::recurrent::Recurrent;
use crate::size;

const KINDS: [Kind; 2] = [Kind::Gru, Kind::Lstm];

fn shape(batch: usize, length: usize, inner: usize, taps: usize, kind: Kind) -> Shape {
    Shape {
        batch,
        length,
        inner,
        taps,
        kind,
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_shape(batch in 1usize..3, length in size(), inner in size(), taps in 1usize..5) {
        for kind in KINDS {
            let shape = shape(batch, length, inner, taps, kind);
            check(shape, &shape.inputs());
        }
    }

    #[test]
    fn steps_are_the_recurrence(batch in 1usize..3, length in 1usize..40, inner in size(), taps in 1usize..5) {
        for kind in KINDS {
            check_steps(shape(batch, length, inner, taps, kind));
        }
    }

    /// The first piece is at times shorter than what the convolution looks back on.
    #[test]
    fn pieces_are_the_whole(length in 2usize..90, at in 0.0f64..1.0, taps in 1usize..5) {
        let first = 1 + (at * (length - 2) as f64) as usize;
        for kind in KINDS {
            check_pieces(shape(2, length, 19, taps, kind), first);
        }
    }
}

/// Gates that are shut and open as far as numbers go.
#[test]
fn extreme_gates() {
    for kind in KINDS {
        let shape = shape(1, 40, 3, 1, kind);
        let mut inputs = shape.inputs();
        for (row, values) in inputs[0].chunks_mut(shape.columns()).enumerate() {
            let gates = shape.columns() - shape.inner;
            for (place, gate) in values[..gates].iter_mut().enumerate() {
                *gate = [300.0, -300.0, 95.0, -95.0, 0.0][(3 * row + place) % 5];
            }
        }
        check(shape, &inputs);
    }
}

#[test]
fn gradients() {
    for kind in KINDS {
        check_gradients(shape(2, 11, 3, 4, kind));
        check_gradients(shape(1, 5, 18, 1, kind));
    }
}
