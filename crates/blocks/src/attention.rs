//! Attention of single positions over pages.
//!
//! What a position attends to is cut into spans of fixed places, each of which is a softmax of its own with its largest
//! score and its sum; they are joined in their order. So a position has the same bits whatever is computed beside it, and
//! the spans of one can be shared among threads.

use half::f16;
use triaxis_kernels::simd::{LANES, Level, Simd};

use crate::pages::{HeadNumbers, Heads, PAGE, Page, PageLayout};

/// Positions of a span.
pub const SPAN: usize = 8 * PAGE;

/// Query heads that read a page together: as many sums as registers hold.
const TOGETHER: usize = 3;

/// How scores are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// What products of queries and keys are multiplied by.
    pub scale: f32,
    /// What bounds the scores then, `cap × tanh(score ÷ cap)`, if anything does.
    pub soft_cap: Option<f32>,
}

/// Numbers that a span of so many query heads of a dimension leaves: of each its largest score, its sum, and a vector.
pub fn span_numbers(heads: usize, dimension: usize) -> usize {
    heads * (2 + dimension.next_multiple_of(LANES))
}

/// The part of a layer's attention that one head of keys and values has in one span.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// How pages are laid out.
    pub layout: &'a PageLayout,
    /// The layer.
    pub layer: usize,
    /// The head of keys and values.
    pub head: usize,
    /// The first position that is seen, and the one after the last.
    pub seen: (usize, usize),
    /// The pages from the first position on.
    pub pages: &'a [&'a Page],
    /// Which span.
    pub index: usize,
    /// How scores are made.
    pub scores: Scores,
}

impl Span<'_> {
    /// Attends from `queries [heads, dimension]`, whose keys and values this head is, and writes what the span leaves,
    /// [`span_numbers`].
    ///
    /// # Panics
    /// If there are no pages for what is seen of the span, or not as many numbers.
    pub fn attend(&self, level: Level, queries: &[f32], out: &mut [f32]) {
        let dimension = self.layout.heads(self.layer).dimension;
        let each = span_numbers(1, dimension);
        assert!(
            queries.len().is_multiple_of(dimension) && out.len() == queries.len() / dimension * each,
            "a place for each head of queries"
        );
        let groups = queries.chunks(TOGETHER * dimension);
        for (queries, out) in groups.zip(out.chunks_mut(TOGETHER * each)) {
            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512(simd) => simd.call(
                    #[inline(always)]
                    || self.attend_by(simd, queries, out),
                ),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(simd) => simd.call(
                    #[inline(always)]
                    || self.attend_by(simd, queries, out),
                ),
                Level::Portable(simd) => self.attend_by(simd, queries, out),
            }
        }
    }

    #[inline(always)]
    fn attend_by<S: Simd>(&self, simd: S, queries: &[f32], out: &mut [f32]) {
        let heads = self.layout.heads(self.layer);
        let each = span_numbers(1, heads.dimension);
        let mut head = 0;
        while head * each < out.len() {
            let own = &mut out[head * each..][..each];
            own.fill(0.0);
            own[0] = f32::NEG_INFINITY;
            head += 1;
        }
        let start = self.index * SPAN;
        let (first, last) = (self.seen.0.max(start), self.seen.1.min(start + SPAN));
        let mut position = first;
        while position < last {
            let page = position / PAGE;
            let end = last.min((page + 1) * PAGE);
            let within = (position - page * PAGE, end - page * PAGE);
            let of_page = |page: usize| self.pages[page].head(self.layout, self.layer, self.head);
            let next = of_page((page + 1).min(self.pages.len() - 1));
            match (of_page(page), next) {
                (HeadNumbers::Half(numbers), HeadNumbers::Half(next)) => {
                    let place = Place::before(next, numbers, within);
                    by_heads(simd, heads, self.scores, place, queries, out)
                }
                (HeadNumbers::Single(numbers), HeadNumbers::Single(next)) => {
                    let place = Place::before(next, numbers, within);
                    by_heads(simd, heads, self.scores, place, queries, out)
                }
                _ => unreachable!("pages of a layout keep numbers alike"),
            }
            position = end;
        }
    }
}

