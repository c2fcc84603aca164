//! The backward pass.

use std::ops::Range;

use super::products::{Float32, Guarded, Products};
use super::{
    AHEAD, Angles, Heads, HeadsOut, KEYS, Places, Rows, Shape, capped, for_each_group, load_rows, store_rows,
};
use crate::cpu::bf16::Work as Rounded;
use crate::cpu::matrix::{Matrix, Target, is_finite};
use crate::cpu::vectors::dot;
use crate::memory::Buffer;
use crate::parallel::block;
use crate::simd::{LANES, Simd, dispatch, each_vector};

/// What the forward pass read and wrote, and the gradient of its output.
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The queries.
    pub q: Heads<'a>,
    /// The keys.
    pub k: Heads<'a>,
    /// The values.
    pub v: Heads<'a>,
    /// The angles of the positions, if the forward pass turned by them.
    pub angles: Option<Angles<'a>>,
    /// The output, placed as the queries are.
    pub output: Heads<'a>,
    /// The logarithms of the sums of exponentials.
    pub log_sums: &'a [f32],
    /// The gradient of the output.
    pub doutput: Heads<'a>,
}

/// Writes the gradients of queries, keys and values.
///
/// With `P` the probabilities and `δ = Σ doutput × output` of a row: `dV = Pᵀ dO`, `dP = dO Vᵀ`,
/// `dS = P (dP - δ)`, `dQ = dS K ÷ √d` and `dK = dSᵀ Q ÷ √d`. Where products round `dO`, so does δ, or
/// what the rounding adds to `dP` alone would be a gradient of scores.
///
/// # Panics
/// If a slice is too short for the shape, or a gradient has other heads.
pub fn backward(shape: Shape, saved: Saved, dq: HeadsOut, dk: HeadsOut, dv: HeadsOut) {
    shape.check();
    shape.check_angles(saved.angles);
    assert_eq!(
        saved.log_sums.len(),
        shape.batch * shape.query_heads * shape.queries,
        "a sum for each query"
    );
    let [query_heads, key_heads] = [shape.query_heads, shape.key_heads];
    let dq = dq.of(query_heads, shape.dimension);
    let [dk, dv] = [dk, dv].map(|gradient| gradient.of(key_heads, shape.dimension));
    for_each_group(&shape, |sequence, key_head| {
        let rounded = shape.precision.rounding().map(Rounded::start);
        dispatch!(group_in(
            rounded.as_ref(),
            shape,
            saved,
            sequence,
            key_head,
            [dq, dk, dv]
        ));
    });
}

/// [`group`] with the products that the precision asks for.
#[inline(always)]
fn group_in<S: Simd>(
    simd: S,
    rounded: Option<&Rounded>,
    shape: Shape,
    saved: Saved,
    sequence: usize,
    key_head: usize,
    gradients: [Places; 3],
) {
    match rounded {
        Some(products) => group(simd, products, shape, saved, sequence, key_head, gradients),
        None => group(simd, Float32(simd), shape, saved, sequence, key_head, gradients),
    }
}

