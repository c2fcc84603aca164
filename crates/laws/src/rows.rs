//! The rows of a fit, laid out for vector instructions.

use std::borrow::Cow;
use std::ops::Range;

use crate::form::BLOCK;
use crate::numeric::Stream;

/// The rows of a fit, in the coordinates that the form reads.
///
/// Rows stand in blocks; the last one is filled up with repeats of the last row, of weight 0.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Inputs: an array a column and block.
    inputs: Vec<[f64; BLOCK]>,
    /// Number of inputs a row.
    width: usize,
    /// Observed response in the coordinate of the residual, and the weight, by block.
    targets: Vec<[f64; BLOCK]>,
    weights: Vec<[f64; BLOCK]>,
    /// The run that each row is of; `None` where every row is a run of its own.
    groups: Option<Vec<usize>>,
    count: usize,
}

impl Rows {
    /// Rows of equally long columns.
    pub(crate) fn new(
        columns: &[Vec<f64>],
        target: &[f64],
        weights: &[f64],
        groups: Option<&[usize]>,
    ) -> Self {
        let mut rows = Self::with_capacity(columns.len(), target.len());
        for row in 0..target.len() {
            rows.push(|column| columns[column][row], target[row], weights[row]);
        }
        rows.groups = groups.map(<[usize]>::to_vec);
        rows
    }

    fn with_capacity(width: usize, count: usize) -> Self {
        let blocks = count.div_ceil(BLOCK);
        Self {
            inputs: Vec::with_capacity(width * blocks),
            width,
            targets: Vec::with_capacity(blocks),
            weights: Vec::with_capacity(blocks),
            groups: None,
            count: 0,
        }
    }

    fn push(&mut self, input: impl Fn(usize) -> f64, target: f64, weight: f64) {
        let (block, at) = (self.count / BLOCK, self.count % BLOCK);
        if at == 0 {
            self.inputs
                .extend((0..self.width).map(|column| [input(column); BLOCK]));
            self.targets.push([target; BLOCK]);
            self.weights.push([0.0; BLOCK]);
        }
        for (column, inputs) in self.inputs[block * self.width..].iter_mut().enumerate() {
            inputs[at..].fill(input(column));
        }
        self.targets[block][at..].fill(target);
        self.weights[block][at] = weight;
        self.count += 1;
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Number of blocks.
    pub(crate) fn blocks(&self) -> usize {
        self.targets.len()
    }

    /// The inputs of some blocks: an array a column and block.
    pub(crate) fn inputs_of(&self, blocks: Range<usize>) -> &[[f64; BLOCK]] {
        &self.inputs[blocks.start * self.width..blocks.end * self.width]
    }

    /// Targets and weights of a block.
    pub(crate) fn observed(&self, block: usize) -> (&[f64; BLOCK], &[f64; BLOCK]) {
        (&self.targets[block], &self.weights[block])
    }

    /// An input of a row.
    pub(crate) fn input(&self, row: usize, column: usize) -> f64 {
        self.inputs[row / BLOCK * self.width + column][row % BLOCK]
    }

    /// The inputs of a row.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        (0..self.width).map(move |column| self.input(row, column))
    }

    /// The observed response of a row.
    pub(crate) fn target(&self, row: usize) -> f64 {
        self.targets[row / BLOCK][row % BLOCK]
    }

    /// The observed response of a row, to be changed.
    pub(crate) fn target_mut(&mut self, row: usize) -> &mut f64 {
        &mut self.targets[row / BLOCK][row % BLOCK]
    }

    /// The weight of a row.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights[row / BLOCK][row % BLOCK]
    }

    /// Every observed response.
    pub(crate) fn targets(&self) -> impl Iterator<Item = f64> {
        self.targets.as_flattened().iter().take(self.count).copied()
    }

    /// Every weight.
    pub(crate) fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.as_flattened().iter().take(self.count).copied()
    }

    /// Mean of the weights, each weighted by itself: how many times the variance of a sum of residuals so weighted is
    /// that of its slope.
    pub(crate) fn mean_weight(&self) -> f64 {
        self.weights().map(|weight| weight * weight).sum::<f64>() / self.weights().sum::<f64>()
    }

    /// Some of the rows.
    pub(crate) fn chosen(&self, rows: &[usize]) -> Self {
        let mut chosen = Self::with_capacity(self.width, rows.len());
        for row in rows {
            chosen.push(
                |column| self.input(*row, column),
                self.target(*row),
                self.weight(*row),
            );
        }
        chosen.groups = self
            .groups
            .as_ref()
            .map(|groups| rows.iter().map(|row| groups[*row]).collect());
        chosen
    }

    /// The rows as often as `counts` says, by their weights; those with a count of zero are left out.
    pub(crate) fn counted(&self, counts: &[f64]) -> Self {
        let drawn = || (0..self.count).filter(|row| counts[*row] > 0.0);
        let mut counted = Self::with_capacity(self.width, drawn().count());
        for row in drawn() {
            counted.push(
                |column| self.input(row, column),
                self.target(row),
                counts[row] * self.weight(row),
            );
        }
        counted
    }

    /// The run that each row is of; `None` where every row is a run of its own.
    pub(crate) fn group_of(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// The rows of each run, where some run has more than one.
    pub(crate) fn groups(&self) -> Option<Vec<Vec<usize>>> {
        let groups = self.groups.as_ref()?;
        let mut order: Vec<usize> = (0..self.count).collect();
        order.sort_by_key(|row| groups[*row]);
        let members = order.chunk_by(|one, other| groups[*one] == groups[*other]);
        let members: Vec<Vec<usize>> = members.map(<[usize]>::to_vec).collect();
        (members.len() < self.count).then_some(members)
    }

    /// The rows of a weight above zero.
    pub(crate) fn used(&self) -> Vec<usize> {
        (0..self.count).filter(|row| self.weight(*row) > 0.0).collect()
    }

    /// These rows, or `most` of them, drawn evenly.
    pub(crate) fn thinned(&self, most: usize) -> Cow<'_, Self> {
        if self.count <= most {
            return Cow::Borrowed(self);
        }
        let drawn = Stream::new(0, "thinned rows", 0).select(self.count, most);
        Cow::Owned(self.chosen(&drawn))
    }
}