/// Joins what the spans of one head of keys and values left, in their order, to what is attended to, `[heads, dimension]`.
///
/// # Panics
/// If there are not as many numbers.
pub fn join(spans: &[&[f32]], dimension: usize, out: &mut [f32]) {
    let each = span_numbers(1, dimension);
    for (head, out) in out.chunks_exact_mut(dimension).enumerate() {
        let parts = || spans.iter().map(move |span| &span[head * each..][..each]);
        let largest = parts().map(|part| part[0]).fold(f32::NEG_INFINITY, f32::max);
        out.fill(0.0);
        let mut sum = 0.0;
        for part in parts().filter(|part| part[1] != 0.0) {
            let weight = (part[0] - largest).exp();
            sum += weight * part[1];
            for (out, value) in out.iter_mut().zip(&part[2..]) {
                *out += weight * value;
            }
        }
        out.iter_mut().for_each(|out| *out /= sum);
    }
}

/// A number as it is kept.
trait Number: Copy {
    /// Reads sixteen.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats;
}

impl Number for f32 {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats {
        // SAFETY: as the caller promises.
        unsafe { simd.load_pointer(from) }
    }
}

impl Number for f16 {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats {
        // SAFETY: as the caller promises; the type is a `u16` and nothing else.
        unsafe { simd.load_half(from.cast()) }
    }
}

/// A head's numbers in a page.
#[derive(Clone, Copy)]
struct Place<'a, T> {
    numbers: &'a [T],
    /// Bytes from one of them to that of the next page, which is asked for while this one is read: pages lie anywhere, so
    /// that a processor does not see what comes next.
    ahead: isize,
    /// The positions that are seen.
    within: (usize, usize),
}

impl<'a, T> Place<'a, T> {
    /// Some positions of numbers before those of the next page.
    #[inline(always)]
    fn before(next: &[T], numbers: &'a [T], within: (usize, usize)) -> Self {
        Self {
            numbers,
            ahead: next.as_ptr().addr().wrapping_sub(numbers.as_ptr().addr()) as isize,
            within,
        }
    }
}

/// Attends from one to three heads over some positions of a page.
#[inline(always)]
fn by_heads<S: Simd, T: Number>(
    simd: S,
    heads: Heads,
    scores: Scores,
    place: Place<'_, T>,
    queries: &[f32],
    out: &mut [f32],
) {
    match queries.len() / heads.dimension {
        1 => page::<S, T, 1>(simd, heads, scores, place, queries, out),
        2 => page::<S, T, 2>(simd, heads, scores, place, queries, out),
        _ => page::<S, T, 3>(simd, heads, scores, place, queries, out),
    }
}

/// Attends from `HEADS` heads over some positions of a page, after those that `out` is of.
#[inline(always)]
fn page<S: Simd, T: Number, const HEADS: usize>(
    simd: S,
    heads: Heads,
    how: Scores,
    place: Place<'_, T>,
    queries: &[f32],
    out: &mut [f32],
) {
    let Place {
        numbers,
        ahead,
        within,
    } = place;
    let (dimension, padded) = (heads.dimension, heads.padded());
    let each = 2 + padded;
    assert!(
        numbers.len() == heads.numbers() && queries.len() == HEADS * dimension && out.len() == HEADS * each,
        "numbers of the head, its queries, and a place for each"
    );
    let (keys, values) = numbers.split_at(heads.keys());
    // SAFETY: keys are `[2, dimension, 16]` and queries `[HEADS, dimension]`, as asserted.
    let scores: [[S::Floats; 2]; HEADS] =
        unsafe { products(simd, keys.as_ptr(), ahead, queries.as_ptr(), dimension) };
    let mut weights = [[0.0; PAGE]; HEADS];
    let mut shrink = [1.0; HEADS];
    let mut head = 0;
    while head < HEADS {
        let scores = [made(simd, how, scores[head][0]), made(simd, how, scores[head][1])];
        simd.store_partial(scores[0], &mut weights[head][..LANES]);
        simd.store_partial(scores[1], &mut weights[head][LANES..]);
        shrink[head] = soften(simd, within, &mut weights[head], &mut out[head * each..][..2]);
        head += 1;
    }
    let mut first = 0;
    while first < padded {
        // SAFETY: values are `[32, padded]`, as asserted, and `padded` is of whole vectors.
        unsafe { mix::<S, T, HEADS>(simd, values, ahead, padded, within, &weights, shrink, first, out) };
        first += LANES;
    }
}

