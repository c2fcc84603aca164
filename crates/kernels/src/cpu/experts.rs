//! Gated feed-forward layers of which each row passes some, a mixture of experts (Shazeer et al. 2017, arXiv
//! 1701.06538): `y = residual + Σ scale × swiglu(x × gate_and_up) × down` over the experts that a row has chosen.
//!
//! Rows are sorted by expert and each expert's are multiplied together, a block of them at a time, so that no row is
//! dropped and none is padded. What an expert makes of a row has a place of its own until the row's are added up, in the
//! order in which it chose them.

mod choice;

use std::ops::Range;

use self::choice::Block;
pub use self::choice::Choice;

use super::matrix::{Matrix, Target};
use super::product::{DepthLeft, Left, Right, STRIP};
use super::rows::for_each_block;
use super::swiglu;
use super::vectors::{add_scaled, dot, scale, scale_in_place};
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{Simd, dispatch};

/// The weights, and which rows pass which.
#[derive(Clone, Copy, Debug)]
pub struct Experts<'a> {
    /// What the products are in.
    pub precision: Precision,
    /// The experts of each row.
    pub choice: &'a Choice,
    /// Values of a row.
    pub width: usize,
    /// `experts × width × 2 inner`, the gate first.
    pub gate_and_up: &'a [f32],
    /// `experts × inner × width`
    pub down: &'a [f32],
}

impl<'a> Experts<'a> {
    /// The inner width of an expert.
    fn inner(&self) -> usize {
        let (experts, width) = (self.choice.experts(), self.width);
        let inner = self.down.len().checked_div(experts * width).unwrap_or(0);
        assert!(
            self.down.len() == experts * inner * width && self.gate_and_up.len() == 2 * self.down.len(),
            "{experts} experts of width {width} and inner width {inner}"
        );
        inner
    }

    /// Where the weights of an expert lie: gate and up, and down.
    fn parts(&self, expert: usize) -> [Range<usize>; 2] {
        let size = self.inner() * self.width;
        [2 * size, size].map(|size| expert * size..(expert + 1) * size)
    }

    fn weights(&self, expert: usize) -> [Matrix<'a>; 2] {
        let ([gate_and_up, down], inner) = (self.parts(expert), self.inner());
        [
            Matrix::new(&self.gate_and_up[gate_and_up], self.width, 2 * inner),
            Matrix::new(&self.down[down], inner, self.width),
        ]
    }

