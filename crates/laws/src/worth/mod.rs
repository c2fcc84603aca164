//! What arms of a study are worth against one of them: multipliers of compute and data at equal loss, loss at equal
//! compute, whether the order holds, and what a difference would have had to be to be seen.
//!
//! Runs of an arm and of the baseline that are of one size, budget and seed are pairs. What they have in common, the
//! luck of a seed and the misses of any law, says nothing of a difference, so that all that is said of an arm is told by
//! the differences of its pairs alone (`contrast`), by their own noise. A law of the baseline and of all arms that go
//! with it ([`Grouped`](crate::forms::Grouped)) says what a difference of losses is in compute and in data. One factor of
//! the reducible loss, or of its data term, does for all pairs of an arm where an F test does not refuse it; else what
//! is said is of its pairs at the ladder's end.

mod base;
mod components;
mod compound;
mod contrast;
mod draws;
mod ladder;
mod law;
mod paired;
mod repeated;
mod repetition;
mod result;

pub use compound::{Compound, Compounded, compound};
pub use repeated::{Repeated, RepeatedLaw, RepeatedRun};
pub use repetition::{Repetition, repetition};
pub use result::{Call, Comparison, Losses, Multiplied, Noise, OneLaw, Order, OwnLaw, Paired, Place, Worth};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{FitError, InputError, Refusal};
use crate::fit::{FitOptions, HeldOut, Reach, Starts, fit};
use contrast::Contrast;
use draws::Draws;
use ladder::Ladder;
use law::Law;

/// Bootstrap samples of a law of an arm's own, at most.
const MOST_OWN_REPLICATES: usize = 300;

/// One run of an arm. A repeated seed is another run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Name of its size, the same in every arm whatever parameters the size has there.
    pub size: String,
    /// Its budget by the study's plan, the same value in every arm: FLOPs of a ladder of budgets, tokens of a grid.
    pub budget: f64,
    /// Seed.
    pub seed: u64,
    /// Parameters N, as laws count them.
    pub params: f64,
    /// Training tokens D, repeats counted.
    pub tokens: f64,
    /// Training compute C that it took.
    pub flops: f64,
    /// Validation loss, in the unit of all others.
    pub loss: f64,
}

/// An arm and its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Its runs.
    pub runs: Vec<Run>,
}

/// Options of [`compare`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Level of all intervals. Default 0.9.
    pub level: f64,
    /// Bootstrap samples. Default 1000, at least 20.
    pub replicates: usize,
    /// Seed of every random stream. Default 0.
    pub seed: u64,
    /// A compute to answer for, too. Default: none.
    pub asked: Option<f64>,
    /// Whether arms are fitted by laws of their own, too. Default true.
    pub own_laws: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.9,
            replicates: 1000,
            seed: 0,
            asked: None,
            own_laws: true,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), InputError> {
        let least = |option, value: f64, rule| InputError::Option { option, value, rule };
        if self.replicates == 0 {
            return Err(least(
                "replicates",
                0.0,
                "20 or more: every interval is of samples",
            ));
        }
        if let Some(asked) = self.asked.filter(|asked| !(asked.is_finite() && *asked > 0.0)) {
            return Err(least("asked", asked, "a compute above zero, in FLOPs"));
        }
        self.of_fit().check()
    }

    fn of_fit(&self) -> FitOptions {
        FitOptions {
            starts: Starts::Projected,
            replicates: self.replicates,
            level: self.level,
            seed: self.seed,
            holdout: HeldOut::None,
            ..FitOptions::default()
        }
    }

    /// The level at which an arm is called different from the baseline: half the doubt that intervals leave, shared
    /// among the `compared` arms (Bonferroni), so that none of several equal ones is called different more often.
    fn level_of_calls(&self, compared: usize) -> f64 {
        1.0 - 0.5 * (1.0 - self.level) / compared as f64
    }
}

