//! The forward pass.

use std::ops::Range;

use super::products::{Float32, Guarded, Products};
use super::{Angles, Heads, HeadsOut, KEYS, Places, Rows, Shape, capped, few, for_each_group, load_rows};
use crate::cpu::bf16::Work;
use crate::cpu::matrix::{Matrix, Target, is_finite};
use crate::cpu::softmax::{exponentials, fill_up, largest_of};
use crate::cpu::vectors::{scale, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::{Shared, block};
use crate::simd::{LANES, NEGLIGIBLE, Simd, dispatch, each_vector};

/// The inputs, as every task sees them.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) shape: Shape,
    pub(super) q: Heads<'a>,
    pub(super) k: Heads<'a>,
    pub(super) v: Heads<'a>,
    pub(super) angles: Option<Angles<'a>>,
}

/// Writes the attention's output, and for [`backward`](super::backward) the logarithm of each row's sum
/// of exponentials (`batch × query_heads × queries`) into `log_sums`.
///
/// With `angles`, queries and keys are turned by their positions first.
///
/// # Panics
/// If a slice is too short for the shape, or the output has other heads.
pub fn forward(
    shape: Shape,
    q: Heads,
    k: Heads,
    v: Heads,
    angles: Option<Angles>,
    output: HeadsOut,
    log_sums: &mut [f32],
) {
    shape.check();
    shape.check_angles(angles);
    assert_eq!(
        log_sums.len(),
        shape.batch * shape.query_heads * shape.queries,
        "a sum for each query"
    );
    let output = output.of(shape.query_heads, shape.dimension);
    let log_sums = Shared::new(log_sums);
    let inputs = Inputs {
        shape,
        q,
        k,
        v,
        angles,
    };
    if few::is_faster(inputs) {
        return few::forward(inputs, output, log_sums);
    }
    for_each_group(&shape, |sequence, key_head| {
        let rounded = shape.precision.rounding().map(Work::start);
        dispatch!(group_in(
            rounded.as_ref(),
            inputs,
            sequence,
            key_head,
            output,
            log_sums
        ));
    });
}

/// [`group`] with the products that the precision asks for.
#[inline(always)]
fn group_in<S: Simd>(
    simd: S,
    rounded: Option<&Work>,
    inputs: Inputs,
    sequence: usize,
    key_head: usize,
    output: Places,
    log_sums: Shared,
) {
    match rounded {
        Some(products) => group(simd, products, inputs, sequence, key_head, output, log_sums),
        None => group(simd, Float32(simd), inputs, sequence, key_head, output, log_sums),
    }
}

