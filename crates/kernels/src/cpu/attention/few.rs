//! A few queries after many keys, as stepping has them: each key and value is read once, where it lies.

use std::ops::Range;

use super::forward::{Inputs, cap_scores};
use super::{AHEAD, Heads, Places, Shape, load_rows};
use crate::cpu::softmax::{exponentials, fill_up, largest_of};
use crate::cpu::vectors::{add_scaled, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{LANES, NEGLIGIBLE, Simd, dispatch, fold_vectors};

/// Keys whose scores are there at a time: with their values they stay in the first-level cache.
const TILE: usize = 32;

/// Keys of a task.
const SEGMENT: usize = 2048;

/// Queries of a key head up to which packing the keys costs more than it gains.
const FEW: usize = 8;

/// Whether this is faster than tiles of queries. Sequences that begin are none of them, nor are keys to be turned.
pub(super) fn is_faster(inputs: Inputs) -> bool {
    let Inputs { shape, angles, .. } = inputs;
    let in_f32 = shape.precision.rounding().is_none();
    shape.offset() > 0 && rows(shape) <= FEW && angles.is_none() && in_f32
}

/// Queries that share a key head.
fn rows(shape: Shape) -> usize {
    shape.group() * shape.queries
}

/// As [`forward`](super::forward).
pub(super) fn forward(inputs: Inputs, output: Places, log_sums: Shared) {
    let Inputs { shape, .. } = inputs;
    let (rows, segments, width) = (
        rows(shape),
        shape.keys.div_ceil(SEGMENT),
        Partial::width(shape.dimension),
    );
    let groups = shape.batch * shape.key_heads;
    let mut partial = Buffer::any(groups * segments * rows * width);
    let shared = Shared::new(&mut partial);
    parallel::for_each(groups * segments, 2 * shape.work(), |task| {
        let (group, keys) = (task / segments, block(task % segments, SEGMENT, shape.keys));
        // SAFETY: each task has rows of its own.
        let partial = unsafe { shared.part(task * rows * width..(task + 1) * rows * width) };
        dispatch!(segment(inputs, group, keys, partial));
    });
    let (group_rows, last) = (rows * segments * width, shape.queries);
    for (group, partial) in partial.chunks_exact(group_rows).enumerate() {
        for row in 0..rows {
            let head = group % shape.key_heads * shape.group() + row / last;
            let (sequence, query) = (group / shape.key_heads, row % last);
            let place = (sequence * shape.query_heads + head) * last + query;
            // SAFETY: nothing else is at work.
            let (to, log_sum) = unsafe {
                (
                    output.row(sequence * last + query, head, shape.dimension),
                    log_sums.part(place..place + 1),
                )
            };
            let parts = partial.chunks_exact(width).skip(row).step_by(rows);
            log_sum[0] = dispatch!(merge(parts.clone(), to));
        }
    }
}

/// What a query has seen of a segment: the values weighted by the exponentials of the scores over the largest score,
/// the sum of these exponentials, and that score.
struct Partial<'a> {
    sums: &'a mut [f32],
    total: &'a mut f32,
    largest: &'a mut f32,
}

impl<'a> Partial<'a> {
    fn width(dimension: usize) -> usize {
        dimension + 2
    }

    fn of(values: &'a mut [f32]) -> Self {
        match values {
            [sums @ .., total, largest] => Self { sums, total, largest },
            _ => unreachable!("`width` is two at least"),
        }
    }
}

