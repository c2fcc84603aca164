//! The objective that a fit minimises: robust losses of residuals, summed over weighted rows.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::form::{LawForm, MOST_PARAMETERS, Residual};
use crate::numeric::{Curvature, Quadratic, Stream};

/// The loss of one residual `r`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Robust {
    /// `r^2 / 2`.
    Squares,
    /// `r^2 / 2` up to `delta`, then `delta (|r| - delta / 2)` (Huber 1964).
    Huber {
        /// Where the quadratic part ends, in the unit of the residual.
        delta: f64,
    },
    /// `|r|`: least absolute deviations.
    Absolute,
}

/// How the losses of rows are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Sum over rows.
    Sum,
    /// Mean over rows.
    Mean,
}

/// What a fit minimises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The coordinate of the residual.
    pub residual: Residual,
    /// The loss of a residual.
    pub robust: Robust,
    /// Sum or mean; changes the reported objective, never the estimates.
    pub reduction: Reduction,
    /// Weight of rows observed above the curve: below 1 for undertuned runs, which can only be too high.
    pub weight_above: f64,
}

impl Objective {
    /// The objective of Hoffmann et al. 2022, equation 3: log-Huber with delta 1e-3, summed.
    pub fn log_huber() -> Self {
        Self {
            residual: Residual::Log,
            robust: Robust::Huber { delta: 1e-3 },
            reduction: Reduction::Sum,
            weight_above: 1.0,
        }
    }

    /// Ordinary least squares on the given residual.
    pub fn squares(residual: Residual) -> Self {
        Self {
            residual,
            robust: Robust::Squares,
            reduction: Reduction::Sum,
            weight_above: 1.0,
        }
    }

    /// Checks the numbers in it.
    ///
    /// # Errors
    /// [`InputError::Option`] for a delta or weight that is not positive and finite.
    pub fn check(&self) -> Result<(), InputError> {
        let positive = |option, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(InputError::Option {
                option,
                value,
                rule: "a positive finite number",
            }),
        };
        if let Robust::Huber { delta } = self.robust {
            positive("delta", delta)?;
        }
        positive("weight_above", self.weight_above)
    }
}

/// Loss, derivative, and the weight of the majorising quadratic at a residual.
#[derive(Clone, Copy)]
pub(crate) struct Penalty {
    delta: f64,
    scale: f64,
    weight_above: f64,
}

impl Penalty {
    /// `smoothing` replaces the kink of absolute deviations; it is not used by the others.
    pub(crate) fn new(objective: &Objective, smoothing: f64) -> Self {
        let (delta, scale) = match objective.robust {
            Robust::Squares => (f64::INFINITY, 1.0),
            Robust::Huber { delta } => (delta, 1.0),
            Robust::Absolute => (smoothing, smoothing.recip()),
        };
        Self {
            delta,
            scale,
            weight_above: objective.weight_above,
        }
    }

    /// Where the quadratic part ends, and its curvature for residuals above and below zero.
    pub(crate) fn quadratic_part(&self) -> (f64, f64, f64) {
        (self.delta, self.scale, self.scale * self.weight_above)
    }

    /// `(loss, d loss / d residual, curvature of the majorising parabola)` for residual predicted - observed.
    #[inline]
    pub(crate) fn at(&self, residual: f64) -> (f64, f64, f64) {
        let size = residual.abs();
        let scale = if residual < 0.0 {
            self.scale * self.weight_above
        } else {
            self.scale
        };
        if size <= self.delta {
            (scale * 0.5 * residual * residual, scale * residual, scale)
        } else {
            let curvature = scale * self.delta / size;
            (
                scale * self.delta * (size - 0.5 * self.delta),
                curvature * residual,
                curvature,
            )
        }
    }
}

/// The rows of a fit, in the coordinates that the form reads.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Row-major inputs.
    pub(crate) inputs: Vec<f64>,
    /// Number of inputs a row.
    pub(crate) width: usize,
    /// Observed response in the coordinate of the residual.
    pub(crate) target: Vec<f64>,
    /// Weight of each row; 0 leaves it out.
    pub(crate) weights: Vec<f64>,
}

