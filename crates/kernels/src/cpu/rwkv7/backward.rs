//! The backward pass: of what is done with what was read, of the rule, and of what it gets.

use std::ops::Range;

use super::{
    BEFORE, FASTEST, HEAD_EPSILON, LEAST_LENGTH, Rows, Saved, Shape, VECTORS, Weights, agreement, check,
    inverse_length,
};
use crate::cpu::generalised_delta;
use crate::cpu::layer_norm::moments;
use crate::cpu::rows::sum_over_blocks;
use crate::cpu::vectors::add_scaled;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// The gradients that [`backward`] writes.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the rows, in the order that [`Rows`] names them, `rows × inner` each.
    pub rows: [&'a mut [f32]; 6],
    /// Of the small weights, one after the other, in the order of [`Weights`].
    pub vectors: &'a mut [f32],
}

/// From the gradient of the output of sequences that begin, writes those of the rows and of the small weights.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(
    shape: Shape,
    rows: Rows,
    weights: Weights,
    saved: &Saved,
    doutput: &[f32],
    gradients: Gradients,
) {
    check(shape, rows, weights, doutput);
    let (count, inner) = (shape.batch * shape.length, shape.inner());
    let lengths = gradients.rows.each_ref().map(|gradient| gradient.len());
    assert!(
        lengths == [doutput.len(); 6] && gradients.vectors.len() == VECTORS * inner,
        "a gradient for each input and for each small weight of {shape:?}"
    );
    let [reading, decay, key, value, rate, gate] = gradients.rows;
    let (of_making, of_output) = gradients.vectors.split_at_mut(BEFORE * inner);
    // What is around the rule: of what was read, and of readings, keys and values.
    let mut around = [(); 4].map(|()| Buffer::any(doutput.len()));
    {
        let [read, of_reading, of_key, of_value] = around.each_mut().map(|around| Shared::new(around));
        let targets = [read, of_reading, of_key, of_value, Shared::new(gate)];
        sum_over_blocks(count, 40 * count * inner, of_output, |mine, sums| {
            for row in mine {
                let row = row * inner..(row + 1) * inner;
                // SAFETY: rows do not overlap.
                let targets = targets.map(|target| unsafe { target.part(row.clone()) });
                let of = [&*saved.read, &saved.made.0[1], doutput].map(|of| &of[row.clone()]);
                dispatch!(output_row(shape.size, of, rows.part(row), weights, targets, sums));
            }
        });
    }
    let [dread, of_reading, of_key, of_value] = around;
    // That of `a` in the place of the rate's, and of `b` beside it.
    let mut of_written = Buffer::any(doutput.len());
    let targets = generalised_delta::Gradients {
        inputs: [
            &mut *reading,
            &mut *decay,
            &mut *key,
            &mut *value,
            &mut *rate,
            &mut of_written,
        ],
    };
    generalised_delta::backward(shape, saved.made.inputs(rows), &saved.left, &dread, targets);
    let targets = [reading, decay, key, value, rate, &mut *of_written].map(Shared::new);
    sum_over_blocks(count, 80 * count * inner, of_making, |mine, sums| {
        for row in mine {
            let row = row * inner..(row + 1) * inner;
            // SAFETY: rows do not overlap.
            let [reading, decay, key, value, rate, written] =
                targets.map(|target| unsafe { target.part(row.clone()) });
            dispatch!(add_scaled(&of_reading[row.clone()], 1.0, reading));
            dispatch!(add_scaled(&of_value[row.clone()], 1.0, value));
            let of = [&saved.made.0[0], &saved.made.0[2], &of_key].map(|of| &of[row.clone()]);
            let targets = [decay, key, rate, written];
            dispatch!(made_row(shape.size, of, rows.part(row), weights, targets, sums));
        }
    });
}

