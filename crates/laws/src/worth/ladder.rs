//! Runs of arms side by side: rows, the cells that pair them, and the ladder's end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arm, Place, Run};
use crate::error::{FitError, InputError, Refusal};
use crate::observations::Observations;
use triaxis_names::suggestion;

/// The arms that can be compared, the baseline first, and where their runs stand among the rows of a fit: arm by arm,
/// in the order given.
pub(super) struct Ladder<'a> {
    pub(super) arms: Vec<&'a Arm>,
    /// The size and budget of each row, numbered.
    points: Vec<usize>,
    /// The ladder's end.
    pub(super) end: Place,
    /// Its budget.
    pub(super) last_budget: f64,
}

/// A run of an arm and one of the baseline, of one size and budget.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// The baseline's place and loss.
    pub(super) at: Place,
    pub(super) base: f64,
    /// The arm's place.
    pub(super) own: Place,
    /// The logarithm of the arm's loss over the baseline's.
    pub(super) difference: f64,
    /// How many runs of each it is the mean of.
    pub(super) weight: f64,
    /// Its size and budget, numbered.
    pub(super) point: usize,
    /// Whether the runs have one seed, too.
    pub(super) is_of_a_seed: bool,
    /// Its budget.
    pub(super) budget: f64,
}

/// What runs of one size and budget have in common.
fn point(run: &Run) -> (&str, u64) {
    (&run.size, run.budget.to_bits())
}

/// What runs that differ by their arm alone have in common.
fn cell(run: &Run) -> (&str, u64, u64) {
    (&run.size, run.budget.to_bits(), run.seed)
}

fn place(runs: &[&Run]) -> Place {
    let mean = |of: fn(&Run) -> f64| runs.iter().map(|run| of(run)).sum::<f64>() / runs.len() as f64;
    Place {
        flops: mean(|run| run.flops),
        params: mean(|run| run.params),
        tokens: mean(|run| run.tokens),
    }
}

impl<'a> Ladder<'a> {
    /// The ladder, and why arms were left out of it.
    pub(super) fn of(arms: &'a [Arm], baseline: &str) -> Result<(Self, Vec<Refusal>), FitError> {
        let base = named(arms, baseline)?;
        if arms.len() == 1 {
            return Err(InputError::Option {
                option: "arms",
                value: 1.0,
                rule: "2 or more, the baseline among them",
            }
            .into());
        }
        if base.runs.is_empty() {
            let arm = base.name.clone();
            return Err(Refusal::NoRuns { arm }.into());
        }
        let budgets_of = |arm: &Arm| arm.runs.iter().map(|run| run.budget.to_bits()).collect();
        let of_base: BTreeSet<u64> = budgets_of(base);
        let points_of_base: BTreeSet<_> = base.runs.iter().map(point).collect();
        let (mut compared, mut refused, mut common) = (vec![base], Vec::new(), of_base.clone());
        for arm in arms.iter().filter(|arm| arm.name != baseline) {
            let own: BTreeSet<u64> = budgets_of(arm);
            let name = || arm.name.clone();
            if own.is_empty() {
                refused.push(Refusal::NoRuns { arm: name() });
            } else if !arm.runs.iter().any(|run| points_of_base.contains(&point(run))) {
                let baseline = baseline.to_owned();
                refused.push(Refusal::NothingInCommon {
                    arm: name(),
                    baseline,
                });
            } else {
                common = &common & &own;
                compared.push(arm);
            }
        }
        if compared.len() == 1 {
            return Err(match refused.len() {
                1 => FitError::Refused(refused.remove(0)),
                _ => FitError::Several(refused),
            });
        }
        // Arms that share budgets with the baseline alone are judged at the baseline's largest.
        let ends = if common.is_empty() { of_base } else { common };
        let last_budget = ends.into_iter().map(f64::from_bits).fold(0.0, f64::max);
        let mut numbers = BTreeMap::new();
        let runs = compared.iter().flat_map(|arm| &arm.runs);
        let points = runs.map(|run| {
            let next = numbers.len();
            *numbers.entry(point(run)).or_insert(next)
        });
        let ladder = Self {
            points: points.collect(),
            end: end(base, last_budget),
            last_budget,
            arms: compared,
        };
        Ok((ladder, refused))
    }

