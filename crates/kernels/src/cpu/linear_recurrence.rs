//! Linear recurrences of each channel by itself: `h[t] = a[t] h[t-1] + b[t]`, with `a` and `b` made of what a position
//! gives as they are needed, so that neither is ever stored.
//!
//! A processor has few threads and wide vectors: channels and sequences fill both, and time passes in order, where a
//! parallel scan over time would do the work again for each of its levels.

use std::ops::Range;

use super::matrix::{Matrix, Target};
use super::rows::add_up;
use crate::memory::Buffer;
use crate::parallel::{self, block};
use crate::simd::{LANES, Simd, dispatch};

/// Vectors of channels that a task carries through time.
const VECTORS: usize = 4;

/// Channels of a task.
const CHANNELS: usize = VECTORS * LANES;

/// What a recurrence is made of: `N` numbers of each channel and position, `W` weights of each channel.
pub(super) trait Gates<const N: usize, const W: usize>: Copy + Sync {
    /// `[a, b]`, at the first position of a sequence or another.
    fn forward<S: Simd>(
        self,
        simd: S,
        inputs: [S::Floats; N],
        weights: [S::Floats; W],
        is_first: bool,
    ) -> [S::Floats; 2];

    /// From the gradients of `a` and `b` those of the inputs and of the weights.
    fn backward<S: Simd>(
        self,
        simd: S,
        inputs: [S::Floats; N],
        weights: [S::Floats; W],
        is_first: bool,
        gradients: [S::Floats; 2],
    ) -> ([S::Floats; N], [S::Floats; W]);
}

/// The rows of some sequences, and the weights.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, const N: usize, const W: usize> {
    /// Positions of a sequence.
    pub(super) length: usize,
    /// Each `rows × channels`.
    pub(super) inputs: [Matrix<'a>; N],
    /// Each `channels`.
    pub(super) weights: [&'a [f32]; W],
}

/// What sequences go on from.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// A row of each sequence, whose first values are its state.
    pub(super) states: Matrix<'a>,
    /// Whether sequences without a position before them are told by a zero behind their state, and all others by a one.
    pub(super) is_told: bool,
}

impl Before<'_> {
    /// Whether a sequence begins here.
    fn begins(&self, sequence: usize, channels: usize) -> bool {
        self.is_told && self.states.at(sequence, channels) == 0.0
    }
}

/// Some channels of a sequence: what a task does.
#[derive(Clone)]
struct Part {
    sequence: usize,
    channels: Range<usize>,
}

impl Part {
    fn vectors(&self) -> usize {
        self.channels.len().div_ceil(LANES)
    }

    /// The channels of a vector.
    fn lanes(&self, vector: usize) -> Range<usize> {
        let start = self.channels.start + vector * LANES;
        start..self.channels.end.min(start + LANES)
    }
}

impl<const N: usize, const W: usize> Inputs<'_, N, W> {
    fn rows(&self) -> usize {
        self.inputs[0].rows()
    }

    fn channels(&self) -> usize {
        self.inputs[0].columns()
    }

    fn sequences(&self) -> usize {
        self.rows() / self.length.max(1)
    }

    fn for_each(&self, passes: usize, task: impl Fn(Part) + Sync + Send) {
        let (channels, blocks) = (self.channels(), self.channels().div_ceil(CHANNELS));
        let work = passes * 24 * N * self.rows() * channels;
        parallel::for_each(self.sequences() * blocks, work, |index| {
            task(Part {
                sequence: index / blocks,
                channels: block(index % blocks, CHANNELS, channels),
            });
        });
    }

    /// The inputs of some channels of a row.
    #[inline(always)]
    fn at<S: Simd>(&self, simd: S, row: usize, lanes: &Range<usize>) -> [S::Floats; N] {
        let mut values = [simd.splat(0.0); N];
        for (value, input) in values.iter_mut().zip(&self.inputs) {
            *value = simd.load_partial(&input.row(row)[lanes.clone()], 0.0);
        }
        values
    }

    #[inline(always)]
    fn weights_at<S: Simd>(&self, simd: S, lanes: &Range<usize>) -> [S::Floats; W] {
        let mut values = [simd.splat(0.0); W];
        for (value, weights) in values.iter_mut().zip(&self.weights) {
            *value = simd.load_partial(&weights[lanes.clone()], 0.0);
        }
        values
    }
}

/// Writes `h` of every position into `states` (`rows × channels`).
pub(super) fn forward<const N: usize, const W: usize>(
    gates: impl Gates<N, W>,
    inputs: Inputs<N, W>,
    before: Option<Before>,
    states: &mut [f32],
) {
    let states = Target::new(states, inputs.channels());
    inputs.for_each(1, |part| {
        dispatch!(forward_channels(gates, inputs, before, &part, states));
    });
}

