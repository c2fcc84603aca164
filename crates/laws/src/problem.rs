//! The objective of a form on rows, with its derivatives, as a search asks for it.

use crate::form::{BLOCK, Block, LawForm, MOST_PARAMETERS, Residual};
use crate::numeric::{Curvature, Quadratic, ln, vectorised};
use crate::objective::{Objective, Penalty};
use crate::rows::Rows;

/// Blocks of rows that go through a sweep together, while they are near.
const TOGETHER: usize = 8;

/// A form, its data and an objective, over search coordinates; parameters can be held fixed.
pub(crate) struct Problem<'a> {
    form: &'a dyn LawForm,
    rows: &'a Rows,
    residual: Residual,
    penalty: Penalty,
    /// Search coordinates of all parameters: the free ones are overwritten at each evaluation.
    base: Vec<f64>,
    free: Vec<usize>,
    /// Predictions of the blocks in a sweep.
    blocks: Vec<Block>,
}

/// Parameters in natural units, and their derivatives by the search coordinates.
struct Natural {
    values: [f64; MOST_PARAMETERS],
    slopes: [f64; MOST_PARAMETERS],
}

/// The objective and its derivatives by the natural parameters.
struct Sums<const SIZE: usize> {
    total: f64,
    first: [f64; SIZE],
    second: [[f64; SIZE]; SIZE],
}

impl<'a> Problem<'a> {
    /// All parameters free.
    pub(crate) fn new(form: &'a dyn LawForm, rows: &'a Rows, objective: &Objective, smoothing: f64) -> Self {
        let count = form.parameters().len();
        Self {
            form,
            rows,
            residual: objective.residual,
            penalty: Penalty::new(objective, smoothing),
            base: vec![0.0; count],
            free: (0..count).collect(),
            blocks: vec![Block::EMPTY; TOGETHER.min(rows.blocks())],
        }
    }

    /// Holds parameter `index` at search coordinate `value`.
    pub(crate) fn hold(&mut self, index: usize, value: f64) {
        self.base[index] = value;
        self.free.retain(|free| *free != index);
    }

    /// Search coordinates of the free parameters out of all.
    pub(crate) fn restrict(&self, all: &[f64]) -> Vec<f64> {
        self.free.iter().map(|index| all[*index]).collect()
    }

    /// Search coordinates of all parameters out of the free ones.
    pub(crate) fn extend(&self, free: &[f64]) -> Vec<f64> {
        let mut all = self.base.clone();
        for (index, value) in self.free.iter().zip(free) {
            all[*index] = *value;
        }
        all
    }

    fn natural(&self, point: &[f64]) -> Natural {
        let parameters = self.form.parameters();
        let mut natural = Natural {
            values: [0.0; MOST_PARAMETERS],
            slopes: [0.0; MOST_PARAMETERS],
        };
        natural.values[..parameters.len()].copy_from_slice(&self.base);
        for (index, value) in self.free.iter().zip(point) {
            natural.values[*index] = *value;
        }
        for (at, parameter) in parameters.iter().enumerate() {
            natural.values[at] = parameter.scale.inverse(natural.values[at]);
            natural.slopes[at] = parameter.scale.derivative(natural.values[at]);
        }
        natural
    }

    /// Calls `visit` with the number of the first block, and the predictions of it and those after it.
    fn sweep(&mut self, parameters: &[f64], mut visit: impl FnMut(usize, &[Block])) {
        for start in (0..self.rows.blocks()).step_by(TOGETHER) {
            let end = (start + TOGETHER).min(self.rows.blocks());
            let blocks = &mut self.blocks[..end - start];
            self.form
                .values(parameters, self.rows.inputs_of(start..end), blocks);
            visit(start, blocks);
        }
    }

    /// The objective and its derivatives, the second ones if `CURVED`.
    fn sums<const SIZE: usize, const CURVED: bool>(&mut self, natural: &Natural) -> Sums<SIZE> {
        let mut lanes = Lanes::<SIZE>::new();
        let (rows, residual, penalty) = (self.rows, self.residual, self.penalty);
        self.sweep(&natural.values[..self.base.len()], |start, blocks| {
            vectorised(
                #[inline(always)]
                || {
                    for (at, block) in blocks.iter().enumerate() {
                        let (targets, weights) = rows.observed(start + at);
                        lanes.add::<CURVED>(block, targets, weights, residual, &penalty);
                    }
                },
            );
        });
        lanes.sums()
    }

    /// Objective (sum over rows) and its gradient by the free search coordinates.
    pub(crate) fn value(&mut self, point: &[f64], gradient: &mut [f64]) -> f64 {
        match self.base.len() {
            ..=3 => self.value_of::<3>(point, gradient),
            4..=6 => self.value_of::<6>(point, gradient),
            7..=8 => self.value_of::<8>(point, gradient),
            _ => self.value_of::<MOST_PARAMETERS>(point, gradient),
        }
    }

    fn value_of<const SIZE: usize>(&mut self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let natural = self.natural(point);
        let sums = self.sums::<SIZE, false>(&natural);
        for (out, index) in gradient.iter_mut().zip(&self.free) {
            *out = sums.first[*index] * natural.slopes[*index];
        }
        if sums.total.is_finite() && gradient.iter().all(|value| value.is_finite()) {
            sums.total
        } else {
            f64::INFINITY
        }
    }

