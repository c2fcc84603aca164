//! Losses and gradients in bf16, in one pass over the logits.
//!
//! Of each tile of logits only the exponentials `e = exp(logit - reference)` go on, rounded, into the products
//! of both gradients. What every probability `e ÷ Σ e` of a row has in common is multiplied in afterwards: to
//! the row's gradient of `x`, and to the row of `x` in the weight's. The target's probability less one, where
//! rounding would cancel, is added in `f32`.

use std::ops::Range;

use super::{CHUNK, Head, Shares, rows_of};
use crate::cpu::bf16::{Blocks, Left, Packing, SIDE, Unit, Work};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::softmax::{exponentials, largest_of};
use crate::cpu::vectors::{self, add_scaled};
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// Columns of a tile of logits.
const TILE: usize = 512;

/// Rows of a task at most.
const ROWS: usize = 256;

/// How far a logit may lie above its row's reference: exponentials and their sums stay far from overflow.
const ABOVE: f32 = 40.0;

/// What all tasks read.
struct Pass<'a> {
    unit: Unit,
    width: usize,
    weight: &'a [f32],
    x: &'a [f32],
    targets: &'a [u32],
    shares: Shares<'a>,
    /// `width × vocabulary`
    forward: Blocks,
    /// `vocabulary × width`
    backward: Blocks,
}

/// As [`super::with_gradients`], whose checks have been made, for one row or more.
pub(super) fn losses_and_gradients(
    unit: Unit,
    head: Head,
    x: &[f32],
    targets: &[u32],
    shares: Shares,
    losses: &mut [f32],
    [dx, dweight]: [&mut [f32]; 2],
) {
    let (rows, width) = (targets.len(), head.width);
    let vocabulary = head.weight.len() / width;
    let weight = Matrix::new(head.weight, vocabulary, width);
    let pass = Pass {
        unit,
        width,
        weight: head.weight,
        x,
        targets,
        shares,
        forward: Blocks::of(unit, weight.transposed()),
        backward: Blocks::of(unit, weight),
    };
    let (losses, dx) = (Shared::new(losses), Shared::new(dx));
    let mut factors = Buffer::any(rows);
    // Of a chunk of rows the exponentials are kept, two bytes each.
    let chunk = rows_of(4 * CHUNK, vocabulary, 4096);
    let tall = (rows / 8).next_multiple_of(SIDE).clamp(SIDE, ROWS);
    for first in (0..rows).step_by(chunk) {
        let count = chunk.min(rows - first);
        let mut exponentials = Blocks::left(unit, vocabulary, count);
        let mut scaled = Blocks::right(unit, width, count);
        let packing = [exponentials.packing(), scaled.packing()];
        let shared = Shared::new(&mut factors);
        parallel::for_each(count.div_ceil(tall), 4 * count * width * vocabulary, |task| {
            let mine = block(task, tall, count);
            let rows = first + mine.start..first + mine.end;
            // SAFETY: tasks have rows of their own.
            let (losses, dx, factors) = unsafe {
                (
                    losses.part(rows.clone()),
                    dx.part(rows.start * width..rows.end * width),
                    shared.part(rows.clone()),
                )
            };
            let mut task = Task::new(&pass, rows, mine.start / SIDE, packing);
            // SAFETY: as above; the rows start at a multiple of 32.
            unsafe { task.run(losses, dx, factors) };
        });
        scaled.multiply_blocks(&exponentials, dweight, first > 0);
    }
    for (row, (&target, &factor)) in targets.iter().zip(&*factors).enumerate() {
        let to = &mut dweight[target as usize * width..][..width];
        dispatch!(add_scaled(&x[row * width..][..width], factor, to));
    }
}

/// Some rows.
struct Task<'a> {
    pass: &'a Pass<'a>,
    rows: Range<usize>,
    /// Blocks of depth before these rows, where they are depth.
    below: usize,
    /// The exponentials as the left-hand side of the weight's gradient, and the rows of `x` times their factor as
    /// the right.
    packing: [Packing<'a>; 2],
    work: Work,
    /// `rows × TILE`
    logits: Buffer,
    /// What is subtracted from the logits of each row.
    references: Buffer,
    /// The sum of each row's exponentials.
    totals: Buffer,
    /// The logit and the exponential of each row's target.
    chosen: Buffer,
    chosen_exponentials: Buffer,
}