/// All the queries that share one key head of one sequence.
#[inline(always)]
fn group<S: Simd, P: Products>(
    simd: S,
    products: P,
    shape: Shape,
    saved: Saved,
    sequence: usize,
    key_head: usize,
    [dq, dk, dv]: [Places; 3],
) {
    let (dimension, first_key) = (shape.dimension, sequence * shape.keys);
    let key_rows = shape.key_rows(sequence, key_head, saved.angles);
    let mut keys = Buffer::any(shape.keys * dimension);
    load_rows(simd, saved.k, key_rows, &mut keys);
    let finite = is_finite(simd, Matrix::new(&keys, 1, keys.len()));
    let tiles = shape.keys.div_ceil(KEYS);
    let (turned, straight) = (P::space(dimension, KEYS), P::space(KEYS, dimension));
    let mut panels = Buffer::any(tiles * (2 * turned + straight));
    let mut packed: Vec<Tile<P>> = Vec::with_capacity(tiles);
    for (index, space) in panels
        .chunks_exact_mut((2 * turned + straight).max(1))
        .enumerate()
    {
        let tile = block(index, KEYS, shape.keys);
        let rows = Matrix::new(&keys[tile.start * dimension..], tile.len(), dimension);
        let values = saved
            .v
            .matrix(first_key + tile.start, tile.len(), key_head, dimension);
        let (space, rest) = space.split_at_mut(turned);
        let (value_space, straight_space) = rest.split_at_mut(turned);
        packed.push(Tile {
            keys_turned: products.pack(rows.transposed(), space),
            values_turned: products.pack(values.transposed(), value_space),
            keys: Guarded::new(products, rows, straight_space, finite),
        });
    }
    let mut work = Work::new::<P>(shape);
    for head in key_head * shape.group()..(key_head + 1) * shape.group() {
        for tile in 0..shape.queries.div_ceil(P::ROWS) {
            let tile = block(tile, P::ROWS, shape.queries);
            let first = (sequence * shape.query_heads + head) * shape.queries + tile.start;
            let rows = shape.query_rows(sequence, head, tile, saved.angles);
            load_rows(simd, saved.q, rows, &mut work.queries);
            let log_sums = &saved.log_sums[first..first + rows.count];
            work.tile(simd, products, shape, saved, rows, log_sums, &packed);
            // SAFETY: only this task writes this head of this sequence.
            unsafe { store_rows(simd, &work.dqueries, rows, dq) };
        }
    }
    // SAFETY: as above.
    unsafe {
        store_rows(simd, &work.dkeys, key_rows, dk);
        store_rows(
            simd,
            &work.dvalues,
            Rows {
                turn: None,
                ..key_rows
            },
            dv,
        );
    }
}

/// A tile of keys and values, packed for the three products that read it.
struct Tile<'a, P: Products> {
    /// `dimension × KEYS`
    keys_turned: P::Packed<'a>,
    /// `dimension × KEYS`
    values_turned: P::Packed<'a>,
    /// `KEYS × dimension`
    keys: Guarded<'a, P>,
}

/// A tile of queries at work.
struct Work {
    /// Scaled queries, `ROWS × dimension`, and the same packed.
    queries: Buffer,
    query_panels: Buffer,
    /// The output's gradient, packed.
    doutput_panels: Buffer,
    /// Scores, then probabilities, `ROWS` rows of `KEYS`.
    probabilities: Buffer,
    /// Gradients of the probabilities, then of the scores, likewise.
    dscores: Buffer,
    /// `Σ doutput × output` of each row.
    deltas: Buffer,
    /// A row of the output's gradient as products take it.
    doutput: Buffer,
    /// `ROWS × dimension`
    dqueries: Buffer,
    /// Gradients of all keys, `keys × dimension`.
    dkeys: Buffer,
    /// Gradients of all values, `keys × dimension`.
    dvalues: Buffer,
}

impl Work {
    fn new<P: Products>(shape: Shape) -> Self {
        let dimension = shape.dimension;
        Self {
            queries: Buffer::any(P::ROWS * dimension),
            query_panels: Buffer::any(P::space(P::ROWS, dimension)),
            doutput_panels: Buffer::any(P::space(P::ROWS, dimension)),
            probabilities: Buffer::any(P::ROWS * shape.score_stride()),
            dscores: Buffer::any(P::ROWS * shape.score_stride()),
            deltas: Buffer::any(P::ROWS),
            doutput: Buffer::any(dimension),
            dqueries: Buffer::any(P::ROWS * dimension),
            dkeys: Buffer::zeros(shape.keys * dimension),
            dvalues: Buffer::zeros(shape.keys * dimension),
        }
    }

