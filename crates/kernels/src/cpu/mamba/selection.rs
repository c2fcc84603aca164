//! What is selected by: products of the convolved rows with few columns, in `f32` whatever else multiplies in.

use super::{Shape, Weights};
use crate::Precision;
use crate::cpu::matrix::Matrix;
use crate::cpu::rms_norm;
use crate::cpu::rows::{for_each_block, sum_over_blocks};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::dispatch;

/// Rows of what the steps are made of, of `B` and of `C`: `rows × selected`.
#[derive(Debug)]
pub(super) struct Selection {
    selected: Buffer,
    /// Where they were normalised: what they were before, and the scale of each of the three.
    before: Option<(Buffer, Buffer)>,
}

/// The gradients that [`Selection::backward`] writes, that of the convolved rows added to.
pub(super) struct Gradients<'a> {
    pub(super) convolved: &'a mut [f32],
    pub(super) selection: &'a mut [f32],
    pub(super) gain: &'a mut [f32],
    pub(super) steps: &'a mut [f32],
}

/// Where the three parts of a row end.
fn ends(shape: Shape) -> [[usize; 2]; 3] {
    let (rank, state) = (shape.rank, shape.state);
    [[0, rank], [rank, rank + state], [rank + state, rank + 2 * state]]
}

impl Selection {
    pub(super) fn of(shape: Shape, weights: &Weights, convolved: &[f32]) -> Self {
        let (rows, inner, width) = (shape.rows(), shape.inner, shape.selected());
        let mut selected = Buffer::any(rows * width);
        let x = Matrix::new(convolved, rows, inner);
        let weight = Matrix::new(weights.selection, inner, width);
        Precision::Float32.multiply(x, weight, &mut selected, width, false);
        if !shape.normed {
            return Self {
                selected,
                before: None,
            };
        }
        let [mut normed, mut scales] = [rows * width, rows * 3].map(Buffer::any);
        {
            let (normed, scales) = (Shared::new(&mut normed), Shared::new(&mut scales));
            for_each_block(rows, 4 * selected.len(), |rows| {
                for row in rows {
                    for (which, [start, end]) in ends(shape).into_iter().enumerate() {
                        let (x, gain) = (&selected[row * width..][start..end], &weights.gain[start..end]);
                        let place = row * 3 + which;
                        // SAFETY: each row is one task's.
                        let (y, scale) = unsafe {
                            let y = normed.part(row * width + start..row * width + end);
                            (y, scales.part(place..place + 1))
                        };
                        dispatch!(rms_norm::forward_rows(x, gain, weights.epsilon, y, scale));
                    }
                }
            });
        }
        Self {
            selected: normed,
            before: Some((selected, scales)),
        }
    }

    fn part(&self, shape: Shape, start: usize, columns: usize) -> Matrix<'_> {
        Matrix::strided(&self.selected[start..], shape.rows(), columns, shape.selected())
    }

    /// `B` and `C`.
    pub(super) fn keys_and_queries(&self, shape: Shape) -> [Matrix<'_>; 2] {
        [shape.rank, shape.rank + shape.state].map(|start| self.part(shape, start, shape.state))
    }

    /// The steps before softplus, `rows × inner`.
    pub(super) fn steps(&self, shape: Shape, weights: &Weights) -> Buffer {
        let mut raw = Buffer::any(shape.rows() * shape.inner);
        for row in raw.chunks_exact_mut(shape.inner) {
            row.copy_from_slice(weights.step_bias);
        }
        let weight = Matrix::new(weights.steps, shape.rank, shape.inner);
        Precision::Float32.multiply(
            self.part(shape, 0, shape.rank),
            weight,
            &mut raw,
            shape.inner,
            true,
        );
        raw
    }

    /// From the gradients of the steps before softplus, and of `B` and `C` where they lie in `dselected`.
    pub(super) fn backward(
        &self,
        shape: Shape,
        weights: &Weights,
        convolved: Matrix,
        draw: &[f32],
        dselected: &mut [f32],
        gradients: Gradients,
    ) {
        let (rows, inner, width) = (shape.rows(), shape.inner, shape.selected());
        let draw = Matrix::new(draw, rows, inner);
        let steps = Matrix::new(weights.steps, shape.rank, inner);
        let single = Precision::Float32;
        single.multiply(draw, steps.transposed(), dselected, width, false);
        let of_steps = self.part(shape, 0, shape.rank).transposed();
        single.multiply(of_steps, draw, gradients.steps, inner, false);
        if let Some((before, scales)) = &self.before {
            normed_backward(shape, weights.gain, before, scales, dselected, gradients.gain);
        }
        let dselected = Matrix::new(dselected, rows, width);
        let weight = Matrix::new(weights.selection, inner, width);
        single.multiply(dselected, weight.transposed(), gradients.convolved, inner, true);
        single.multiply(
            convolved.transposed(),
            dselected,
            gradients.selection,
            width,
            false,
        );
    }
}

/// Makes of the gradient of normalised rows that of what they were, and writes that of the gains.
fn normed_backward(
    shape: Shape,
    gain: &[f32],
    before: &[f32],
    scales: &[f32],
    dselected: &mut [f32],
    dgain: &mut [f32],
) {
    let width = shape.selected();
    let work = 8 * dselected.len();
    let dselected = Shared::new(dselected);
    sum_over_blocks(shape.rows(), work, dgain, |rows, dgain| {
        let mut dy = Buffer::any(width);
        for row in rows {
            // SAFETY: each row is one task's.
            let dx = unsafe { dselected.part(row * width..(row + 1) * width) };
            dy.copy_from_slice(dx);
            for (which, [start, end]) in ends(shape).into_iter().enumerate() {
                let x = &before[row * width..][start..end];
                let scale = &scales[row * 3 + which..][..1];
                let (dy, dx, dgain) = (&dy[start..end], &mut dx[start..end], &mut dgain[start..end]);
                dispatch!(rms_norm::backward_rows(
                    x,
                    &gain[start..end],
                    scale,
                    dy,
                    dx,
                    dgain
                ));
            }
        }
    });
}
