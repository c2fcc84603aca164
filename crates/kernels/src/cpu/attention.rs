//! Attention with grouped queries, causal or of all positions, tile by tile: no length × length matrix is kept.
//!
//! The forward pass keeps a running maximum and sum of each row (Milakov and Gimelshein 2018) and saves
//! the logarithm of the sum; the backward pass computes the probabilities again from it, as
//! FlashAttention-2 (Dao 2023, algorithms 1 and 2) does. Rotary positions are applied on the way in.

use std::ops::Range;

use crate::parallel::{self, Shared};

mod backward;
mod few;
mod forward;
mod products;

pub use backward::{Saved, backward};
pub use forward::forward;

use super::matrix::Matrix;
use super::rotary::{Angles, Turn, rotate_head};
use super::vectors::scale;
use crate::Precision;
use crate::simd::{LANES, Simd};

/// Rows from one that is read or written to the one asked for meanwhile.
const AHEAD: usize = 6;

/// Keys of a tile.
const KEYS: usize = 256;

/// The sizes of an attention, and what its products are computed in. Key and value heads divide the query heads
/// into equal groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of the queries. They are the last ones of the keys' positions.
    pub queries: usize,
    /// Positions of the keys and values.
    pub keys: usize,
    /// Heads of the queries.
    pub query_heads: usize,
    /// Heads of the keys and values.
    pub key_heads: usize,
    /// Coordinates of a head.
    pub dimension: usize,
    /// What the products are computed in.
    pub precision: Precision,
    /// What bounds the scores.
    pub limits: Limits,
}

/// What bounds the scores of attention.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Positions that a query sees, the last of them its own: all up to its own where there is no window. Never zero.
    pub window: Option<usize>,
    /// Where it is given, a score is `cap × tanh(score ÷ cap)` (Gemma 2, arXiv 2408.00118).
    pub soft_cap: Option<f32>,
    /// Whether a query sees the positions after its own, too: all there are. Then there is no window.
    pub bidirectional: bool,
}

/// Heads inside a slice: head h of position p of all sequences is at `start + p × stride + h × dimension`.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    /// The values.
    pub values: &'a [f32],
    /// Where the first head of the first position starts.
    pub start: usize,
    /// Values from a position to the next.
    pub stride: usize,
}

/// As [`Heads`], to be written: the only ones that are at these places.
pub struct HeadsOut<'a>(Places<'a>);

/// Where the heads of [`HeadsOut`] are, for the tasks that write them.
#[derive(Clone, Copy)]
struct Places<'a> {
    values: Shared<'a>,
    start: usize,
    stride: usize,
    /// Values of all heads of a position.
    columns: usize,
}

impl<'a> Heads<'a> {
    /// The rows of one head from position `first` on, as a matrix.
    fn matrix(self, first: usize, rows: usize, head: usize, dimension: usize) -> Matrix<'a> {
        let start = self.start + first * self.stride + head * dimension;
        Matrix::strided(
            &self.values[start.min(self.values.len())..],
            rows,
            dimension,
            self.stride,
        )
    }

    fn row(self, position: usize, head: usize, dimension: usize) -> &'a [f32] {
        let start = self.start + position * self.stride + head * dimension;
        &self.values[start..start + dimension]
    }

    /// Asks for a row that is read soon, if there is one: rows lie too far apart for the processor to see them
    /// coming.
    #[inline(always)]
    fn prefetch<S: Simd>(self, simd: S, position: usize, head: usize, dimension: usize) {
        let start = self.start + position * self.stride + head * dimension;
        for value in (start..start + dimension).step_by(LANES) {
            simd.prefetch(self.values.as_ptr().wrapping_add(value));
        }
    }
}

impl<'a> HeadsOut<'a> {
    /// All of the values, `columns` a position.
    pub fn new(values: &'a mut [f32], columns: usize) -> Self {
        let [whole] = Self::split(values, [columns]);
        whole
    }