/// All the queries that share one key head of one sequence.
#[inline(always)]
fn group<S: Simd, P: Products>(
    simd: S,
    products: P,
    inputs: Inputs,
    sequence: usize,
    key_head: usize,
    output: Places,
    log_sums: Shared,
) {
    let Inputs {
        shape,
        q,
        k,
        v,
        angles,
    } = inputs;
    let (dimension, first_key) = (shape.dimension, sequence * shape.keys);
    let mut keys = Buffer::any(shape.keys * dimension);
    load_rows(simd, k, shape.key_rows(sequence, key_head, angles), &mut keys);
    // Each tile of keys is packed once, for all the queries of the group.
    let tiles = shape.keys.div_ceil(KEYS);
    let (key_space, value_space) = (P::space(dimension, KEYS), P::space(KEYS, dimension));
    let mut key_panels = Buffer::any(tiles * key_space);
    let mut value_panels = Buffer::any(tiles * value_space);
    let mut packed: Vec<(P::Packed<'_>, Guarded<P>)> = Vec::with_capacity(tiles);
    let spaces = key_panels
        .chunks_exact_mut(key_space.max(1))
        .zip(value_panels.chunks_exact_mut(value_space.max(1)));
    let values = v.matrix(first_key, shape.keys, key_head, dimension);
    let finite = is_finite(simd, values);
    for (tile, (key_space, value_space)) in spaces.enumerate() {
        let tile = block(tile, KEYS, shape.keys);
        let rows = Matrix::new(&keys[tile.start * dimension..], tile.len(), dimension);
        let values = values.part(tile.start, tile.len(), 0, dimension);
        packed.push((
            products.pack(rows.transposed(), key_space),
            Guarded::new(products, values, value_space, finite),
        ));
    }
    let mut state = State {
        queries: Buffer::any(P::ROWS * dimension),
        scores: Buffer::any(P::ROWS * shape.score_stride()),
        stride: shape.score_stride(),
        sums: Buffer::any(P::ROWS * dimension),
        maximum: Buffer::any(P::ROWS),
        largest: Buffer::any(P::ROWS),
        total: Buffer::any(P::ROWS),
    };
    for head in key_head * shape.group()..(key_head + 1) * shape.group() {
        for tile in 0..shape.queries.div_ceil(P::ROWS) {
            let tile = block(tile, P::ROWS, shape.queries);
            let start = (sequence * shape.query_heads + head) * shape.queries + tile.start;
            let rows = shape.query_rows(sequence, head, tile, angles);
            load_rows(simd, q, rows, &mut state.queries);
            state.attend(simd, products, shape, rows, &packed);
            // SAFETY: only this task writes this head of this sequence.
            let log_sums = unsafe { log_sums.part(start..start + rows.count) };
            for (row, log_sum) in log_sums.iter_mut().enumerate() {
                let sums = &state.sums[row * dimension..(row + 1) * dimension];
                // SAFETY: as above.
                let to = unsafe { output.row(rows.first + row, head, dimension) };
                scale(simd, sums, 1.0 / state.total[row], to);
                *log_sum = state.maximum[row] + state.total[row].ln();
            }
        }
    }
}

/// What a tile of queries has seen so far.
struct State {
    /// Scaled queries, `ROWS × dimension`.
    queries: Buffer,
    /// Scores, then their exponentials, `ROWS` rows of `KEYS`.
    scores: Buffer,
    /// Values from a row of the scores to the next.
    stride: usize,
    /// Values weighted by the exponentials, `ROWS × dimension`.
    sums: Buffer,
    /// The largest score of each row before the tile of keys at work, and with it.
    maximum: Buffer,
    largest: Buffer,
    /// The sum of the exponentials of each row.
    total: Buffer,
}

impl State {
    /// Runs over all keys that the query rows may see.
    #[inline(always)]
    fn attend<S: Simd, P: Products>(
        &mut self,
        simd: S,
        products: P,
        shape: Shape,
        rows: Rows,
        packed: &[(P::Packed<'_>, Guarded<P>)],
    ) {
        let (dimension, count) = (rows.dimension, rows.count);
        self.maximum.fill(f32::NEG_INFINITY);
        self.total.fill(0.0);
        let least = shape.seen(rows.first);
        let (tiles, visible) = shape.tiles(least, count);
        for tile in tiles.clone() {
            let ((keys, values), is_first) = (&packed[tile], tile == tiles.start);
            let tile = block(tile, KEYS, visible);
            let columns = tile.len();
            let queries = Matrix::new(&self.queries, count, dimension);
            let target = Target::new(&mut self.scores, self.stride);
            products.multiply(queries, *keys, columns, target, false);
            let seen = |row: usize| shape.seen_in(least, row, &tile);
            if let Some(cap) = shape.limits.soft_cap {
                for row in 0..count {
                    cap_scores(simd, &mut self.scores[row * self.stride..][seen(row)], cap);
                }
            }
            // Row by row each, so that the processor begins a row before the last one is reduced.
            for row in 0..count {
                let scores = &self.scores[row * self.stride..][seen(row)];
                self.largest[row] = largest_of(simd, scores, self.maximum[row]);
            }
            for row in 0..count {
                self.exponentials(simd, row, seen(row), columns, (!is_first).then_some(dimension));
            }
            let scores = Matrix::strided(&self.scores, count, columns, self.stride);
            let visible = |row, key| seen(row).contains(&key);
            values.multiply(products, scores, dimension, &mut self.sums, !is_first, visible);
        }
    }

    /// Replaces the scores of a row that are seen by exponentials and the others by zeros. Given the dimension, it scales
    /// what the row has summed so far to the new maximum.
    #[inline(always)]
    fn exponentials<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        seen: Range<usize>,
        columns: usize,
        rescale: Option<usize>,
    ) {
        let scores = &mut self.scores[row * self.stride..(row + 1) * self.stride];
        if seen.is_empty() {
            return scores[..columns].fill(0.0);
        }
        let (before, maximum) = (self.maximum[row], self.largest[row]);
        // Whole vectors, for the processor is slow at parts of one.
        let (first, end) = (seen.start / LANES * LANES, seen.end.next_multiple_of(LANES));
        fill_up(simd, scores, seen.end, maximum - NEGLIGIBLE);
        scores[first..seen.start].fill(maximum - NEGLIGIBLE);
        let total = exponentials(simd, &mut scores[first..end], maximum);
        scores[..seen.start].fill(0.0);
        scores[seen.end..columns].fill(0.0);
        let mut factor = 0.0;
        if let Some(dimension) = rescale {
            factor = (before - maximum).exp();
            let sums = &mut self.sums[row * dimension..(row + 1) * dimension];
            scale_in_place(simd, sums, factor);
        }
        self.maximum[row] = maximum;
        self.total[row] = self.total[row] * factor + total;
    }
}

/// Bounds the scores of a row.
#[inline(always)]
pub(super) fn cap_scores<S: Simd>(simd: S, scores: &mut [f32], cap: f32) {
    each_vector(
        simd,
        [],
        [scores],
        0.0,
        #[inline(always)]
        |[], [score]| [capped(simd, score, cap)[0]],
    );
}
