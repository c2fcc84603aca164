//! The three approaches of Hoffmann et al. 2022 to the compute-optimal size, for a ladder of runs.

mod frontier;
mod joint;
mod one;
mod split;
mod three;
mod two;

use serde::{Deserialize, Serialize};

pub use frontier::{Frontier, FrontierLaw};
pub use joint::{JOINT_FORMS, JointFit, Unfitted, joint_laws};
pub use one::{Approach1, EnvelopePoint, approach1};
pub use split::{Split, has_split, split};
pub use three::{Approach3, approach3};
pub use two::{Approach2, Budget, Curve, Optimum, approach2, merge_budgets};

use crate::error::{InputError, Warning};
use crate::fit::{Estimate, is_told, percentile};
use crate::form::Scale;
use crate::numeric::fit_line;
use crate::observations::Observations;

/// One finished run of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Model parameters N.
    pub params: f64,
    /// Training tokens D.
    pub tokens: f64,
    /// Training compute C, as counted.
    pub flops: f64,
    /// Validation loss.
    pub loss: f64,
    /// The exact compute budget the run was designed for: runs are grouped by this value and by nothing else, and
    /// it is the compute of approach 2.
    pub budget: Option<f64>,
}

/// `y = coefficient * C^exponent`, by least squares in logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PowerLaw {
    /// Value at one FLOP: far outside any data, so its interval is wide.
    pub coefficient: Estimate,
    /// Exponent.
    pub exponent: Estimate,
    /// Share of the variance of the logarithm that is explained.
    pub r_squared: f64,
}

impl PowerLaw {
    /// The law through points; `None` with fewer than two distinct `flops`.
    ///
    /// ```
    /// use triaxis_laws::approach::PowerLaw;
    /// let law = PowerLaw::through(&[1e18, 1e20], &[1e8, 1e9]).unwrap();
    /// assert!((law.exponent.value - 0.5).abs() < 1e-12);
    /// assert!((law.at(1e22) / 1e10 - 1.0).abs() < 1e-9);
    /// ```
    pub fn through(flops: &[f64], values: &[f64]) -> Option<Self> {
        let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<f64>>();
        let line = fit_line(&logs(flops), &logs(values))?;
        Some(Self {
            coefficient: Estimate::point(line.intercept.exp()),
            exponent: Estimate::point(line.slope),
            r_squared: line.r_squared,
        })
    }

    /// The law at a compute.
    pub fn at(&self, flops: f64) -> f64 {
        self.coefficient.value * flops.powf(self.exponent.value)
    }
}

/// `N*(C)` and `D*(C)` through the same optima.
pub type Laws = (PowerLaw, PowerLaw);

/// Power laws through optima: compute, parameters, tokens.
fn through(optima: &[EnvelopePoint]) -> Option<Laws> {
    let pick = |of: fn(&EnvelopePoint) -> f64| optima.iter().map(of).collect::<Vec<f64>>();
    let flops = pick(|point| point.flops);
    Some((
        PowerLaw::through(&flops, &pick(|point| point.params))?,
        PowerLaw::through(&flops, &pick(|point| point.tokens))?,
    ))
}

/// Gives laws percentile intervals from their replicates; they stay points when there are too few.
/// Warns of an exponent that its replicates do not vary around.
fn give_intervals((params, tokens): &mut Laws, replicates: &[Laws], level: f64) -> Vec<Warning> {
    let ends_of = |pick: &dyn Fn(&Laws) -> f64| {
        let values: Vec<f64> = replicates.iter().map(pick).collect();
        percentile(&values, level)
    };
    let bound = |estimate: &mut Estimate, scale: Scale, ends: Option<(f64, f64)>| {
        if let Some(ends) = ends {
            let identified = is_told(scale, ends) && ends.0 < ends.1;
            *estimate = Estimate::within(estimate.value, ends, identified);
        }
    };
    let coefficient = |pick: fn(&Laws) -> &PowerLaw| ends_of(&|laws| pick(laws).coefficient.value);
    bound(&mut params.coefficient, Scale::Log, coefficient(|laws| &laws.0));
    bound(&mut tokens.coefficient, Scale::Log, coefficient(|laws| &laws.1));
    let exponents = [
        (
            "the exponent of N*",
            params,
            ends_of(&|laws| laws.0.exponent.value),
        ),
        (
            "the exponent of D*",
            tokens,
            ends_of(&|laws| laws.1.exponent.value),
        ),
    ];
    let mut warnings = Vec::new();
    for (quantity, law, ends) in exponents {
        let value = law.exponent.value;
        bound(&mut law.exponent, Scale::Linear, ends);
        if let Some((low, high)) = ends.filter(|(low, high)| value < *low || value > *high) {
            warnings.push(Warning::OutsideInterval {
                quantity: quantity.into(),
                value,
                low,
                high,
            });
        }
    }
    warnings
}

/// The runs as a table of `params`, `tokens` and `loss`.
fn table(runs: &[Run]) -> Result<Observations, InputError> {
    let column = |pick: fn(&Run) -> f64| runs.iter().map(pick).collect::<Vec<f64>>();
    Observations::new()
        .with("params", column(|run| run.params))?
        .with("tokens", column(|run| run.tokens))?
        .with("loss", column(|run| run.loss))
}

/// Checks that every number of every run is finite and positive.
fn check_runs(runs: &[Run]) -> Result<(), InputError> {
    for (row, run) in runs.iter().enumerate() {
        let named = [
            ("params", run.params),
            ("tokens", run.tokens),
            ("flops", run.flops),
            ("loss", run.loss),
        ];
        for (column, value) in named
            .into_iter()
            .chain(run.budget.map(|budget| ("budget", budget)))
        {
            if !value.is_finite() {
                return Err(InputError::NotFinite {
                    column: column.into(),
                    row,
                    value,
                });
            }
            if value <= 0.0 {
                return Err(InputError::NotPositive {
                    column: column.into(),
                    row,
                    value,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponent_outside_its_samples_is_named() {
        let law = |exponent: f64| PowerLaw {
            coefficient: Estimate::point(1.0),
            exponent: Estimate::point(exponent),
            r_squared: 1.0,
        };
        let replicates: Vec<Laws> = (0..100)
            .map(|step| {
                (
                    law(0.3 + 1e-3 * f64::from(step)),
                    law(0.5 + 1e-3 * f64::from(step)),
                )
            })
            .collect();
        let mut laws = (law(0.44), law(0.55));
        let warnings = give_intervals(&mut laws, &replicates, 0.9);
        assert_eq!(laws.0.exponent.interval.unwrap().high, 0.44);
        assert_eq!(warnings.len(), 1);
        let said = warnings[0].to_string();
        assert!(
            said.starts_with("the exponent of N* is 0.4400, outside the 0.3"),
            "{said}"
        );
    }
}
