//! Rotary positions (Su et al. 2021, equation 34), in the arrangement of the published Llama weights:
//! of the coordinates that turn, which come first in a head, i is paired with i + half of them.

use super::vectors::scale;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// The cosines and sines of some positions, `half` angles each: the first 2 `half` coordinates of a head turn.
#[derive(Clone, Copy, Debug)]
pub struct Angles<'a> {
    /// `positions × half`
    pub cosines: &'a [f32],
    /// `positions × half`
    pub sines: &'a [f32],
    /// Angles of a position.
    pub half: usize,
}

/// Which way to turn: the gradient turns back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// By the angle of the position.
    Forward,
    /// By its negative.
    Back,
}

impl<'a> Angles<'a> {
    /// The angles of one position.
    pub fn at(self, position: usize) -> Self {
        let range = position * self.half..(position + 1) * self.half;
        Self {
            cosines: &self.cosines[range.clone()],
            sines: &self.sines[range],
            half: self.half,
        }
    }
}

/// Turns the heads of `x` (`batch × length × heads × dimension`) into `y`.
///
/// # Panics
/// If the lengths do not agree or more would turn than a head has.
pub fn rotate(
    x: &[f32],
    length: usize,
    heads: usize,
    dimension: usize,
    angles: Angles,
    turn: Turn,
    y: &mut [f32],
) {
    let (half, row) = (angles.half, heads * dimension);
    assert!(
        2 * half <= dimension,
        "heads of {dimension} coordinates, of which {} turn",
        2 * half
    );
    assert!(
        angles.cosines.len() == length * half && angles.sines.len() == length * half,
        "angles of {length} positions"
    );
    let rows = x.len().checked_div(row).unwrap_or(0);
    assert!(
        rows * row == x.len() && y.len() == x.len(),
        "heads of {dimension} coordinates"
    );
    assert!(
        rows == 0 || rows.is_multiple_of(length),
        "sequences of {length} positions"
    );
    let step = (16_384 / row.max(1)).max(1);
    let y = Shared::new(y);
    parallel::for_each(rows.div_ceil(step), 6 * x.len(), |task| {
        for index in block(task, step, rows) {
            let values = index * row..(index + 1) * row;
            // SAFETY: rows do not overlap.
            let y = unsafe { y.part(values.clone()) };
            dispatch!(rotate_heads(
                &x[values],
                dimension,
                angles.at(index % length),
                turn,
                y
            ));
        }
    });
}

#[inline(always)]
fn rotate_heads<S: Simd>(simd: S, x: &[f32], dimension: usize, angles: Angles, turn: Turn, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(dimension).zip(y.chunks_exact_mut(dimension)) {
        rotate_head(simd, x, angles, turn, 1.0, y);
    }
}

/// Turns one head and multiplies it by a factor: afterwards, or before it is turned back, as gradients go.
#[inline(always)]
pub(super) fn rotate_head<S: Simd>(
    simd: S,
    x: &[f32],
    angles: Angles,
    turn: Turn,
    factor: f32,
    y: &mut [f32],
) {
    let half = angles.half;
    let ((x, straight), (y, straight_to)) = (x.split_at(2 * half), y.split_at_mut(2 * half));
    if !straight.is_empty() {
        scale(simd, straight, factor, straight_to);
    }
    let (sign, before, after) = match turn {
        Turn::Forward => (1.0, 1.0, factor),
        Turn::Back => (-1.0, factor, 1.0),
    };
    let (sign, before, after) = (simd.splat(sign), simd.splat(before), simd.splat(after));
    let ((x0, x1), (y0, y1)) = (x.split_at(half), y.split_at_mut(half));
    let inputs = [x0, x1, angles.cosines, angles.sines];
    each_vector(
        simd,
        inputs,
        [y0, y1],
        0.0,
        #[inline(always)]
        |[x0, x1, cosine, sine], _| {
            let (x0, x1, sine) = (simd.mul(x0, before), simd.mul(x1, before), simd.mul(sign, sine));
            let y0 = simd.sub(simd.mul(x0, cosine), simd.mul(x1, sine));
            let y1 = simd.mul_add(x0, sine, simd.mul(x1, cosine));
            [simd.mul(y0, after), simd.mul(y1, after)]
        },
    );
}
