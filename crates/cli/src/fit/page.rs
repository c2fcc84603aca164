//! What the page of a fit shows: the law at points along its curve, and numbers that the fit has.

use triaxis_laws::form::{Column, LawForm, MOST_PARAMETERS, Scale};
use triaxis_laws::predict;
use triaxis_report::view::{
    Estimate, FitCheck, FitCurve, FitParameter, FitPoint, FitPrediction, FitView, Interval,
};

use super::data::Data;
use super::outcome::Outcome;
use super::text;

/// Runs that a chart shows at most.
const MOST_POINTS: usize = 4000;
/// Points of a curve.
const STEPS: usize = 33;
/// Curves at most, each with other held inputs.
const CURVES: usize = 5;

/// The page of `outcome`, a fit of `form`.
pub fn view(form: &dyn LawForm, outcome: &Outcome, data: &Data) -> FitView {
    let definition = form.definition();
    let drawn = Drawn::new(form, outcome, data);
    let titled = |column: &Column| match column.unit {
        "1" | "as given" => column.name.to_string(),
        unit => format!("{} ({unit})", column.name),
    };
    let sizes: Vec<&str> = definition
        .inputs
        .iter()
        .filter(|column| column.size)
        .map(|column| column.name.as_ref())
        .collect();
    FitView {
        title: data
            .file
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        form: outcome.form.clone(),
        equation: outcome.equation.clone(),
        law: outcome.law.clone(),
        source: outcome.source.clone(),
        facts: text::facts(outcome),
        warnings: outcome.warnings.iter().map(|said| said.message.clone()).collect(),
        refusals: outcome.refusals.iter().map(|said| said.message.clone()).collect(),
        trust: outcome.comparison.as_ref().map(text::trust),
        compared: outcome
            .comparison
            .iter()
            .flat_map(|comparison| &comparison.forms)
            .cloned()
            .collect(),
        parameters: definition
            .parameters
            .iter()
            .filter_map(|parameter| {
                let found = outcome.parameters.get(parameter.name.as_ref())?;
                let unit = if parameter.unit == "1" {
                    String::new()
                } else {
                    format!(" ({})", parameter.unit)
                };
                Some(FitParameter {
                    name: parameter.name.to_string(),
                    meaning: format!("{}{unit}", parameter.meaning),
                    estimate: estimate(
                        found.estimate.value,
                        found.estimate.low,
                        found.estimate.high,
                        outcome.level,
                    ),
                    identified: found.estimate.identified,
                    methods: found
                        .intervals
                        .iter()
                        .map(|(name, (low, high))| (name.clone(), *low, *high))
                        .collect(),
                })
            })
            .collect(),
        predictions: outcome
            .predictions
            .iter()
            .map(|predicted| FitPrediction {
                inputs: text::inputs(&predicted.of),
                at: predicted
                    .of
                    .inputs
                    .get(drawn.along.name.as_ref())
                    .copied()
                    .unwrap_or(f64::NAN),
                estimate: estimate(
                    predicted.of.value,
                    predicted.of.low,
                    predicted.of.high,
                    predicted.of.level,
                ),
                reach: predicted.of.reach,
            })
            .collect(),
        along: titled(drawn.along),
        response: titled(&definition.response),
        size: if sizes.is_empty() {
            titled(drawn.along)
        } else {
            sizes.join(" × ")
        },
        curves: drawn.curves(),
        points: drawn.points(),
        check: outcome.holdout.as_ref().map(|checked| FitCheck {
            words: text::check(outcome),
            error: checked.of.mean_absolute,
            baseline: checked.of.baseline,
        }),
    }
}

fn estimate(value: f64, low: f64, high: f64, level: f64) -> Estimate {
    let interval = (low < high).then_some(Interval { low, high, level });
    Estimate { value, interval }
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
        let at = columns
            .iter()
            .rposition(|column| column.size)
            .unwrap_or(columns.len().saturating_sub(1));
        let values = |name: &str| data.table.column(name).and_then(Result::ok).unwrap_or_default();
        let mut drawn = Self {
            form,
            outcome,
            data,
            along: &columns[at],
            at,
            inputs: columns.iter().map(|column| values(&column.name)).collect(),
            observed: values(&form.response().name),
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
        let errors: std::collections::BTreeMap<usize, f64> = holdout
            .iter()
            .flat_map(|holdout| holdout.rows.iter().copied().zip(holdout.errors.iter().copied()))
            .collect();
        (0..count)
            .step_by(step)
            .map(|index| {
                let row = self.row(index);
                let sized = self
                    .form
                    .inputs()
                    .iter()
                    .zip(&row)
                    .filter(|(column, _)| column.size);
                let nearest = (0..self.held.len()).min_by(|first, second| {
                    self.distance(&row, &self.held[*first])
                        .total_cmp(&self.distance(&row, &self.held[*second]))
                });
                FitPoint {
                    place: self.data.table.place(index),
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
        let predicted = self.outcome.predictions.iter();
        let asked =
            predicted.filter_map(|predicted| predicted.of.inputs.get(self.along.name.as_ref()).copied());
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
                    Some((
                        *at,
                        estimate(
                            prediction.value,
                            prediction.law_low,
                            prediction.law_high,
                            prediction.level,
                        ),
                    ))
                });
                FitCurve {
                    held: self.words(held, |index| index != self.at),
                    points: points.collect(),
                }
            })
            .collect()
    }
}
