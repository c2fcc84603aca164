//! Decays of each key, and queries of the size that scores want: `exp(ln(sigmoid(raw)) ÷ divisor)` and
//! `query ÷ √key`. Products with few columns are in `f32` whatever else multiplies in.

use super::{Gradients, Shape, Weights};
use crate::Precision;
use crate::cpu::matrix::Matrix;
use crate::cpu::rows::{for_each_block, sum_over_blocks};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// Of each row, `rows × keys` each.
#[derive(Debug)]
pub(super) struct Decays {
    /// What the logarithms are of the sigmoid of.
    raw: Buffer,
    pub(super) decays: Buffer,
    pub(super) queries: Buffer,
}

/// What queries are multiplied by.
fn scale(shape: Shape) -> f32 {
    (shape.key as f32).sqrt().recip()
}

/// Where what the decays are made of begins in a projected row.
fn start(shape: Shape) -> usize {
    shape.columns() - shape.rank
}

impl Decays {
    pub(super) fn of(shape: Shape, weights: &Weights, projected: &[f32]) -> Self {
        let (rows, keys) = (shape.rows(), shape.keys());
        let [mut raw, mut decays, mut queries] = [(); 3].map(|()| Buffer::any(rows * keys));
        for row in raw.chunks_exact_mut(keys) {
            row.copy_from_slice(weights.decay_bias);
        }
        let narrow = shape.part(projected, start(shape), shape.rank);
        let weight = Matrix::new(weights.decays, shape.rank, keys);
        Precision::Float32.multiply(narrow, weight, &mut raw, keys, true);
        {
            let (decays, queries) = (Shared::new(&mut decays), Shared::new(&mut queries));
            let unscaled = shape.part(projected, shape.inner(), keys);
            let factors = [(shape.divisor as f32).recip(), scale(shape)];
            for_each_block(rows, 60 * rows * keys, |rows| {
                for row in rows {
                    let part = row * keys..(row + 1) * keys;
                    // SAFETY: each row is one task's.
                    let to = unsafe { [decays.part(part.clone()), queries.part(part.clone())] };
                    dispatch!(forward_row([&raw[part], unscaled.row(row)], factors, to));
                }
            });
        }
        Self { raw, decays, queries }
    }

    /// Makes of the gradients of the decays' logarithms those of what they are made by, and of those of scaled queries
    /// among the projected rows those of queries.
    pub(super) fn backward(
        &self,
        shape: Shape,
        weights: &Weights,
        projected: &[f32],
        logarithms: &mut [f32],
        gradients: Gradients,
    ) {
        let (rows, keys, columns) = (shape.rows(), shape.keys(), shape.columns());
        {
            let (draw, dprojected) = (Shared::new(logarithms), Shared::new(gradients.projected));
            let factors = [(shape.divisor as f32).recip(), scale(shape)];
            sum_over_blocks(rows, 40 * rows * keys, gradients.decay_bias, |rows, sums| {
                for row in rows {
                    let part = row * keys..(row + 1) * keys;
                    let queries = row * columns + shape.inner();
                    // SAFETY: each row is one task's.
                    let to = unsafe { [draw.part(part.clone()), dprojected.part(queries..queries + keys)] };
                    dispatch!(backward_row(&self.raw[part], factors, to, sums));
                }
            });
        }
        let draw = Matrix::new(logarithms, rows, keys);
        let narrow = shape.part(projected, start(shape), shape.rank);
        let weight = Matrix::new(weights.decays, shape.rank, keys);
        let single = Precision::Float32;
        single.multiply(narrow.transposed(), draw, gradients.decays, keys, false);
        let dnarrow = &mut gradients.projected[start(shape)..];
        single.multiply(draw, weight.transposed(), dnarrow, columns, false);
    }
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, inputs: [&[f32]; 2], factors: [f32; 2], [decays, queries]: [&mut [f32]; 2]) {
    let [part, scale] = factors.map(|factor| simd.splat(factor));
    let zero = simd.splat(0.0);
    each_vector(
        simd,
        inputs,
        [decays, queries],
        0.0,
        #[inline(always)]
        |[raw, query], _| {
            // The logarithm of a sigmoid is a softplus turned around.
            let logarithm = simd.sub(zero, simd.softplus(simd.sub(zero, raw)));
            [simd.exp(simd.mul(logarithm, part)), simd.mul(query, scale)]
        },
    );
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    raw: &[f32],
    factors: [f32; 2],
    [logarithms, queries]: [&mut [f32]; 2],
    bias: &mut [f32],
) {
    let [part, scale] = factors.map(|factor| simd.splat(factor));
    let zero = simd.splat(0.0);
    each_vector(
        simd,
        [raw],
        [logarithms, queries, bias],
        0.0,
        #[inline(always)]
        |[raw], [logarithm, query, bias]| {
            let slope = simd.mul(part, simd.sigmoid(simd.sub(zero, raw)));
            let draw = simd.mul(logarithm, slope);
            [draw, simd.mul(query, scale), simd.add(bias, draw)]
        },
    );
}
