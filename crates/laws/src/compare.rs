//! Which form to trust: comparison of forms on the same runs, and the test for a flattening curve.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::error::FitError;
use crate::fit::{Fit, FitOptions, HeldOut, fit};
use crate::form::{LawForm, Residual};
use crate::forms::{PowerLawForm, SaturatingPowerLaw, registry};
use crate::objective::Objective;
use crate::observations::Observations;

/// One form of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Name of the form.
    pub form: String,
    /// Its fit, or why there is none.
    pub fit: Result<Fit, FitError>,
}

impl Compared {
    /// Mean absolute relative error on the runs left out of a fit; infinite without a hold-out.
    pub fn held_out_error(&self) -> f64 {
        let holdout = self.fit.as_ref().ok().and_then(|fit| fit.holdout.as_ref());
        holdout.map_or(f64::INFINITY, |holdout| holdout.mean_absolute)
    }
}

/// Fits every registered form that the columns allow and whose response is `response`, the most trusted first.
///
/// Forms are ranked by their error on the runs held out: those that `options` name, or the largest.
/// Forms without such a check come last.
pub fn compare(table: &Observations, response: &str, options: &FitOptions) -> Vec<Compared> {
    let mut options = options.clone();
    if options.holdout == HeldOut::None {
        options.holdout = HeldOut::Largest;
    }
    let suits = |form: &&&dyn LawForm| form.response().name == response && table.suits(**form);
    let mut compared: Vec<Compared> = registry()
        .iter()
        .filter(suits)
        .map(|form| Compared {
            form: form.name().into(),
            fit: fit(*form, table, &options),
        })
        .collect();
    compared.sort_by(|first, second| first.held_out_error().total_cmp(&second.held_out_error()));
    compared
}

/// Whether a loss curve flattens: the power law with a floor against the one without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flattening {
    /// `L = A / C^alpha`.
    pub plain: Fit,
    /// `L = E + A / C^alpha`.
    pub saturating: Fit,
    /// F statistic of the one parameter more, on squared log residuals.
    pub statistic: f64,
    /// Chance of such a statistic if there were no floor. The floor lies on the edge of its range
    /// then, so the true chance is about half of this: the test errs on the side of no floor.
    pub p_value: f64,
}

/// Tests whether `loss` flattens with `flops`, by least squares of the log loss.
///
/// # Errors
/// As [`fit()`]; four rows are the least.
pub fn flattening(table: &Observations, options: &FitOptions) -> Result<Flattening, FitError> {
    let options = FitOptions {
        objective: Some(Objective::squares(Residual::Log)),
        ..options.clone()
    };
    let plain = fit(&PowerLawForm, table, &options)?;
    let saturating = fit(&SaturatingPowerLaw, table, &options)?;
    let freedom = saturating.rows.saturating_sub(saturating.best.len());
    let gain = (plain.objective - saturating.objective).max(0.0);
    let statistic = gain / (saturating.objective / freedom as f64);
    let p_value = FisherSnedecor::new(1.0, freedom as f64)
        .map_or(1.0, |distribution| 1.0 - distribution.cdf(statistic));
    Ok(Flattening {
        plain,
        saturating,
        statistic,
        p_value: if statistic.is_finite() { p_value } else { 1.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    fn curve(floor: f64, noise: f64) -> Observations {
        let mut stream = Stream::new(2, "curve", 0);
        let flops: Vec<f64> = (0..24).map(|step| 1e16 * 2.0_f64.powi(step)).collect();
        let loss = flops
            .iter()
            .map(|flops| (floor + 30.0 * flops.powf(-0.07)) * (noise * stream.normal()).exp());
        let loss = loss.collect();
        Observations::new()
            .with("flops", flops)
            .unwrap()
            .with("loss", loss)
            .unwrap()
    }

    #[test]
    fn a_floor_is_seen_and_none_is_invented() {
        let options = FitOptions::point_only();
        assert!(flattening(&curve(1.0, 0.002), &options).unwrap().p_value < 1e-3);
        assert!(flattening(&curve(0.0, 0.002), &options).unwrap().p_value > 0.05);
    }

    #[test]
    fn the_true_form_is_trusted_most() {
        let options = FitOptions::point_only();
        let compared = compare(&curve(1.0, 0.0005), "loss", &options);
        let names: Vec<&str> = compared.iter().map(|compared| compared.form.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_ne!(names[0], "power-law");
        assert_eq!(names[2], "power-law");
        assert!(super::compare(&curve(1.0, 0.0), "coverage", &options).is_empty());
    }
}
