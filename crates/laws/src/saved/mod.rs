//! A fitted law as plain data, for a file that other work reads: what a plan is made from.

mod check;
mod evaluator;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::{Form, SavedError};
pub use evaluator::Evaluator;

use crate::fit::{Estimate, Fit, Resampling, Widening};
use crate::form::{LawForm, Residual};
use crate::forms::{ExpressionSpec, Restricted};

/// The version of [`SavedLaw`] that is written and read.
pub const SCHEMA: u32 = 1;

/// A law as it is saved: one form, or several averaged by their weights.
///
/// Every vector of parameters, best values and draws alike, is in the order of its form and in natural units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedLaw {
    /// The version of this layout, [`SCHEMA`].
    pub schema: u32,
    /// What the law was fitted to, in words: the name of a file, a study.
    pub fitted_to: String,
    /// The column that is predicted.
    pub response: String,
    /// Its unit; `None` where the runs did not say it.
    pub unit: Option<String>,
    /// Level of all intervals.
    pub level: f64,
    /// The forms, the one of the largest weight first.
    pub members: Vec<SavedMember>,
}

/// One form of a saved law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedMember {
    /// Name of the form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// The form itself, where it is the user's own and in no registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_form: Option<ExpressionSpec>,
    /// How much the form is to be believed; the weights of all members sum to one.
    pub weight: f64,
    /// The parameters.
    pub parameters: Vec<SavedParameter>,
    /// The parameters of every bootstrap sample; empty where none was drawn, or the rows tell of no noise.
    pub draws: Vec<Vec<f64>>,
    /// What the bootstrap drew.
    pub resampling: Resampling,
    /// Smallest and largest value fitted of every input, of the ratio of every two that are sizes (as
    /// `tokens/params`), and of `compute`, 6 N D, where both are inputs.
    pub spans: BTreeMap<String, (f64, f64)>,
    /// Rows fitted.
    pub rows: usize,
    /// Runs that these are of, where some run has several.
    pub runs: Option<usize>,
    /// Degrees of freedom that tell of the noise.
    pub freedom: usize,
    /// How far one run lies from the law.
    pub noise: Option<SavedNoise>,
    /// Mean absolute relative error on the runs that were held out.
    pub held_out_error: Option<f64>,
}

/// A parameter of a saved form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedParameter {
    /// Name in the equation.
    pub name: String,
    /// Whether it was held at its value rather than fitted.
    #[serde(default)]
    pub held: bool,
    /// The value and its interval.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// Standard deviation of one run around a law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedNoise {
    /// What it is a share or a sum of.
    pub kind: NoiseKind,
    /// The standard deviation.
    pub value: f64,
}

/// In which coordinate runs lie around a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseKind {
    /// That of the response's logarithm: a share of the response.
    Relative,
    /// That of the response, in its unit.
    Absolute,
}

impl SavedLaw {
    /// A law of several forms by their weights, which become shares of one.
    pub fn new(
        fitted_to: &str,
        response: &str,
        unit: Option<&str>,
        level: f64,
        members: Vec<SavedMember>,
    ) -> Self {
        let mut members = members;
        let total: f64 = members.iter().map(|member| member.weight).sum();
        members.iter_mut().for_each(|member| member.weight /= total);
        members.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        Self {
            schema: SCHEMA,
            fitted_to: fitted_to.into(),
            response: response.into(),
            unit: unit.map(str::to_owned),
            level,
            members,
        }
    }
}

impl SavedMember {
    /// A registered form as it was fitted, alone or among others.
    pub fn new(form: &dyn LawForm, fit: &Fit, weight: f64) -> Self {
        let finite = |draw: &&Vec<f64>| draw.iter().all(|value| value.is_finite());
        let parameters = form.parameters().iter().zip(&fit.best);
        let parameters = parameters.map(|(parameter, best)| SavedParameter {
            name: parameter.name.to_string(),
            held: false,
            estimate: match fit.parameters.get(parameter.name.as_ref()) {
                Some(found) => found.estimate,
                None => Estimate::point(*best),
            },
        });
        Self {
            form: form.name().into(),
            equation: form.definition().equation.to_string(),
            user_form: None,
            weight,
            parameters: parameters.collect(),
            // Draws of a law that nothing is known to lie around say nothing of how far it may be off.
            draws: match fit.freedom {
                0 => Vec::new(),
                _ => fit.replicates.iter().filter(finite).cloned().collect(),
            },
            resampling: fit.resampling,
            spans: fit.sampled.clone(),
            rows: fit.rows,
            runs: fit.runs,
            freedom: fit.freedom,
            noise: fit.noise.filter(|_| fit.freedom > 0).map(|value| SavedNoise {
                kind: match fit.minimised.residual {
                    Residual::Log => NoiseKind::Relative,
                    Residual::Linear => NoiseKind::Absolute,
                },
                value,
            }),
            held_out_error: fit.holdout.as_ref().map(|holdout| holdout.mean_absolute),
        }
    }

    /// A form with parameters held: whole, with the values held in their places.
    pub fn held(form: &Restricted<'_>, fit: &Fit) -> Self {
        let free = Self::new(form, fit, 1.0);
        let held: Vec<(&str, f64)> = form.held().collect();
        let best = form.full(&fit.best);
        let parameters = form.whole().parameters().iter().zip(best);
        let parameters = parameters.map(|(parameter, value)| {
            let name = parameter.name.as_ref();
            let fitted = free.parameters.iter().find(|fitted| fitted.name == name);
            SavedParameter {
                name: name.to_owned(),
                held: held.iter().any(|(held, _)| *held == name),
                estimate: fitted.map_or_else(|| Estimate::point(value), |fitted| fitted.estimate),
            }
        });
        Self {
            equation: form.whole().definition().equation.to_string(),
            parameters: parameters.collect(),
            draws: free.draws.iter().map(|draw| form.full(draw)).collect(),
            ..free
        }
    }

    /// The same with the user's own form, which no registry has.
    pub fn of_user(self, form: &ExpressionSpec) -> Self {
        Self {
            user_form: Some(form.clone()),
            ..self
        }
    }

    /// How much farther off than a draw says the law may be, for intervals of `level`: as the fit's own are.
    pub fn widening(&self, level: f64) -> Widening {
        let residual = match self.noise.map(|noise| noise.kind) {
            Some(NoiseKind::Absolute) => Residual::Linear,
            Some(NoiseKind::Relative) | None => Residual::Log,
        };
        Widening::new(self.resampling, residual, level, self.freedom)
    }

    /// The best values of all parameters.
    pub fn best(&self) -> Vec<f64> {
        let values = self.parameters.iter().map(|parameter| parameter.estimate.value);
        values.collect()
    }
}

#[cfg(test)]
mod tests;
