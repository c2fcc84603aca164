//! Epochs over limited text, by the data-constrained law.

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::fit::{Estimate, Fit, Interval};
use crate::form::LawForm;
use crate::forms::DataConstrained;

/// What some passes over unique tokens are worth in fresh ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    /// Unique tokens U.
    pub unique: f64,
    /// Passes over them.
    pub epochs: f64,
    /// Fresh tokens that give the same loss at the same parameters (Muennighoff et al. 2023, equation 5).
    pub effective: Estimate,
    /// These over the unique ones.
    pub data_multiplier: Estimate,
    /// These over all tokens trained on: what a token is worth on average.
    pub of_a_token: Estimate,
}

/// What `epochs` passes over `unique` tokens are worth, by a fit of the form `data-constrained`.
///
/// # Errors
/// [`InputError::UnknownParameter`] for a fit of another form, [`InputError::Option`] for a number of tokens or epochs
/// that cannot be.
pub fn repetition(fit: &Fit, unique: f64, epochs: f64) -> Result<Repetition, InputError> {
    let form = &DataConstrained;
    let wrong = |option, value, rule| Err(InputError::Option { option, value, rule });
    if !(unique.is_finite() && unique > 0.0) {
        return wrong("unique tokens", unique, "a number above zero");
    }
    if !(epochs.is_finite() && epochs >= 1.0) {
        return wrong(
            "epochs",
            epochs,
            "a number of 1 or more: part of an epoch repeats nothing",
        );
    }
    let limit = fit.parameters.get("R_D").filter(|_| fit.form == form.name());
    let Some(limit) = limit.map(|limit| limit.estimate) else {
        return Err(InputError::UnknownParameter {
            name: "R_D".into(),
            form: fit.form.clone(),
            available: fit.parameters.keys().cloned().collect::<Vec<_>>().join(", "),
            hint: format!("; fit the form `{}`", form.name()),
        });
    };
    // It rises with R_D alone, from 1 to the epochs, so that an end which R_D leaves open is one of these.
    let times = |limit: f64| DataConstrained::data_multiplier(limit, epochs);
    let interval = limit.interval.map(|ends| Interval {
        low: if limit.open_below { 1.0 } else { times(ends.low) },
        high: if limit.open_above {
            epochs
        } else {
            times(ends.high)
        },
    });
    let estimate = |scale: f64| Estimate {
        interval: interval.map(|ends| Interval {
            low: scale * ends.low,
            high: scale * ends.high,
        }),
        identified: interval.is_some(),
        ..Estimate::point(scale * times(limit.value))
    };
    Ok(Repetition {
        unique,
        epochs,
        effective: estimate(unique),
        data_multiplier: estimate(1.0),
        of_a_token: estimate(epochs.recip()),
    })
}
