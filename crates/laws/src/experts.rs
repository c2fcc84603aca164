//! How many experts, and how fine: laws of mixtures of experts over the arms that differ in them.
//!
//! How fine is told by the granular law (Krajewski et al. 2024), of runs that have as many experts beside those that a
//! token passes, in sizes and lengths; how many by the routed law (Clark et al. 2022), of runs of one length, dense ones
//! among them. Parameters are the active ones in both, so that a law says what is gained at equal compute a token, and
//! what routing itself takes is in the compute that each choice is charged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_units::Finding;

use crate::fit::{Estimate, Fit, FitOptions, Starts, fit};
use crate::form::LawForm;
use crate::forms::{GranularExperts, Routed};
use crate::observations::Observations;

/// One run of a mixture of experts, or of a dense model.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertsRun {
    /// Its arm.
    pub arm: String,
    /// Parameters that a token passes.
    pub active: f64,
    /// Tokens it was trained on.
    pub tokens: f64,
    /// Operations it took.
    pub flops: f64,
    /// Experts for each that a token passes; 1 of a dense model.
    pub experts: f64,
    /// How many times smaller than the dense layer an expert is; 1 of a dense model.
    pub granularity: f64,
    /// Its loss.
    pub loss: f64,
}

impl ExpertsRun {
    fn is_dense(&self) -> bool {
        self.experts == 1.0
    }
}

/// What arms say of the number of experts and of their granularity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpertsLaws {
    /// How fine, of each number of experts that arms have in several granularities.
    pub how_fine: Vec<Asked>,
    /// How many, where arms differ in that.
    pub how_many: Option<Asked>,
    /// Arms that say nothing of it, as they differ in more than their channels and sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// A question with what a law says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked of which arms, in words.
    pub about: String,
    /// The law's answer, or why there is none.
    pub found: Finding<Chosen>,
}

/// A fitted law and what it chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The law's form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, Estimate>,
    /// Runs fitted.
    pub runs: usize,
    /// Compute at which choices are judged, that of the largest run; none where the law is of one length, and choices are
    /// judged at one size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops: Option<f64>,
    /// What there was to choose from, in rising order.
    pub choices: Vec<Choice>,
    /// Level of the intervals, and the share of samples from which on a choice is called best.
    pub level: f64,
}

impl Chosen {
    /// The choice that is best in nearly all samples; none where nobody can tell.
    pub fn best(&self) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.best >= self.level)
    }
}

/// A number of experts or a granularity, as the law judges it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The number.
    pub value: f64,
    /// The arms that have it.
    pub arms: Vec<String>,
    /// The loss of the best size at the compute asked, or of the size that all are judged at.
    pub loss: Estimate,
    /// The share of samples of the runs in which it is less than every other by a ten-thousandth.
    pub best: f64,
}

/// What these runs say; nothing where they differ in neither.
pub fn experts_laws(runs: &[ExpertsRun], options: &FitOptions) -> Option<ExpertsLaws> {
    let numbers = distinct(runs.iter().map(|run| run.experts));
    let fine = numbers
        .iter()
        .filter(|number| **number != 1.0)
        .filter_map(|number| {
            let own: Vec<&ExpertsRun> = runs.iter().filter(|run| run.experts == *number).collect();
            (distinct(own.iter().map(|run| run.granularity)).len() > 1).then(|| Asked {
                about: format!("how fine {number} experts for each that a token passes are best"),
                found: law(&GranularExperts, &own, |run| run.granularity, None, options),
            })
        });
    let how_fine: Vec<Asked> = fine.collect();
    let how_many = (numbers.len() > 1).then(|| how_many(runs, options));
    (how_many.is_some() || !how_fine.is_empty()).then_some(ExpertsLaws {
        how_fine,
        how_many,
        left_out: Vec::new(),
    })
}