/// Products of queries with the keys of a page, coordinate by coordinate.
///
/// # Safety
/// Keys must be `[2, dimension, 16]`, queries `[HEADS, dimension]`.
#[inline(always)]
unsafe fn products<S: Simd, T: Number, const HEADS: usize>(
    simd: S,
    keys: *const T,
    ahead: isize,
    queries: *const f32,
    dimension: usize,
) -> [[S::Floats; 2]; HEADS] {
    let mut sums = [[simd.splat(0.0); 2]; HEADS];
    // One vector of positions after the other: both at once are more sums and keys than there are registers.
    let mut vector = 0;
    while vector < 2 {
        let keys = keys.wrapping_add(vector * dimension * LANES);
        let mut own = [simd.splat(0.0); HEADS];
        let mut coordinate = 0;
        while coordinate < dimension {
            let key = keys.wrapping_add(coordinate * LANES);
            simd.prefetch(key.wrapping_byte_offset(ahead).cast());
            // SAFETY: the caller promises the keys.
            let key = unsafe { T::load(simd, key) };
            let mut head = 0;
            while head < HEADS {
                // SAFETY: there are queries of `dimension` for each head, as the caller promises.
                let query = simd.splat(unsafe { *queries.add(head * dimension + coordinate) });
                own[head] = simd.mul_add(key, query, own[head]);
                head += 1;
            }
            coordinate += 1;
        }
        let mut head = 0;
        while head < HEADS {
            sums[head][vector] = own[head];
            head += 1;
        }
        vector += 1;
    }
    sums
}

/// Scores of products.
#[inline(always)]
fn made<S: Simd>(simd: S, how: Scores, products: S::Floats) -> S::Floats {
    let scores = simd.mul(products, simd.splat(how.scale));
    let Some(cap) = how.soft_cap else {
        return scores;
    };
    // tanh(x) = 2 sigmoid(2x) - 1
    let doubled = simd.mul(scores, simd.splat(2.0 / cap));
    let two = simd.splat(2.0);
    let tanh = simd.sub(simd.mul(two, simd.sigmoid(doubled)), simd.splat(1.0));
    simd.mul(simd.splat(cap), tanh)
}

/// Makes weights of the scores within a range, the others zero, relative to the largest score so far, and returns what
/// weights before this page shrink by; `state` is the largest score and the sum of weights.
#[inline(always)]
fn soften<S: Simd>(simd: S, within: (usize, usize), weights: &mut [f32; PAGE], state: &mut [f32]) -> f32 {
    let mut position = 0;
    while within != (0, PAGE) && position < PAGE {
        if position < within.0 || position >= within.1 {
            weights[position] = f32::NEG_INFINITY;
        }
        position += 1;
    }
    let (first, second) = weights.split_at(LANES);
    let (first, second) = (simd.load_partial(first, 0.0), simd.load_partial(second, 0.0));
    let largest = simd.largest(simd.maximum(first, second));
    let before = state[0];
    let most = if largest > before { largest } else { before };
    let shrink = match before == f32::NEG_INFINITY {
        true => 0.0,
        false => (before - most).exp(),
    };
    let least = simd.splat(most);
    let first = simd.exp(simd.sub(first, least));
    let second = simd.exp(simd.sub(second, least));
    let (to_first, to_second) = weights.split_at_mut(LANES);
    simd.store_partial(first, to_first);
    simd.store_partial(second, to_second);
    state[0] = most;
    state[1] = state[1] * shrink + simd.sum(simd.add(first, second));
    shrink
}

/// Adds the values of a page by their weights to a vector of coordinates.
///
/// # Safety
/// Values must be `[32, padded]`, with a whole vector from `first` on.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "one loop of a kernel")]
unsafe fn mix<S: Simd, T: Number, const HEADS: usize>(
    simd: S,
    values: &[T],
    ahead: isize,
    padded: usize,
    within: (usize, usize),
    weights: &[[f32; PAGE]; HEADS],
    shrink: [f32; HEADS],
    first: usize,
    out: &mut [f32],
) {
    let each = 2 + padded;
    let mut sums = [simd.splat(0.0); HEADS];
    let mut head = 0;
    while head < HEADS {
        let old = &out[head * each + 2 + first..][..LANES];
        sums[head] = simd.mul(simd.splat(shrink[head]), simd.load_partial(old, 0.0));
        head += 1;
    }
    let mut position = within.0;
    while position < within.1 {
        let value = values.as_ptr().wrapping_add(position * padded + first);
        simd.prefetch(value.wrapping_byte_offset(ahead).cast());
        // SAFETY: the caller promises the vector, and the position is of the page.
        let value = unsafe { T::load(simd, value) };
        let mut head = 0;
        while head < HEADS {
            let weight = simd.splat(weights[head][position]);
            sums[head] = simd.mul_add(value, weight, sums[head]);
            head += 1;
        }
        position += 1;
    }
    let mut head = 0;
    while head < HEADS {
        simd.store_partial(sums[head], &mut out[head * each + 2 + first..][..LANES]);
        head += 1;
    }
}