    /// The quadratic model of a form with at most `SIZE` parameters.
    fn quadratic_of<const SIZE: usize>(&mut self, point: &[f64], model: &mut Quadratic) {
        let natural = self.natural(point);
        let sums = self.sums::<SIZE, true>(&natural);
        let order = self.free.len();
        for (row, first) in self.free.iter().enumerate() {
            model.gradient[row] = sums.first[*first] * natural.slopes[*first];
            for (column, second) in self.free.iter().enumerate() {
                model.hessian[row * order + column] =
                    sums.second[*first][*second] * natural.slopes[*first] * natural.slopes[*second];
            }
        }
        let usable = sums.total.is_finite()
            && model.gradient.iter().all(|value| value.is_finite())
            && model.hessian.iter().all(|value| value.is_finite());
        model.value = if usable { sums.total } else { f64::INFINITY };
    }

    /// Predicted responses at natural parameters, with their derivatives by these, row by row.
    pub(crate) fn predicted(&mut self, parameters: &[f64]) -> Vec<(f64, Vec<f64>)> {
        let (count, rows) = (parameters.len(), self.rows.len());
        let mut predicted = Vec::with_capacity(rows);
        self.sweep(parameters, |start, blocks| {
            let first = start * BLOCK;
            for row in first..(first + blocks.len() * BLOCK).min(rows) {
                let (block, at) = (&blocks[(row - first) / BLOCK], row % BLOCK);
                let slopes = block.slopes[..count].iter().map(|slopes| slopes[at]);
                predicted.push((block.values[at], slopes.collect()));
            }
        });
        predicted
    }

    /// Derivatives of every row's residual by all search coordinates, row-major.
    pub(crate) fn slopes(&mut self, all: &[f64]) -> Vec<f64> {
        let natural = self.natural(&self.restrict(all));
        let predicted = self.predicted(&natural.values[..all.len()]);
        let factor = |value: f64| match self.residual {
            Residual::Linear => 1.0,
            Residual::Log => value.recip(),
        };
        predicted
            .iter()
            .flat_map(|(value, slopes)| {
                let by_search = slopes.iter().zip(&natural.slopes);
                by_search.map(move |(slope, by)| factor(*value) * slope * by)
            })
            .collect()
    }

    /// Residuals, predicted minus observed, at all search coordinates; rows of weight 0 included.
    pub(crate) fn residuals(&mut self, all: &[f64]) -> Vec<f64> {
        let natural = self.natural(&self.restrict(all));
        let predicted = self.predicted(&natural.values[..all.len()]);
        let coordinate = |value: f64| match self.residual {
            Residual::Linear => value,
            Residual::Log => value.ln(),
        };
        let pairs = predicted.iter().zip(self.rows.targets());
        pairs
            .map(|((value, _), target)| coordinate(*value) - target)
            .collect()
    }
}

impl Curvature for Problem<'_> {
    fn quadratic(&mut self, point: &[f64], model: &mut Quadratic) {
        // Loops of a length known when compiled are several times as fast.
        match self.base.len() {
            ..=3 => self.quadratic_of::<3>(point, model),
            4..=5 => self.quadratic_of::<5>(point, model),
            6 => self.quadratic_of::<6>(point, model),
            7..=8 => self.quadratic_of::<8>(point, model),
            _ => self.quadratic_of::<MOST_PARAMETERS>(point, model),
        }
    }
}

/// Sums that run side by side.
const LANES: usize = 4;

/// Running sums, each in lanes that are added up at the end.
struct Lanes<const SIZE: usize> {
    total: [f64; LANES],
    first: [[f64; LANES]; SIZE],
    second: [[[f64; LANES]; SIZE]; SIZE],
}

/// `sums[l] + products of the rows l, l + LANES, ...`.
#[inline(always)]
fn accumulate(sums: &mut [f64; LANES], first: &[f64; BLOCK], second: &[f64; BLOCK]) {
    for row in 0..BLOCK {
        sums[row % LANES] = first[row].mul_add(second[row], sums[row % LANES]);
    }
}

impl<const SIZE: usize> Lanes<SIZE> {
    fn new() -> Self {
        Self {
            total: [0.0; LANES],
            first: [[0.0; LANES]; SIZE],
            second: [[[0.0; LANES]; SIZE]; SIZE],
        }
    }

    #[inline(always)]
    fn add<const CURVED: bool>(
        &mut self,
        block: &Block,
        targets: &[f64; BLOCK],
        weights: &[f64; BLOCK],
        residual: Residual,
        penalty: &Penalty,
    ) {
        let (mut losses, mut derivatives, mut curvatures) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        for row in 0..BLOCK {
            let value = block.values[row];
            let (coordinate, factor) = match residual {
                Residual::Linear => (value, 1.0),
                Residual::Log => (ln(value), value.recip()),
            };
            let (loss, derivative, curvature) = penalty.at(coordinate - targets[row]);
            let weighted = weights[row] * factor;
            losses[row] = loss;
            derivatives[row] = weighted * derivative;
            curvatures[row] = weighted * factor * curvature;
        }
        accumulate(&mut self.total, &losses, weights);
        for first in 0..SIZE {
            let slopes = &block.slopes[first];
            accumulate(&mut self.first[first], &derivatives, slopes);
            if CURVED {
                let mut curved = [0.0; BLOCK];
                for row in 0..BLOCK {
                    curved[row] = curvatures[row] * slopes[row];
                }
                for second in 0..=first {
                    accumulate(&mut self.second[first][second], &curved, &block.slopes[second]);
                }
            }
        }
    }

    fn sums(&self) -> Sums<SIZE> {
        let sum = |lanes: &[f64; LANES]| lanes.iter().sum();
        Sums {
            total: sum(&self.total),
            first: std::array::from_fn(|at| sum(&self.first[at])),
            second: std::array::from_fn(|first| {
                std::array::from_fn(|second| sum(&self.second[first.max(second)][first.min(second)]))
            }),
        }
    }
}