impl<'a> Task<'a> {
    fn new(pass: &'a Pass<'a>, rows: Range<usize>, below: usize, packing: [Packing<'a>; 2]) -> Self {
        let count = rows.len();
        Self {
            pass,
            rows,
            below,
            packing,
            work: Work::start(pass.unit),
            logits: Buffer::any(count * TILE),
            references: Buffer::any(count),
            totals: Buffer::any(count),
            chosen: Buffer::any(count),
            chosen_exponentials: Buffer::any(count),
        }
    }

    /// Writes the losses, the gradient of `x`, and the factor of each row of `x` in its target's gradient; packs
    /// the operands of the weight's.
    ///
    /// # Safety
    /// Nothing else may touch this depth of the operands.
    unsafe fn run(&mut self, losses: &mut [f32], dx: &mut [f32], factors: &mut [f32]) {
        let (width, count) = (self.pass.width, self.rows.len());
        let x = &self.pass.x[self.rows.start * width..self.rows.end * width];
        let left = Left::of(self.pass.unit, Matrix::new(x, count, width));
        // SAFETY: the caller's promise.
        unsafe {
            // The first tile's largest logit serves as reference, unless a later one lies far above it.
            if !self.tiles(&left, dx, false) {
                self.find_references(&left);
                self.tiles(&left, dx, true);
            }
        }
        let mut strip = Buffer::any(SIDE * width);
        for row in 0..count {
            let (total, values) = (self.totals[row], row * width..(row + 1) * width);
            let share = self.pass.shares.of(self.rows.start + row);
            losses[row] = total.ln() + (self.references[row] - self.chosen[row]);
            let (factor, scale) = (
                share * (self.chosen_exponentials[row] / total - 1.0),
                share / total,
            );
            factors[row] = factor;
            let target = self.pass.targets[self.rows.start + row] as usize;
            let (weight, dx) = (
                &self.pass.weight[target * width..][..width],
                &mut dx[values.clone()],
            );
            dispatch!(scale_and_add(weight, factor, dx, scale));
            let at = row % SIDE;
            let scaled = &mut strip[at * width..(at + 1) * width];
            dispatch!(vectors::scale(&x[values], scale, scaled));
            if at + 1 == SIDE || row + 1 == count {
                let rows = Matrix::new(&strip[..(at + 1) * width], at + 1, width);
                // SAFETY: the caller's promise.
                unsafe { self.packing[1].pack(self.below + row / SIDE, 0, rows) };
            }
        }
    }

    fn tile(&self, index: usize) -> Range<usize> {
        block(index, TILE, self.pass.forward.lanes())
    }

    fn tile_count(&self) -> usize {
        self.pass.forward.lanes().div_ceil(TILE)
    }

    /// Writes a tile of logits.
    fn multiply(&mut self, left: &Left, tile: Range<usize>) {
        let target = Target::new(&mut self.logits, TILE);
        self.work.multiply_columns(left, &self.pass.forward, tile, target);
    }

    /// Goes over all tiles: sums and packs the exponentials, and writes the sum of the weight's rows times them
    /// into `dx`. Whether no logit lay too far above its reference; it is the first tile's largest unless `known`.
    ///
    /// # Safety
    /// Nothing else may touch this depth of the operands.
    unsafe fn tiles(&mut self, left: &Left, dx: &mut [f32], known: bool) -> bool {
        let (count, pass) = (self.rows.len(), self.pass);
        for index in 0..self.tile_count() {
            let tile = self.tile(index);
            self.multiply(left, tile.clone());
            for row in 0..count {
                let first = index == 0;
                let logits = &mut self.logits[row * TILE..][..tile.len()];
                if !known {
                    let largest = dispatch!(largest_of(logits, f32::NEG_INFINITY));
                    if first {
                        self.references[row] = largest;
                    } else if largest > self.references[row] + ABOVE {
                        return false;
                    }
                }
                let target = pass.targets[self.rows.start + row] as usize;
                let here = tile.contains(&target).then(|| target - tile.start);
                if let Some(here) = here {
                    self.chosen[row] = logits[here];
                }
                let sum = dispatch!(exponentials(logits, self.references[row]));
                self.totals[row] = if first { sum } else { self.totals[row] + sum };
                if let Some(here) = here {
                    self.chosen_exponentials[row] = std::mem::take(&mut logits[here]);
                }
            }
            let exponentials = Matrix::strided(&self.logits, count, tile.len(), TILE);
            let (depth, below) = (self.packing[0], self.below);
            let left = Left::of_each(pass.unit, exponentials, |strip, rows| {
                // SAFETY: the caller's promise.
                unsafe { depth.pack(below + strip, tile.start / SIDE, rows) };
            });
            let target = Target::new(dx, pass.width);
            self.work
                .multiply_depth(&left, &pass.backward, tile.start / SIDE, target, index > 0);
        }
        true
    }

    /// Finds the largest logit of each row.
    fn find_references(&mut self, left: &Left) {
        self.references.fill(f32::NEG_INFINITY);
        for index in 0..self.tile_count() {
            let tile = self.tile(index);
            self.multiply(left, tile.clone());
            for row in 0..self.rows.len() {
                let logits = &self.logits[row * TILE..][..tile.len()];
                self.references[row] = dispatch!(largest_of(logits, self.references[row]));
            }
        }
    }
}

/// `to = to × scale + values × factor`
#[inline(always)]
fn scale_and_add<S: Simd>(simd: S, values: &[f32], factor: f32, to: &mut [f32], scale: f32) {
    let (factor, scale) = (simd.splat(factor), simd.splat(scale));
    each_vector(
        simd,
        [values],
        [to],
        0.0,
        #[inline(always)]
        |[value], [sum]| [simd.mul_add(value, factor, simd.mul(sum, scale))],
    );
}
