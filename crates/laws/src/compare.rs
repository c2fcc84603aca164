//! Which form to trust: comparison of forms on the same runs.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::average::shares;
use crate::error::FitError;
use crate::fit::{Fit, FitOptions, HeldOut, Holdout, fit};
use crate::form::LawForm;
use crate::forms::{find, registry};
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
    /// Whether there is a fit, of a design that tells its inputs apart.
    fn is_believable(&self) -> bool {
        self.fit.as_ref().is_ok_and(|fit| fit.refusals.is_empty())
    }

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

/// The forms of a comparison to trust, and what they are trusted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// The form to show for all: the simplest of those that are as good.
    pub form: String,
    /// Its mean absolute relative error on the runs held out.
    pub error: f64,
    /// The same of predicting the mean of the runs fitted.
    pub baseline: f64,
    /// How much each form is to be believed ([`shares`]), the most first.
    pub shares: Vec<(String, f64)>,
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

/// The compared forms that can answer for a run of which `given` is known and `derived` follows from it: those
/// that read nothing else. Where some of them can be believed and know all that is given, the others, which
/// would leave a part of the question out, are not among them.
pub fn answering<'c>(compared: &'c [Compared], given: &[&str], derived: &[&str]) -> Vec<&'c Compared> {
    let reads = |compared: &Compared| -> Vec<&str> {
        let inputs = find(&compared.form).map_or(&[][..], |form| form.inputs());
        inputs.iter().map(|column| column.name.as_ref()).collect()
    };
    let mut able: Vec<&Compared> = compared
        .iter()
        .filter(|one| {
            reads(one)
                .iter()
                .all(|input| given.contains(input) || derived.contains(input))
        })
        .collect();
    let knows_all = |one: &&Compared| given.iter().all(|input| reads(one).contains(input));
    if able.iter().any(|one| knows_all(one) && one.is_believable()) {
        able.retain(knows_all);
    }
    able
}

/// How much a form is preferred to one of more parameters: it is shown unless its share is below this part of
/// the largest.
const AS_GOOD: f64 = 0.5;

/// Which of the `compared` forms to trust, and how much, by their errors on the runs held out. A form whose
/// design the data cannot separate is not among them.
///
/// # Errors
/// [`Distrust`] when nothing was held out, or nothing predicts better than a mean.
pub fn trusted<'c>(compared: impl IntoIterator<Item = &'c Compared>) -> Result<Trust, Distrust> {
    let checked: Vec<(&Compared, &Fit, &Holdout)> = compared
        .into_iter()
        .filter_map(|compared| {
            let fit = compared.fit.as_ref().ok().filter(|fit| fit.refusals.is_empty())?;
            Some((compared, fit, fit.holdout.as_ref()?))
        })
        .collect();
    let (lowest, _, holdout) = checked
        .iter()
        .min_by(|first, second| first.0.held_out_error().total_cmp(&second.0.held_out_error()))
        .ok_or(Distrust::NothingChecked)?;
    if holdout.mean_absolute.is_nan() || holdout.mean_absolute >= holdout.baseline {
        return Err(Distrust::WorseThanMean {
            form: lowest.form.clone(),
            error: holdout.mean_absolute,
            baseline: holdout.baseline,
        });
    }
    let holdouts: Vec<Option<&Holdout>> = checked.iter().map(|(.., holdout)| Some(*holdout)).collect();
    let by_form = shares(&holdouts);
    let largest = by_form.iter().copied().fold(0.0, f64::max);
    let as_good = checked
        .iter()
        .zip(&by_form)
        .filter(|(_, share)| **share >= AS_GOOD * largest);
    let ((simplest, _, of_simplest), _) = as_good
        .min_by(|((_, fit, _), share), ((_, rival, _), other)| {
            fit.best
                .len()
                .cmp(&rival.best.len())
                .then_with(|| other.total_cmp(share))
        })
        .ok_or(Distrust::NothingChecked)?;
    let names = checked.iter().map(|(compared, ..)| compared.form.clone());
    let mut shares: Vec<(String, f64)> = names.zip(by_form).collect();
    shares.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(Trust {
        form: simplest.form.clone(),
        error: of_simplest.mean_absolute,
        baseline: of_simplest.baseline,
        shares,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Starts;
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
    fn a_form_that_knows_all_that_is_asked_is_preferred_to_one_that_does_not() {
        let mut stream = Stream::new(5, "runs", 0);
        let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
        for size in [2e7_f64, 5e7, 1.25e8, 3e8] {
            for ratio in [5.0, 20.0, 80.0, 160.0] {
                let length = ratio * size;
                params.push(size);
                tokens.push(length);
                let law = 1.8 + 480.0 / size.powf(0.35) + 2100.0 / length.powf(0.37);
                loss.push(law * (0.02 * stream.normal()).exp());
            }
        }
        let flops: Vec<f64> = params.iter().zip(&tokens).map(|(n, d)| 6.0 * n * d).collect();
        let table = |tokens: Vec<f64>| {
            let table = Observations::new().with("params", params.clone()).unwrap();
            let table = table
                .with("tokens", tokens)
                .unwrap()
                .with("flops", flops.clone())
                .unwrap();
            table.with("loss", loss.clone()).unwrap()
        };
        let options = FitOptions {
            starts: Starts::Projected,
            ..FitOptions::point_only()
        };
        let compared = compare(&table(tokens), "loss", &options);
        let names = |given: &[&str], derived: &[&str]| {
            let able = answering(&compared, given, derived);
            let mut names: Vec<String> = able.iter().map(|one| one.form.clone()).collect();
            names.sort();
            names
        };
        let of_two = ["chinchilla", "coupled", "farseer", "kaplan", "over-training"];
        assert_eq!(names(&["params", "tokens"], &["flops"]), of_two);
        let of_one = ["broken-power-law", "power-law", "saturating-power-law"];
        assert_eq!(names(&["flops"], &[]), of_one);
        assert_eq!(names(&["samples"], &[]), [""; 0]);
        // Where no law of both can be had, one of the compute that follows must do.
        let compared = compare(
            &table(params.iter().map(|size| 20.0 * size).collect()),
            "loss",
            &options,
        );
        let able = answering(&compared, &["params", "tokens"], &["flops"]);
        assert!(able.iter().any(|one| one.form == "power-law"), "{able:?}");
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
        set("broken-power-law", [0.1; 4]);
        set("saturating-power-law", [0.008, -0.012, 0.016, 0.004]);
        let trust = set("power-law", [0.012, -0.012, 0.012, 0.012]);
        assert_eq!(trust.form, "power-law", "{trust:?}");
        assert!(trust.shares[0].1 < 0.7 && trust.shares[2].1 < 1e-3, "{trust:?}");
        let trust = set("power-law", [0.024; 4]);
        assert_eq!(trust.form, "saturating-power-law", "{trust:?}");
        assert!(trust.shares[0].1 > 0.8, "{trust:?}");
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
