//! Which form to trust: comparison of forms on the same runs.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::fit::{Fit, FitOptions, HeldOut, fit};
use crate::form::LawForm;
use crate::forms::registry;
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
        self.fit.as_ref().map_or(f64::INFINITY, Fit::held_out_error)
    }
}

/// Fits every registered form that the columns allow and whose response is `response`, the most trusted first.
///
/// Forms are ranked by their error on the runs held out: those that `options` name, or the largest, the
/// same for every form ([`HeldOut::common`]). Forms without such a check come last. Each form keeps the
/// residual of its own definition.
pub fn compare(table: &Observations, response: &str, options: &FitOptions) -> Vec<Compared> {
    let mut options = options.clone();
    if options.holdout == HeldOut::None {
        options.holdout = HeldOut::Largest;
    }
    options.holdout = options.holdout.common(table);
    // Residuals differ from form to form; the errors held out are relative for all.
    let options_of = |form: &dyn LawForm| FitOptions {
        objective: options.objective.map(|objective| Objective {
            residual: form.definition().residual,
            ..objective
        }),
        ..options.clone()
    };
    let mut compared: Vec<Compared> = registry()
        .par_iter()
        .filter(|form| form.response().name == response && table.suits(**form))
        .map(|form| Compared {
            form: form.name().into(),
            fit: fit(*form, table, &options_of(*form)),
        })
        .collect();
    compared.sort_by(|first, second| first.held_out_error().total_cmp(&second.held_out_error()));
    compared
}

/// The form of a comparison to trust, and what it is trusted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// Name of the form.
    pub form: String,
    /// Its mean absolute relative error on the runs held out.
    pub error: f64,
    /// The same of predicting the mean of the runs fitted.
    pub baseline: f64,
    /// The form of the lowest error and that error, where this one has fewer parameters and is as good.
    pub instead_of: Option<(String, f64)>,
    /// Standard error of the lowest error.
    pub uncertainty: f64,
}

/// Why no form of a comparison is to be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Distrust {
    /// No form could be checked on runs held out.
    NothingChecked,
    /// The best form predicts the runs held out no better than the mean of the others does.
    WorseThanMean {
        /// Name of the form.
        form: String,
        /// Its error.
        error: f64,
        /// The mean's error.
        baseline: f64,
    },
}

/// Which of the `compared` forms to trust: among those whose held-out error is within one standard error
/// of the lowest, the one of the fewest parameters (the rule of Breiman et al. 1984, section 3.4.3). A form
/// whose design the data cannot separate is not among them.
///
/// # Errors
/// [`Distrust`] when nothing was held out, or nothing predicts better than a mean.
pub fn trusted(compared: &[Compared]) -> Result<Trust, Distrust> {
    let checked = || {
        compared.iter().filter_map(|compared| {
            let fit = compared.fit.as_ref().ok().filter(|fit| fit.refusals.is_empty())?;
            Some((compared, fit, fit.holdout.as_ref()?))
        })
    };
    let (lowest, _, holdout) = checked()
        .min_by(|first, second| first.0.held_out_error().total_cmp(&second.0.held_out_error()))
        .ok_or(Distrust::NothingChecked)?;
    let count = holdout.errors.len() as f64;
    let squares = |error: &f64| (error.abs() - holdout.mean_absolute).powi(2);
    let variance = holdout.errors.iter().map(squares).sum::<f64>() / (count - 1.0).max(1.0);
    let uncertainty = (variance / count).sqrt();
    if holdout.mean_absolute.is_nan() || holdout.mean_absolute >= holdout.baseline {
        return Err(Distrust::WorseThanMean {
            form: lowest.form.clone(),
            error: holdout.mean_absolute,
            baseline: holdout.baseline,
        });
    }
    let limit = holdout.mean_absolute + uncertainty;
    let (simplest, _, of_simplest) = checked()
        .filter(|(compared, ..)| compared.held_out_error() <= limit)
        .min_by(|(one, fit, _), (other, rival, _)| {
            let errors = || one.held_out_error().total_cmp(&other.held_out_error());
            fit.best.len().cmp(&rival.best.len()).then_with(errors)
        })
        .ok_or(Distrust::NothingChecked)?;
    Ok(Trust {
        form: simplest.form.clone(),
        error: of_simplest.mean_absolute,
        baseline: of_simplest.baseline,
        instead_of: (simplest.form != lowest.form).then(|| (lowest.form.clone(), holdout.mean_absolute)),
        uncertainty,
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
    fn the_true_form_is_trusted_most() {
        let options = FitOptions::point_only();
        let compared = compare(&curve(1.0, 0.0005), "loss", &options);
        let names: Vec<&str> = compared.iter().map(|compared| compared.form.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_ne!(names[0], "power-law");
        assert_eq!(names[2], "power-law");
        assert!(super::compare(&curve(1.0, 0.0), "coverage", &options).is_empty());
        let trust = trusted(&compared).unwrap();
        assert_eq!(trust.form, "saturating-power-law");
        assert!(trust.error < 0.1 * trust.baseline, "{trust:?}");
    }

    #[test]
    fn the_simpler_of_two_forms_as_good_is_trusted_and_noise_is_not() {
        let options = FitOptions::point_only();
        let mut compared = compare(&curve(1.0, 0.0005), "loss", &options);
        let mut set = |form: &str, errors: [f64; 4]| {
            let entry = compared.iter_mut().find(|entry| entry.form == form).unwrap();
            let holdout = entry.fit.as_mut().unwrap().holdout.as_mut().unwrap();
            holdout.mean_absolute = errors.iter().map(|error| error.abs()).sum::<f64>() / 4.0;
            holdout.errors = errors.to_vec();
            trusted(&compared).unwrap()
        };
        // Mean 1%, standard error 0.26%; 1.2% is within it, 1.3% is not.
        set("broken-power-law", [0.1; 4]);
        set("saturating-power-law", [0.008, -0.012, 0.016, 0.004]);
        let trust = set("power-law", [0.012, -0.012, 0.012, 0.012]);
        assert_eq!(trust.form, "power-law");
        let (lowest, error) = trust.instead_of.clone().unwrap();
        assert!(
            lowest == "saturating-power-law" && (error - 0.01).abs() < 1e-12,
            "{trust:?}"
        );
        assert!((trust.uncertainty - 0.00258).abs() < 1e-5, "{trust:?}");
        assert_eq!(set("power-law", [0.013; 4]).form, "saturating-power-law");
        let flops: Vec<f64> = (0..24).map(|step| 1e16 * 2.0_f64.powi(step)).collect();
        let mut stream = Stream::new(3, "noise", 0);
        let loss = flops.iter().map(|_| (0.3 * stream.normal()).exp()).collect();
        let noise = Observations::new()
            .with("flops", flops)
            .unwrap()
            .with("loss", loss)
            .unwrap();
        let distrust = trusted(&compare(&noise, "loss", &options)).unwrap_err();
        assert!(matches!(distrust, Distrust::WorseThanMean { .. }), "{distrust:?}");
        assert_eq!(trusted(&[]), Err(Distrust::NothingChecked));
    }
}
