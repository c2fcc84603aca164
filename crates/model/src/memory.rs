//! What a model remembers of a sequence.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use triaxis_units::Bytes;

/// What a model remembers of one sequence: caches that grow with it, and states that do not.
///
/// A copy of it is a fork: both go on from the same positions.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    position: usize,
    layers: Vec<State>,
}

/// What one layer remembers, by name.
type State = BTreeMap<&'static str, Tensor<4>>;

/// What one layer remembers of one sequence, while it steps.
#[derive(Debug)]
pub struct Remembered<'a> {
    /// Positions remembered, those of this step not among them.
    pub position: usize,
    state: &'a mut State,
}

impl Memory {
    /// How many positions are remembered.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many numbers are held.
    pub fn numbers(&self) -> usize {
        let tensors = self.layers.iter().flat_map(BTreeMap::values);
        tensors.map(|tensor| tensor.shape().num_elements()).sum()
    }

    /// What they take.
    pub fn bytes(&self) -> Bytes {
        Bytes(4 * self.numbers() as u64)
    }

    /// The memory of a layer.
    pub(crate) fn layer(&mut self, layer: usize) -> Remembered<'_> {
        if self.layers.len() <= layer {
            self.layers.resize_with(layer + 1, State::default);
        }
        Remembered {
            position: self.position,
            state: &mut self.layers[layer],
        }
    }

    /// Moves on by the positions that all layers have stepped over.
    pub(crate) fn advance(&mut self, positions: usize) {
        self.position += positions;
    }
}

impl Remembered<'_> {
    /// Adds to caches of `[1, positions, heads, dimension]`, and returns them whole.
    pub fn extend<const N: usize>(
        &mut self,
        names: [&'static str; N],
        new: [Tensor<4>; N],
    ) -> [Tensor<4>; N] {
        let mut new = new.into_iter();
        names.map(|name| {
            let new = new.next().expect("one for each name");
            let whole = match self.state.remove(name) {
                Some(old) => Tensor::cat(vec![old, new], 1),
                None => new,
            };
            self.state.insert(name, whole.clone());
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
            let states = states.map(|sequence| sequence.state.remove(name).unwrap_or_else(zeros));
            Tensor::cat(states.collect(), 0)
        })
    }

    /// Puts states back, each `[sequences, …]`.
    pub fn put<const N: usize>(sequences: &mut [Self], names: [&'static str; N], states: [Tensor<4>; N]) {
        for (name, states) in names.into_iter().zip(states) {
            let states = states.chunk(sequences.len(), 0);
            for (sequence, state) in sequences.iter_mut().zip(states) {
                sequence.state.insert(name, state);
            }
        }
    }
}