/// The same part of vectors that lie one after the other.
fn parts<const N: usize>(vectors: &mut [f32], part: Range<usize>) -> [&mut [f32]; N] {
    let each = vectors.len() / N;
    let mut rest = vectors;
    [(); N].map(|()| {
        let (vector, others) = std::mem::take(&mut rest).split_at_mut(each);
        rest = others;
        &mut vector[part.clone()]
    })
}

#[inline(always)]
fn output_row<S: Simd>(
    simd: S,
    size: usize,
    of: [&[f32]; 3],
    rows: Rows,
    weights: Weights,
    mut targets: [&mut [f32]; 5],
    sums: &mut [f32],
) {
    for first in (0..of[0].len()).step_by(size) {
        let head = first..first + size;
        let of = of.map(|of| &of[head.clone()]);
        let targets = targets.each_mut().map(|target| &mut target[head.clone()]);
        let sums = parts(sums, head.clone());
        output_of(
            simd,
            of,
            rows.part(head.clone()),
            weights.part(head),
            targets,
            sums,
        );
    }
}

/// Of what was read, readings, keys, values and the gate; and adds those of the bonus, the gain and the bias.
#[inline(always)]
fn output_of<S: Simd>(
    simd: S,
    [read, key, doutput]: [&[f32]; 3],
    rows: Rows,
    weights: Weights,
    [dread, dreading, dkey, dvalue, dgate]: [&mut [f32]; 5],
    [dbonus, dgain, dbias]: [&mut [f32]; 3],
) {
    let agreement = simd.splat(agreement(simd, rows.reading, key, weights.bonus));
    let [mean, scale] = moments(simd, read, HEAD_EPSILON);
    let (shift, factor) = (simd.splat(mean), simd.splat(scale));
    let [mut dagreement, mut total, mut projection] = [simd.splat(0.0); 3];
    // What the normalised values get, in the place of what was read.
    each_vector(
        simd,
        [
            read,
            rows.value,
            rows.gate,
            doutput,
            weights.head_norm,
            weights.head_norm_bias,
        ],
        [dread, dvalue, dgate, dgain, dbias],
        0.0,
        #[inline(always)]
        |[read, value, gate, doutput, gain, bias], [_, _, _, dgain, dbias]| {
            let normed = simd.mul(simd.sub(read, shift), factor);
            let around = simd.mul_add(agreement, value, bias);
            let sum = simd.mul_add(normed, gain, around);
            let dsum = simd.mul(doutput, gate);
            let dnormed = simd.mul(dsum, gain);
            dagreement = simd.mul_add(dsum, value, dagreement);
            total = simd.add(total, dnormed);
            projection = simd.mul_add(dnormed, normed, projection);
            [
                dnormed,
                simd.mul(agreement, dsum),
                simd.mul(doutput, sum),
                simd.mul_add(dsum, normed, dgain),
                simd.add(dbias, dsum),
            ]
        },
    );
    let count = read.len() as f32;
    let dagreement = simd.splat(simd.sum(dagreement));
    let straight = simd.splat(simd.sum(total) / count);
    let along = simd.splat(-simd.sum(projection) / count);
    each_vector(
        simd,
        [read, rows.reading, key, weights.bonus],
        [dread, dreading, dkey, dbonus],
        0.0,
        #[inline(always)]
        |[read, reading, key, bonus], [dnormed, _, _, dbonus]| {
            let normed = simd.mul(simd.sub(read, shift), factor);
            let rest = simd.sub(dnormed, straight);
            let weighed = simd.mul(dagreement, bonus);
            [
                simd.mul(simd.mul_add(normed, along, rest), factor),
                simd.mul(weighed, key),
                simd.mul(weighed, reading),
                simd.mul_add(simd.mul(dagreement, reading), key, dbonus),
            ]
        },
    );
}

