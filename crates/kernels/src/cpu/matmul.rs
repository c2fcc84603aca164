//! Products of `f32` matrices in the registers and caches of one core.
//!
//! Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): the
//! right-hand side is packed into panels of 32 columns and at most `DEPTH` rows that stay in the
//! second-level cache; a strip of `Simd::TILE_ROWS` rows of the left-hand side stays in the first-level
//! cache while all panels pass by.
//!
//! Each value of the result is a sum over depth blocks in order, in each of which it is one chain of
//! fused multiply-adds in order. It does not depend on where the value lies.

mod gather;
mod pack;
mod panels;

pub(super) use pack::{Packed, pack, panels_length};
pub(super) use panels::{Panels, PanelsPacking};

use gather::Gathered;

use super::matrix::{Matrix, Target};
use crate::simd::{LANES, Simd};

/// Rows of a panel that are asked for ahead, 4 KiB: a panel passes once a strip, from a cache whose latency a tile's
/// arithmetic alone does not hide.
const AHEAD: usize = 32;

/// Columns of a panel.
const PANEL: usize = 2 * LANES;

/// Rows of a panel at most: 48 KiB.
const DEPTH: usize = 384;

/// Values of the right-hand side that are used before the next: 1 MiB.
const BLOCK: usize = 256 << 10;

/// The product with the first `columns` columns and the first `a.columns` rows of a packed right-hand side.
#[inline(never)]
pub(super) fn multiply_packed<S: Simd>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    simd.call(
        #[inline(always)]
        || multiply_panels(simd, a, packed, columns, target, accumulate),
    );
}

#[inline(always)]
fn multiply_panels<S: Simd>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    debug_assert!(columns <= packed.columns && a.columns <= packed.depth);
    let mut gathered = Gathered::new(a, columns);
    let mut row = 0;
    macro_rules! strips {
        ($($rows:literal)+) => {$(
            #[allow(clippy::int_plus_one)] // The rows are one in the last of the expansions only.
            if $rows <= S::TILE_ROWS {
                while row + $rows <= a.rows {
                    let target = target.from(row, 0);
                    // Twice, for the strides of what was gathered are constants.
                    match &mut gathered {
                        Some(gathered) => {
                            let a = gathered.strip(simd, a, row, $rows);
                            strip::<S, $rows>(simd, a, packed, columns, target, accumulate);
                        }
                        None => {
                            let a = a.part(row, $rows, 0, a.columns);
                            strip::<S, $rows>(simd, a, packed, columns, target, accumulate);
                        }
                    }
                    row += $rows;
                }
            }
        )+};
    }
    strips!(14 8 4 3 2 1);
}

/// `M` rows of the result. They stay in the first-level cache while the panels pass by.
#[inline(always)]
fn strip<S: Simd, const M: usize>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    let mut start = 0;
    for column in (0..columns).step_by(PANEL) {
        let width = (packed.columns - column).min(PANEL);
        let panel = &packed.panels[start..start + panels_length(packed.depth, width)];
        start += panel.len();
        let used = width.min(columns - column);
        let target = target.from(0, column);
        if width > LANES {
            tile::<S, M, 2>(simd, a, panel, used, target, accumulate);
        } else {
            tile::<S, M, 1>(simd, a, panel, used, target, accumulate);
        }
    }
}

/// `M` rows and `N × 16` columns of the result, held in registers.
#[inline(always)]
fn tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    a: Matrix,
    panel: &[f32],
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    let depth = a.columns;
    let reach = if depth == 0 {
        0
    } else {
        (M - 1) * a.row_stride + (depth - 1) * a.column_stride + 1
    };
    assert!(
        reach <= a.values.len() && depth * N * LANES <= panel.len(),
        "a tile inside its operands"
    );
    let end = target.start + (M - 1) * target.stride + columns;
    // SAFETY: blocks, strips and panels cut the result without overlap, one task each; the range is inside
    // the result, and this tile writes its own columns of it only.
    let to = unsafe { target.shared.start_of(target.start..end) };
    if accumulate {
        for i in 0..M {
            for j in 0..N {
                simd.prefetch(to.wrapping_add(i * target.stride + j * LANES));
            }
        }
    }
    let mut sums = [[simd.splat(0.0); N]; M];
    let mut left = a.values.as_ptr();
    let mut right = panel.as_ptr();
    for _ in 0..depth {
        // SAFETY: the assertion above bounds both operands: row i of column k of the tile is at
        // i × row_stride + k × column_stride < reach, and row k of the panel ends at (k + 1) × N × 16.
        unsafe {
            let b: [S::Floats; N] = std::array::from_fn(|j| simd.load_pointer(right.add(j * LANES)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = simd.splat(*left.add(i * a.row_stride));
                for j in 0..N {
                    sums[j] = simd.mul_add(a, b[j], sums[j]);
                }
            }
            for j in 0..N {
                simd.prefetch(right.wrapping_add((AHEAD * N + j) * LANES));
            }
            left = left.wrapping_add(a.column_stride);
            right = right.add(N * LANES);
        }
    }
    if columns == N * LANES {
        // SAFETY: row i of the tile ends at i × stride + columns, inside the range checked above.
        unsafe {
            if accumulate {
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (j, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.add(simd.load_pointer(to.add(i * target.stride + j * LANES)), *sum);
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    simd.store_pointer(sum, to.add(i * target.stride + j * LANES));
                }
            }
        }
        return;
    }
    let mut rows = [[[0.0; LANES]; N]; M];
    for (sums, to) in sums.iter().zip(&mut rows) {
        for (&sum, to) in sums.iter().zip(to) {
            simd.store(sum, to);
        }
    }
    write_rows(simd, rows.as_flattened(), N, columns, target, accumulate);
}

/// Writes the rows of a tile, `vectors` vectors each.
#[inline(always)]
fn write_rows<S: Simd>(
    simd: S,
    tile: &[[f32; LANES]],
    vectors: usize,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    for (i, from) in tile.chunks_exact(vectors).enumerate() {
        let start = target.start + i * target.stride;
        // SAFETY: blocks, row strips and panels cut the result without overlap, one task each.
        let row = unsafe { target.shared.part(start..start + columns) };
        for (to, from) in row.chunks_mut(LANES).zip(from) {
            let sum = simd.load(from);
            if let Ok(to) = <&mut [f32; LANES]>::try_from(&mut *to) {
                simd.store(
                    if accumulate {
                        simd.add(simd.load(to), sum)
                    } else {
                        sum
                    },
                    to,
                );
            } else {
                let sum = if accumulate {
                    simd.add(simd.load_partial(to, 0.0), sum)
                } else {
                    sum
                };
                simd.store_partial(sum, to);
            }
        }
    }
}