    /// Adds what the query rows give to the keys and values; leaves the gradient of the scaled queries in
    /// `dqueries`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // All of a task's, and the tile's own.
    fn tile<S: Simd, P: Products>(
        &mut self,
        simd: S,
        products: P,
        shape: Shape,
        saved: Saved,
        rows: Rows,
        log_sums: &[f32],
        packed: &[Tile<P>],
    ) {
        let Rows {
            dimension,
            count,
            first,
            head,
            ..
        } = rows;
        let doutput = saved.doutput.matrix(first, count, head, dimension);
        let queries = Matrix::new(&self.queries, count, dimension);
        // A query that is not finite has no finite sum, a gradient that is not no finite product with the output.
        let finite = log_sums.iter().all(|log_sum| log_sum.is_finite());
        let packed_queries = Guarded::new(products, queries, &mut self.query_panels, finite);
        let mut packed_doutput = Guarded::new(products, doutput, &mut self.doutput_panels, true);
        for row in 0..count {
            saved.output.prefetch(simd, first + row + AHEAD, head, dimension);
            let output = saved.output.row(first + row, head, dimension);
            let doutput = saved.doutput.row(first + row, head, dimension);
            let delta = dot(simd, output, products.taken(doutput, &mut self.doutput));
            packed_doutput.finite &= delta.is_finite();
            self.deltas[row] = delta;
        }
        let (least, stride) = (shape.seen(first), shape.score_stride());
        let (tiles, visible) = shape.tiles(least, count);
        for tile in tiles.clone() {
            let (keys, is_first) = (&packed[tile], tile == tiles.start);
            let tile = block(tile, KEYS, visible);
            let columns = tile.len();
            let scores = Target::new(&mut self.probabilities, stride);
            products.multiply(queries, keys.keys_turned, columns, scores, false);
            let dprobabilities = Target::new(&mut self.dscores, stride);
            products.multiply(doutput, keys.values_turned, columns, dprobabilities, false);
            let seen = |row: usize| shape.seen_in(least, row, &tile);
            for (row, (&log_sum, &delta)) in log_sums.iter().zip(&*self.deltas).enumerate() {
                let range = row * stride..(row + 1) * stride;
                let rows =
                    [&mut self.probabilities, &mut self.dscores].map(|values| &mut values[range.clone()]);
                score_gradients(
                    simd,
                    rows,
                    seen(row),
                    columns,
                    [log_sum, delta],
                    shape.limits.soft_cap,
                );
            }
            let probabilities = Matrix::strided(&self.probabilities, count, columns, stride);
            let dscores = Matrix::strided(&self.dscores, count, columns, stride);
            let range = tile.start * dimension..tile.end * dimension;
            let by_key = |key, row| seen(row).contains(&key);
            let by_query = |row, key| seen(row).contains(&key);
            let dvalues = &mut self.dvalues[range.clone()];
            packed_doutput.multiply(
                products,
                probabilities.transposed(),
                dimension,
                dvalues,
                true,
                by_key,
            );
            let dkeys = &mut self.dkeys[range];
            packed_queries.multiply(products, dscores.transposed(), dimension, dkeys, true, by_key);
            let dqueries = &mut self.dqueries;
            keys.keys
                .multiply(products, dscores, dimension, dqueries, !is_first, by_query);
        }
    }
}

/// Turns a row's scores into probabilities and their gradients into the scores' gradients: those of `columns` that are
/// seen, zeros for the rest. Whole vectors are computed, for the processor is slow at parts of one.
#[inline(always)]
fn score_gradients<S: Simd>(
    simd: S,
    [probabilities, dscores]: [&mut [f32]; 2],
    seen: Range<usize>,
    columns: usize,
    [log_sum, delta]: [f32; 2],
    soft_cap: Option<f32>,
) {
    let whole = seen.start / LANES * LANES..seen.end.next_multiple_of(LANES).max(seen.start / LANES * LANES);
    let (sum, shift) = (simd.splat(log_sum), simd.splat(delta));
    let both = [&mut probabilities[whole.clone()], &mut dscores[whole]];
    if let Some(cap) = soft_cap {
        each_vector(
            simd,
            [],
            both,
            0.0,
            #[inline(always)]
            |[], [score, gradient]| {
                let [score, tanh] = capped(simd, score, cap);
                let probability = simd.exp(simd.sub(score, sum));
                let slope = simd.sub(simd.splat(1.0), simd.mul(tanh, tanh));
                let dscore = simd.mul(probability, simd.sub(gradient, shift));
                [probability, simd.mul(dscore, slope)]
            },
        );
    } else {
        each_vector(
            simd,
            [],
            both,
            0.0,
            #[inline(always)]
            |[], [score, gradient]| {
                let probability = simd.exp(simd.sub(score, sum));
                [probability, simd.mul(probability, simd.sub(gradient, shift))]
            },
        );
    }
    for values in [probabilities, dscores] {
        values[..seen.start].fill(0.0);
        values[seen.end..columns].fill(0.0);
    }
}
