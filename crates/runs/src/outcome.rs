//! What a fit found, as programs read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};
use triaxis_laws::approach::EnvelopePoint;
use triaxis_laws::{
    Fit, Holdout, Interval, Objective, ParameterEstimate, Prediction, PureError, Reach, Refusal, Resampling,
};

use crate::by::By;
use crate::caution::Caution;
use crate::comparison::Comparison;
use crate::data::Data;
use crate::equation;
use crate::examine::{Curved, Outlying};
use crate::latex;
use crate::law::Law;
use crate::sweep::Sweep;

/// What a fit found. The names of its fields are the names in JSON.
#[derive(Serialize)]
pub struct Outcome {
    /// Name of the form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// The equation with the fitted numbers.
    pub law: String,
    /// The same in LaTeX.
    pub latex: String,
    /// Paper and equation number.
    pub source: String,
    /// The file.
    pub file: PathBuf,
    /// Inputs and the columns they come from.
    #[serde(serialize_with = "as_map")]
    pub columns: Vec<(String, String)>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, ParameterEstimate>,
    /// The same names in the order of the equation.
    #[serde(skip)]
    pub order: Vec<String>,
    /// Least value of the objective.
    pub objective: f64,
    /// What was minimised.
    pub minimised: Objective,
    /// Rows fitted.
    pub rows: usize,
    /// Runs that these are of, where some run has several: the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<usize>,
    /// Rows of the file.
    pub rows_in_file: usize,
    /// Rows of the highest response that were dropped.
    pub rows_dropped: usize,
    /// The runs predicted.
    pub predictions: Vec<Predicted>,
    /// How well some runs are predicted by a fit to the others.
    pub holdout: Option<Checked>,
    /// Observed minus predicted, row by row, in the coordinate of the objective.
    pub residuals: Vec<f64>,
    /// What a reader must know.
    pub warnings: Vec<Said<Caution>>,
    /// What the data refused to answer.
    pub refusals: Vec<Said<Refusal>>,
    /// What was derived or assumed.
    pub notes: Vec<String>,
    /// Level of all intervals.
    pub level: f64,
    /// Share of the variance that is explained.
    pub r_squared: f64,
    /// Noise of one run, in the coordinate of the objective.
    pub noise: Option<f64>,
    /// The same from repeated seeds alone.
    pub pure_error: Option<PureError>,
    /// What the bootstrap drew.
    pub resampling: Resampling,
    /// Bootstrap samples that gave an answer.
    pub replicates: usize,
    /// Starts tried.
    pub starts: usize,
    /// Distinct local minima found.
    pub local_minima: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// The optima that approach 1 or 2 found, and fitted its laws to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optima: Vec<EnvelopePoint>,
    /// How the form compares with others, when all were fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Whether one law does for several sets of runs, when a column that parts them was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// What was tried at each size and length, when the rows fitted are the best of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Runs far from the law.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outliers: Option<Outlying>,
    /// Whether loss still falls with compute as it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flattening: Option<Curved>,
    /// Whether the rows are counts of problems, and the curve of coverage was fitted.
    #[serde(skip)]
    pub is_counted: bool,
    /// The fit itself, for the page.
    #[serde(skip)]
    pub fit: Fit,
}

fn as_map<S: serde::Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// A message with what it was made of.
#[derive(Serialize)]
pub struct Said<T> {
    /// In plain words.
    pub message: String,
    #[serde(flatten)]
    about: T,
}

impl<T: Clone + std::fmt::Display> Said<T> {
    pub(crate) fn of(about: T) -> Self {
        Self {
            message: about.to_string(),
            about,
        }
    }

    fn all(those: &[T]) -> Vec<Self> {
        those
            .iter()
            .map(|that| Self {
                message: that.to_string(),
                about: that.clone(),
            })
            .collect()
    }
}

/// A run predicted: its inputs by name, and under the name of each response the value with its interval.
pub struct Predicted {
    /// The library's predictions, by response.
    pub of: Vec<(String, Prediction)>,
    /// The forms that predict together and their shares, the largest first; none when one was asked for.
    pub shares: Vec<(String, f64)>,
    /// What was asked for and some of these forms do not read.
    pub unheeded: Vec<String>,
}

impl Predicted {
    /// By one law alone.
    pub(crate) fn alone(of: Vec<(String, Prediction)>) -> Self {
        Self {
            of,
            shares: Vec::new(),
            unheeded: Vec::new(),
        }
    }

    /// Why it is none: it reaches farther than any prediction was ever checked.
    pub fn refused(&self) -> Option<String> {
        self.of.iter().find_map(|(_, of)| of.extrapolation())
    }