    /// What `pack` makes of the weights of each expert that has rows.
    fn packed(&self, pack: impl Fn(Matrix<'a>) -> Matrix<'a> + Sync + Send) -> Vec<Option<[Right; 2]>> {
        let experts: Vec<usize> = (0..self.choice.experts()).collect();
        parallel::map(experts, self.gate_and_up.len(), |expert| {
            let is_chosen = !self.choice.positions_of(expert).is_empty();
            is_chosen.then(|| {
                self.weights(expert)
                    .map(|weight| Right::new(self.precision, pack(weight)))
            })
        })
    }

    /// Calls `task` for each block of places with what the weights of its expert were packed to.
    fn for_each_block(
        &self,
        packed: &[Option<[Right; 2]>],
        task: impl Fn(&Block, &[Right; 2]) + Sync + Send,
    ) {
        let blocks = self.choice.blocks();
        parallel::for_each(blocks.len(), self.work(), |index| {
            let block = &blocks[index];
            let weights = packed[block.expert].as_ref();
            task(block, weights.expect("an expert with places is packed"));
        });
    }

    /// Multiplications and additions of the products.
    fn work(&self) -> usize {
        6 * self.choice.choices().len() * self.inner() * self.width
    }

    /// The row of a position in the order.
    fn row(&self, position: usize) -> Range<usize> {
        let row = self.choice.place(position) / self.choice.chosen();
        row * self.width..(row + 1) * self.width
    }

    /// Copies the rows of some positions side by side.
    fn gather(&self, x: &[f32], positions: Range<usize>, to: &mut [f32]) {
        for (position, to) in positions.zip(to.chunks_exact_mut(self.width)) {
            to.copy_from_slice(&x[self.row(position)]);
        }
    }

    /// Adds up what lies at the positions of each row, beginning with the row of another matrix, if there is one.
    fn add_up(&self, first: Option<&[f32]>, placed: &[f32], y: &mut [f32]) {
        let (rows, width) = (self.choice.rows(), self.width);
        let y = Shared::new(y);
        for_each_block(rows, placed.len(), |rows| {
            for row in rows {
                // SAFETY: blocks of rows do not overlap.
                let y = unsafe { y.part(row * width..(row + 1) * width) };
                match first {
                    Some(first) => y.copy_from_slice(&first[row * width..(row + 1) * width]),
                    None => y.fill(0.0),
                }
                for position in self.choice.positions(row) {
                    dispatch!(add_scaled(&placed[position * width..][..width], 1.0, y));
                }
            }
        });
    }

    fn check(&self, x: &[f32], scales: &[f32], gate_up: &[f32]) {
        let places = self.choice.choices().len();
        assert!(
            x.len() == self.choice.rows() * self.width
                && scales.len() == places
                && gate_up.len() == 2 * places * self.inner(),
            "{} rows, each with {} experts",
            self.choice.rows(),
            self.choice.chosen()
        );
    }
}

/// Writes `y` (`rows × width`, as `x`), each row that of the `residual` and what its experts make of it, times their `scales`
/// (`rows × chosen`); and for [`backward`] the products before the gate into `gate_up` (`rows × chosen × 2 inner`, by expert).
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(
    layer: Experts,
    residual: &[f32],
    [x, scales]: [&[f32]; 2],
    y: &mut [f32],
    gate_up: &mut [f32],
) {
    let (precision, width, inner) = (layer.precision, layer.width, layer.inner());
    layer.check(x, scales, gate_up);
    assert!(
        y.len() == x.len() && residual.len() == x.len(),
        "a row for each row"
    );
    let packed = layer.packed(|weight| weight);
    let mut placed = Buffer::any(scales.len() * width);
    {
        let (all, placed) = (Shared::new(gate_up), Target::new(&mut placed, width));
        layer.for_each_block(&packed, |block, [gate_and_up, down]| {
            let (mine, count) = (block.positions.clone(), block.positions.len());
            // SAFETY: blocks of positions do not overlap.
            let gate_up = unsafe { all.part(2 * mine.start * inner..2 * mine.end * inner) };
            let left = gathered(&layer, x, mine.clone());
            gate_and_up.multiply_left(&left, Target::new(gate_up, 2 * inner), false);
            let mut left = Left::any(precision, count, inner);
            for (index, gate_up) in gate_up.chunks((2 * STRIP * inner).max(1)).enumerate() {
                let first = mine.start + index * STRIP;
                let rows = gate_up.len() / (2 * inner);
                left.write(index, rows, |strip| {
                    dispatch!(swiglu::forward_rows(gate_up, inner, strip));
                    for (position, row) in (first..).zip(strip.chunks_exact_mut(inner)) {
                        dispatch!(scale_in_place(row, scales[layer.choice.place(position)]));
                    }
                });
            }
            down.multiply_left(&left, placed.from(mine.start, 0), false);
        });
    }
    layer.add_up(Some(residual), &placed, y);
}

/// The rows of some positions, packed.
fn gathered(layer: &Experts, x: &[f32], positions: Range<usize>) -> Left<'static> {
    let mut left = Left::any(layer.precision, positions.len(), layer.width);
    for (index, first) in positions.clone().step_by(STRIP).enumerate() {
        let rows = first..positions.end.min(first + STRIP);
        left.write(index, rows.len(), |strip| layer.gather(x, rows, strip));
    }
    left
}

/// The gradients that [`backward`] writes.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the inputs, `rows × width`.
    pub x: &'a mut [f32],
    /// Of the scales, `rows × chosen`.
    pub scales: &'a mut [f32],
    /// `experts × width × 2 inner`
    pub gate_and_up: &'a mut [f32],
    /// `experts × inner × width`
    pub down: &'a mut [f32],
}

/// The operands of the gradients of an expert's weights, whose depth are its rows.
struct Operands<'a> {
    inputs: DepthLeft<'a>,
    dgate_up: Right,
    gated: DepthLeft<'a>,
    dy: Right,
}