    /// The values of each position cut into as many as `columns` says, side by side.
    pub fn split<const N: usize>(values: &'a mut [f32], columns: [usize; N]) -> [Self; N] {
        let (values, stride) = (Shared::new(values), columns.iter().sum());
        let mut end = 0;
        columns.map(|columns| {
            end += columns;
            Self(Places {
                values,
                start: end - columns,
                stride,
                columns,
            })
        })
    }

    /// The places, for this many heads.
    ///
    /// # Panics
    /// If a position has not as many.
    fn of(self, heads: usize, dimension: usize) -> Places<'a> {
        assert_eq!(
            self.0.columns,
            heads * dimension,
            "values of {heads} heads of {dimension} a position"
        );
        self.0
    }
}

impl<'a> Places<'a> {
    /// As [`Heads::prefetch`], of a row that is written soon.
    #[inline(always)]
    fn prefetch<S: Simd>(self, simd: S, position: usize, head: usize, dimension: usize) {
        let start = self.start + position * self.stride + head * dimension;
        for value in (start..start + dimension).step_by(LANES) {
            simd.prefetch(self.values.address(value));
        }
    }

    /// # Safety
    /// Nothing else may touch this head of this position while the row lives.
    unsafe fn row(self, position: usize, head: usize, dimension: usize) -> &'a mut [f32] {
        let start = self.start + position * self.stride + head * dimension;
        // SAFETY: the caller's promise.
        unsafe { self.values.part(start..start + dimension) }
    }
}

impl Shape {
    fn group(&self) -> usize {
        self.query_heads / self.key_heads.max(1)
    }

    /// Positions that come before the first query's.
    fn offset(&self) -> usize {
        self.keys - self.queries
    }

    /// All key rows of a sequence, as the scores see them.
    fn key_rows<'a>(&self, sequence: usize, head: usize, angles: Option<Angles<'a>>) -> Rows<'a> {
        Rows {
            head,
            dimension: self.dimension,
            first: sequence * self.keys,
            count: self.keys,
            turn: angles.map(|angles| (angles, 0)),
            scale: 1.0,
        }
    }

    /// Some query rows of a sequence, as the scores see them.
    fn query_rows<'a>(
        &self,
        sequence: usize,
        head: usize,
        tile: Range<usize>,
        angles: Option<Angles<'a>>,
    ) -> Rows<'a> {
        Rows {
            head,
            dimension: self.dimension,
            first: sequence * self.queries + tile.start,
            count: tile.len(),
            turn: angles.map(|angles| (angles, self.offset() + tile.start)),
            scale: 1.0 / (self.dimension as f32).sqrt(),
        }
    }

    /// Values from a row of a tile's scores to the next: an odd number of cache lines, so that those of a column do
    /// not lie in few places of the cache.
    fn score_stride(&self) -> usize {
        (KEYS.min(self.keys).div_ceil(LANES) | 1) * LANES
    }

    /// How many keys of its sequence the row, counted over all sequences, sees.
    fn seen(&self, row: usize) -> usize {
        self.offset() + row % self.queries + 1
    }

    /// The columns of a tile of keys that a row of queries sees, `least` keys being those up to the first row's.
    #[inline(always)]
    fn seen_in(&self, least: usize, row: usize, tile: &Range<usize>) -> Range<usize> {
        if self.limits.bidirectional {
            return 0..tile.len();
        }
        let end = least + row;
        let start = self.limits.window.map_or(0, |window| end.saturating_sub(window));
        let column = |key: usize| key.clamp(tile.start, tile.end) - tile.start;
        column(start)..column(end)
    }

    /// The tiles of keys that some rows of queries see, and how many keys come before the end of what the last row sees.
    fn tiles(&self, least: usize, rows: usize) -> (Range<usize>, usize) {
        if self.limits.bidirectional {
            return (0..self.keys.div_ceil(KEYS), self.keys);
        }
        let visible = least + rows - 1;
        let hidden = self
            .limits
            .window
            .map_or(0, |window| least.saturating_sub(window));
        (hidden / KEYS..visible.div_ceil(KEYS), visible)
    }

    fn check(&self) {
        assert!(
            self.limits.window != Some(0),
            "a window of at least the query's own position"
        );
        assert!(
            self.limits.window.is_none() || !self.limits.bidirectional,
            "a window of positions before a query's own"
        );
        assert!(
            self.keys >= self.queries,
            "{} queries need as many keys, not {}",
            self.queries,
            self.keys
        );
        assert!(
            self.key_heads > 0 && self.query_heads.is_multiple_of(self.key_heads),
            "{} query heads do not divide into {} groups",
            self.query_heads,
            self.key_heads
        );
    }

    fn check_angles(&self, angles: Option<Angles>) {
        if let Some(angles) = angles {
            let needed = self.keys * angles.half;
            assert!(
                2 * angles.half <= self.dimension,
                "heads of {} coordinates, of which {} turn",
                self.dimension,
                2 * angles.half
            );
            assert!(
                angles.cosines.len() >= needed && angles.sines.len() >= needed,
                "angles of {} positions",
                self.keys
            );
        }
    }

    /// Multiplications and additions of both products over half the matrix, for deciding on threads.
    fn work(&self) -> usize {
        let keys = self
            .limits
            .window
            .map_or(self.keys, |window| window.min(self.keys));
        2 * self.batch * self.query_heads * self.queries * keys * self.dimension
    }
}

