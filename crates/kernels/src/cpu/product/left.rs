//! Rows of a left-hand side, for the thread that made them.

use super::{Packing, STRIP};
use crate::Precision;
use crate::cpu::bf16::{self, strips};
use crate::cpu::matrix::Matrix;
use crate::memory::Buffer;
use crate::parallel::Shared;

/// Rows of a left-hand side, ready to be multiplied.
pub(in crate::cpu) enum Left<'a> {
    Float32(Rows<'a>),
    BFloat16(bf16::Left),
}

impl<'a> Left<'a> {
    /// Space for rows, to be packed 32 at a time.
    pub(in crate::cpu) fn any(precision: Precision, rows: usize, depth: usize) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(bf16::Left::new(unit, rows, depth)),
            None => Self::Float32(Rows::any(rows, depth)),
        }
    }

    /// Rows that are all there, stored by rows.
    pub(in crate::cpu) fn of(precision: Precision, rows: Matrix<'a>) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(bf16::Left::of(unit, rows)),
            None => Self::Float32(Rows::Lying(rows)),
        }
    }

    /// The same, and in the same reading packs the rows as the depth of `packing` from the row `first` on, a
    /// multiple of 32.
    ///
    /// # Safety
    /// Nothing else may touch these rows of `packing` meanwhile.
    pub(in crate::cpu) unsafe fn and_depth(
        precision: Precision,
        rows: Matrix<'a>,
        packing: Packing,
        first: usize,
    ) -> Self {
        let depth = |strip: usize, rows: Matrix| {
            // SAFETY: the caller's promise.
            unsafe { packing.pack(first + strip * STRIP, rows) };
        };
        match precision.rounding() {
            Some(unit) => Self::BFloat16(bf16::Left::of_each(unit, rows, depth)),
            None => {
                strips(rows).for_each(|(strip, rows)| depth(strip, rows));
                Self::Float32(Rows::Lying(rows))
            }
        }
    }

    /// Packs 32 rows, the `strip`-th, or at the end fewer, as `write` writes them.
    pub(in crate::cpu) fn write(&mut self, strip: usize, rows: usize, write: impl FnOnce(&mut [f32])) {
        match self {
            Self::Float32(all) => write(all.part(strip * STRIP, rows)),
            Self::BFloat16(left) => {
                let mut values = Buffer::any(rows * left.depth());
                write(&mut values);
                left.pack(strip, Matrix::new(&values, rows, left.depth()));
            }
        }
    }
}

/// Rows of `f32`.
pub(in crate::cpu) enum Rows<'a> {
    /// Where they lie.
    Lying(Matrix<'a>),
    /// In a buffer, to be copied there.
    Copied {
        values: Buffer,
        rows: usize,
        columns: usize,
    },
}

impl Rows<'_> {
    pub(super) fn any(rows: usize, columns: usize) -> Self {
        Self::Copied {
            values: Buffer::any(rows * columns),
            rows,
            columns,
        }
    }

    pub(super) fn matrix(&self) -> Matrix<'_> {
        match self {
            Self::Lying(rows) => *rows,
            Self::Copied {
                values,
                rows,
                columns,
            } => Matrix::new(values, *rows, *columns),
        }
    }

    /// The values of copied rows, for several threads to write.
    pub(super) fn shared(&mut self) -> Shared<'_> {
        Shared::new(self.values())
    }

    /// The values of some copied rows.
    fn part(&mut self, first: usize, rows: usize) -> &mut [f32] {
        let columns = self.matrix().columns();
        &mut self.values()[first * columns..(first + rows) * columns]
    }

    fn values(&mut self) -> &mut [f32] {
        match self {
            Self::Copied { values, .. } => values,
            Self::Lying(_) => unreachable!("rows that lie somewhere are all there"),
        }
    }
}

/// Copies rows side by side.
pub(super) fn copy_rows(rows: Matrix, to: &mut [f32]) {
    assert!(rows.is_stored_by_rows(), "rows of an operand");
    for (row, to) in (0..rows.rows()).zip(to.chunks_exact_mut(rows.columns().max(1))) {
        to.copy_from_slice(rows.row(row));
    }
}
