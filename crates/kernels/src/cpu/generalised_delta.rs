//! The generalised delta rule of RWKV-7 (Peng et al. 2025, arXiv 2503.14456, equation 17): each head's state, `size`
//! keys by `size` values, becomes `S[t] = diag(w) S[t-1] + b (aᵀ S[t-1]) + k vᵀ` and is read as `y[t] = rᵀ S[t]`.
//!
//! Its decays are of each key by itself and its removal is along any direction, so that nothing is gained by products
//! over chunks: a state passes through time in order, in vectors of values, and tasks share heads and sequences. The
//! backward pass makes the states of a chunk again from the one at its beginning, since to take back a decay is to divide
//! by it.

mod backward;

pub use backward::{Gradients, backward};

use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{LANES, Simd, dispatch};

/// Positions from one kept state to the next.
const CHUNK: usize = 16;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Heads.
    pub heads: usize,
    /// Keys and values of a head.
    pub size: usize,
}

impl Shape {
    /// Values of all heads.
    pub fn inner(&self) -> usize {
        self.heads * self.size
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.inner() * self.size
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn chunks(&self) -> usize {
        self.length.div_ceil(CHUNK)
    }

    /// Values of a row of a state, with those that fill its last vector.
    fn filled(&self) -> usize {
        self.size.next_multiple_of(LANES)
    }

    /// Values of a state in such rows.
    fn filled_state(&self) -> usize {
        self.size * self.filled()
    }

    /// Where the values of a head lie in a row of some sequence.
    fn place(&self, sequence: usize, position: usize, head: usize) -> std::ops::Range<usize> {
        let start = ((sequence * self.length + position) * self.heads + head) * self.size;
        start..start + self.size
    }

    /// Calls `task` with each sequence and head.
    fn for_each(&self, passes: usize, task: impl Fn(usize, usize) + Sync + Send) {
        let work = 8 * passes * self.rows() * self.inner() * self.size;
        parallel::for_each(self.batch * self.heads, work, |index| {
            task(index / self.heads, index % self.heads);
        });
    }
}

/// What the rule is applied to, each `rows × inner`.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What states are read by.
    pub r: &'a [f32],
    /// What is left of each key.
    pub w: &'a [f32],
    /// What values are written under.
    pub k: &'a [f32],
    /// What is written.
    pub v: &'a [f32],
    /// What a state is asked by for what is written again.
    pub a: &'a [f32],
    /// What that is written under.
    pub b: &'a [f32],
}

impl<'a> Inputs<'a> {
    fn check(&self, shape: Shape) {
        assert!(
            ![shape.length, shape.heads, shape.size].contains(&0),
            "{shape:?} is empty"
        );
        let lengths = [self.r, self.w, self.k, self.v, self.a, self.b].map(<[f32]>::len);
        let wanted = shape.rows() * shape.inner();
        assert!(
            lengths.iter().all(|&length| length == wanted),
            "{lengths:?} values where {shape:?} wants {wanted} each"
        );
    }

    /// A head at one position.
    fn at(&self, shape: Shape, sequence: usize, position: usize, head: usize) -> Self {
        let of = |values: &'a [f32]| &values[shape.place(sequence, position, head)];
        Self {
            r: of(self.r),
            w: of(self.w),
            k: of(self.k),
            v: of(self.v),
            a: of(self.a),
            b: of(self.b),
        }
    }
}

/// What [`forward`] leaves.
#[derive(Debug)]
pub struct Left {
    /// The states at the beginning of each chunk, head by head.
    kept: Buffer,
    /// The states after the last position, `batch × heads × size × size`.
    pub after: Buffer,
}

/// Writes `y` of every position into `output` (`rows × inner`). The sequences go on from states like [`Left::after`], or
/// begin.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(shape: Shape, inputs: Inputs, before: Option<&[f32]>, output: &mut [f32]) -> Left {
    inputs.check(shape);
    let states = shape.batch * shape.state_size();
    assert!(
        output.len() == shape.rows() * shape.inner() && before.is_none_or(|before| before.len() == states),
        "outputs and states of {shape:?}"
    );
    let heads = shape.batch * shape.heads;
    let mut left = Left {
        kept: Buffer::any(heads * shape.chunks() * shape.filled_state()),
        after: Buffer::any(states),
    };
    {
        let [output, kept, after] = [output, &mut left.kept, &mut left.after].map(Shared::new);
        shape.for_each(1, |sequence, head| {
            let index = sequence * shape.heads + head;
            let own = |each: usize| index * each..(index + 1) * each;
            let square = own(shape.size * shape.size);
            // SAFETY: each task has a head of a sequence of its own.
            let (kept, after) = unsafe {
                (
                    kept.part(own(shape.chunks() * shape.filled_state())),
                    after.part(square.clone()),
                )
            };
            let mut state = Buffer::zeros(shape.filled_state());
            if let Some(before) = before {
                copy_rows(&before[square], shape.size, &mut state, shape.filled());
            }
            let mut next = Buffer::any(shape.filled_state());
            let [mut read, mut seen] = [shape.filled(); 2].map(Buffer::any);
            for position in 0..shape.length {
                if position.is_multiple_of(CHUNK) {
                    let start = position / CHUNK * shape.filled_state();
                    kept[start..start + shape.filled_state()].copy_from_slice(&state);
                }
                let at = inputs.at(shape, sequence, position, head);
                dispatch!(advance(at, &state, &mut next, &mut read, &mut seen));
                std::mem::swap(&mut state, &mut next);
                // SAFETY: as above.
                let y = unsafe { output.part(shape.place(sequence, position, head)) };
                y.copy_from_slice(&read[..shape.size]);
            }
            copy_rows(&state, shape.filled(), after, shape.size);
        });
    }
    left
}

/// Copies rows of one width to those of another, as much of each as fits.
fn copy_rows(from: &[f32], width: usize, to: &mut [f32], other: usize) {
    let most = width.min(other);
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(other)) {
        to[..most].copy_from_slice(&from[..most]);
    }
}

/// One position of a head: the state after it, what is read of that, and what `a` saw of the one before.
#[inline(always)]
fn advance<S: Simd>(
    simd: S,
    at: Inputs,
    state: &[f32],
    next: &mut [f32],
    read: &mut [f32],
    seen: &mut [f32],
) {
    let (filled, size) = (read.len(), at.a.len());
    for start in (0..filled).step_by(LANES) {
        let lanes = start..start + LANES;
        // Plain loops: iterators may be compiled without the instructions.
        let mut sum = simd.splat(0.0);
        for key in 0..size {
            let row = &state[key * filled + start..][..LANES];
            sum = simd.mul_add(simd.splat(at.a[key]), simd.load_partial(row, 0.0), sum);
        }
        simd.store_partial(sum, &mut seen[lanes.clone()]);
        let value = simd.load_partial(at.v.get(start..).unwrap_or(&[]), 0.0);
        let mut y = simd.splat(0.0);
        for key in 0..size {
            let place = key * filled + start;
            let row = simd.load_partial(&state[place..][..LANES], 0.0);
            let kept = simd.mul(row, simd.splat(at.w[key]));
            let written = simd.mul_add(simd.splat(at.k[key]), value, kept);
            let new = simd.mul_add(simd.splat(at.b[key]), sum, written);
            simd.store_partial(new, &mut next[place..][..LANES]);
            y = simd.mul_add(simd.splat(at.r[key]), new, y);
        }
        simd.store_partial(y, &mut read[lanes]);
    }
}