impl Rows {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.target.len()
    }

    /// The inputs of one row.
    pub(crate) fn row(&self, at: usize) -> &[f64] {
        &self.inputs[at * self.width..(at + 1) * self.width]
    }

    /// These rows, or `most` of those that count, drawn evenly (selection sampling: Knuth 1997, section 3.4.2).
    pub(crate) fn thinned(&self, most: usize) -> Cow<'_, Self> {
        let used: Vec<usize> = (0..self.len()).filter(|row| self.weights[*row] > 0.0).collect();
        if used.len() <= most {
            return Cow::Borrowed(self);
        }
        let mut stream = Stream::new(0, "thinned rows", 0);
        let mut drawn = Self {
            inputs: Vec::with_capacity(most * self.width),
            width: self.width,
            target: Vec::with_capacity(most),
            weights: Vec::with_capacity(most),
        };
        for (passed, row) in used.iter().enumerate() {
            if stream.below(used.len() - passed) < most - drawn.len() {
                drawn.inputs.extend_from_slice(self.row(*row));
                drawn.target.push(self.target[*row]);
                drawn.weights.push(self.weights[*row]);
            }
        }
        Cow::Owned(drawn)
    }
}

/// Rows that go through a sweep together.
const BLOCK: usize = 32;

/// A form, its data and an objective, over search coordinates; parameters can be held fixed.
pub(crate) struct Problem<'a> {
    form: &'a dyn LawForm,
    rows: &'a Rows,
    residual: Residual,
    penalty: Penalty,
    /// Search coordinates of all parameters: the free ones are overwritten at each evaluation.
    base: Vec<f64>,
    free: Vec<usize>,
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

    /// Calls `visit` with each weighted row's weight, residual (predicted - observed) and natural
    /// gradient of the prediction, and the factor that makes it that of the residual; false when a
    /// value is not finite.
    ///
    /// Rows go through in blocks: first all predictions, then all sums, so that neither waits for the other.
    #[inline]
    fn sweep<const SIZE: usize>(
        &self,
        natural: &[f64],
        mut visit: impl FnMut(f64, f64, &[f64; SIZE], f64),
    ) -> bool {
        let mut values = [0.0; BLOCK];
        let mut gradients = [[0.0; SIZE]; BLOCK];
        let width = self.rows.width;
        for start in (0..self.rows.len()).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.rows.len());
            for (slot, row) in (start..end).enumerate() {
                if self.rows.weights[row] != 0.0 {
                    let inputs = &self.rows.inputs[row * width..(row + 1) * width];
                    values[slot] = self
                        .form
                        .value(natural, inputs, &mut gradients[slot][..natural.len()]);
                }
            }
            for (slot, row) in (start..end).enumerate() {
                let weight = self.rows.weights[row];
                if weight == 0.0 {
                    continue;
                }
                let (coordinate, factor) = match self.residual {
                    Residual::Linear => (values[slot], 1.0),
                    Residual::Log => (values[slot].ln(), values[slot].recip()),
                };
                let residual = coordinate - self.rows.target[row];
                if !residual.is_finite() {
                    return false;
                }
                visit(weight, residual, &gradients[slot], factor);
            }
        }
        true
    }

    fn natural(
        &self,
        point: &[f64],
        natural: &mut [f64; MOST_PARAMETERS],
        slope: &mut [f64; MOST_PARAMETERS],
    ) -> usize {
        let parameters = self.form.parameters();
        natural[..parameters.len()].copy_from_slice(&self.base);
        for (index, value) in self.free.iter().zip(point) {
            natural[*index] = *value;
        }
        for (at, parameter) in parameters.iter().enumerate() {
            natural[at] = parameter.scale.inverse(natural[at]);
            slope[at] = parameter.scale.derivative(natural[at]);
        }
        parameters.len()
    }

    /// Objective (sum over rows) and its gradient by the free search coordinates.
    pub(crate) fn value(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        match self.form.parameters().len() {
            ..=5 => self.value_of::<5>(point, gradient),
            6..=8 => self.value_of::<8>(point, gradient),
            _ => self.value_of::<MOST_PARAMETERS>(point, gradient),
        }
    }

    fn value_of<const SIZE: usize>(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut natural, mut slope) = ([0.0; MOST_PARAMETERS], [0.0; MOST_PARAMETERS]);
        let count = self.natural(point, &mut natural, &mut slope);
        let mut total = 0.0;
        let mut sums = [0.0; SIZE];
        let finite = self.sweep::<SIZE>(&natural[..count], |weight, residual, row_gradient, factor| {
            let (loss, derivative, _) = self.penalty.at(residual);
            total += weight * loss;
            let derivative = weight * derivative * factor;
            for (sum, slope) in sums.iter_mut().zip(row_gradient) {
                *sum += derivative * slope;
            }
        });
        for (out, index) in gradient.iter_mut().zip(&self.free) {
            *out = sums[*index] * slope[*index];
        }
        if finite && gradient.iter().all(|value| value.is_finite()) {
            total
        } else {
            f64::INFINITY
        }
    }

    /// Derivatives of every row's residual by all search coordinates, row-major.
    pub(crate) fn slopes(&self, all: &[f64]) -> Vec<f64> {
        let (mut natural, mut slope) = ([0.0; MOST_PARAMETERS], [0.0; MOST_PARAMETERS]);
        let count = self.natural(&self.restrict(all), &mut natural, &mut slope);
        let mut gradient = [0.0; MOST_PARAMETERS];
        let mut slopes = Vec::with_capacity(count * self.rows.len());
        for row in 0..self.rows.len() {
            let value = self
                .form
                .value(&natural[..count], self.rows.row(row), &mut gradient[..count]);
            let factor = match self.residual {
                Residual::Linear => 1.0,
                Residual::Log => value.recip(),
            };
            slopes.extend((0..count).map(|at| factor * gradient[at] * slope[at]));
        }
        slopes
    }

    /// Residuals, predicted minus observed, at all search coordinates; rows of weight 0 included.
    pub(crate) fn residuals(&self, all: &[f64]) -> Vec<f64> {
        let natural: Vec<f64> = self
            .form
            .parameters()
            .iter()
            .zip(all)
            .map(|(parameter, at)| parameter.scale.inverse(*at))
            .collect();
        let mut gradient = vec![0.0; natural.len()];
        (0..self.rows.len())
            .map(|row| {
                let value = self.form.value(&natural, self.rows.row(row), &mut gradient);
                match self.residual {
                    Residual::Linear => value - self.rows.target[row],
                    Residual::Log => value.ln() - self.rows.target[row],
                }
            })
            .collect()
    }
}

