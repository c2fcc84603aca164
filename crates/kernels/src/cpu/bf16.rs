//! Matrix products of values rounded to bf16, summed in `f32`: by AMX tiles, by AVX-512 BF16 dot products,
//! or, on processors with neither, by the `f32` product.
//!
//! Both operands are packed in blocks of 32 *lanes* (rows of the left, columns of the right) and 32 of
//! depth: two tiles of 1 KiB, each sixteen lanes by sixteen pairs of neighbours in depth. A tile of the left
//! holds a lane in each row, one of the right a pair. The right-hand side is packed once; each task packs
//! its rows of the left and multiplies them while they are in its cache.

use super::matmul::{self, Matrix};
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::{self, Shared};

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod pack;
#[cfg(target_arch = "x86_64")]
mod unit;

/// Lanes of a block, and its depth.
const SIDE: usize = 32;

/// Values of `f32` size that a block takes.
const BLOCK: usize = SIDE * SIDE / 2;

/// Blocks of depth whose products are summed at a time.
const DEPTH: usize = 32;

/// Blocks of the left-hand side that a task holds packed: 256 KiB.
const LEFT: usize = 128;

/// Blocks of the right-hand side that pass by before the next strip of the left: 1 MiB.
const RIGHT: usize = 512;

/// `c = a × b`, or `c += a × b`, of values rounded to bf16, with the rows of `c` `stride` values apart.
///
/// # Panics
/// If the shapes do not agree or `c` is too short.
#[cfg(target_arch = "x86_64")]
pub fn multiply(a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
    match unit::Unit::detect() {
        Some(unit) => multiply_on(unit, a, b, c, stride, accumulate),
        None => matmul::multiply(a, b, c, stride, accumulate),
    }
}

/// `c = a × b`, or `c += a × b`: this processor has no bf16, so in `f32`.
///
/// # Panics
/// If the shapes do not agree or `c` is too short.
#[cfg(not(target_arch = "x86_64"))]
pub fn multiply(a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
    matmul::multiply(a, b, c, stride, accumulate);
}

impl Precision {
    /// `c = a × b`, or `c += a × b`, in this precision, with the rows of `c` `stride` values apart.
    ///
    /// # Panics
    /// If the shapes do not agree or `c` is too short.
    pub fn multiply(self, a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
        match self {
            Self::Float32 => matmul::multiply(a, b, c, stride, accumulate),
            Self::BFloat16 => multiply(a, b, c, stride, accumulate),
        }
    }
}

/// What multiplies in bf16 on this processor: `amx`, `avx512-bf16`, or `none`, when `f32` serves.
pub fn unit() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return unit::Unit::detect().map_or("none", unit::Unit::name);
    #[cfg(not(target_arch = "x86_64"))]
    "none"
}

#[cfg(target_arch = "x86_64")]
fn multiply_on(unit: unit::Unit, a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
    use pack::{Form, pack};

    let (rows, depth, columns) = matmul::check_product(a, b, c, stride);
    if rows == 0 || columns == 0 || depth == 0 {
        return matmul::multiply(a, b, c, stride, accumulate);
    }
    let (across, deep, work) = (
        columns.div_ceil(SIDE),
        depth.div_ceil(SIDE),
        rows * depth * columns / 8,
    );
    let mut right = Buffer::any(across * deep * BLOCK);
    {
        let (right, lanes) = (Shared::new(&mut right), b.transposed());
        parallel::for_each(across, depth * columns, |strip| {
            let part = lanes.part(strip * SIDE, SIDE.min(columns - strip * SIDE), 0, depth);
            // SAFETY: strips do not overlap.
            let to = unsafe { right.part(strip * deep * BLOCK..(strip + 1) * deep * BLOCK) };
            pack(unit.avx512(), part, Form::Pairs, to);
        });
    }
    let step = deep.div_ceil(deep.div_ceil(DEPTH));
    let down = rows.div_ceil(SIDE);
    let strips = strips_of_a_task(down, (LEFT / step).max(1), work);
    let c = Shared::new(c);
    parallel::for_each(down.div_ceil(strips), work, |task| {
        let mine = parallel::block(task, strips, down);
        let mut left = Buffer::any(mine.len() * step * BLOCK);
        let running = unit.start();
        for first in (0..deep).step_by(step) {
            let steps = step.min(deep - first);
            let (start, end) = (mine.start * SIDE, (mine.end * SIDE).min(rows));
            let block = a.part(
                start,
                end - start,
                first * SIDE,
                (steps * SIDE).min(depth - first * SIDE),
            );
            for (strip, to) in left.chunks_exact_mut(steps * BLOCK).enumerate().take(mine.len()) {
                let lanes = SIDE.min(block.rows() - strip * SIDE);
                pack(
                    unit.avx512(),
                    block.part(strip * SIDE, lanes, 0, block.columns()),
                    Form::Lanes,
                    to,
                );
            }
            let group = (RIGHT / steps).max(1);
            for columns_first in (0..across).step_by(group) {
                for (index, left) in left.chunks_exact(steps * BLOCK).enumerate().take(mine.len()) {
                    for column in columns_first..(columns_first + group).min(across) {
                        let right = &right[(column * deep + first) * BLOCK..][..steps * BLOCK];
                        let row = (mine.start + index) * SIDE;
                        let corner = Corner {
                            start: row * stride + column * SIDE,
                            rows: SIDE.min(rows - row),
                            columns: SIDE.min(columns - column * SIDE),
                            stride,
                        };
                        write(&running, left, right, c, corner, accumulate || first > 0);
                    }
                }
            }
        }
    });
}

