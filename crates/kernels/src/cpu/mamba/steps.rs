//! Steps, what they write of the convolved rows, and what goes around the state.

use super::Shape;
use crate::cpu::rows::{for_each_block, sum_over_blocks};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// Steps of each channel, and what they write: `rows × inner` each.
pub(super) struct Steps {
    pub(super) steps: Buffer,
    pub(super) values: Buffer,
}

impl Steps {
    pub(super) fn of(shape: Shape, raw: &[f32], convolved: &[f32]) -> Self {
        let (rows, inner) = (shape.rows(), shape.inner);
        let [mut steps, mut values] = [(); 2].map(|()| Buffer::any(raw.len()));
        {
            let (steps, values) = (Shared::new(&mut steps), Shared::new(&mut values));
            for_each_block(rows, 40 * raw.len(), |rows| {
                let part = rows.start * inner..rows.end * inner;
                // SAFETY: blocks of rows do not overlap.
                let (steps, values) = unsafe { (steps.part(part.clone()), values.part(part.clone())) };
                dispatch!(forward(&raw[part.clone()], &convolved[part], steps, values));
            });
        }
        Self { steps, values }
    }
}

#[inline(always)]
fn forward<S: Simd>(simd: S, raw: &[f32], convolved: &[f32], steps: &mut [f32], values: &mut [f32]) {
    each_vector(
        simd,
        [raw, convolved],
        [steps, values],
        0.0,
        #[inline(always)]
        |[raw, x], _| {
            let step = simd.softplus(raw);
            [step, simd.mul(step, x)]
        },
    );
}

/// Writes what of the convolved rows goes around the state.
pub(super) fn around(skip: &[f32], convolved: &[f32], output: &mut [f32]) {
    let (inner, output) = (skip.len(), Shared::new(output));
    for_each_block(convolved.len() / inner, convolved.len(), |rows| {
        for row in rows {
            let part = row * inner..(row + 1) * inner;
            // SAFETY: each row is one task's.
            let to = unsafe { output.part(part.clone()) };
            dispatch!(products(&convolved[part], skip, to));
        }
    });
}

#[inline(always)]
fn products<S: Simd>(simd: S, x: &[f32], y: &[f32], to: &mut [f32]) {
    each_vector(
        simd,
        [x, y],
        [to],
        0.0,
        #[inline(always)]
        |[x, y], _| [simd.mul(x, y)],
    );
}

/// What the backward pass is of.
pub(super) struct Backward<'a> {
    pub(super) raw: &'a [f32],
    pub(super) convolved: &'a [f32],
    pub(super) steps: &'a Steps,
    pub(super) skip: &'a [f32],
    pub(super) dscanned: &'a [f32],
    pub(super) dvalues: &'a [f32],
}

impl Backward<'_> {
    /// Makes of the gradient of the steps, as decays have it, that of what they are before softplus, and writes those of
    /// the convolved rows, of what is added to the steps, and of the skip.
    pub(super) fn run(&self, dsteps: &mut [f32], dconvolved: &mut [f32], [bias, skip]: [&mut [f32]; 2]) {
        let inner = self.skip.len();
        let rows = dsteps.len() / inner;
        let (dsteps, dconvolved) = (Shared::new(dsteps), Shared::new(dconvolved));
        let mut sums = Buffer::any(2 * inner);
        sum_over_blocks(rows, 60 * rows * inner, &mut sums, |rows, sums| {
            for row in rows {
                let part = row * inner..(row + 1) * inner;
                // SAFETY: each row is one task's.
                let outputs = unsafe { [dsteps.part(part.clone()), dconvolved.part(part.clone())] };
                let inputs = [
                    self.raw,
                    self.convolved,
                    &self.steps.steps,
                    self.dscanned,
                    self.dvalues,
                ];
                let inputs = inputs.map(|values| &values[part.clone()]);
                dispatch!(backward_row(inputs, self.skip, outputs, sums));
            }
        });
        let (of_bias, of_skip) = sums.split_at(inner);
        bias.copy_from_slice(of_bias);
        skip.copy_from_slice(of_skip);
    }
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    [raw, x, steps, dy, dvalues]: [&[f32]; 5],
    skip: &[f32],
    [dsteps, dx]: [&mut [f32]; 2],
    sums: &mut [f32],
) {
    let (bias, of_skip) = sums.split_at_mut(skip.len());
    each_vector(
        simd,
        [raw, x, steps, dy, dvalues, skip],
        [dsteps, dx, bias, of_skip],
        0.0,
        #[inline(always)]
        |[raw, x, step, dy, dvalue, skip], [dstep, _, bias, of_skip]| {
            // The slope of softplus is the sigmoid.
            let draw = simd.mul(simd.mul_add(dvalue, x, dstep), simd.sigmoid(raw));
            let dx = simd.mul_add(dvalue, step, simd.mul(skip, dy));
            [draw, dx, simd.add(bias, draw), simd.mul_add(dy, x, of_skip)]
        },
    );
}
