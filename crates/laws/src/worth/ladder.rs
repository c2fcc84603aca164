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
    /// The cell of each row: runs of one size, budget and seed.
    pub(super) cells: Vec<usize>,
    /// The ladder's end.
    pub(super) end: Place,
    /// Its budget.
    pub(super) last_budget: f64,
}

/// What runs that differ by their arm alone have in common.
fn cell(run: &Run) -> (&str, u64, u64) {
    (&run.size, run.budget.to_bits(), run.seed)
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
        let (mut compared, mut refused, mut common) = (vec![base], Vec::new(), of_base.clone());
        for arm in arms.iter().filter(|arm| arm.name != baseline) {
            let own: BTreeSet<u64> = budgets_of(arm);
            let name = || arm.name.clone();
            if own.is_empty() {
                refused.push(Refusal::NoRuns { arm: name() });
            } else if own.is_disjoint(&of_base) {
                let baseline = baseline.to_owned();
                refused.push(Refusal::NoCommonBudget {
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
        let cells = runs.map(|run| {
            let next = numbers.len();
            *numbers.entry(cell(run)).or_insert(next)
        });
        let ladder = Self {
            cells: cells.collect(),
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

    /// The table of all rows, or of one arm's.
    pub(super) fn table(&self, only: Option<usize>) -> Result<Observations, InputError> {
        let rows = || {
            self.rows()
                .zip(&self.cells)
                .filter(|((arm, _), _)| only.is_none_or(|only| only == *arm))
        };
        let column = |of: &dyn Fn(usize, &Run, usize) -> f64| {
            rows().map(|((arm, run), cell)| of(arm, run, *cell)).collect()
        };
        Observations::new()
            .with("params", column(&|_, run, _| run.params))?
            .with("tokens", column(&|_, run, _| run.tokens))?
            .with("flops", column(&|_, run, _| run.flops))?
            .with("loss", column(&|_, run, _| run.loss))?
            .with("arm", column(&|arm, _, _| arm as f64))?
            // Runs of other seeds may have the same loss to the last digit, and are no repeats.
            .with("cell", column(&|_, _, cell| cell as f64))
    }

    /// Mean logarithm of FLOPs a parameter and token, by arm.
    pub(super) fn costs(&self) -> Vec<f64> {
        let cost = |run: &Run| (run.flops / (run.params * run.tokens)).ln();
        let mean = |arm: &&Arm| arm.runs.iter().map(cost).sum::<f64>() / arm.runs.len() as f64;
        self.arms.iter().map(mean).collect()
    }

    /// Losses of the baseline and of an arm, by pair at the ladder's end.
    pub(super) fn pairs(&self, arm: usize) -> Vec<(f64, f64)> {
        let at_end = |arm: usize| {
            let runs = self.arms[arm].runs.iter();
            runs.filter(|run| run.budget == self.last_budget)
        };
        let of_base: BTreeMap<_, f64> = at_end(0).map(|run| (cell(run), run.loss)).collect();
        at_end(arm)
            .filter_map(|run| Some((*of_base.get(&cell(run))?, run.loss)))
            .collect()
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
    let mean =
        |runs: &[&Run], of: fn(&Run) -> f64| runs.iter().map(|run| of(run)).sum::<f64>() / runs.len() as f64;
    let loss = |runs: &Vec<&Run>| mean(runs, |run| run.loss);
    let best = sizes
        .into_values()
        .min_by(|one, other| loss(one).total_cmp(&loss(other)))
        .unwrap_or_default();
    Place {
        flops: mean(&best, |run| run.flops),
        params: mean(&best, |run| run.params),
        tokens: mean(&best, |run| run.tokens),
    }
}