/// How many experts, of runs of the longest length that several numbers of them have, in their coarsest granularity: all at
/// one size, since a number of experts whose runs are larger would be better by that alone.
fn how_many(runs: &[ExpertsRun], options: &FitOptions) -> Asked {
    let routed = runs.iter().filter(|run| !run.is_dense());
    let coarsest = routed.map(|run| run.granularity).fold(f64::INFINITY, f64::min);
    let of_one = runs
        .iter()
        .filter(|run| run.is_dense() || run.granularity == coarsest);
    let of_one: Vec<&ExpertsRun> = of_one.collect();
    let several = |tokens: &&f64| {
        let own = of_one.iter().filter(|run| run.tokens == **tokens);
        distinct(own.map(|run| run.experts)).len() > 1
    };
    let lengths = distinct(of_one.iter().map(|run| run.tokens));
    let Some(&tokens) = lengths.iter().rev().find(several) else {
        return Asked {
            about: "how many experts are best".to_owned(),
            found: Finding::Refused(
                "arms with other numbers of experts have no length in common, or no granularity: give them the same tokens"
                    .to_owned(),
            ),
        };
    };
    let own: Vec<&ExpertsRun> = of_one.into_iter().filter(|run| run.tokens == tokens).collect();
    let about = format!("how many experts for each that a token passes are best, after {tokens:.4e} tokens");
    match common_size(&own) {
        Some(size) => Asked {
            about: format!("{about} with {size:.4e} parameters that a token passes"),
            found: law(&Routed, &own, |run| run.experts, Some(size), options),
        },
        None => Asked {
            about,
            found: Finding::Refused(
                "arms with other numbers of experts have no size in common: give each a size with as many parameters that a \
                 token passes, within a tenth"
                    .to_owned(),
            ),
        },
    }
}

/// How much larger a size may be than another that is taken for the same.
const SAME_SIZE: f64 = 1.1;

/// The largest size that each number of experts has.
fn common_size(runs: &[&ExpertsRun]) -> Option<f64> {
    let sizes = distinct(runs.iter().map(|run| run.active));
    let numbers = distinct(runs.iter().map(|run| run.experts));
    let is_common = |size: &f64| {
        let is_near = |run: &ExpertsRun| run.active.max(*size) <= SAME_SIZE * run.active.min(*size);
        numbers.iter().all(|number| {
            let mut own = runs.iter().filter(|run| run.experts == *number);
            own.any(|run| is_near(run))
        })
    };
    sizes.into_iter().rev().find(is_common)
}

/// Values in rising order, each once.
fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// The part of a loss by which a choice must be better than every other: a law cannot but say that finer is no worse.
const LEAST_GAIN: f64 = 1e-4;

/// Steps between the smallest and the largest size in which the best is looked for.
const SIZES: i32 = 64;

/// A size and length at which a choice is judged.
struct Place {
    active: f64,
    tokens: f64,
}

/// The law of some runs, and which value of what they are chosen by it says is best: at `size`, or at the compute of the
/// largest run where there is none.
fn law(
    form: &dyn LawForm,
    runs: &[&ExpertsRun],
    by: fn(&ExpertsRun) -> f64,
    size: Option<f64>,
    options: &FitOptions,
) -> Finding<Chosen> {
    let fitted = match fitted(form, runs, options) {
        Ok(fitted) => fitted,
        Err(reason) => return Finding::Refused(reason),
    };
    let flops = runs.iter().map(|run| run.flops).fold(0.0, f64::max);
    let values = distinct(runs.iter().map(|run| by(run)));
    let judged: Vec<Vec<Place>> = values
        .iter()
        .map(|value| match size {
            // A law of one length says nothing of others.
            Some(active) => vec![Place {
                active,
                tokens: runs[0].tokens,
            }],
            None => places(runs.iter().filter(|run| by(run) == *value), flops),
        })
        .collect();
    let lowest = |parameters: &[f64]| -> Vec<f64> {
        let each = values.iter().zip(&judged).map(|(value, places)| {
            let losses = places.iter().map(|place| loss(form, parameters, place, *value));
            losses.fold(f64::INFINITY, f64::min)
        });
        each.collect()
    };
    let best = lowest(&fitted.best);
    let draws: Vec<Vec<f64>> = fitted.replicates.iter().map(|draw| lowest(draw)).collect();
    let wins = |at: usize| {
        let is_least = |draw: &&Vec<f64>| {
            let mut others = draw.iter().enumerate().filter(|(other, _)| *other != at);
            others.all(|(_, other)| draw[at] * (1.0 + LEAST_GAIN) < *other)
        };
        draws.iter().filter(is_least).count() as f64 / draws.len().max(1) as f64
    };
    let choices = values.iter().enumerate().map(|(at, value)| Choice {
        value: *value,
        arms: arms(runs.iter().filter(|run| by(run) == *value)),
        loss: Estimate::of_samples(best[at], draws.iter().map(|draw| draw[at]), options.level),
        best: wins(at),
    });
    Finding::Found(Chosen {
        form: form.name().to_owned(),
        equation: form.definition().equation.to_string(),
        choices: choices.collect(),
        parameters: fitted
            .parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.estimate))
            .collect(),
        runs: runs.len(),
        flops: size.is_none().then_some(flops),
        level: options.level,
    })
}

