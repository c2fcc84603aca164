//! The best split of a compute between parameters and tokens by any law of both.

use std::collections::BTreeMap;

use crate::error::{FitError, InputError, Refusal};
use crate::fit::{Fit, Prediction, predict};
use crate::form::{LawForm, MOST_PARAMETERS};
use crate::forms::{Allocation, Coupled};
use crate::numeric::golden_section;

/// Sizes at which a law is tried before the best of them is refined.
const SIZES: usize = 96;
/// Share of the bootstrap samples that must have an optimum.
const MOST_WITHOUT: f64 = 0.1;

/// What a law says of a compute that is spent well.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// N*, with the interval of the law.
    pub params: Prediction,
    /// D*, with the interval of the law.
    pub tokens: Prediction,
    /// The loss there, of one new run.
    pub loss: Prediction,
}

/// The place of an input among those of a form.
fn place(form: &dyn LawForm, input: &str) -> Option<usize> {
    form.inputs().iter().position(|column| column.name == input)
}

/// Whether a law has a best split: whether it knows parameters and tokens both, and predicts a loss.
pub fn has_split(form: &dyn LawForm) -> bool {
    let knows = |input| place(form, input).is_some();
    knows("params") && knows("tokens") && form.response().name == "loss"
}

/// A law, what is spent, and the inputs beside parameters and tokens.
struct Question<'a> {
    form: &'a dyn LawForm,
    flops: f64,
    per_param_token: f64,
    /// Natural inputs in the order of the form; those of parameters and tokens are overwritten.
    inputs: Vec<f64>,
    params: usize,
    tokens: usize,
}

impl Question<'_> {
    fn tokens(&self, params: f64) -> f64 {
        self.flops / (self.per_param_token * params)
    }

    /// The natural inputs of a run of this size.
    fn run(&self, params: f64) -> Vec<f64> {
        let mut inputs = self.inputs.clone();
        (inputs[self.params], inputs[self.tokens]) = (params, self.tokens(params));
        inputs
    }

    fn loss(&self, parameters: &[f64], params: f64) -> f64 {
        let mut inputs = self.run(params);
        let columns = self.form.inputs().iter().zip(&mut inputs);
        columns.for_each(|(column, value)| *value = column.scale.forward(*value));
        let gradient = &mut [0.0; MOST_PARAMETERS][..parameters.len()];
        self.form.value(parameters, &inputs, gradient)
    }

    /// The best parameters: in closed form where the law has one, else by search; NaN where there are none.
    fn best(&self, parameters: &[f64]) -> f64 {
        match Coupled::from_form(self.form.name(), parameters) {
            Some(law) => {
                let best = law.optimum(self.flops, self.per_param_token);
                best.map_or(f64::NAN, |Allocation { params, .. }| params)
            }
            None => self.searched(parameters),
        }
    }

    /// The least loss between one parameter and one token, by golden section around the best of many sizes.
    fn searched(&self, parameters: &[f64]) -> f64 {
        let loss = |log: f64| self.loss(parameters, log.exp());
        let step = self.tokens(1.0).ln() / (SIZES - 1) as f64;
        let losses: Vec<f64> = (0..SIZES).map(|size| loss(size as f64 * step)).collect();
        let least = (0..SIZES).min_by(|one, other| losses[*one].total_cmp(&losses[*other]));
        let Some(least) = least.filter(|least| (1..SIZES - 1).contains(least) && losses[*least].is_finite())
        else {
            return f64::NAN;
        };
        let around = [-1.0, 1.0].map(|side| (least as f64 + side) * step);
        let found = golden_section(around, 60, loss, |one, other| one < other);
        found.middle().exp()
    }
}