    /// The arm and the run of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, &'a Run)> {
        let arms = self.arms.iter().enumerate();
        arms.flat_map(|(number, arm)| arm.runs.iter().map(move |run| (number, run)))
    }

    /// Smallest and largest compute.
    pub(super) fn computes(&self) -> (f64, f64) {
        self.rows().fold((f64::INFINITY, 0.0), |(low, high), (_, run)| {
            (low.min(run.flops), high.max(run.flops))
        })
    }

    /// The rows of some arms, each with its number among these, and with that of its size and budget.
    fn rows_of(&self, arms: &[usize]) -> impl Iterator<Item = (usize, &'a Run, usize)> {
        let numbered = self.rows().zip(&self.points);
        numbered.filter_map(move |((arm, run), point)| {
            let number = arms.iter().position(|of| *of == arm)?;
            Some((number, run, *point))
        })
    }

    /// The table of some arms' rows.
    pub(super) fn table(&self, arms: &[usize]) -> Result<Observations, InputError> {
        let column = |of: &dyn Fn(usize, &Run) -> f64| {
            let rows = self.rows_of(arms);
            rows.map(|(arm, run, _)| of(arm, run)).collect::<Vec<f64>>()
        };
        Observations::new()
            .with("params", column(&|_, run| run.params))?
            .with("tokens", column(&|_, run| run.tokens))?
            .with("flops", column(&|_, run| run.flops))?
            .with("loss", column(&|_, run| run.loss))?
            .with("arm", column(&|arm, _| arm as f64))?
            // Runs of other seeds may have the same loss to the last digit, and are no repeats.
            .with("seed", column(&|_, run| run.seed as f64))
    }

    /// The size and budget of each of these rows, numbered.
    pub(super) fn points(&self, arms: &[usize]) -> Vec<usize> {
        self.rows_of(arms).map(|(_, _, point)| point).collect()
    }

    /// Mean logarithm of FLOPs a parameter and token, by arm.
    pub(super) fn costs(&self) -> Vec<f64> {
        let cost = |run: &Run| (run.flops / (run.params * run.tokens)).ln();
        let mean = |arm: &&Arm| arm.runs.iter().map(cost).sum::<f64>() / arm.runs.len() as f64;
        self.arms.iter().map(mean).collect()
    }

    /// The pairs of an arm with the baseline: of one size, budget and seed, or of the means over seeds where an arm
    /// has none of the other's there.
    pub(super) fn pairs(&self, arm: usize) -> Vec<Pair> {
        let mut at: BTreeMap<_, [Vec<&Run>; 2]> = BTreeMap::new();
        for (side, of) in [0, arm].into_iter().enumerate() {
            for run in &self.arms[of].runs {
                at.entry(point(run)).or_default()[side].push(run);
            }
        }
        let both = at
            .into_values()
            .filter(|[base, own]| !base.is_empty() && !own.is_empty());
        let of_point = |(number, [base, own]): (usize, [Vec<&'a Run>; 2])| -> Vec<Pair> {
            let same = base.iter().filter_map(|run| {
                let other = own.iter().find(|other| other.seed == run.seed)?;
                Some(self.pair(number, &[run], &[other], true))
            });
            let same: Vec<Pair> = same.collect();
            match same.is_empty() {
                true => vec![self.pair(number, &base, &own, false)],
                false => same,
            }
        };
        both.enumerate().flat_map(of_point).collect()
    }

    fn pair(&self, point: usize, base: &[&Run], own: &[&Run], is_of_a_seed: bool) -> Pair {
        let mean = |runs: &[&Run]| runs.iter().map(|run| run.loss.ln()).sum::<f64>() / runs.len() as f64;
        let (of_base, of_own) = (mean(base), mean(own));
        let counts = (base.len() as f64, own.len() as f64);
        Pair {
            at: place(base),
            base: of_base.exp(),
            own: place(own),
            difference: of_own - of_base,
            weight: 2.0 * counts.0 * counts.1 / (counts.0 + counts.1),
            point,
            is_of_a_seed,
            budget: base[0].budget,
        }
    }
}

/// The baseline, if names and runs can be used.
fn named<'a>(arms: &'a [Arm], baseline: &str) -> Result<&'a Arm, InputError> {
    let mut names = BTreeSet::new();
    for arm in arms {
        if !names.insert(arm.name.as_str()) {
            return Err(InputError::RepeatedArm {
                name: arm.name.clone(),
            });
        }
        for (row, run) in arm.runs.iter().enumerate() {
            let numbers = [
                ("budget", run.budget),
                ("params", run.params),
                ("tokens", run.tokens),
                ("flops", run.flops),
                ("loss", run.loss),
            ];
            let mut wrong = numbers
                .iter()
                .filter(|(_, value)| !(value.is_finite() && *value > 0.0));
            if let Some((column, value)) = wrong.next() {
                let column = format!("{column} of arm {}", arm.name);
                return Err(match value.is_finite() {
                    true => InputError::NotPositive {
                        column,
                        row,
                        value: *value,
                    },
                    false => InputError::NotFinite {
                        column,
                        row,
                        value: *value,
                    },
                });
            }
        }
        let mut cells = BTreeSet::new();
        if let Some(run) = arm.runs.iter().find(|run| !cells.insert(cell(run))) {
            return Err(InputError::RepeatedRun {
                arm: arm.name.clone(),
                size: run.size.clone(),
                budget: run.budget,
                seed: run.seed,
            });
        }
    }
    let found = arms.iter().find(|arm| arm.name == baseline);
    found.ok_or_else(|| InputError::UnknownArm {
        name: baseline.to_owned(),
        available: names.iter().copied().collect::<Vec<_>>().join(", "),
        hint: suggestion(baseline, names.iter().copied()),
    })
}

/// The size with the least mean loss of an arm's runs at a budget.
fn end(arm: &Arm, budget: f64) -> Place {
    let mut sizes: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in arm.runs.iter().filter(|run| run.budget == budget) {
        sizes.entry(&run.size).or_default().push(run);
    }
    let loss = |runs: &Vec<&Run>| runs.iter().map(|run| run.loss).sum::<f64>() / runs.len() as f64;
    let best = sizes
        .into_values()
        .min_by(|one, other| loss(one).total_cmp(&loss(other)))
        .unwrap_or_default();
    place(&best)
}
