//! What the page of a fit shows: the law at points along its curve, and numbers that the fit has.

mod drawn;
mod frontier;

use triaxis_laws::approach::Frontier;
use triaxis_laws::form::Column;
use triaxis_report::view::{
    Estimate, FitCheck, FitCompared, FitCurve, FitParameter, FitPoint, FitPrediction, FitView,
};
use triaxis_runs::{Data, FormCompared, Law, Outcome};

use super::text;

/// Points of a curve.
const STEPS: usize = 33;

/// What the charts of a page show.
pub struct Picture {
    /// Name and unit of the input along the curve, and of what is predicted.
    pub along: String,
    /// Name and unit of what is predicted.
    pub response: String,
    /// What the size of a run is.
    pub size: String,
    /// The runs, or optima.
    pub points: Vec<FitPoint>,
    /// The laws.
    pub curves: Vec<FitCurve>,
}

/// The page of `outcome`, a fit of `law`.
pub fn view(law: &Law<'_>, outcome: &Outcome, data: &Data) -> FitView {
    let definition = law.definition();
    let form = law.form();
    let along = match law {
        Law::Frontier(..) => "flops",
        Law::Form(..) | Law::Held(..) => form.map_or("", |form| drawn::along(form).name.as_ref()),
    };
    let Picture {
        along: title_along,
        response,
        size,
        points,
        curves,
    } = match law {
        Law::Form(form) => drawn::picture(*form, outcome, data),
        Law::Held(form) => drawn::picture(form.as_ref(), outcome, data),
        Law::Frontier(frontier, optima, _) => frontier::picture(*frontier, optima, outcome),
    };
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
        warnings: outcome
            .outliers
            .iter()
            .map(|outliers| outliers.message.clone())
            .chain(outcome.warnings.iter().map(|said| said.message.clone()))
            .collect(),
        flattening: outcome.flattening.as_ref().map(|found| found.words().to_owned()),
        isoflops: match law {
            Law::Frontier(Frontier::Budgets(kind), _, budgets) => frontier::isoflops(*kind, budgets, outcome),
            _ => Vec::new(),
        },
        refusals: outcome.refusals.iter().map(|said| said.message.clone()).collect(),
        trust: outcome.comparison.as_ref().map(text::trust),
        compared: outcome
            .comparison
            .iter()
            .flat_map(|comparison| &comparison.forms)
            .map(compared)
            .collect(),
        left_out: outcome
            .comparison
            .as_ref()
            .map(text::left_out)
            .unwrap_or_default(),
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
                    estimate: found.estimate.told(outcome.level),
                    identified: found.estimate.identified,
                    open: text::open_side(&found.estimate).to_owned(),
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
            .flat_map(|predicted| {
                predicted.of.iter().map(|(response, of)| FitPrediction {
                    inputs: match predicted.of.len() {
                        1 => text::inputs(predicted),
                        _ => format!("{response} at {}", text::inputs(predicted)),
                    },
                    at: match predicted.refused() {
                        Some(_) => f64::NAN,
                        None => of.inputs.get(along).copied().unwrap_or(f64::NAN),
                    },
                    estimate: match predicted.refused() {
                        Some(_) => estimate(f64::NAN, None, of.level),
                        None => estimate(of.value, of.interval, of.level),
                    },
                    reach: format!("{}{}", text::reach(of), text::basis(predicted)),
                })
            })
            .collect(),
        along: title_along,
        response,
        size,
        curves,
        points,
        check: outcome.holdout.as_ref().map(|checked| FitCheck {
            words: text::check(outcome),
            error: checked.of.mean_absolute,
            baseline: checked.of.baseline,
        }),
    }
}

fn compared(form: &FormCompared) -> FitCompared {
    FitCompared {
        form: form.form.clone(),
        parameters: form.parameters,
        held_out_error: form.held_out_error,
        share: form.share,
        baseline: form.baseline,
        r_squared: form.r_squared,
        unidentified: form.unidentified.clone(),
        refused: form.refused.clone(),
    }
}

fn estimate(value: f64, of: Option<triaxis_laws::Interval>, level: f64) -> Estimate {
    Estimate {
        value,
        interval: of.map(|of| of.at(level)),
    }
}

/// A column as the title of an axis.
fn titled(column: &Column) -> String {
    match column.unit {
        unit if matches!(unit, "1" | "as given") || column.name == unit => column.name.to_string(),
        unit => format!("{} ({unit})", column.name),
    }
}
