//! Products of `f32` matrices in the registers and caches of one core.
//!
//! Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): the right-hand
//! side is packed into panels of [`Tile::columns`](crate::simd::Tile) columns and at most `DEPTH` rows, the left-hand
//! side is cut into strips of [`Tile::rows`](crate::simd::Tile) rows. Either a strip stays in the first-level cache
//! while all panels pass by from the second level, or a panel does while the strips of some rows pass by.
//!
//! Each value of the result is a sum over depth blocks in order, in each of which it is one chain of
//! multiply-adds in order. It does not depend on where the value lies, nor on the shape of tiles.

mod gather;
mod pack;
mod panels;

use pack::Panel;
pub(super) use pack::{Packed, pack, panels_length};
pub(super) use panels::{Panels, PanelsPacking};

use gather::{Gathered, Strips};

use super::matrix::{Matrix, Target};
use crate::simd::{LANES, Simd, Stays};

/// Rows of a panel that are asked for ahead, 4 KiB: a panel passes once a strip, from a cache whose latency a tile's
/// arithmetic alone does not hide.
const AHEAD: usize = 32;

/// Rows of a panel at most: 24 KiB for each sixteen columns.
const DEPTH: usize = 384;

/// Rows whose strips pass by a panel from the second-level cache: 144 KiB.
const ROWS: usize = 96;

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
        || match S::TILE.stays {
            Stays::Strip => by_strips(simd, a, packed, columns, target, accumulate),
            Stays::Panel => by_panels(simd, a, packed, columns, target, accumulate),
        },
    );
}

/// Strip by strip, each with all panels.
#[inline(always)]
fn by_strips<S: Simd>(simd: S, a: Matrix, packed: Packed, columns: usize, target: Target, accumulate: bool) {
    debug_assert!(columns <= packed.columns && a.columns <= packed.depth);
    let mut gathered = Gathered::new::<S>(a, columns);
    let mut row = 0;
    macro_rules! strips {
        ($($rows:literal)+) => {$(
            #[allow(clippy::int_plus_one)] // The rows are one in the last of the expansions only.
            if $rows <= S::TILE.rows {
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
    for panel in packed.panels::<S>(columns) {
        tile_of_panel::<S, M>(simd, a, panel, target, accumulate);
    }
}

/// Panel by panel, each with the strips of some rows.
#[inline(always)]
fn by_panels<S: Simd>(simd: S, a: Matrix, packed: Packed, columns: usize, target: Target, accumulate: bool) {
    debug_assert!(columns <= packed.columns && a.columns <= packed.depth);
    for first in (0..a.rows).step_by(ROWS) {
        let (a, target) = (
            a.part(first, ROWS.min(a.rows - first), 0, a.columns),
            target.from(first, 0),
        );
        let strips = Strips::new(simd, a, columns);
        for panel in packed.panels::<S>(columns) {
            for row in (0..a.rows).step_by(S::TILE.rows) {
                let target = target.from(row, 0);
                macro_rules! strip_of {
                    ($($rows:literal)+) => {
                        match S::TILE.rows.min(a.rows - row) {
                            $($rows if $rows <= S::TILE.rows => match &strips {
                                // Twice, for the strides of what was gathered are constants.
                                Some(strips) => {
                                    let a = strips.strip::<S>(row, $rows);
                                    tile_of_panel::<S, $rows>(simd, a, panel, target, accumulate);
                                }
                                None => {
                                    let a = a.part(row, $rows, 0, a.columns);
                                    tile_of_panel::<S, $rows>(simd, a, panel, target, accumulate);
                                }
                            },)+
                            _ => unreachable!("a strip has the rows of a tile at most"),
                        }
                    };
                }
                strip_of!(1 2 3 4 5 6);
            }
        }
    }
}

/// `M` rows, and the columns of a panel.
#[inline(always)]
fn tile_of_panel<S: Simd, const M: usize>(
    simd: S,
    a: Matrix,
    panel: Panel,
    target: Target,
    accumulate: bool,
) {
    let target = target.from(0, panel.column);
    if S::TILE.columns > LANES && panel.width > LANES {
        tile::<S, M, 2>(simd, a, panel.values, panel.used, target, accumulate);
    } else {
        tile::<S, M, 1>(simd, a, panel.values, panel.used, target, accumulate);
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
    macro_rules! step {
        () => {
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
                if S::TILE.stays == Stays::Strip {
                    for j in 0..N {
                        simd.prefetch(right.wrapping_add((AHEAD * N + j) * LANES));
                    }
                }
                left = left.wrapping_add(a.column_stride);
                right = right.add(N * LANES);
            }
        };
    }
    let mut left_over = depth;
    if S::TILE.stays == Stays::Panel {
        // Small tiles of little depth go by so fast that the loop itself counts.
        while left_over >= 4 {
            step!();
            step!();
            step!();
            step!();
            left_over -= 4;
        }
    }
    for _ in 0..left_over {
        step!();
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