#[inline(always)]
fn made_row<S: Simd>(
    simd: S,
    size: usize,
    of: [&[f32]; 3],
    rows: Rows,
    weights: Weights,
    mut targets: [&mut [f32]; 4],
    sums: &mut [f32],
) {
    for first in (0..of[0].len()).step_by(size) {
        let head = first..first + size;
        let of = of.map(|of| &of[head.clone()]);
        let targets = targets.each_mut().map(|target| &mut target[head.clone()]);
        let sums = parts(sums, head.clone());
        made_of(
            simd,
            of,
            rows.part(head.clone()),
            weights.part(head),
            targets,
            sums,
        );
    }
}

/// From the gradients of `w`, `k`, `a` and `b`, and what keys get around the rule, those of decays, keys and rates in their
/// places; and adds those of the small weights.
#[inline(always)]
fn made_of<S: Simd>(
    simd: S,
    [decays, asked, around]: [&[f32]; 3],
    rows: Rows,
    weights: Weights,
    [ddecay, dkey, drate, dwritten]: [&mut [f32]; 4],
    [ddecay_bias, drate_bias, dremoval_scale, dkey_scale]: [&mut [f32]; 4],
) {
    let (one, fastest) = (simd.splat(1.0), simd.splat(-FASTEST));
    let [mut squares, mut projection] = [simd.splat(0.0); 2];
    // What the removal gets, in the place of what is written.
    each_vector(
        simd,
        [
            rows.decay,
            rows.key,
            rows.rate,
            weights.decay_bias,
            weights.rate_bias,
            weights.removal_scale,
            weights.key_scale,
            decays,
            asked,
            around,
        ],
        [ddecay, dkey, drate, dwritten, ddecay_bias, drate_bias, dkey_scale],
        0.0,
        #[inline(always)]
        |[
            decay,
            key,
            rate,
            decay_bias,
            rate_bias,
            removal_scale,
            key_scale,
            decays,
            asked,
            around,
        ],
         [
            ddecays,
            dkey,
            dasked,
            dwritten,
            ddecay_bias,
            drate_bias,
            dkey_scale,
        ]| {
            let decay = simd.sigmoid(simd.add(decay, decay_bias));
            let slope = simd.mul(decay, simd.sub(one, decay));
            let ddecay = simd.mul(simd.mul(ddecays, simd.mul(decays, fastest)), slope);
            let rate = simd.sigmoid(simd.add(rate, rate_bias));
            let less = simd.sub(rate, one);
            let removal = simd.mul(key, removal_scale);
            squares = simd.mul_add(removal, removal, squares);
            // The removal is what is asked by, less its sign.
            let dremoval = simd.sub(simd.mul(dwritten, rate), dasked);
            projection = simd.mul_add(asked, dremoval, projection);
            let dkey = simd.add(dkey, around);
            let by_key = simd.mul(dkey, key);
            let drate = simd.sub(simd.mul(by_key, key_scale), simd.mul(dwritten, asked));
            let drate = simd.mul(drate, simd.mul(rate, simd.sub(one, rate)));
            [
                ddecay,
                simd.mul_add(simd.mul(dkey, less), key_scale, dkey),
                drate,
                dremoval,
                simd.add(ddecay_bias, ddecay),
                simd.add(drate_bias, drate),
                simd.mul_add(by_key, less, dkey_scale),
            ]
        },
    );
    let squares = simd.sum(squares);
    let inverse = simd.splat(inverse_length(squares));
    // A length that does not count does not turn.
    let turns = if squares.sqrt() < LEAST_LENGTH {
        0.0
    } else {
        -simd.sum(projection)
    };
    let projection = simd.splat(turns);
    each_vector(
        simd,
        [rows.key, weights.removal_scale, asked, dwritten],
        [dkey, dremoval_scale],
        0.0,
        #[inline(always)]
        |[key, scale, asked, dremoval], [dkey, dscale]| {
            let dscaled = simd.mul(simd.mul_add(asked, projection, dremoval), inverse);
            [
                simd.mul_add(dscaled, scale, dkey),
                simd.mul_add(dscaled, key, dscale),
            ]
        },
    );
}