/// All queries of a key head over some keys.
#[inline(always)]
fn segment<S: Simd>(simd: S, inputs: Inputs, group: usize, keys: Range<usize>, partial: &mut [f32]) {
    let Inputs { shape, q, k, v, .. } = inputs;
    let (dimension, rows, cap) = (shape.dimension, rows(shape), shape.limits.soft_cap);
    let (sequence, key_head) = (group / shape.key_heads, group % shape.key_heads);
    let mut queries = Buffer::any(rows * dimension);
    let of_head = shape.queries * dimension;
    for (index, to) in queries.chunks_exact_mut(of_head).enumerate() {
        let head = key_head * shape.group() + index;
        load_rows(
            simd,
            q,
            shape.query_rows(sequence, head, 0..shape.queries, None),
            to,
        );
    }
    for partial in partial.chunks_exact_mut(Partial::width(dimension)) {
        let Partial { sums, total, largest } = Partial::of(partial);
        sums.fill(0.0);
        (*total, *largest) = (0.0, f32::NEG_INFINITY);
    }
    let first = sequence * shape.keys;
    for start in keys.clone().step_by(TILE) {
        let tile = start..(start + TILE).min(keys.end);
        let [k, v] = [k, v].map(|of| Tile {
            of,
            first: first + tile.start,
            head: key_head,
        });
        let partials = partial.chunks_exact_mut(Partial::width(dimension));
        for (row, (query, partial)) in queries.chunks_exact(dimension).zip(partials).enumerate() {
            let seen = shape.seen_in(shape.seen(0), row % shape.queries, &tile);
            if !seen.is_empty() {
                let [k, v] = [k, v].map(|tile| tile.from(seen.start));
                attend(simd, query, k, v, seen.len(), cap, Partial::of(partial));
            }
        }
    }
}

/// Keys or values of a head, from a position counted over all sequences on.
#[derive(Clone, Copy)]
struct Tile<'a> {
    of: Heads<'a>,
    first: usize,
    head: usize,
}

impl<'a> Tile<'a> {
    /// The rows from one of them on.
    fn from(self, index: usize) -> Self {
        Self {
            first: self.first + index,
            ..self
        }
    }

    /// A row, and a request for one that is read soon.
    #[inline(always)]
    fn row<S: Simd>(self, simd: S, index: usize, dimension: usize) -> &'a [f32] {
        self.of
            .prefetch(simd, self.first + index + AHEAD, self.head, dimension);
        self.of.row(self.first + index, self.head, dimension)
    }
}

/// Adds the first `count` keys of a tile to what a query has seen.
#[inline(always)]
fn attend<S: Simd>(simd: S, query: &[f32], k: Tile, v: Tile, count: usize, cap: Option<f32>, seen: Partial) {
    let Partial { sums, total, largest } = seen;
    let mut scores = [0.0; TILE];
    for (block, scores) in scores.chunks_exact_mut(LANES).enumerate() {
        let mut products = [simd.splat(0.0); LANES];
        let inside = count.saturating_sub(block * LANES);
        for (index, product) in products.iter_mut().enumerate().take(inside) {
            let key = k.row(simd, block * LANES + index, query.len());
            *product = fold_vectors(
                simd,
                [query, key],
                0.0,
                0.0,
                #[inline(always)]
                |sum, [q, k]| simd.mul_add(q, k, sum),
            );
        }
        simd.store_partial(simd.sum_each(products), scores);
    }
    if let Some(cap) = cap {
        cap_scores(simd, &mut scores[..count], cap);
    }
    let (before, maximum) = (*largest, largest_of(simd, &scores[..count], *largest));
    fill_up(simd, &mut scores, count, maximum - NEGLIGIBLE);
    let added = exponentials(simd, &mut scores[..count.next_multiple_of(LANES)], maximum);
    if maximum != before {
        let factor = (before - maximum).exp();
        scale_in_place(simd, sums, factor);
        *total *= factor;
    }
    *total += added;
    *largest = maximum;
    for (index, &weight) in scores[..count].iter().enumerate() {
        add_scaled(simd, v.row(simd, index, query.len()), weight, sums);
    }
}

/// Writes what a query takes from all segments, and returns the logarithm of its sum of exponentials.
#[inline(always)]
fn merge<'a, S: Simd>(simd: S, parts: impl Iterator<Item = &'a [f32]> + Clone, to: &mut [f32]) -> f32 {
    let dimension = to.len();
    let parts = parts.map(|part| part.split_at(dimension));
    let largest = parts
        .clone()
        .map(|(_, of)| of[1])
        .fold(f32::NEG_INFINITY, f32::max);
    let mut all = 0.0;
    to.fill(0.0);
    for (sums, of) in parts {
        let factor = (of[1] - largest).exp();
        all += of[0] * factor;
        add_scaled(simd, sums, factor, to);
    }
    scale_in_place(simd, to, 1.0 / all);
    largest + all.ln()
}