#[inline(always)]
fn forward_channels<S: Simd, const N: usize, const W: usize>(
    simd: S,
    gates: impl Gates<N, W>,
    inputs: Inputs<N, W>,
    before: Option<Before>,
    part: &Part,
    states: Target,
) {
    let mut carried = [simd.splat(0.0); VECTORS];
    let mut begins = true;
    if let Some(before) = before {
        begins = before.begins(part.sequence, inputs.channels());
        for (vector, carried) in carried.iter_mut().enumerate().take(part.vectors()) {
            let state = &before.states.row(part.sequence)[part.lanes(vector)];
            *carried = simd.load_partial(state, 0.0);
        }
    }
    for position in 0..inputs.length {
        let row = part.sequence * inputs.length + position;
        for (vector, state) in carried.iter_mut().enumerate().take(part.vectors()) {
            let lanes = part.lanes(vector);
            let values = inputs.at(simd, row, &lanes);
            let weights = inputs.weights_at(simd, &lanes);
            let [a, b] = gates.forward(simd, values, weights, begins && position == 0);
            *state = simd.mul_add(a, *state, b);
            // SAFETY: each task has channels of its own.
            let to = unsafe { place(states, row, lanes) };
            simd.store_partial(*state, to);
        }
    }
}

/// Some channels of a row.
///
/// # Safety
/// Nothing else may touch them.
#[inline(always)]
unsafe fn place(target: Target<'_>, row: usize, lanes: Range<usize>) -> &mut [f32] {
    let start = target.start + row * target.stride;
    // SAFETY: the caller's promise.
    unsafe { target.shared.part(start + lanes.start..start + lanes.end) }
}

/// From the states and the gradient of each, of sequences that begin, writes those of the inputs, and of the weights.
pub(super) fn backward<const N: usize, const W: usize>(
    gates: impl Gates<N, W>,
    inputs: Inputs<N, W>,
    states: &[f32],
    dstates: &[f32],
    dinputs: [Target; N],
    dweights: [&mut [f32]; W],
) {
    let channels = inputs.channels();
    let [states, dstates] = [states, dstates].map(|of| Matrix::new(of, inputs.rows(), channels));
    // Of each sequence: a row for each weight.
    let mut partial = Buffer::zeros(inputs.sequences() * W * channels);
    {
        let sums = Target::new(&mut partial, channels);
        inputs.for_each(3, |part| {
            let left = [states, dstates];
            dispatch!(backward_channels(gates, inputs, left, &part, dinputs, sums));
        });
    }
    let mut sums = Buffer::any(W * channels);
    add_up(&partial, &mut sums);
    for (to, sums) in dweights.into_iter().zip(sums.chunks_exact(channels)) {
        to.copy_from_slice(sums);
    }
}

#[inline(always)]
fn backward_channels<S: Simd, const N: usize, const W: usize>(
    simd: S,
    gates: impl Gates<N, W>,
    inputs: Inputs<N, W>,
    [states, dstates]: [Matrix; 2],
    part: &Part,
    dinputs: [Target; N],
    sums: Target,
) {
    let zero = simd.splat(0.0);
    // What reaches a state from those after it.
    let mut carried = [zero; VECTORS];
    let mut totals = [[zero; W]; VECTORS];
    for position in (0..inputs.length).rev() {
        let row = part.sequence * inputs.length + position;
        for vector in 0..part.vectors() {
            let lanes = part.lanes(vector);
            let values = inputs.at(simd, row, &lanes);
            let weights = inputs.weights_at(simd, &lanes);
            let is_first = position == 0;
            let own = simd.load_partial(&dstates.row(row)[lanes.clone()], 0.0);
            let gradient = simd.add(own, carried[vector]);
            let state = match is_first {
                true => zero,
                false => simd.load_partial(&states.row(row - 1)[lanes.clone()], 0.0),
            };
            let [a, _] = gates.forward(simd, values, weights, is_first);
            carried[vector] = simd.mul(gradient, a);
            let of_gates = [simd.mul(gradient, state), gradient];
            let (of_inputs, of_weights) = gates.backward(simd, values, weights, is_first, of_gates);
            for (target, value) in dinputs.iter().zip(of_inputs) {
                // SAFETY: each task has channels of its own.
                let to = unsafe { place(*target, row, lanes.clone()) };
                simd.store_partial(value, to);
            }
            for (total, value) in totals[vector].iter_mut().zip(of_weights) {
                *total = simd.add(*total, value);
            }
        }
    }
    for (vector, totals) in totals.iter().enumerate().take(part.vectors()) {
        for (which, &total) in totals.iter().enumerate() {
            // SAFETY: each task has sums of its own.
            let to = unsafe { place(sums, part.sequence * W + which, part.lanes(vector)) };
            simd.store_partial(total, to);
        }
    }
}
