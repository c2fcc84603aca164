//! Approach 3: the parametric law, fitted to all runs.

use serde::{Deserialize, Serialize};

use super::{Run, table};
use crate::error::{FitError, InputError};
use crate::fit::{Estimate, Fit, FitOptions, Prediction, fit, predict};
use crate::form::LawForm;
use crate::forms::{Chinchilla, ChinchillaForm};

/// The fitted law with everything known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approach3 {
    /// The law.
    pub law: Chinchilla,
    /// Parameters with intervals, residuals, local minima, hold-out, warnings.
    pub fit: Fit,
    /// Exponent a of `N* ~ C^a`.
    pub params_exponent: Estimate,
    /// Exponent b of `D* ~ C^b`.
    pub tokens_exponent: Estimate,
}

impl Approach3 {
    /// The loss of a new run, with an interval that holds both the uncertainty of the law (bootstrap)
    /// and the noise of one run: a prediction interval.
    ///
    /// # Errors
    /// [`InputError::NotPositive`] for inputs that are not positive numbers.
    pub fn predict(&self, params: f64, tokens: f64) -> Result<Prediction, InputError> {
        predict(&ChinchillaForm, &self.fit, &[params, tokens])
    }

    /// The law of every bootstrap sample.
    pub fn replicates(&self) -> impl Iterator<Item = Chinchilla> + '_ {
        self.fit
            .replicates
            .iter()
            .filter_map(|replicate| Chinchilla::from_parameters(replicate))
    }

    /// The compute-optimal parameters for `flops = per_param_token * N * D`, with an interval.
    pub fn optimal_params(&self, flops: f64, per_param_token: f64) -> Estimate {
        self.derived(|law| {
            law.optimum(flops, per_param_token)
                .map_or(f64::NAN, |best| best.params)
        })
    }

    /// The compute-optimal tokens for `flops = per_param_token * N * D`, with an interval.
    pub fn optimal_tokens(&self, flops: f64, per_param_token: f64) -> Estimate {
        self.derived(|law| {
            law.optimum(flops, per_param_token)
                .map_or(f64::NAN, |best| best.tokens)
        })
    }

    /// The interval of any function of the law; percentiles over its replicates.
    pub fn derived(&self, quantity: impl Fn(&Chinchilla) -> f64) -> Estimate {
        self.fit.derived(|parameters| {
            Chinchilla::from_parameters(parameters).map_or(f64::NAN, |law| quantity(&law))
        })
    }
}

impl Approach3 {
    /// From a fit of the Chinchilla form; `None` of any other.
    pub fn of(fit: Fit) -> Option<Self> {
        if fit.form != ChinchillaForm.name() {
            return None;
        }
        let law = Chinchilla::from_parameters(&fit.best)?;
        let exponents =
            |parameters: &[f64]| Chinchilla::from_parameters(parameters).map(|law| law.optimum_exponents());
        Some(Self {
            law,
            params_exponent: fit.derived(|parameters| exponents(parameters).map_or(f64::NAN, |(a, _)| a)),
            tokens_exponent: fit.derived(|parameters| exponents(parameters).map_or(f64::NAN, |(_, b)| b)),
            fit,
        })
    }
}

/// Fits `L = E + A / N^alpha + B / D^beta` to `runs`.
///
/// # Errors
/// As [`fit()`]: unusable numbers, or too few runs for five parameters.
pub fn approach3(runs: &[Run], options: &FitOptions) -> Result<Approach3, FitError> {
    let fit = fit(&ChinchillaForm, &table(runs)?, options)?;
    Ok(Approach3::of(fit).expect("it is a fit of the Chinchilla form"))
}
