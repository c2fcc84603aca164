//! The joint laws of parameters and tokens side by side, the most trusted first.

use serde::{Deserialize, Serialize};

use super::{Run, table};
use crate::error::{FitError, InputError};
use crate::fit::{Fit, FitOptions, HeldOut, Prediction, fit, predict};
use crate::forms::{Coupled, find};

/// The forms that give a loss for any N and D: each a case of [`Coupled`].
pub const JOINT_FORMS: [&str; 3] = ["chinchilla", "kaplan", "coupled"];

/// A fitted law of N and D.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointFit {
    /// The law, with whatever its form fixes.
    pub law: Coupled,
    /// Parameters with intervals, residuals, local minima, hold-out, warnings.
    pub fit: Fit,
}

impl JointFit {
    /// From a fit of one of [`JOINT_FORMS`]; `None` of any other.
    pub fn of(fit: Fit) -> Option<Self> {
        let law = Coupled::from_form(&fit.form, &fit.best)?;
        Some(Self { law, fit })
    }

    /// The equation, with the names of columns and parameters.
    pub fn equation(&self) -> &'static str {
        find(&self.fit.form).map_or("", |form| &form.definition().equation)
    }

    /// The loss of a new run, with an interval that holds both the uncertainty of the law (bootstrap)
    /// and the noise of one run: a prediction interval.
    ///
    /// # Errors
    /// [`InputError::NotPositive`] for inputs that are not positive numbers.
    pub fn predict(&self, params: f64, tokens: f64) -> Result<Prediction, InputError> {
        predict(find(&self.fit.form)?, &self.fit, &[params, tokens])
    }

    /// The law of every bootstrap sample.
    pub fn replicates(&self) -> impl Iterator<Item = Coupled> + '_ {
        self.fit
            .replicates
            .iter()
            .filter_map(|replicate| Coupled::from_form(&self.fit.form, replicate))
    }
}

/// A joint form that could not be fitted.
#[derive(Debug)]
pub struct Unfitted {
    /// Name of the form.
    pub form: &'static str,
    /// Why.
    pub reason: FitError,
}

/// Fits every joint form, the one that predicts the held-out runs best first, those without a check last.
///
/// When `options` leave the choice of held-out runs open and the runs were designed for three budgets
/// or more, those of the largest budget are held out: the nearest thing in a ladder to the larger run
/// that it is to predict.
///
/// # Errors
/// [`InputError`] when a number is not usable.
pub fn joint_laws(runs: &[Run], options: &FitOptions) -> Result<(Vec<JointFit>, Vec<Unfitted>), InputError> {
    let table = table(runs)?;
    let mut options = options.clone();
    if options.holdout == HeldOut::Largest
        && let Some(largest) = largest_budget(runs)
    {
        options.holdout = HeldOut::Rows(largest);
    }
    let (mut laws, mut unfitted) = (Vec::new(), Vec::new());
    for form in JOINT_FORMS {
        match fit(find(form)?, &table, &options) {
            Ok(fit) => laws.extend(JointFit::of(fit)),
            Err(reason) => unfitted.push(Unfitted { form, reason }),
        }
    }
    laws.sort_by(|one, other| one.fit.held_out_error().total_cmp(&other.fit.held_out_error()));
    Ok((laws, unfitted))
}

/// The runs of the largest budget; `None` with fewer than three budgets. Runs without one were added beside the design.
fn largest_budget(runs: &[Run]) -> Option<Vec<bool>> {
    let mut budgets: Vec<f64> = runs.iter().filter_map(|run| run.budget).collect();
    budgets.sort_by(f64::total_cmp);
    budgets.dedup();
    let largest = *budgets.last().filter(|_| budgets.len() >= 3)?;
    Some(runs.iter().map(|run| run.budget == Some(largest)).collect())
}