/// How many strips of the left a task takes: at most `most`, and so that all threads get as many.
#[cfg(target_arch = "x86_64")]
fn strips_of_a_task(strips: usize, most: usize, work: usize) -> usize {
    let threads = if parallel::worthwhile(strips, work) {
        rayon::current_num_threads()
    } else {
        1
    };
    let tasks = strips.div_ceil(most).next_multiple_of(threads);
    strips.div_ceil(tasks)
}

/// A block of the result.
#[derive(Clone, Copy)]
struct Corner {
    start: usize,
    rows: usize,
    columns: usize,
    stride: usize,
}

/// Multiplies a strip of each operand into a block of the result.
#[cfg(target_arch = "x86_64")]
fn write(unit: &unit::Running, left: &[f32], right: &[f32], c: Shared, corner: Corner, accumulate: bool) {
    let Corner {
        start,
        rows,
        columns,
        stride,
    } = corner;
    if (rows, columns) == (SIDE, SIDE) {
        let end = start + (SIDE - 1) * stride + SIDE;
        // SAFETY: no other task writes this block; the range holds all of it.
        unsafe { unit.multiply(left, right, c.start_of(start..end), stride, accumulate) };
        return;
    }
    let mut whole = [0.0f32; SIDE * SIDE];
    // SAFETY: the block is as large as the unit writes.
    unsafe { unit.multiply(left, right, whole.as_mut_ptr(), SIDE, false) };
    for (row, from) in whole.chunks_exact(SIDE).enumerate().take(rows) {
        // SAFETY: no other task writes this block.
        let to = unsafe { c.part(start + row * stride..start + row * stride + columns) };
        for (to, from) in to.iter_mut().zip(from) {
            *to = if accumulate { *to + from } else { *from };
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::unit::Unit;
    use super::*;

    fn value(index: usize) -> f32 {
        ((index * 7919 + 13) % 257) as f32 / 64.0 - 2.0
    }

    /// Values that bf16 holds exactly, so that all the units must give exact sums.
    #[test]
    fn every_unit_multiplies_exactly_what_bf16_holds() {
        for unit in Unit::available() {
            for (rows, depth, columns) in [
                (1, 1, 1),
                (33, 65, 31),
                (32, 32, 32),
                (70, 1100, 40),
                (5, 31, 600),
            ] {
                let a: Vec<f32> = (0..rows * depth).map(|i| value(i).round()).collect();
                let b: Vec<f32> = (0..depth * columns).map(|i| value(i + 5).round()).collect();
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
                            assert_eq!(
                                value,
                                0.5 + expected(i, j),
                                "{} at {i}, {j} of {rows}×{columns}",
                                unit.name()
                            );
                        }
                        assert_eq!(row[columns], 0.5);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for unit in Unit::available() {
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