/// What every arm is worth against `baseline`.
///
/// # Errors
/// [`FitError::Input`] for names and numbers that cannot be used; [`FitError::Refused`] when no arm can be compared,
/// or when all rows together are too few for a law.
///
/// ```
/// use triaxis_laws::worth::{Arm, Call, Options, Run, compare};
/// let runs = |factor: f64, seed: u64| -> Vec<Run> {
///     let sizes = [1e6_f64, 2e6, 4e6].into_iter().enumerate();
///     sizes.flat_map(|(at, params)| [1e15_f64, 3e15, 9e15].map(|budget| {
///         let tokens = budget / (6.0 * params);
///         let luck = 1.0 + 1e-3 * f64::sin((7 * at) as f64 + budget.ln() * (1 + seed) as f64);
///         let loss = 1.8 + factor * (480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37));
///         Run { size: format!("s{at}"), budget, seed, params, tokens, flops: budget, loss: loss * luck }
///     })).collect()
/// };
/// let arms = [
///     Arm { name: "plain".into(), runs: runs(1.0, 0) },
///     Arm { name: "better".into(), runs: runs(0.9, 1) },
/// ];
/// let compared = compare(&arms, "plain", &Options::default()).unwrap();
/// let better = &compared.arms[0];
/// assert_eq!(better.call, Call::Better);
/// assert!(better.compute_multiplier.value > 1.5);
/// ```
pub fn compare(arms: &[Arm], baseline: &str, options: &Options) -> Result<Comparison, FitError> {
    options.check()?;
    let (ladder, mut refused) = Ladder::of(arms, baseline)?;
    let (law, contrasts) = settled(&ladder, &mut refused)?;
    let draws = Draws::of(&law, &contrasts, &ladder, options);
    let (end, costs) = (ladder.end, ladder.costs());
    let asked = options
        .asked
        .map(|flops| law.surface(&law.best).scaled(end, flops));
    let reach = options.asked.map(|asked| Reach::of(asked, ladder.computes()));
    // Nothing is said of what is too far away.
    let near = asked.filter(|_| reach.is_some_and(|reach| reach.too_far("compute").is_none()));
    let worth = |(number, (arm, contrast)): (usize, &(usize, Contrast))| {
        let told = draws.told(number, &costs);
        Worth {
            arm: ladder.arms[*arm].name.clone(),
            runs: ladder.arms[*arm].runs.len(),
            call: told.call(),
            chance: told.chance(),
            multiplied: contrast.multiplied,
            one_law: contrast.one_law,
            compute_multiplier: told.compute_multiplier(),
            data_multiplier: told.data_multiplier(),
            at_end: told.losses(None),
            at_asked: near.map(|near| told.losses(Some(near))),
            order: told.order(near),
            exponent_difference: told.exponent_difference(),
            paired: paired::paired(&ladder, *arm, contrast, options.level),
            detectable: told.detectable(),
        }
    };
    Ok(Comparison {
        baseline: baseline.to_owned(),
        level: options.level,
        form: law.form.name().to_owned(),
        equation: law.form.definition().equation.to_string(),
        shared: draws.shared(),
        runs: law.rows.len(),
        noise: noise(&law, &contrasts),
        end,
        asked,
        reach,
        own_laws: match options.own_laws {
            true => own_laws(&ladder, &law, options)?,
            false => BTreeMap::new(),
        },
        arms: contrasts.iter().enumerate().map(worth).collect(),
        refused,
        warnings: law.warnings,
    })
}

/// The law of the baseline and of all arms for which one factor does, and how each arm stands to it.
fn settled(
    ladder: &Ladder<'_>,
    refused: &mut Vec<Refusal>,
) -> Result<(Law, Vec<(usize, Contrast)>), FitError> {
    let all: Vec<(usize, Multiplied)> = (1..ladder.arms.len())
        .map(|arm| (arm, Multiplied::Reducible))
        .collect();
    let contrasts = |law: &Law| -> Vec<(usize, Option<Contrast>)> {
        let of = |arm| Contrast::of(law.surface(&law.best), ladder, arm, all.len());
        (1..ladder.arms.len()).map(|arm| (arm, of(arm))).collect()
    };
    let mut law = Law::of(ladder, &all)?;
    let mut found = contrasts(&law);
    let following: Vec<(usize, Multiplied)> = found
        .iter()
        .filter_map(|(arm, of)| Some((*arm, of.as_ref().filter(|of| of.holds())?.multiplied)))
        .collect();
    if following != all
        && let Ok(without) = Law::of(ladder, &following)
    {
        // Seeds are as noisy in the arms that leave.
        law = Law {
            seeds: law.seeds,
            ..without
        };
        found = contrasts(&law);
    }
    let mut kept = Vec::new();
    for (arm, contrast) in found {
        match contrast {
            Some(contrast) if law.beneath_floor(ladder, arm).is_none() => kept.push((arm, contrast)),
            _ => refused.extend(
                law.beneath_floor(ladder, arm)
                    .or(Some(Refusal::NoFiniteObjective { starts: 1 })),
            ),
        }
    }
    Ok((law, kept))
}

/// What runs vary by: within pairs over all arms, and around the law.
fn noise(law: &Law, contrasts: &[(usize, Contrast)]) -> Noise {
    let noises = || contrasts.iter().map(|(_, contrast)| contrast.noise);
    let freedom = noises().map(|noise| noise.freedom).sum::<usize>();
    let squares: f64 = noises().map(|noise| noise.variance * noise.freedom as f64).sum();
    Noise {
        run: (0.5 * squares / freedom.max(1) as f64).sqrt(),
        freedom,
        shared: law.components.shared().sqrt(),
        seeds: law.seeds,
    }
}

/// A law of its own for each arm whose runs identify every parameter.
fn own_laws(ladder: &Ladder<'_>, law: &Law, options: &Options) -> Result<BTreeMap<String, OwnLaw>, FitError> {
    let options = FitOptions {
        replicates: options.replicates.min(MOST_OWN_REPLICATES),
        ..options.of_fit()
    };
    let of = |arm: usize| -> Result<OwnLaw, FitError> {
        let fit = match fit(law.base.form(), &ladder.table(&[arm])?, &options) {
            Ok(fit) => fit,
            Err(FitError::Refused(refusal)) => return Ok(Err(refusal)),
            Err(error) => return Err(error),
        };
        if let Some(refusal) = fit.refusals.first() {
            return Ok(Err(refusal.clone()));
        }
        let open = fit.parameters.iter().filter(|(_, of)| !of.estimate.identified);
        let open: Vec<&str> = open.map(|(name, _)| name.as_str()).collect();
        if !open.is_empty() {
            let (rows, parameters) = (fit.rows, open.join(", "));
            return Ok(Err(Refusal::Unidentified { rows, parameters }));
        }
        let named = fit.parameters.into_iter();
        Ok(Ok(named.map(|(name, of)| (name, of.estimate)).collect()))
    };
    let named = ladder.arms.iter().enumerate();
    named.map(|(arm, own)| Ok((own.name.clone(), of(arm)?))).collect()
}