/// The law, or why the runs do not tell it.
fn fitted(form: &dyn LawForm, runs: &[&ExpertsRun], options: &FitOptions) -> Result<Fit, String> {
    let column = |of: fn(&ExpertsRun) -> f64| runs.iter().map(|run| of(run)).collect::<Vec<f64>>();
    let table = [
        ("params", column(|run| run.active)),
        ("tokens", column(|run| run.tokens)),
        ("granularity", column(|run| run.granularity)),
        ("experts", column(|run| run.experts)),
        ("loss", column(|run| run.loss)),
    ];
    let table = table
        .into_iter()
        .try_fold(Observations::new(), |table, (name, values)| {
            table.with(name, values)
        });
    let table = table.map_err(|error| error.to_string())?;
    let options = FitOptions {
        starts: Starts::Projected,
        ..options.clone()
    };
    let fitted = fit(form, &table, &options).map_err(|error| error.to_string())?;
    match fitted.refusals.first() {
        Some(refusal) => Err(refusal.to_string()),
        None if fitted.replicates.is_empty() => {
            Err("the law has as many parameters as there are runs, so that nothing tells how far off it is: add runs".to_owned())
        }
        None => Ok(fitted),
    }
}

/// Where a choice is judged: at the sizes between those that its runs have, as long as the compute lasts by what they take.
fn places<'a>(runs: impl Iterator<Item = &'a &'a ExpertsRun> + Clone, flops: f64) -> Vec<Place> {
    let count = runs.clone().count() as f64;
    let taken = runs
        .clone()
        .map(|run| (run.flops / (run.active * run.tokens)).ln());
    let taken = (taken.sum::<f64>() / count).exp();
    let sizes = distinct(runs.clone().map(|run| run.active));
    let (least, most) = (sizes[0].ln(), sizes[sizes.len() - 1].ln());
    let size = |step: i32| (least + f64::from(step) / f64::from(SIZES) * (most - least)).exp();
    let place = |active: f64| Place {
        active,
        tokens: flops / (taken * active),
    };
    (0..=SIZES).map(size).map(place).collect()
}

fn loss(form: &dyn LawForm, parameters: &[f64], place: &Place, value: f64) -> f64 {
    let inputs: Vec<f64> = form
        .inputs()
        .iter()
        .map(|input| {
            let value = match &*input.name {
                "params" => place.active,
                "tokens" => place.tokens,
                _ => value,
            };
            input.scale.forward(value)
        })
        .collect();
    form.value(parameters, &inputs, &mut vec![0.0; parameters.len()])
}

fn arms<'a>(runs: impl Iterator<Item = &'a &'a ExpertsRun>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for run in runs {
        if !names.contains(&run.arm) {
            names.push(run.arm.clone());
        }
    }
    names
}
