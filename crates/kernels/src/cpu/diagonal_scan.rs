//! The scan of states each of whose numbers decays by itself: `S[t] = a[t] ∘ S[t-1] + k[t] v[t]ᵀ` and `o[t] += S[t]ᵀ q[t]`,
//! what a selective state space (Gu and Dao 2023, arXiv 2312.00752) and gated linear attention (Yang et al. 2023, arXiv
//! 2312.06635) have in common.
//!
//! It goes from position to position as it is written, so that no decay, however strong, is divided by. A tile of a
//! state stays in registers over a chunk of positions, which makes it as fast as products of matrices would be; the
//! states between chunks are kept, and the backward pass makes those within a chunk again.

mod backward;
mod decays;
mod forward;

use std::ops::Range;

pub(super) use backward::{Gradients, backward};
pub(super) use decays::{ByColumn, ByKey, Decays};
pub(super) use forward::forward;

use super::chunks::Chunk;
use super::matrix::Matrix;
use crate::memory::Buffer;
use crate::parallel::{self, block};
use crate::simd::LANES;

/// Keys of a tile.
const KEYS: usize = 8;

/// Values of a task.
pub(super) const VALUES: usize = 128;

/// The sizes.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    /// Rows of a head's state.
    pub(super) key: usize,
    /// Columns of a head's state.
    pub(super) value: usize,
    /// Positions between states that are kept.
    pub(super) chunk: usize,
}

impl Shape {
    pub(super) fn chunks(&self) -> usize {
        self.length.div_ceil(self.chunk)
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    /// Values of the states of all heads at one position of one sequence.
    fn state_size(&self) -> usize {
        self.heads * self.key * self.value
    }

    /// Blocks of a head's values.
    fn blocks(&self) -> usize {
        self.value.div_ceil(VALUES)
    }

    /// Calls `task` with each sequence, head and block of its values.
    fn for_each(&self, operations: usize, task: impl Fn(Part) + Sync + Send) {
        let (heads, blocks) = (self.heads, self.blocks());
        let work = operations * self.rows() * self.state_size();
        parallel::for_each(self.batch * heads * blocks, work, |index| {
            task(Part {
                sequence: index / (heads * blocks),
                head: index / blocks % heads,
                block: index % blocks,
                values: block(index % blocks, VALUES, self.value),
            });
        });
    }

    /// The tiles of a part that have the `index`-th keys.
    fn tiles(&self, part: &Part, index: usize) -> impl Iterator<Item = Tile> {
        let (keys, values) = (block(index, KEYS, self.key), part.values.clone());
        let (head, shape) = (part.head, *self);
        (0..values.len().div_ceil(LANES)).map(move |vector| {
            let lanes = block(vector, LANES, values.len());
            Tile {
                shape,
                head,
                keys: keys.clone(),
                values: values.start + lanes.start..values.start + lanes.end,
            }
        })
    }
}

/// What a task does.
#[derive(Clone)]
struct Part {
    sequence: usize,
    head: usize,
    block: usize,
    /// Of the head.
    values: Range<usize>,
}

/// A part of a state that registers hold: [`KEYS`] rows of [`LANES`] columns, or fewer at its ends.
pub(super) struct Tile {
    shape: Shape,
    head: usize,
    keys: Range<usize>,
    values: Range<usize>,
}

impl Tile {
    /// Its columns among those of all heads.
    fn columns(&self) -> Range<usize> {
        let start = self.head * self.shape.value;
        start + self.values.start..start + self.values.end
    }

    /// Where each of its rows lies in the states of all heads.
    fn lines(&self) -> impl Iterator<Item = Range<usize>> {
        let Shape { key, value, .. } = self.shape;
        let (head, values) = (self.head, self.values.clone());
        self.keys.clone().map(move |row| {
            let start = (head * key + row) * value;
            start + values.start..start + values.end
        })
    }
}

/// What the scan is of.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, D> {
    pub(super) shape: Shape,
    /// By what states are read, `rows × heads × key`.
    pub(super) queries: Matrix<'a>,
    /// By what they are written, as many.
    pub(super) keys: Matrix<'a>,
    /// What is written, `rows × heads × value`.
    pub(super) values: Matrix<'a>,
    pub(super) decays: D,
}

/// What a tile's keys have at the positions of a chunk, [`KEYS`] each, zeros where there are fewer keys.
struct Packed {
    queries: Buffer,
    keys: Buffer,
    decays: Buffer,
}

impl Packed {
    fn of(chunk: usize) -> Self {
        let room = || Buffer::zeros(chunk * KEYS);
        Self {
            queries: room(),
            keys: room(),
            decays: room(),
        }
    }

    fn fill<D: Decays>(&mut self, inputs: &Inputs<D>, chunk: Chunk, head: usize, index: usize) {
        let keys = block(index, KEYS, inputs.shape.key);
        let (first, count) = (head * inputs.shape.key + keys.start, keys.len());
        let parts = [
            (&mut self.queries, Some(inputs.queries)),
            (&mut self.keys, Some(inputs.keys)),
            (&mut self.decays, inputs.decays.of_keys()),
        ];
        for (to, from) in parts {
            let Some(from) = from else { continue };
            for (position, to) in to.chunks_exact_mut(KEYS).take(chunk.count).enumerate() {
                to[..count].copy_from_slice(&from.row(chunk.first + position)[first..first + count]);
                to[count..].fill(0.0);
            }
        }
    }
}

/// What a tile's keys have at a position.
#[inline(always)]
fn at(packed: &[f32], position: usize) -> &[f32; KEYS] {
    packed[position * KEYS..]
        .first_chunk()
        .expect("a chunk has room for its positions")
}
