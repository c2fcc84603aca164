//! Matrices in slices.

use crate::parallel::Shared;
use crate::simd::{Simd, each_vector};

/// A matrix in a slice: the element (i, j) is at `i × row_stride + j × column_stride`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix stored row by row.
    ///
    /// # Panics
    /// If there are fewer values than `rows × columns`.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// A matrix stored row by row, its rows `stride` values apart.
    ///
    /// # Panics
    /// If the last row ends beyond the values.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(
            extent(rows, columns, stride).is_some_and(|end| end <= values.len()),
            "{} values are too few for {rows} rows of {columns}, {stride} apart",
            values.len()
        );
        Self {
            values,
            rows,
            columns,
            row_stride: stride,
            column_stride: 1,
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the values of a row lie side by side.
    pub(super) fn is_stored_by_rows(&self) -> bool {
        self.column_stride == 1
    }

    /// A row of a matrix that is stored by rows.
    #[inline(always)]
    pub(super) fn row(self, index: usize) -> &'a [f32] {
        debug_assert!(self.is_stored_by_rows());
        &self.values[index * self.row_stride..][..self.columns]
    }

    /// An element.
    pub(super) fn at(self, row: usize, column: usize) -> f32 {
        self.values[row * self.row_stride + column * self.column_stride]
    }

    /// The transposed matrix, of the same values.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The rows and columns from (`row`, `column`) on, `rows` and `columns` of them.
    pub(super) fn part(self, row: usize, rows: usize, column: usize, columns: usize) -> Self {
        debug_assert!(row + rows <= self.rows && column + columns <= self.columns);
        let start = row * self.row_stride + column * self.column_stride;
        Self {
            values: &self.values[start.min(self.values.len())..],
            rows,
            columns,
            ..self
        }
    }
}

/// Whether all elements of a matrix that is stored by rows are finite.
#[inline(always)]
pub(super) fn is_finite<S: Simd>(simd: S, rows: Matrix) -> bool {
    // Zero times what is not finite is not a number, and stays so in a sum.
    let zero = simd.splat(0.0);
    let mut sum = zero;
    for row in 0..rows.rows {
        each_vector(
            simd,
            [rows.row(row)],
            [],
            0.0,
            #[inline(always)]
            |[x], []| {
                sum = simd.mul_add(x, zero, sum);
                []
            },
        );
    }
    simd.sum(sum) == 0.0
}

/// Values from the first to the last of a matrix whose rows are `stride` apart, if they can be counted.
pub(super) fn extent(rows: usize, columns: usize, stride: usize) -> Option<usize> {
    if rows == 0 || columns == 0 {
        return Some(0);
    }
    (rows - 1).checked_mul(stride)?.checked_add(columns)
}

/// Where a product goes: rows `stride` values apart, the first one from `start` on. Threads have copies; each
/// writes rows or columns of its own.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) shared: Shared<'a>,
    pub(super) start: usize,
    pub(super) stride: usize,
}

impl<'a> Target<'a> {
    /// All of the values, in rows of `stride`.
    pub(super) fn new(values: &'a mut [f32], stride: usize) -> Self {
        Self {
            shared: Shared::new(values),
            start: 0,
            stride,
        }
    }

    /// The rows and columns from (`row`, `column`) on.
    pub(super) fn from(self, row: usize, column: usize) -> Self {
        Self {
            start: self.start + row * self.stride + column,
            ..self
        }
    }
}
