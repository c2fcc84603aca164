//! What a fit found, as programs read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};
use triaxis_laws::form::{Column, LawForm};
use triaxis_laws::forms::find;
use triaxis_laws::{
    Compared, Distrust, Fit, Holdout, Objective, ParameterEstimate, Prediction, PureError, Refusal,
    Resampling, Trust, Warning, predict, trusted,
};
use triaxis_report::view::FitCompared;

use super::data::Data;
use super::equation;
use super::predict::Request;

/// What a fit found. The names of its fields are the names in JSON.
#[derive(Serialize)]
pub struct Outcome {
    /// Name of the form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// The equation with the fitted numbers.
    pub law: String,
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
    pub warnings: Vec<Said<Warning>>,
    /// What the data refused to answer.
    pub refusals: Vec<Said<Refusal>>,
    /// What was derived or assumed.
    pub notes: Vec<String>,
    /// Level of all intervals.
    pub level: f64,
    /// Share of the variance that is explained.
    pub r_squared: f64,
    /// Noise of one run, in the coordinate of the objective.
    pub noise: f64,
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
    /// How the form compares with others, when all were fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
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

/// A run predicted: its inputs by name, and under the name of the response the value with its interval.
pub struct Predicted {
    /// The library's prediction.
    pub of: Prediction,
    /// The name of the response.
    pub response: String,
}

impl Serialize for Predicted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Prediction {
            inputs,
            value,
            low,
            high,
            law_low,
            law_high,
            level,
            reach,
        } = &self.of;
        let mut map: Map<String, Value> = inputs
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let response =
            json!({ "value": value, "low": low, "high": high, "law_low": law_low, "law_high": law_high });
        map.insert(self.response.clone(), response);
        map.insert("level".into(), json!(level));
        map.insert("reach".into(), json!(reach));
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

/// All forms that the columns allow, by their error on the runs held out.
#[derive(Serialize)]
pub struct Comparison {
    /// The form to trust, and why; none is when nothing predicts the runs held out.
    pub trusted: Option<String>,
    /// Why it is trusted, or why none is.
    pub why: String,
    /// The forms, the lowest error first.
    pub forms: Vec<FitCompared>,
    /// The form whose fit is shown.
    #[serde(skip)]
    pub shown: Option<String>,
}

impl Outcome {
    /// Puts together what is printed, and makes the predictions asked for.
    pub fn new(
        form: &dyn LawForm,
        fit: Fit,
        data: &Data,
        requests: &[Request],
        comparison: Option<Comparison>,
    ) -> anyhow::Result<Self> {
        let definition = form.definition();
        let response = definition.response.name.to_string();
        let mut predictions = Vec::new();
        for request in requests {
            let of = predict(form, &fit, &request.inputs(form)?)?;
            predictions.push(Predicted {
                of,
                response: response.clone(),
            });
        }
        let inputs: Vec<String> = form
            .inputs()
            .iter()
            .chain([form.response()])
            .map(|column| column.name.to_string())
            .collect();
        let inputs = match comparison {
            Some(_) => data.columns.sources.keys().cloned().collect(),
            None => inputs,
        };
        let is_derived = |note: &&String| {
            inputs
                .iter()
                .any(|input| note.starts_with(&format!("{input} by ")))
        };
        let derived = data.columns.notes.iter().filter(is_derived).cloned();
        let drawn = data.drawn_from.map(|rows| {
            format!(
                "{} of {rows} rows, drawn at random; --most-rows fits more",
                data.table.rows()
            )
        });
        Ok(Self {
            form: definition.name.to_string(),
            equation: definition.equation.to_string(),
            law: equation::with_numbers(form, &fit),
            source: definition.source.to_string(),
            file: data.file.clone(),
            columns: data.columns.described(&inputs),
            parameters: fit.parameters.clone(),
            order: form
                .parameters()
                .iter()
                .map(|parameter| parameter.name.to_string())
                .collect(),
            objective: fit.objective,
            minimised: fit.minimised,
            rows: fit.rows,
            rows_in_file: data.table.found(),
            rows_dropped: data.dropped,
            holdout: fit.holdout.clone().map(|of| Checked {
                largest: !data.chose_held_out(),
                places: of.rows.iter().map(|row| data.table.place(*row)).collect(),
                of,
            }),
            residuals: fit.residuals.clone(),
            warnings: Said::all(&fit.warnings),
            refusals: Said::all(&fit.refusals),
            notes: derived.chain(drawn).collect(),
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
            comparison,
            fit,
        })
    }

