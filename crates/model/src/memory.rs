//! What a model remembers of a sequence.

use std::collections::BTreeMap;

use burn::tensor::{Slice, Tensor, s};
use triaxis_units::Bytes;

/// What a model remembers of one sequence: caches that grow with it, and states that do not.
///
/// A copy of it is a fork: both go on from the same positions.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    position: usize,
    layers: Vec<Layer>,
}

/// What one layer remembers, by name.
#[derive(Debug, Clone, Default)]
struct Layer {
    caches: BTreeMap<&'static str, Rows>,
    states: BTreeMap<&'static str, Tensor<4>>,
}

/// Rows of the second dimension of `[1, room, …]`, of which `count` from the first on are remembered: a cache is written
/// in place, and moves to another room when it is full.
#[derive(Debug, Clone)]
struct Rows {
    room: Tensor<4>,
    first: usize,
    count: usize,
    /// How many are remembered at most.
    most: usize,
}

impl Layer {
    fn numbers(&self) -> usize {
        let caches = self.caches.values().map(Rows::numbers);
        let states = self.states.values().map(|state| state.shape().num_elements());
        caches.chain(states).sum()
    }
}

impl Rows {
    /// All of a tensor.
    fn full(room: Tensor<4>) -> Self {
        Self {
            first: 0,
            count: room.dims()[1],
            most: usize::MAX,
            room,
        }
    }

    /// As many rows, or as may be remembered: these from the first on again and again, with room for as many more as
    /// there were.
    fn repeated(&self, count: usize) -> Self {
        let count = count.min(self.most);
        let times = count.div_ceil(self.count.max(1)) + 1;
        Self {
            room: self.remembered().repeat_dim(1, times),
            first: 0,
            count,
            most: self.most,
        }
    }

    /// What is remembered, without a copy.
    fn remembered(&self) -> Tensor<4> {
        self.room.clone().slice(rows(self.first, self.first + self.count))
    }

    fn numbers(&self) -> usize {
        let [_, _, heads, dimension] = self.room.dims();
        self.count * heads * dimension
    }

    /// These and those after them. Where there is no room, it grows by half, so that of many additions each copies
    /// its own rows and a constant number of others.
    fn extend(self, new: Tensor<4>) -> Self {
        let Self {
            room,
            first,
            count,
            most,
        } = self;
        let [_, places, heads, dimension] = room.dims();
        let after = count + new.dims()[1];
        let (room, first) = if first + after <= places {
            (room, first)
        } else {
            let larger = after.max(count + count / 2);
            let zeros = Tensor::zeros([1, larger, heads, dimension], (&new.device(), new.dtype()));
            let moved = zeros.slice_assign(rows(0, count), room.slice(rows(first, first + count)));
            (moved, 0)
        };
        Self {
            room: room.slice_assign(rows(first + count, first + after), new),
            first,
            count: after,
            most,
        }
    }

    /// The last of them: at most so many, or all.
    fn last(self, most: Option<usize>) -> Self {
        let most = most.unwrap_or(usize::MAX);
        let dropped = self.count.saturating_sub(most);
        Self {
            first: self.first + dropped,
            count: self.count - dropped,
            most,
            ..self
        }
    }
}

fn rows(start: usize, end: usize) -> [Slice; 4] {
    s![.., start..end, .., ..]
}

/// What one layer remembers of one sequence, while it steps.
#[derive(Debug)]
pub struct Remembered<'a> {
    /// Positions remembered, those of this step not among them.
    pub position: usize,
    layer: &'a mut Layer,
}

impl Memory {
    /// How many positions are remembered.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many numbers are remembered. Room that caches grow into is not among them.
    pub fn numbers(&self) -> usize {
        self.layers.iter().map(Layer::numbers).sum()
    }

    /// What they take.
    pub fn bytes(&self) -> Bytes {
        Bytes(4 * self.numbers() as u64)
    }

    /// The memory of a layer.
    pub(crate) fn layer(&mut self, layer: usize) -> Remembered<'_> {
        if self.layers.len() <= layer {
            self.layers.resize_with(layer + 1, Layer::default);
        }
        Remembered {
            position: self.position,
            layer: &mut self.layers[layer],
        }
    }

    /// What stands for a memory of more positions where only time and room count: caches hold the rows that they have
    /// again and again, and states stay as they are. `None` before the first position.
    pub fn repeated(&self, positions: usize) -> Option<Self> {
        let layer = |layer: &Layer| Layer {
            caches: layer
                .caches
                .iter()
                .map(|(&name, rows)| (name, rows.repeated(positions)))
                .collect(),
            states: layer.states.clone(),
        };
        (1..=positions).contains(&self.position).then(|| Self {
            position: positions,
            layers: self.layers.iter().map(layer).collect(),
        })
    }

    /// Moves on by the positions that all layers have stepped over.
    pub(crate) fn advance(&mut self, positions: usize) {
        self.position += positions;
    }
}

impl Remembered<'_> {
    /// Adds to caches of `[1, positions, heads, dimension]` in place, and returns them whole. What stays remembered is then
    /// the last `kept` positions, or all.
    pub fn extend<const N: usize>(
        &mut self,
        names: [&'static str; N],
        new: [Tensor<4>; N],
        kept: Option<usize>,
    ) -> [Tensor<4>; N] {
        let mut new = new.into_iter();
        names.map(|name| {
            let new = new.next().expect("one for each name");
            let rows = match self.layer.caches.remove(name) {
                Some(old) if old.count > 0 => old.extend(new),
                _ => Rows::full(new),
            };
            let whole = rows.remembered();
            self.layer.caches.insert(name, rows.last(kept));
            whole
        })
    }

    /// Takes states of all sequences out, to be put back as they have become, each `[sequences, …]`: zeros of the shape
    /// of one before the first position.
    pub fn take<const N: usize>(
        sequences: &mut [Self],
        names: [&'static str; N],
        shapes: [[usize; 4]; N],
        like: &Tensor<2>,
    ) -> [Tensor<4>; N] {
        let mut shapes = shapes.into_iter();
        names.map(|name| {
            let shape = shapes.next().expect("one for each name");
            let zeros = || Tensor::zeros(shape, (&like.device(), like.dtype()));
            let states = sequences.iter_mut();
            let states = states.map(|sequence| sequence.layer.states.remove(name).unwrap_or_else(zeros));
            Tensor::cat(states.collect(), 0)
        })
    }

    /// Puts states back, each `[sequences, …]`.
    pub fn put<const N: usize>(sequences: &mut [Self], names: [&'static str; N], states: [Tensor<4>; N]) {
        for (name, states) in names.into_iter().zip(states) {
            let states = states.chunk(sequences.len(), 0);
            for (sequence, state) in sequences.iter_mut().zip(states) {
                sequence.layer.states.insert(name, state);
            }
        }
    }
}
