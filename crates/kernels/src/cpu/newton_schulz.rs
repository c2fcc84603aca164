//! The orthogonal matrix nearest to a matrix, roughly: Newton and Schulz's iteration as Muon runs it (Jordan et al.
//! 2024, "Muon: An optimizer for hidden layers in neural networks").

use super::matrix::Matrix;
use super::norm::gradient_norm;
use crate::Precision;
use crate::memory::Buffer;
use crate::simd::{Simd, dispatch, each_vector};

/// `a`, `b` and `c` of a step, `X ← (a + b A + c A²) X` with `A = X Xᵀ`: Jordan's, chosen for the steepest slope at
/// zero, so that singular values end between about 0.7 and 1.2 instead of at one.
pub const COEFFICIENTS: [f64; 3] = [3.4445, -4.775, 2.0315];

/// Steps of the iteration.
pub const STEPS: usize = 5;

/// What the matrix is divided by at least, in place of its norm.
pub const LEAST_NORM: f64 = 1e-7;

/// Multiply-adds of the iteration on a matrix, about.
pub fn operations(rows: usize, columns: usize) -> usize {
    let (side, area) = (rows.min(columns), rows.saturating_mul(columns));
    let step = area.saturating_mul(2).saturating_add(side.saturating_mul(side));
    step.saturating_mul(side).saturating_mul(STEPS)
}

/// Replaces the singular values of a matrix by what the iteration makes of each, about one.
///
/// # Panics
/// If the values are not those of `rows × columns`.
pub fn orthogonalise(values: &mut [f32], rows: usize, columns: usize) {
    assert_eq!(values.len(), rows * columns, "values of {rows} rows of {columns}");
    let norm = gradient_norm(&[values]).max(LEAST_NORM);
    dispatch!(multiply_by(values, norm.recip() as f32));
    let side = rows.min(columns);
    let mut next = Buffer::any(values.len());
    let [mut gram, mut square] = [Buffer::any(side * side), Buffer::any(side * side)];
    let multiply = |a: Matrix, b: Matrix, product: &mut [f32]| {
        let stride = b.columns();
        Precision::Float32.multiply(a, b, product, stride, false);
    };
    for _ in 0..STEPS {
        let x = Matrix::new(values, rows, columns);
        let is_wide = rows <= columns;
        // The product of the shorter side: singular values are the same from either.
        let (left, right) = if is_wide {
            (x, x.transposed())
        } else {
            (x.transposed(), x)
        };
        multiply(left, right, &mut gram);
        let of_gram = Matrix::new(&gram, side, side);
        multiply(of_gram, of_gram, &mut square);
        dispatch!(polynomial(&gram, &mut square, side));
        let factor = Matrix::new(&square, side, side);
        let (left, right) = if is_wide { (factor, x) } else { (x, factor) };
        multiply(left, right, &mut next);
        values.copy_from_slice(&next);
    }
}

#[inline(always)]
fn multiply_by<S: Simd>(simd: S, values: &mut [f32], factor: f32) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [],
        [values],
        0.0,
        #[inline(always)]
        |[], [x]| [simd.mul(x, factor)],
    );
}

/// `square = a + b gram + c square`
#[inline(always)]
fn polynomial<S: Simd>(simd: S, gram: &[f32], square: &mut [f32], side: usize) {
    let [a, b, c] = COEFFICIENTS.map(|coefficient| coefficient as f32);
    let (of_gram, of_square) = (simd.splat(b), simd.splat(c));
    each_vector(
        simd,
        [gram],
        [&mut *square],
        0.0,
        #[inline(always)]
        |[gram], [square]| [simd.mul_add(square, of_square, simd.mul(gram, of_gram))],
    );
    for diagonal in square.iter_mut().step_by(side + 1) {
        *diagonal += a;
    }
}