impl Curvature for Problem<'_> {
    fn quadratic(&mut self, point: &[f64], model: &mut Quadratic) {
        // Loops of a length known when compiled are several times as fast.
        match self.form.parameters().len() {
            ..=3 => self.quadratic_of::<3>(point, model),
            4..=5 => self.quadratic_of::<5>(point, model),
            6..=8 => self.quadratic_of::<8>(point, model),
            _ => self.quadratic_of::<MOST_PARAMETERS>(point, model),
        }
    }
}

impl Problem<'_> {
    /// The quadratic model of a form with at most `SIZE` parameters.
    fn quadratic_of<const SIZE: usize>(&self, point: &[f64], model: &mut Quadratic) {
        let (mut natural, mut slope) = ([0.0; MOST_PARAMETERS], [0.0; MOST_PARAMETERS]);
        let count = self.natural(point, &mut natural, &mut slope);
        let mut total = 0.0;
        let mut sums = [0.0; SIZE];
        let mut squares = [[0.0; SIZE]; SIZE];
        let finite = self.sweep::<SIZE>(&natural[..count], |weight, residual, row_gradient, factor| {
            let (loss, derivative, curvature) = self.penalty.at(residual);
            total += weight * loss;
            let (derivative, curvature) =
                (weight * derivative * factor, weight * curvature * factor * factor);
            for first in 0..SIZE {
                sums[first] += derivative * row_gradient[first];
                let scaled = curvature * row_gradient[first];
                for second in 0..=first {
                    squares[first][second] += scaled * row_gradient[second];
                }
            }
        });
        let order = self.free.len();
        for (row, first) in self.free.iter().enumerate() {
            model.gradient[row] = sums[*first] * slope[*first];
            for (column, second) in self.free.iter().enumerate() {
                model.hessian[row * order + column] =
                    squares[*first][*second] * slope[*first] * slope[*second];
            }
        }
        let usable = finite
            && model.gradient.iter().all(|value| value.is_finite())
            && model.hessian.iter().all(|value| value.is_finite());
        model.value = if usable { total } else { f64::INFINITY };
    }
}
