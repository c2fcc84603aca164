//! A causal convolution of each channel over few positions, and SiLU: `y = silu(bias + Σ filter[k] x[t - taps + 1 + k])`
//! (Gu and Dao 2023, arXiv 2312.00752, section 3.4), or the sum as it is. Filters are stored tap by tap,
//! `taps × channels`.

use std::ops::Range;

use super::matrix::{Matrix, Target};
use super::rows::add_up;
use super::vectors::add_scaled;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// Channels of a task.
const CHANNELS: usize = 64;

/// The filter of each channel, and what is added, if anything is.
#[derive(Clone, Copy)]
pub(super) struct Filter<'a> {
    pub(super) taps: &'a [f32],
    pub(super) count: usize,
    pub(super) bias: Option<&'a [f32]>,
}

impl<'a> Filter<'a> {
    fn tap(&self, tap: usize, channels: &Range<usize>) -> &'a [f32] {
        &self.taps[tap * (self.taps.len() / self.count)..][channels.clone()]
    }
}

/// The rows of some sequences, and those that came before each, `(taps - 1) × channels` a sequence, if any did.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) x: Matrix<'a>,
    pub(super) length: usize,
    pub(super) before: Option<&'a [f32]>,
}

/// Some channels of a sequence: what a task does.
#[derive(Clone)]
struct Part {
    sequence: usize,
    channels: Range<usize>,
}

impl Part {
    /// Its values at a position of a target of sequences of that length.
    ///
    /// # Safety
    /// Nothing else may touch them.
    unsafe fn row<'a>(&self, target: Target<'a>, length: usize, position: usize) -> &'a mut [f32] {
        let start = target.start + (self.sequence * length + position) * target.stride;
        // SAFETY: the caller's promise.
        unsafe {
            target
                .shared
                .part(start + self.channels.start..start + self.channels.end)
        }
    }
}

impl<'a> Rows<'a> {
    fn sequences(&self) -> usize {
        self.x.rows() / self.length.max(1)
    }

    /// What is `back` of at `most` rows before a position, if there is anything.
    fn at(&self, part: &Part, position: usize, back: usize, most: usize) -> Option<&'a [f32]> {
        let row = if position >= back {
            self.x.row(part.sequence * self.length + position - back)
        } else {
            let channels = self.x.columns();
            let row = part.sequence * most + most + position - back;
            &self.before?[row * channels..][..channels]
        };
        Some(&row[part.channels.clone()])
    }

    fn for_each(&self, filter: Filter, task: impl Fn(Part) + Sync + Send) {
        let (channels, sequences) = (self.x.columns(), self.sequences());
        let blocks = channels.div_ceil(CHANNELS);
        let work = 2 * (filter.count + 12) * self.x.rows() * channels;
        parallel::for_each(sequences * blocks, work, |index| {
            task(Part {
                sequence: index / blocks,
                channels: block(index % blocks, CHANNELS, channels),
            });
        });
    }
}

/// What becomes of the sums.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Silu,
    Nothing,
}

/// The convolved rows.
pub(super) fn forward(filter: Filter, rows: Rows) -> Buffer {
    forward_with(filter, rows, After::Silu)
}

/// The same without SiLU.
pub(super) fn forward_linear(filter: Filter, rows: Rows) -> Buffer {
    forward_with(filter, rows, After::Nothing)
}

fn forward_with(filter: Filter, rows: Rows, after: After) -> Buffer {
    let mut convolved = Buffer::any(rows.x.rows() * rows.x.columns());
    let y = Target::new(&mut convolved, rows.x.columns());
    rows.for_each(filter, |part| {
        dispatch!(forward_channels(filter, rows, &part, y, after));
    });
    convolved
}

#[inline(always)]
fn forward_channels<S: Simd>(simd: S, filter: Filter, rows: Rows, part: &Part, y: Target, after: After) {
    for position in 0..rows.length {
        // SAFETY: each task has channels of its own.
        let y = unsafe { part.row(y, rows.length, position) };
        convolve(simd, filter, rows, part, position, y);
        if after == After::Nothing {
            continue;
        }
        each_vector(
            simd,
            [],
            [y],
            0.0,
            #[inline(always)]
            |[], [y]| [simd.silu(y)],
        );
    }
}