    /// Adds how far the run lies from the rows in what the laws do not read.
    pub(crate) fn reaches(&mut self, beside: &[(&'static str, Reach)]) {
        for (_, of) in &mut self.of {
            for (name, reach) in beside {
                of.reach.entry((*name).to_owned()).or_insert(*reach);
            }
        }
    }

    /// Whether the law of `form` alone makes it.
    pub(crate) fn is_of(&self, form: &str) -> bool {
        match &self.shares[..] {
            [] => true,
            [(one, _)] => one == form,
            _ => false,
        }
    }
}

impl Serialize for Predicted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map: Map<String, Value> = Map::new();
        let refused = self.refused();
        for (response, of) in &self.of {
            let told = |of: Option<f64>| of.filter(|_| refused.is_none());
            for (name, value) in &of.inputs {
                map.insert(name.clone(), json!(value));
            }
            let low = |of: Option<Interval>| told(of.map(|of| of.low));
            let high = |of: Option<Interval>| told(of.map(|of| of.high));
            map.insert(
                response.clone(),
                json!({
                    "value": told(Some(of.value)),
                    "low": low(of.interval),
                    "high": high(of.interval),
                    "law_low": low(of.law),
                    "law_high": high(of.law),
                }),
            );
            map.insert("level".into(), json!(of.level));
            map.insert("reach".into(), json!(of.reach));
            map.insert("extrapolation".into(), json!(refused));
        }
        if !self.shares.is_empty() {
            let shares: BTreeMap<&str, f64> = self
                .shares
                .iter()
                .map(|(form, share)| (form.as_str(), *share))
                .collect();
            map.insert("shares".into(), json!(shares));
        }
        if !self.shares.is_empty() || !self.unheeded.is_empty() {
            map.insert("unheeded".into(), json!(self.unheeded));
        }
        map.serialize(serializer)
    }
}

/// The check on runs held out, and where they stand in the file.
#[derive(Serialize)]
pub struct Checked {
    /// Whether they are the largest, rather than chosen by the user.
    pub largest: bool,
    /// The library's check.
    #[serde(flatten)]
    pub of: Holdout,
    /// Where each row held out stands in the file.
    pub places: Vec<String>,
}

impl Outcome {
    /// Puts together what is printed.
    pub fn new(
        law: &Law<'_>,
        fit: Fit,
        data: &Data,
        predictions: Vec<Predicted>,
        comparison: Option<Comparison>,
        by: Option<By>,
    ) -> Self {
        let definition = law.definition();
        let inputs = match comparison {
            Some(_) => data.read_columns(),
            None => law.columns(data),
        };
        let is_derived = |note: &&String| {
            let mut derived = inputs.iter().map(|input| format!("{input} by "));
            derived.any(|start| note.starts_with(&start))
                || ["coverage by ", "a sweep: ", "runs by "]
                    .iter()
                    .any(|start| note.starts_with(start))
        };
        let derived = data.columns.notes.iter().filter(is_derived).cloned();
        let of_rows = data.cautions.iter().cloned().map(Caution::Rows);
        let warnings: Vec<Caution> = of_rows
            .chain(fit.warnings.iter().cloned().map(Caution::Fit))
            .collect();
        let drawn = data.drawn_from.map(|rows| {
            format!(
                "{} of {rows} rows, drawn at random; --most-rows fits more",
                data.table.rows()
            )
        });
        let splits = predictions.iter().any(|predicted| predicted.of.len() > 1) && law.form().is_some();
        let splits = splits.then(|| format!("a compute is split by C = {}", data.operations()));
        Self {
            form: definition.name.to_string(),
            equation: definition.equation.to_string(),
            law: equation::with_numbers(definition, &fit),
            latex: latex::with_values(definition, &fit),
            source: definition.source.to_string(),
            file: data.file.clone(),
            columns: data.columns.described(&inputs),
            parameters: fit.parameters.clone(),
            order: definition
                .parameters
                .iter()
                .map(|parameter| parameter.name.to_string())
                .collect(),
            objective: fit.objective,
            minimised: fit.minimised,
            rows: fit.rows,
            runs: fit.runs,
            rows_in_file: data.table.found(),
            rows_dropped: data.dropped,
            holdout: fit.holdout.clone().map(|of| Checked {
                largest: !data.chose_held_out(),
                places: of.rows.iter().map(|row| data.place(*row)).collect(),
                of,
            }),
            residuals: fit.residuals.clone(),
            warnings: Said::all(&warnings),
            refusals: Said::all(&fit.refusals),
            notes: derived.chain(drawn).chain(splits).collect(),
            level: fit.level,
            r_squared: fit.r_squared,
            noise: fit.noise,
            pure_error: fit.pure_error,
            resampling: fit.resampling,
            replicates: fit.replicates.len(),
            starts: fit.starts,
            local_minima: fit.minima.len(),
            seed: fit.seed,
            predictions,
            optima: law.optima().to_vec(),
            outliers: None,
            flattening: None,
            is_counted: data.is_counted(),
            comparison,
            by,
            sweep: data.sweep.clone(),
            fit,
        }
    }

    /// What the data refused, if anything: parts of the law, and runs too far away to be predicted.
    pub fn refused(&self) -> Option<String> {
        let of_law = self.refusals.iter().map(|said| said.message.clone());
        let of_runs = self.predictions.iter().filter_map(Predicted::refused);
        let of_runs =
            of_runs.map(|reason| format!("no prediction, as {reason}; ask for a run nearer to those fitted"));
        let refusals: Vec<String> = of_law.chain(of_runs).collect();
        (!refusals.is_empty()).then(|| refusals.join("; "))
    }
}