/// The best split of `flops = per_param_token * N * D` by a fitted law of N and D, with intervals from the
/// bootstrap, each sample at its own optimum. `others` are the law's inputs beside these two, by name.
///
/// # Errors
/// [`InputError`] for numbers that are not positive, or inputs that are missing; [`Refusal::NoSplit`] where the
/// law, or more than a tenth of its samples, are best at an end: with one parameter, or one token.
pub fn split(
    form: &dyn LawForm,
    fit: &Fit,
    flops: f64,
    per_param_token: f64,
    others: &BTreeMap<String, f64>,
) -> Result<Split, FitError> {
    let missing = |input: &str| InputError::MissingColumn {
        column: input.to_owned(),
        available: others.keys().cloned().collect::<Vec<_>>().join(", "),
        hint: String::new(),
    };
    let question = Question {
        form,
        flops,
        per_param_token,
        params: place(form, "params").ok_or_else(|| missing("params"))?,
        tokens: place(form, "tokens").ok_or_else(|| missing("tokens"))?,
        inputs: form
            .inputs()
            .iter()
            .map(|column| match column.name.as_ref() {
                "params" | "tokens" => Ok(1.0),
                name => others.get(name).copied().ok_or_else(|| missing(name)),
            })
            .collect::<Result<_, _>>()?,
    };
    if !(question.tokens(1.0) > 1.0 && question.tokens(1.0).is_finite()) {
        return Err(InputError::OutOfRange {
            column: "flops".into(),
            row: 0,
            value: flops,
            rule: "finite, and more than one token costs one parameter (6 operations by C = 6ND)",
        }
        .into());
    }
    let best = question.best(&fit.best);
    let samples: Vec<f64> = fit
        .replicates
        .iter()
        .map(|sample| question.best(sample))
        .collect();
    let without = samples.iter().filter(|best| best.is_nan()).count();
    if best.is_nan() || without as f64 > MOST_WITHOUT * samples.len() as f64 {
        return Err(Refusal::NoSplit {
            without,
            samples: samples.len(),
        }
        .into());
    }
    let reach = predict(form, fit, &question.run(best))?.reach;
    let predicted = |is_run: bool, of: &dyn Fn(&[f64]) -> f64| {
        let (run, law) = fit.spread(of);
        let others = others.iter().map(|(name, value)| (name.clone(), *value));
        Prediction {
            inputs: others.chain([("flops".to_owned(), flops)]).collect(),
            value: of(&fit.best),
            interval: if is_run { run } else { law },
            law,
            level: fit.level,
            reach: reach.clone(),
        }
    };
    Ok(Split {
        params: predicted(false, &|law| question.best(law)),
        tokens: predicted(false, &|law| question.tokens(question.best(law))),
        loss: predicted(true, &|law| question.loss(law, question.best(law))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::simulated;
    use crate::forms::{Chinchilla, ChinchillaForm, OverTraining, Restricted, find};
    use crate::{FitOptions, fit};

    fn fitted(form: &dyn LawForm) -> Fit {
        let options = FitOptions {
            replicates: 100,
            ..FitOptions::default()
        };
        fit(form, &simulated(form, 0.005, 3).unwrap(), &options).unwrap()
    }

    #[test]
    fn the_closed_form_and_the_search_agree() {
        for name in crate::approach::JOINT_FORMS {
            let form = find(name).unwrap();
            let fit = fitted(form);
            let closed = split(form, &fit, 1e21, 6.0, &BTreeMap::new()).unwrap();
            // A form that nothing is held of has another type, and no closed form by its name.
            let question = Question {
                form,
                flops: 1e21,
                per_param_token: 6.0,
                inputs: vec![1.0, 1.0],
                params: 0,
                tokens: 1,
            };
            let searched = question.searched(&fit.best);
            assert!(
                (searched / closed.params.value - 1.0).abs() < 1e-4,
                "{name}: {searched} {closed:?}"
            );
            let product = 6.0 * closed.params.value * closed.tokens.value;
            assert!((product / 1e21 - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_interval_holds_the_truth_and_the_loss_is_the_least() {
        let fit = fitted(&ChinchillaForm);
        let truth = Chinchilla::from_parameters(&ChinchillaForm.example().parameters).unwrap();
        let best = truth.optimum(1e23, 6.0).unwrap();
        let found = split(&ChinchillaForm, &fit, 1e23, 6.0, &BTreeMap::new()).unwrap();
        for (of, truth) in [
            (&found.params, best.params),
            (&found.tokens, best.tokens),
            (&found.loss, truth.loss(best.params, best.tokens)),
        ] {
            assert!(of.interval.unwrap().holds(truth), "{of:?} {truth}");
        }
        let width = |of: &Prediction| of.interval.unwrap().width() - of.law.unwrap().width();
        assert!(width(&found.loss) > 0.0 && width(&found.params) == 0.0);
        let reach = found.params.reach["compute"];
        assert!(
            (reach.factor / (1e23 / (6.0 * 1.5e10 * 3e11)) - 1.0).abs() < 1e-6,
            "{reach:?}"
        );
    }

    #[test]
    fn held_parameters_and_laws_without_a_closed_form_are_searched() {
        let held = Restricted::new(&ChinchillaForm).fix("E", 1.8).unwrap();
        // Of the same rows, what is held lends the others its certainty.
        let rows = simulated(&ChinchillaForm, 0.005, 3).unwrap();
        let of = |form: &dyn LawForm| {
            let options = FitOptions {
                replicates: 100,
                ..FitOptions::default()
            };
            let fit = fit(form, &rows, &options).unwrap();
            let found = split(form, &fit, 1e22, 6.0, &BTreeMap::new()).unwrap();
            let width = fit.parameters["alpha"].estimate.interval.unwrap().width();
            (found.params.value, width)
        };
        let (free, held) = (of(&ChinchillaForm), of(&held));
        assert!((held.0 / free.0 - 1.0).abs() < 0.1, "{held:?} {free:?}");
        assert!(held.1 < free.1, "{held:?} {free:?}");
        // Gadre et al.: `a M^eta + b M^-eta` is least at M = (b / a)^(1 / 2 eta), whatever the compute.
        let fit = fitted(&OverTraining);
        let ratio = |flops: f64| {
            let found = split(&OverTraining, &fit, flops, 6.0, &BTreeMap::new()).unwrap();
            found.tokens.value / found.params.value
        };
        assert!(
            (ratio(1e20) / ratio(1e24) - 1.0).abs() < 1e-3,
            "{} {}",
            ratio(1e20),
            ratio(1e24)
        );
    }

    #[test]
    fn what_has_no_best_split_is_refused() {
        let options = FitOptions::point_only();
        let mut fit = fit(
            &ChinchillaForm,
            &simulated(&ChinchillaForm, 0.0, 0).unwrap(),
            &options,
        )
        .unwrap();
        fit.best[3] = -0.1;
        let error = split(&ChinchillaForm, &fit, 1e21, 6.0, &BTreeMap::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains("no best split"), "{error}");
        let error = split(&ChinchillaForm, &fit, -1.0, 6.0, &BTreeMap::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains("`flops`"), "{error}");
    }
}
