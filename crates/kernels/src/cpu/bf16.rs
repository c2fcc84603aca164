//! Products of matrices rounded to bf16, summed in `f32`: by AMX tiles, or by AVX-512 BF16 dot products.
//!
//! Both operands are packed in blocks of 32 *lanes* (rows of the left, columns of the right) and 32 of
//! depth: two tiles of 1 KiB, each sixteen lanes by sixteen pairs of neighbours in depth. A tile of the left
//! holds a lane in each row, one of the right a pair. The right-hand side is packed once; rows of the left
//! are packed and multiplied while they are in the cache.

use super::matrix::Matrix;
use crate::Precision;
use crate::parallel;

#[cfg(target_arch = "x86_64")]
mod amx;
mod blocks;
#[cfg(target_arch = "x86_64")]
mod pack;
mod strips;
#[cfg(target_arch = "x86_64")]
mod unit;
#[cfg(not(target_arch = "x86_64"))]
#[path = "bf16/no_unit.rs"]
mod unit;
mod work;

pub(super) use blocks::{Blocks, Packing};
pub use unit::Unit;
pub(super) use work::{Left, Packed, Work, blocks_length};

use unit::Form;

/// Version of what is computed of operands rounded to bf16: raised when a unit gives other bits.
pub const NUMERICS: u32 = 2;

/// Lanes of a block, and its depth.
pub(super) const SIDE: usize = 32;

/// Values of `f32` size that a block takes.
const BLOCK: usize = SIDE * SIDE / 2;

impl Precision {
    /// What multiplies in bf16, if this precision asks for it and the processor has it.
    pub(crate) fn rounding(self) -> Option<Unit> {
        match self {
            Self::BFloat16 => Unit::current(),
            Self::Float32 => None,
        }
    }
}

/// The nearest value of bf16, the even one of two; what is not finite stays as it is.
#[inline(always)]
pub(super) fn round(value: f32) -> f32 {
    let bits = value.to_bits();
    let rounded = f32::from_bits((bits.wrapping_add(0x7FFF + ((bits >> 16) & 1))) & 0xFFFF_0000);
    if value.is_finite() { rounded } else { value }
}

/// Packs rows of a left-hand side: for each strip of 32, its blocks of depth in order.
fn pack_left<'a>(unit: Unit, a: Matrix, to: &'a mut [f32]) -> &'a [f32] {
    let (strips, steps) = (a.rows().div_ceil(SIDE), a.columns().div_ceil(SIDE));
    let to = &mut to[..strips * steps * BLOCK];
    if a.is_stored_by_rows() {
        for (strip, to) in to.chunks_exact_mut((steps * BLOCK).max(1)).enumerate() {
            let rows = parallel::block(strip, SIDE, a.rows());
            unit.pack_rows(a.part(rows.start, rows.len(), 0, a.columns()), to);
        }
        return to;
    }
    for below in 0..steps {
        for strip in 0..strips {
            let block = &mut to[(strip * steps + below) * BLOCK..][..BLOCK];
            unit.pack(block_of(a, strip, below), Form::Lanes, block);
        }
    }
    to
}

/// Rows thirty-two at a time, at the end fewer, with the number of each strip.
pub(super) fn strips(rows: Matrix<'_>) -> impl Iterator<Item = (usize, Matrix<'_>)> {
    (0..rows.rows().div_ceil(SIDE)).map(move |strip| {
        let part = parallel::block(strip, SIDE, rows.rows());
        (strip, rows.part(part.start, part.len(), 0, rows.columns()))
    })
}