    /// What the data refused, if anything.
    pub fn refused(&self) -> Option<String> {
        let refusals: Vec<&str> = self.refusals.iter().map(|said| said.message.as_str()).collect();
        (!refusals.is_empty()).then(|| refusals.join("; "))
    }
}

impl Comparison {
    /// From the library's comparison.
    pub fn new(compared: &[Compared], data: &Data) -> Self {
        let mut forms: Vec<FitCompared> = compared.iter().map(form_of).collect();
        forms.extend(data.not_compared());
        let trust = trusted(compared);
        let best = compared.iter().find(|compared| compared.fit.is_ok());
        let (trusted, why) = match trust {
            Ok(trust) => (
                Some(trust.form.clone()),
                reason(&trust) + &apart(&trust.form, compared),
            ),
            Err(distrust) => (None, distrusted(&distrust)),
        };
        Self {
            shown: trusted.clone().or(best.map(|best| best.form.clone())),
            trusted,
            why,
            forms,
        }
    }

    /// Why there is no fit at all, form by form.
    pub fn reasons(&self) -> String {
        let lines = self
            .forms
            .iter()
            .filter_map(|form| Some(format!("  {}: {}", form.form, form.refused.as_ref()?)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn reason(trust: &Trust) -> String {
    let (error, baseline) = (100.0 * trust.error, 100.0 * trust.baseline);
    match &trust.instead_of {
        None => format!(
            "its error on the runs held out is the lowest, {error:.2}% (predicting their mean would be {baseline:.1}% off)"
        ),
        Some((form, lowest)) => format!(
            "its error on the runs held out, {error:.2}%, is within the uncertainty (±{:.2}) of the lowest, {:.2}% of {form}, with fewer parameters",
            100.0 * trust.uncertainty,
            100.0 * lowest,
        ),
    }
}

/// The best form that tells apart what the trusted one cannot.
fn apart(form: &str, compared: &[Compared]) -> String {
    let inputs = |form: &str| find(form).map_or(&[][..], |form| form.inputs());
    let trusted = inputs(form);
    let more = compared
        .iter()
        .find(|other| inputs(&other.form).len() > trusted.len() && other.fit.is_ok());
    let Some(more) = more.filter(|more| more.held_out_error().is_finite()) else {
        return String::new();
    };
    let names = |columns: &[Column]| {
        columns
            .iter()
            .map(|column| column.name.as_ref())
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "; it knows {} only, and of those that know {} the best is {}, {:.2}% off",
        names(trusted),
        names(inputs(&more.form)),
        more.form,
        100.0 * more.held_out_error(),
    )
}

fn distrusted(distrust: &Distrust) -> String {
    match distrust {
        Distrust::NothingChecked => "none: too few runs to hold some out, so no form could be checked".into(),
        Distrust::WorseThanMean {
            form,
            error,
            baseline,
        } => format!(
            "none: the best, {form}, misses the runs held out by {:.1}%, and their predecessors' mean by {:.1}%",
            100.0 * error,
            100.0 * baseline,
        ),
    }
}

fn form_of(compared: &Compared) -> FitCompared {
    let fit = compared.fit.as_ref().ok();
    let holdout = fit.and_then(|fit| fit.holdout.as_ref());
    let parameters = find(&compared.form).map_or(0, |form| form.parameters().len());
    let unidentified = |fit: &Fit| {
        let those = fit
            .parameters
            .iter()
            .filter(|(_, parameter)| !parameter.estimate.identified);
        those.map(|(name, _)| name.clone()).collect()
    };
    FitCompared {
        form: compared.form.clone(),
        parameters,
        held_out_error: holdout.map(|holdout| holdout.mean_absolute),
        baseline: holdout.map(|holdout| holdout.baseline),
        r_squared: fit.map(|fit| fit.r_squared),
        unidentified: fit.map(unidentified).unwrap_or_default(),
        refused: match &compared.fit {
            Ok(fit) => fit.refusals.first().map(ToString::to_string),
            Err(error) => Some(error.to_string()),
        },
    }
}