/// From the gradient of `y`, which is that of the residual, writes those of the inputs, the scales and the weights.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    layer: Experts,
    x: &[f32],
    scales: &[f32],
    gate_up: &[f32],
    dy: &[f32],
    gradients: Gradients,
) {
    let (precision, width, inner) = (layer.precision, layer.width, layer.inner());
    layer.check(x, scales, gate_up);
    assert!(
        dy.len() == x.len() && gradients.x.len() == x.len() && gradients.scales.len() == scales.len(),
        "a gradient for each value"
    );
    let packed = layer.packed(Matrix::transposed);
    let mut operands: Vec<Operands> = (0..layer.choice.experts())
        .map(|expert| {
            let rows = layer.choice.positions_of(expert).len();
            Operands {
                inputs: DepthLeft::any(precision, rows, width),
                dgate_up: Right::any(precision, rows, 2 * inner),
                gated: DepthLeft::any(precision, rows, inner),
                dy: Right::any(precision, rows, width),
            }
        })
        .collect();
    let mut placed = Buffer::any(scales.len() * width);
    {
        let packings: Vec<_> = operands
            .iter_mut()
            .map(|operands| {
                (
                    [operands.inputs.packing(), operands.gated.packing()],
                    [operands.dgate_up.packing(), operands.dy.packing()],
                )
            })
            .collect();
        let dx = Target::new(&mut placed, width);
        let dscales = Shared::new(gradients.scales);
        layer.for_each_block(&packed, |block, [gate_and_up, down]| {
            let (mine, count) = (block.positions.clone(), block.positions.len());
            let ([inputs, gated], [dgate_up, dright]) = packings[block.expert];
            let mut rows = Buffer::any(count * width);
            layer.gather(dy, mine.clone(), &mut rows);
            // SAFETY: each block has rows of its own.
            let left =
                unsafe { Left::and_depth(precision, Matrix::new(&rows, count, width), dright, block.first) };
            let mut dgated = Buffer::any(count * inner);
            down.multiply_left(&left, Target::new(&mut dgated, inner), false);

            let mut left = Left::any(precision, count, 2 * inner);
            let [mut strip, mut scaled] = [STRIP * inner, STRIP * inner].map(Buffer::any);
            for (index, dgated) in dgated.chunks((STRIP * inner).max(1)).enumerate() {
                let (first, rows) = (mine.start + index * STRIP, dgated.len() / inner);
                let gate_up = &gate_up[2 * first * inner..2 * (first + rows) * inner];
                let (strip, scaled) = (&mut strip[..dgated.len()], &mut scaled[..dgated.len()]);
                left.write(index, rows, |dstrip| {
                    for (index, place) in (first..first + rows).map(|at| layer.choice.place(at)).enumerate() {
                        let row = index * inner..(index + 1) * inner;
                        dispatch!(scale(&dgated[row.clone()], scales[place], &mut scaled[row]));
                    }
                    dispatch!(swiglu::both_rows(gate_up, inner, scaled, strip, dstrip));
                    for (index, place) in (first..first + rows).map(|at| layer.choice.place(at)).enumerate() {
                        let row = index * inner..(index + 1) * inner;
                        // SAFETY: each place has one position, in one block.
                        let dscale = unsafe { dscales.part(place..place + 1) };
                        dscale[0] = dispatch!(scaled_and_dot(
                            &mut strip[row.clone()],
                            scales[place],
                            &dgated[row]
                        ));
                    }
                    // SAFETY: each block has rows of its own.
                    unsafe {
                        gated.pack(block.first + index * STRIP, Matrix::new(strip, rows, inner));
                        dgate_up.pack(block.first + index * STRIP, Matrix::new(dstrip, rows, 2 * inner));
                    }
                });
            }
            gate_and_up.multiply_left(&left, dx.from(mine.start, 0), false);
            layer.gather(x, mine, &mut rows);
            for (index, rows) in rows.chunks((STRIP * width).max(1)).enumerate() {
                let rows = Matrix::new(rows, rows.len() / width, width);
                // SAFETY: each block has rows of its own.
                unsafe { inputs.pack(block.first + index * STRIP, rows) };
            }
        });
    }
    layer.add_up(None, &placed, gradients.x);
    let [dgate_and_up, ddown] = [gradients.gate_and_up, gradients.down].map(Shared::new);
    parallel::for_each(operands.len(), layer.work(), |expert| {
        let [gate_and_up, down] = layer.parts(expert);
        // SAFETY: each expert has weights of its own.
        let (gate_and_up, down) = unsafe { (dgate_and_up.part(gate_and_up), ddown.part(down)) };
        let operands = &operands[expert];
        operands.dgate_up.multiply_depth(&operands.inputs, gate_and_up);
        operands.dy.multiply_depth(&operands.gated, down);
    });
}

/// `x × factor` in the place of `x`, and `Σ x y` of what it was.
#[inline(always)]
fn scaled_and_dot<S: Simd>(simd: S, x: &mut [f32], factor: f32, y: &[f32]) -> f32 {
    let sum = dot(simd, x, y);
    scale_in_place(simd, x, factor);
    sum
}
