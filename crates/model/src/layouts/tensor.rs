//! Published tensors, and where their values lie in a stack's weights.

use std::collections::BTreeMap;

use crate::weights::{Weight, WeightSpec};

/// A tensor as it is published. Its rows are what its first dimension counts, its columns all the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether its rows are a weight's columns, as those of a linear layer of torch are.
    turned: bool,
    pieces: Vec<Piece>,
}

/// Some rows of a published tensor, and where they lie in a weight: three loops over both.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    weight: String,
    counts: [usize; 3],
    /// In the published tensor.
    from: Steps,
    /// In the weight.
    to: Steps,
}

/// A first row, and how far apart the next ones are in each loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    pub(super) first: usize,
    pub(super) by: [usize; 3],
}

impl Piece {
    /// Rows that follow one another in both.
    pub(super) fn rows(weight: impl Into<String>, count: usize, from: usize, to: usize) -> Self {
        let steps = |first| Steps { first, by: [0, 0, 1] };
        Self::of(weight, [1, 1, count], steps(from), steps(to))
    }

    /// Rows that are columns of one of a weight's matrices, each of so many rows and columns, from a column on.
    pub(super) fn of_matrix(
        weight: impl Into<String>,
        count: usize,
        number: usize,
        [rows, columns]: [usize; 2],
        first: usize,
    ) -> Self {
        Self::rows(weight, count, 0, number * rows * columns + first)
    }

    /// Rows in any order that three loops have.
    pub(super) fn of(weight: impl Into<String>, counts: [usize; 3], from: Steps, to: Steps) -> Self {
        Self {
            weight: weight.into(),
            counts,
            from,
            to,
        }
    }

    /// Pairs of places.
    fn places(&self) -> impl Iterator<Item = [usize; 2]> {
        let [outer, middle, inner] = self.counts;
        let indices = move |index: usize| [index / (middle * inner), index / inner % middle, index % inner];
        let at = |steps: &Steps, indices: [usize; 3]| {
            let offsets = indices.into_iter().zip(steps.by);
            steps.first + offsets.map(|(index, by)| index * by).sum::<usize>()
        };
        (0..outer * middle * inner)
            .map(move |index| [&self.from, &self.to].map(|steps| at(steps, indices(index))))
    }
}

impl Tensor {
    /// A weight as it is.
    pub(super) fn same(name: impl Into<String>, weight: impl Into<String>, shape: &[usize]) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            turned: false,
            pieces: vec![Piece::rows(weight, shape[0], 0, 0)],
        }
    }

    /// Rows that are all of a weight's columns, in their order.
    pub(super) fn turned(name: impl Into<String>, weight: impl Into<String>, shape: &[usize]) -> Self {
        Self::arranged(name, shape, true, vec![Piece::rows(weight, shape[0], 0, 0)])
    }

    /// Rows that are a weight's columns, or its rows where they are not `turned`, piece by piece.
    pub(super) fn arranged(
        name: impl Into<String>,
        shape: &[usize],
        turned: bool,
        pieces: Vec<Piece>,
    ) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            turned,
            pieces,
        }
    }

    /// The same under another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same with its columns as rows, where these are all of one weight in their order.
    pub(crate) fn transposed(mut self) -> Self {
        self.shape.reverse();
        self.turned = !self.turned;
        for piece in &mut self.pieces {
            piece.counts[2] = self.shape[0];
        }
        self
    }

    /// The same where the two halves of each head of so many rows take turns, a row each.
    pub(crate) fn interleaved(mut self, head: usize) -> Self {
        for piece in &mut self.pieces {
            let rows = piece.counts.iter().product::<usize>();
            let steps = |steps: &Steps, by| Steps {
                first: steps.first,
                by,
            };
            let from = steps(&piece.from, [head, 1, 2]);
            let to = steps(&piece.to, [head, head / 2, 1]);
            *piece = Piece::of(piece.weight.clone(), [rows / head, 2, head / 2], from, to);
        }
        self
    }

    /// Whether its rows are a weight's columns.
    pub(crate) fn is_turned(&self) -> bool {
        self.turned
    }

    /// The weights that its rows are of, each as often as it has pieces of it.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|piece| piece.weight.as_str())
    }

    /// Pairs of its rows and those of a weight, or its columns, that they are.
    pub(crate) fn places(&self, weight: &str) -> impl Iterator<Item = [usize; 2]> {
        let pieces = self.pieces.iter().filter(move |piece| piece.weight == weight);
        pieces.flat_map(Piece::places)
    }

    /// How many numbers it has, if that many can be.
    pub fn size(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1usize, |size, &side| size.checked_mul(side))
    }

    /// Writes its values to where they lie in the weights.
    ///
    /// # Panics
    /// If they are not as many as its shape says, or a weight is missing or smaller than its pieces say.
    pub(crate) fn scatter(&self, values: &[f32], weights: &mut BTreeMap<String, Weight>) {
        for piece in &self.pieces {
            let weight = weights
                .get_mut(&piece.weight)
                .expect("a table is of its stack's weights");
            let width = last(&weight.shape);
            self.pairs(piece, width, |from, to| weight.values[to] = values[from]);
        }
    }

    /// Its values, from where they lie in the weights.
    ///
    /// # Panics
    /// As [`scatter`](Self::scatter).
    pub(crate) fn gather(&self, weights: &BTreeMap<String, Weight>) -> Vec<f32> {
        let mut values = vec![0.0; self.shape.iter().product()];
        for piece in &self.pieces {
            let weight = &weights[&piece.weight];
            let width = last(&weight.shape);
            self.pairs(piece, width, |from, to| values[from] = weight.values[to]);
        }
        values
    }

    /// Calls with the place of every value of a piece in the published tensor, and in a weight whose rows are so long.
    fn pairs(&self, piece: &Piece, width: usize, mut call: impl FnMut(usize, usize)) {
        let columns = columns(&self.shape);
        for [from, to] in piece.places() {
            for column in 0..columns {
                let to = match self.turned {
                    true => column * width + to,
                    false => to * columns + column,
                };
                call(from * columns + column, to);
            }
        }
    }
}

/// How long the rows of a weight are, those of all its matrices.
fn last(shape: &[usize]) -> usize {
    shape.last().copied().filter(|_| shape.len() > 1).unwrap_or(1)
}

fn columns(shape: &[usize]) -> usize {
    shape.iter().skip(1).product()
}

/// Weights of zeros, to be filled.
pub(crate) fn zeros(lines: Vec<WeightSpec>) -> BTreeMap<String, Weight> {
    let weight = |line: WeightSpec| {
        let values = vec![0.0; line.size()];
        let shape = line.shape;
        (line.name, Weight { shape, values })
    };
    lines.into_iter().map(weight).collect()
}