/// `[cap × tanh(score ÷ cap), tanh(score ÷ cap)]`
#[inline(always)]
fn capped<S: Simd>(simd: S, score: S::Floats, cap: f32) -> [S::Floats; 2] {
    // tanh(x) = 2 sigmoid(2 x) - 1
    let sigmoid = simd.sigmoid(simd.mul(score, simd.splat(2.0 / cap)));
    let tanh = simd.mul_add(sigmoid, simd.splat(2.0), simd.splat(-1.0));
    [simd.mul(tanh, simd.splat(cap)), tanh]
}

/// Rows of one head, and what happens to them on the way in.
#[derive(Clone, Copy)]
struct Rows<'a> {
    head: usize,
    dimension: usize,
    /// The first row, counted over all sequences.
    first: usize,
    count: usize,
    /// Angles to turn by, and the position of the first row.
    turn: Option<(Angles<'a>, usize)>,
    /// The factor they are multiplied by.
    scale: f32,
}

/// Copies rows of a head, turned and scaled.
#[inline(always)]
fn load_rows<S: Simd>(simd: S, heads: Heads, rows: Rows, to: &mut [f32]) {
    let dimension = rows.dimension;
    for (index, to) in to.chunks_exact_mut(dimension).take(rows.count).enumerate() {
        heads.prefetch(simd, rows.first + index + AHEAD, rows.head, dimension);
        let from = heads.row(rows.first + index, rows.head, dimension);
        match rows.turn {
            Some((angles, position)) => {
                let angles = angles.at(position + index);
                rotate_head(simd, from, angles, Turn::Forward, rows.scale, to);
            }
            None => scale(simd, from, rows.scale, to),
        }
    }
}

/// Writes the gradient of rows, given that of the rows as [`load_rows`] made them.
///
/// # Safety
/// Nothing else may touch these rows of this head meanwhile.
#[inline(always)]
unsafe fn store_rows<S: Simd>(simd: S, gradient: &[f32], rows: Rows, heads: Places) {
    let dimension = rows.dimension;
    for (index, from) in gradient.chunks_exact(dimension).take(rows.count).enumerate() {
        heads.prefetch(simd, rows.first + index + AHEAD, rows.head, dimension);
        // SAFETY: the caller's promise.
        let to = unsafe { heads.row(rows.first + index, rows.head, dimension) };
        match rows.turn {
            Some((angles, position)) => {
                let angles = angles.at(position + index);
                rotate_head(simd, from, angles, Turn::Back, rows.scale, to);
            }
            None => scale(simd, from, rows.scale, to),
        }
    }
}

/// Runs a task for each sequence and key head.
fn for_each_group(shape: &Shape, task: impl Fn(usize, usize) + Sync + Send) {
    parallel::for_each(shape.batch * shape.key_heads, shape.work(), |index| {
        task(index / shape.key_heads, index % shape.key_heads);
    });
}
