//! What holds of every recurrent mixer between its products.

use triaxis_kernels::cpu::recurrent::Carried;
use triaxis_kernels::memory::Buffer;

use crate::reference::recurrent::Recurrent;
use crate::reference::{random, wide};
use crate::{on_every_level, unset};

/// The output against the definition.
pub(crate) fn check<const N: usize>(shape: impl Recurrent<N>, inputs: &[Vec<f32>; N]) {
    let expected = shape.expected(&inputs.each_ref().map(|input| wide(input)));
    on_every_level(|| {
        let (found, _) = shape.forward(inputs, None);
        assert_close!(found, expected);
    });
}

/// One position after the other.
pub(crate) fn check_steps<const N: usize>(shape: impl Recurrent<N>) {
    check_steps_of(shape, &shape.inputs());
}

/// The same of other inputs.
pub(crate) fn check_steps_of<const N: usize>(shape: impl Recurrent<N>, inputs: &[Vec<f32>; N]) {
    let expected = shape.expected(&inputs.each_ref().map(|input| wide(input)));
    on_every_level(|| {
        let (found, carried) = stepped(shape, inputs);
        assert_close!(found, expected);
        let (_, after) = shape.forward(inputs, None);
        assert_close!(carried.window, wide(&after.window));
        assert_close!(carried.state, wide(&after.state));
    });
}

fn stepped<const N: usize>(shape: impl Recurrent<N>, inputs: &[Vec<f32>; N]) -> (Vec<f32>, Carried) {
    let [batch, length, inner] = shape.sizes();
    let [window, state] = shape.carried().map(|size| Buffer::zeros(batch * size));
    let mut carried = Carried { window, state };
    let columns = inputs[0].len() / (batch * length);
    let mut all = unset(shape.outputs());
    for position in 0..length {
        let rows = inputs[0].chunks(columns).skip(position).step_by(length);
        let rows: Vec<f32> = rows.flatten().copied().collect();
        let mut output = unset(batch * inner);
        shape.of_length(1).step(inputs, &rows, &mut carried, &mut output);
        let places = all.chunks_mut(inner).skip(position).step_by(length);
        for (place, output) in places.zip(output.chunks(inner)) {
            place.copy_from_slice(output);
        }
    }
    (all, carried)
}

/// A sequence in two pieces.
pub(crate) fn check_pieces<const N: usize>(shape: impl Recurrent<N>, first: usize) {
    let ([batch, length, inner], inputs) = (shape.sizes(), shape.inputs());
    let columns = inputs[0].len() / (batch * length);
    let piece = |from: usize, to: usize| {
        let rows = inputs[0].chunks(length * columns);
        let projected = rows.flat_map(|rows| &rows[from * columns..to * columns]);
        let mut inputs = inputs.clone();
        inputs[0] = projected.copied().collect();
        (shape.of_length(to - from), inputs)
    };
    on_every_level(|| {
        let (expected, after) = shape.forward(&inputs, None);
        let (begin, rest) = (piece(0, first), piece(first, length));
        let (head, carried) = begin.0.forward(&begin.1, None);
        let (tail, last) = rest.0.forward(&rest.1, Some(&carried));
        let sequences = head
            .chunks(first * inner)
            .zip(tail.chunks((length - first) * inner));
        let joined: Vec<f32> = sequences.flat_map(|(head, tail)| [head, tail].concat()).collect();
        assert_close!(joined, wide(&expected));
        assert_close!(last.window, wide(&after.window));
        assert_close!(last.state, wide(&after.state));
    });
}

/// Every gradient against central differences of the definition.
pub(crate) fn check_gradients<const N: usize>(shape: impl Recurrent<N>) {
    let (inputs, direction) = (shape.inputs(), random(99, shape.outputs()));
    let wide_inputs = inputs.each_ref().map(|input| wide(input));
    let loss = |inputs: &[Vec<f64>; N]| -> f64 {
        let output = shape.expected(inputs);
        let terms = output.iter().zip(&direction);
        terms.map(|(y, &d)| y * f64::from(d)).sum()
    };
    let differences = std::array::from_fn::<_, N, _>(|which| {
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
        let count = wide_inputs[which].len();
        (0..count).map(difference).collect::<Vec<f64>>()
    });
    on_every_level(|| {
        let (_, found) = shape.backward(&inputs, &direction);
        for (found, expected) in found.iter().zip(&differences) {
            assert_close!(found, expected);
        }
    });
}
