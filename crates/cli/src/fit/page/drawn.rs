//! The runs and the law of a form, along one input.

use std::collections::BTreeMap;

use triaxis_laws::form::{Column, LawForm, MOST_PARAMETERS, Scale};
use triaxis_laws::predict;
use triaxis_report::view::{FitCurve, FitPoint};
use triaxis_runs::{Data, Outcome};

use super::super::text;
use super::{Picture, STEPS, estimate, titled};

/// Runs that a chart shows at most.
const MOST_POINTS: usize = 4000;
/// Curves at most, each with other held inputs.
const CURVES: usize = 5;

/// The input along the curve: the last that is a size, or the last.
pub fn along(form: &dyn LawForm) -> &Column {
    &form.inputs()[place(form.inputs())]
}

fn place(columns: &[Column]) -> usize {
    let sized = columns.iter().rposition(|column| column.size);
    sized.unwrap_or(columns.len().saturating_sub(1))
}

/// What the charts of a fit of `form` show.
pub fn picture(form: &dyn LawForm, outcome: &Outcome, data: &Data) -> Picture {
    let drawn = Drawn::new(form, outcome, data);
    let sizes = form.inputs().iter().filter(|column| column.size);
    let sizes: Vec<&str> = sizes.map(|column| column.name.as_ref()).collect();
    Picture {
        along: titled(drawn.along),
        response: titled(form.response()),
        size: match sizes.is_empty() {
            true => titled(drawn.along),
            false => sizes.join(" × "),
        },
        curves: drawn.curves(),
        points: drawn.points(),
    }
}

/// The runs and the law, along one input.
struct Drawn<'a> {
    form: &'a dyn LawForm,
    outcome: &'a Outcome,
    data: &'a Data,
    /// The input along the curve: the last that is a size, or the last.
    along: &'a Column,
    at: usize,
    /// Inputs by column of the form.
    inputs: Vec<&'a [f64]>,
    observed: &'a [f64],
    /// The inputs held by each curve.
    held: Vec<Vec<f64>>,
}

impl<'a> Drawn<'a> {
    fn new(form: &'a dyn LawForm, outcome: &'a Outcome, data: &'a Data) -> Self {
        let columns = form.inputs();
        let at = place(columns);
        let mut drawn = Self {
            form,
            outcome,
            data,
            along: &columns[at],
            at,
            inputs: columns.iter().map(|column| data.numbers(&column.name)).collect(),
            observed: data.numbers(&form.response().name),
            held: Vec::new(),
        };
        drawn.held = drawn.representative();
        drawn
    }

    fn row(&self, row: usize) -> Vec<f64> {
        self.inputs.iter().map(|column| column[row]).collect()
    }

    /// The inputs of some runs spread evenly over the others than that along the curve.
    fn representative(&self) -> Vec<Vec<f64>> {
        let others = |row: &[f64]| -> Vec<f64> {
            row.iter()
                .enumerate()
                .filter(|(index, _)| *index != self.at)
                .map(|(_, value)| *value)
                .collect()
        };
        let mut rows: Vec<Vec<f64>> = (0..self.observed.len()).map(|row| self.row(row)).collect();
        rows.sort_by(|first, second| {
            others(first)
                .partial_cmp(&others(second))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        rows.dedup_by(|second, first| others(first) == others(second));
        let count = rows.len().min(CURVES);
        // The middle of each of as many equal shares.
        (0..count)
            .map(|index| rows[(2 * index + 1) * rows.len() / (2 * count)].clone())
            .collect()
    }

    /// How far a run is from the inputs that a curve holds.
    fn distance(&self, row: &[f64], held: &[f64]) -> f64 {
        let columns = self
            .form
            .inputs()
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.at);
        let apart = columns
            .map(|(index, column)| column.scale.forward(row[index]) - column.scale.forward(held[index]));
        apart.map(|apart| apart * apart).sum()
    }

    fn words(&self, row: &[f64], is_wanted: impl Fn(usize) -> bool) -> String {
        let columns = self
            .form
            .inputs()
            .iter()
            .enumerate()
            .filter(|(index, _)| is_wanted(*index));
        let words: Vec<String> = columns
            .map(|(index, column)| format!("{} {}", column.name, text::quantity(&column.name, row[index])))
            .collect();
        words.join(" · ")
    }

    fn points(&self) -> Vec<FitPoint> {
        let count = self.observed.len();
        let step = count.div_ceil(MOST_POINTS).max(1);
        let holdout = self.outcome.holdout.as_ref().map(|checked| &checked.of);
        let errors: BTreeMap<usize, f64> = holdout
            .iter()
            .flat_map(|holdout| holdout.rows.iter().copied().zip(holdout.errors.iter().copied()))
            .collect();
        (0..count)
            .step_by(step)
            .map(|index| {
                let row = self.row(index);
                let columns = self.form.inputs().iter().zip(&row);
                let is_sized = self.along.size;
                let sized =
                    columns.filter(|(column, _)| column.size || !is_sized && column.name == self.along.name);
                let nearest = (0..self.held.len()).min_by(|first, second| {
                    self.distance(&row, &self.held[*first])
                        .total_cmp(&self.distance(&row, &self.held[*second]))
                });
                FitPoint {
                    place: self.data.place(index),
                    inputs: self.words(&row, |_| true),
                    at: row[self.at],
                    size: sized.map(|(_, value)| value).product(),
                    observed: self.observed[index],
                    predicted: self.law(&row),
                    curve: nearest.unwrap_or(0),
                    held_out: errors
                        .get(&index)
                        .map(|error| self.observed[index] * (1.0 + error)),
                }
            })
            .collect()
    }

    fn law(&self, row: &[f64]) -> f64 {
        let coordinates: Vec<f64> = self
            .form
            .inputs()
            .iter()
            .zip(row)
            .map(|(column, value)| column.scale.forward(*value))
            .collect();
        let best = &self.outcome.fit.best;
        self.form
            .value(best, &coordinates, &mut [0.0; MOST_PARAMETERS][..best.len()])
    }

    fn curves(&self) -> Vec<FitCurve> {
        let predicted = self
            .outcome
            .predictions
            .iter()
            .filter(|predicted| predicted.refused().is_none())
            .flat_map(|predicted| &predicted.of);
        let asked = predicted.filter_map(|(_, of)| of.inputs.get(self.along.name.as_ref()).copied());
        let all = self.inputs[self.at].iter().copied().chain(asked);
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let scale = if low > 0.0 { Scale::Log } else { Scale::Linear };
        let (from, to) = (scale.forward(low), scale.forward(high));
        let grid: Vec<f64> = (0..STEPS)
            .map(|step| scale.inverse(from + (to - from) * step as f64 / (STEPS - 1) as f64))
            .collect();
        self.held
            .iter()
            .map(|held| {
                let points = grid.iter().filter_map(|at| {
                    let mut inputs = held.clone();
                    inputs[self.at] = *at;
                    let prediction = predict(self.form, &self.outcome.fit, &inputs).ok()?;
                    let of = estimate(prediction.value, prediction.law, prediction.level);
                    Some((*at, of))
                });
                FitCurve {
                    held: self.words(held, |index| index != self.at),
                    points: points.collect(),
                }
            })
            .collect()
    }
}