/// One position of some channels, before SiLU.
#[inline(always)]
fn convolve<S: Simd>(simd: S, filter: Filter, rows: Rows, part: &Part, position: usize, y: &mut [f32]) {
    let most = filter.count - 1;
    match filter.bias {
        Some(bias) => y.copy_from_slice(&bias[part.channels.clone()]),
        None => y.fill(0.0),
    }
    for tap in 0..=most {
        if let Some(x) = rows.at(part, position, most - tap, most) {
            multiply_add(simd, x, filter.tap(tap, &part.channels), y);
        }
    }
}

#[inline(always)]
fn multiply_add<S: Simd>(simd: S, x: &[f32], w: &[f32], sums: &mut [f32]) {
    each_vector(
        simd,
        [x, w],
        [sums],
        0.0,
        #[inline(always)]
        |[x, w], [sum]| [simd.mul_add(x, w, sum)],
    );
}

/// From the gradient of `y`, writes those of the rows into `dx`, and of the filter and its bias. Nothing may have come
/// before the rows.
pub(super) fn backward(
    filter: Filter,
    rows: Rows,
    dy: &[f32],
    dx: Target,
    dtaps: &mut [f32],
    dbias: Option<&mut [f32]>,
) {
    backward_with(filter, rows, dy, dx, dtaps, dbias, After::Silu);
}

/// The same of [`forward_linear`].
pub(super) fn backward_linear(
    filter: Filter,
    rows: Rows,
    dy: &[f32],
    dx: Target,
    dtaps: &mut [f32],
    dbias: Option<&mut [f32]>,
) {
    backward_with(filter, rows, dy, dx, dtaps, dbias, After::Nothing);
}

fn backward_with(
    filter: Filter,
    rows: Rows,
    dy: &[f32],
    dx: Target,
    dtaps: &mut [f32],
    dbias: Option<&mut [f32]>,
    after: After,
) {
    let channels = rows.x.columns();
    // Of each sequence: the bias, then the taps.
    let each = (filter.count + 1) * channels;
    let mut partial = Buffer::zeros(rows.sequences() * each);
    {
        let partial = Shared::new(&mut partial);
        rows.for_each(filter, |part| {
            let sums = |tap: usize| {
                let start = part.sequence * each + tap * channels;
                // SAFETY: each task has sums of its own, and holds one part of them at a time.
                unsafe { partial.part(start + part.channels.start..start + part.channels.end) }
            };
            let dy = Matrix::new(dy, rows.x.rows(), channels);
            dispatch!(backward_channels((filter, after), rows, &part, dy, dx, &sums));
        });
    }
    let mut sums = Buffer::any(each);
    add_up(&partial, &mut sums);
    if let Some(dbias) = dbias {
        dbias.copy_from_slice(&sums[..channels]);
    }
    dtaps.copy_from_slice(&sums[channels..]);
}

#[inline(always)]
fn backward_channels<'a, S: Simd>(
    simd: S,
    (filter, after): (Filter, After),
    rows: Rows,
    part: &Part,
    dy: Matrix,
    dx: Target,
    sums: &impl Fn(usize) -> &'a mut [f32],
) {
    let (width, most) = (part.channels.len(), filter.count - 1);
    let mut gradient = Buffer::any(rows.length * width);
    for (position, gradient) in gradient.chunks_exact_mut(width).enumerate() {
        let dy = dy.row(part.sequence * rows.length + position);
        if after == After::Nothing {
            let dy = &dy[part.channels.clone()];
            gradient.copy_from_slice(dy);
            add_scaled(simd, dy, 1.0, sums(0));
            continue;
        }
        convolve(simd, filter, rows, part, position, gradient);
        each_vector(
            simd,
            [&dy[part.channels.clone()]],
            [gradient, sums(0)],
            0.0,
            #[inline(always)]
            |[dy], [x, sum]| {
                let [_, slope] = simd.silu_with_slope(x);
                let gradient = simd.mul(dy, slope);
                [gradient, simd.add(sum, gradient)]
            },
        );
    }
    for position in 0..rows.length {
        let at = |position: usize| &gradient[position * width..(position + 1) * width];
        // SAFETY: each task has channels of its own.
        let dx = unsafe { part.row(dx, rows.length, position) };
        dx.fill(0.0);
        for tap in 0..=most {
            let later = position + most - tap;
            if later < rows.length {
                multiply_add(simd, at(later), filter.tap(tap, &part.channels), dx);
            }
            if let Some(x) = rows.at(part, position, most - tap, most) {
                multiply_add(simd, x, at(position), sums(tap + 1));
            }
        }
    }
}
