//! Rows that are kept as the depth of a later product.

use super::STRIP;
use super::left::{Rows, copy_rows};
use crate::Precision;
use crate::cpu::bf16::{self, Blocks};
use crate::cpu::matmul::PanelsPacking;
use crate::cpu::matrix::Matrix;
use crate::parallel::Shared;

/// A left-hand side whose depth are rows: the transposed of a matrix stored by rows.
pub(in crate::cpu) enum DepthLeft<'a> {
    Float32(Rows<'a>),
    BFloat16(Blocks),
}

impl<'a> DepthLeft<'a> {
    /// Space for rows, to be packed.
    pub(in crate::cpu) fn any(precision: Precision, rows: usize, columns: usize) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(Blocks::left(unit, columns, rows)),
            None => Self::Float32(Rows::any(rows, columns)),
        }
    }

    /// Rows that are all there, packed on all threads.
    pub(in crate::cpu) fn of(precision: Precision, rows: Matrix<'a>) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(Blocks::left_of(unit, rows)),
            None => Self::Float32(Rows::Lying(rows)),
        }
    }

    /// Its rows, for several threads to pack.
    pub(in crate::cpu) fn packing(&mut self) -> Packing<'_> {
        match self {
            Self::Float32(rows) => Packing::Rows(rows.shared()),
            Self::BFloat16(blocks) => Packing::Blocks(blocks.packing()),
        }
    }
}

/// Rows of an operand, for several threads to pack.
#[derive(Clone, Copy)]
pub(in crate::cpu) enum Packing<'a> {
    Rows(Shared<'a>),
    Panels(PanelsPacking<'a>),
    Blocks(bf16::Packing<'a>),
}

impl Packing<'_> {
    /// Packs at most 32 rows, the first of them a multiple of 32.
    ///
    /// # Safety
    /// Nothing else may touch these rows of the operand meanwhile.
    pub(in crate::cpu) unsafe fn pack(self, first: usize, rows: Matrix) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Rows(all) => {
                    let start = first * rows.columns();
                    copy_rows(rows, all.part(start..start + rows.rows() * rows.columns()));
                }
                Self::Panels(panels) => panels.pack(first, rows),
                Self::Blocks(blocks) => blocks.pack(first / STRIP, 0, rows),
            }
        }
    }
}