/// The part of an operand, given with its lanes as rows, that a block holds.
fn block_of(lanes: Matrix, strip: usize, below: usize) -> Matrix {
    let rows = parallel::block(strip, SIDE, lanes.rows());
    let columns = parallel::block(below, SIDE, lanes.columns());
    lanes.part(rows.start, rows.len(), columns.start, columns.len())
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::cpu::matrix::Target;

    /// Those of this processor, said aloud where there are none.
    fn units() -> &'static [Unit] {
        if Unit::available().is_empty() {
            let _ = writeln!(std::io::stderr(), "skipped: nothing here multiplies in bf16");
        }
        Unit::available()
    }

    fn value(index: usize) -> f32 {
        (((index * 7919 + 13) % 257) as f32 / 64.0 - 2.0).round()
    }

    fn multiply_on(unit: Unit, a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
        Blocks::of(unit, b).multiply(a, Target::new(c, stride), accumulate);
    }

    /// Values that bf16 holds exactly, so that all the units must give exact sums.
    #[test]
    fn every_unit_multiplies_exactly_what_bf16_holds() {
        for &unit in units() {
            for (rows, depth, columns) in [
                (1, 1, 1),
                (33, 65, 31),
                (32, 32, 32),
                (170, 1100, 40),
                (5, 31, 600),
            ] {
                let a: Vec<f32> = (0..rows * depth).map(value).collect();
                let b: Vec<f32> = (5..5 + depth * columns).map(value).collect();
                let expected = |i: usize, j: usize| {
                    (0..depth)
                        .map(|k| a[i * depth + k] * b[k * columns + j])
                        .sum::<f32>()
                };
                let turn = |x: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                    (0..rows * columns)
                        .map(|i| x[i % rows * columns + i / rows])
                        .collect()
                };
                let (at, bt) = (turn(&a, rows, depth), turn(&b, depth, columns));
                for (a, b) in [
                    (Matrix::new(&a, rows, depth), Matrix::new(&b, depth, columns)),
                    (
                        Matrix::new(&at, depth, rows).transposed(),
                        Matrix::new(&bt, columns, depth).transposed(),
                    ),
                ] {
                    let mut c = vec![0.5; rows * (columns + 1)];
                    multiply_on(unit, a, b, &mut c, columns + 1, true);
                    for (i, row) in c.chunks(columns + 1).enumerate() {
                        for (j, &value) in row[..columns].iter().enumerate() {
                            let name = unit.name();
                            assert_eq!(
                                value,
                                0.5 + expected(i, j),
                                "{name} at {i}, {j} of {rows}×{columns}"
                            );
                        }
                        assert_eq!(row[columns], 0.5);
                    }
                }
            }
        }
    }

    /// `A I`, of values between those of bf16, halfway ones included.
    #[test]
    fn values_are_rounded_as_units_round_them() {
        let values: Vec<f32> = (0..40 * 32_u32)
            .map(|index| f32::from_bits(0x3F00_0000 + index * 0x1_4000))
            .collect();
        let mut identity = vec![0.0; 32 * 32];
        identity.iter_mut().step_by(33).for_each(|one| *one = 1.0);
        let rounded: Vec<f32> = values.iter().map(|&value| round(value)).collect();
        assert_ne!(rounded, values);
        for &unit in units() {
            let mut product = vec![0.0; 40 * 32];
            let (a, b) = (Matrix::new(&values, 40, 32), Matrix::new(&identity, 32, 32));
            multiply_on(unit, a, b, &mut product, 32, false);
            assert_eq!(product, rounded, "{}", unit.name());
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for &unit in units() {
            for bad in [f32::NAN, f32::INFINITY] {
                let (mut a, b) = (vec![1.0; 40 * 3], vec![1.0; 3 * 40]);
                a[7] = bad;
                let mut c = vec![0.0; 1600];
                multiply_on(
                    unit,
                    Matrix::new(&a, 40, 3),
                    Matrix::new(&b, 3, 40),
                    &mut c,
                    40,
                    false,
                );
                for (index, value) in c.iter().enumerate() {
                    assert_eq!(
                        value.is_finite(),
                        index / 40 != 2,
                        "{} {bad} {index}",
                        unit.name()
                    );
                }
            }
        }
    }
}
