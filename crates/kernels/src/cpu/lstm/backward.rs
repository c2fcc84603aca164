//! The backward pass, from the last position to the first.

use super::{Saved, Shape, Weights, quarters};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::product::Right;
use crate::cpu::rows::sum_over_blocks;
use crate::cpu::vectors::add_scaled;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// The gradients that [`backward`] writes, shaped as what they are of.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the projected rows.
    pub projected: &'a mut [f32],
    /// Of what the gates see of `h`.
    pub recurrent: &'a mut [f32],
    /// Of what is added to the forget gate.
    pub forget_bias: &'a mut [f32],
    /// Of what is added to the others.
    pub gate_bias: &'a mut [f32],
}

/// From the gradient of `h` of sequences that begin, writes those of the inputs.
///
/// # Panics
/// As [`forward`](super::forward).
pub fn backward(
    shape: Shape,
    weights: Weights,
    projected: &[f32],
    saved: &Saved,
    doutput: &[f32],
    gradients: Gradients,
) {
    shape.check(&weights, projected);
    let (rows, inner, columns) = (shape.rows(), shape.inner, shape.columns());
    assert!(
        [doutput.len(), gradients.projected.len()] == [rows * inner, projected.len()],
        "a gradient for each output and for each projected value"
    );
    let turned = Right::new(saved.precision, weights.recurrent(shape).transposed());
    {
        let dgates = Shared::new(gradients.projected);
        shape.for_each(|first, count| {
            let range = first * shape.length * columns..(first + count) * shape.length * columns;
            // SAFETY: each task has sequences of its own.
            let dgates = unsafe { dgates.part(range) };
            sequences(shape, saved, doutput, &turned, first, dgates);
        });
    }
    // What the weights saw of all positions, by one product.
    let dgates = Matrix::new(gradients.projected, rows, columns);
    let before = Matrix::new(&saved.before, rows, inner).transposed();
    saved
        .precision
        .multiply(before, dgates, gradients.recurrent, columns, false);
    let mut biases = Buffer::any(columns);
    sum_over_blocks(rows, 2 * rows * columns, &mut biases, |rows, sums| {
        for row in rows {
            dispatch!(add_scaled(dgates.row(row), 1.0, sums));
        }
    });
    let (forget, others) = biases.split_at(inner);
    gradients.forget_bias.copy_from_slice(forget);
    gradients.gate_bias.copy_from_slice(others);
}

/// Some sequences, from `first` on: the gradients of their gates before the nonlinearities.
fn sequences(shape: Shape, saved: &Saved, doutput: &[f32], turned: &Right, first: usize, dgates: &mut [f32]) {
    let Shape { length, inner, .. } = shape;
    let columns = shape.columns();
    let count = dgates.len() / (length * columns);
    let [mut dhidden, mut dcell] = [count * inner; 2].map(Buffer::zeros);
    let zeros = Buffer::zeros(inner);
    for position in (0..length).rev() {
        for sequence in 0..count {
            let row = (first + sequence) * length + position;
            let at = |of| value_row(of, row, inner);
            let inputs = Position {
                gates: value_row(&saved.gates, row, columns),
                cell: at(&saved.cells),
                before: match position {
                    0 => &zeros,
                    _ => value_row(&saved.cells, row - 1, inner),
                },
                doutput: at(doutput),
            };
            let (own, row) = (
                sequence * inner..(sequence + 1) * inner,
                sequence * length + position,
            );
            let dgates = &mut dgates[row * columns..(row + 1) * columns];
            dispatch!(position_of(
                inputs,
                &dhidden[own.clone()],
                &mut dcell[own],
                dgates
            ));
        }
        let of_position = Matrix::strided(&dgates[position * columns..], count, columns, length * columns);
        turned.multiply(of_position, Target::new(&mut dhidden, inner), false);
    }
}

fn value_row(of: &[f32], row: usize, width: usize) -> &[f32] {
    &of[row * width..(row + 1) * width]
}

/// What the forward pass left of a position of a sequence, and the gradient of its output.
#[derive(Clone, Copy)]
struct Position<'a> {
    gates: &'a [f32],
    cell: &'a [f32],
    /// The cell before it.
    before: &'a [f32],
    doutput: &'a [f32],
}

/// From the gradients of `h` and `c` by later positions, writes those of the gates, and of `c` before.
#[inline(always)]
fn position_of<S: Simd>(simd: S, inputs: Position, dhidden: &[f32], dcell: &mut [f32], dgates: &mut [f32]) {
    let inner = dcell.len();
    let part = |index: usize| &inputs.gates[index * inner..(index + 1) * inner];
    let one = simd.splat(1.0);
    let [dforget, dinput, doutput, dcandidate] = quarters(dgates);
    each_vector(
        simd,
        [
            part(0),
            part(1),
            part(2),
            part(3),
            inputs.cell,
            inputs.before,
            inputs.doutput,
            dhidden,
        ],
        [dforget, dinput, doutput, dcandidate, dcell],
        0.0,
        #[inline(always)]
        |[forget, input, output, candidate, cell, before, own, later], [_, _, _, _, dcell]| {
            let slope = |sigmoid: S::Floats| simd.mul(sigmoid, simd.sub(one, sigmoid));
            let flatness = |tanh: S::Floats| simd.sub(one, simd.mul(tanh, tanh));
            let (dhidden, bent) = (simd.add(own, later), simd.tanh(cell));
            let of_cell = simd.mul(simd.mul(dhidden, output), flatness(bent));
            let dcell = simd.add(dcell, of_cell);
            [
                simd.mul(simd.mul(dcell, before), slope(forget)),
                simd.mul(simd.mul(dcell, candidate), slope(input)),
                simd.mul(simd.mul(dhidden, bent), slope(output)),
                simd.mul(simd.mul(dcell, input), flatness(candidate)),
                simd.mul(dcell, forget),
            ]
        },
    );
}
