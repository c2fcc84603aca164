//! The law of a ladder: its best parameters, and what its residuals are made of.

use std::collections::BTreeMap;

use super::Multiplied;
use super::base::{Base, Surface};
use super::components::Components;
use super::ladder::Ladder;
use crate::error::{FitError, InputError, Refusal, Warning};
use crate::fit::{Fit, FitOptions, PureError, Searcher, Starts, fit};
use crate::form::{LawForm, Residual};
use crate::forms::{ChinchillaForm, CoupledForm, Grouped, SaturatingPowerLaw};
use crate::numeric::{chance_of_f, quantile_sorted, sorted};
use crate::objective::{Objective, Robust};
use crate::problem::Problem;
use crate::rows::Rows;

/// Degrees of freedom below which the law is one of least squares: of the few rows that are left a robust loss cannot
/// tell noise from an outlier. Of eight runs an arm, 12 degrees, its intervals held the truth 88% of 400 times.
const ROBUST: usize = 30;
/// Where the quadratic part of Huber's loss ends, in standard deviations: 95% of the efficiency of least squares under
/// normal noise (Huber 1964).
const EFFICIENT: f64 = 1.345;
/// The same at least, where runs have no noise.
const LEAST_DELTA: f64 = 1e-5;
/// Local minima that samples of the data are searched from.
const MOST_STARTS: usize = 3;
/// Outer exponents from which that of the coupled law is searched.
const COUPLINGS: [f64; 2] = [0.6, 1.5];
/// Chance below which the misses of the additive law are not taken for noise.
const SIGNIFICANT: f64 = 0.05;

pub(super) struct Law {
    pub(super) base: Base,
    pub(super) form: Box<dyn LawForm>,
    pub(super) rows: Rows,
    pub(super) objective: Objective,
    /// The best parameters in search coordinates, and other local minima.
    pub(super) minima: Vec<Vec<f64>>,
    /// The best parameters in natural units.
    pub(super) best: Vec<f64>,
    /// Predicted minus observed, in logarithms.
    pub(super) residuals: Vec<f64>,
    /// The size and budget of each row, numbered.
    pub(super) points: Vec<usize>,
    pub(super) components: Components,
    pub(super) seeds: Option<PureError>,
    pub(super) warnings: Vec<Warning>,
}

impl Law {
    /// Of the baseline and of arms whose factors multiply so much: of parameters and tokens, coupled where the misses
    /// of the additive law say so; or of compute where the rows do not tell their terms apart.
    pub(super) fn of(ladder: &Ladder<'_>, arms: &[(usize, Multiplied)]) -> Result<Self, FitError> {
        match Self::fitted(Base::Additive, ladder, arms) {
            Ok(additive) => {
                let coupled = additive.coupled(ladder, arms);
                Ok(coupled.unwrap_or(additive))
            }
            Err(FitError::Refused(refusal)) => {
                Self::fitted(Base::Compute, ladder, arms).map_err(|_| FitError::Refused(refusal))
            }
            error => error,
        }
    }

    fn fitted(base: Base, ladder: &Ladder<'_>, arms: &[(usize, Multiplied)]) -> Result<Self, FitError> {
        let form = form(base, arms)?;
        let options = FitOptions {
            starts: Starts::Projected,
            ..FitOptions::point_only()
        };
        let first = fit(form.as_ref(), &ladder.table(&numbers(arms))?, &options)?;
        if let Some(refusal) = first.refusals.first() {
            return Err(refusal.clone().into());
        }
        let starts = first.minima.iter().take(MOST_STARTS);
        let starts = starts
            .map(|minimum| searched(form.as_ref(), &minimum.parameters))
            .collect();
        let own = (objective(&first), first.pure_error, first.warnings);
        Self::polished((base, form), ladder, arms, starts, own)
    }

    /// From starts in search coordinates.
    fn polished(
        (base, form): (Base, Box<dyn LawForm>),
        ladder: &Ladder<'_>,
        arms: &[(usize, Multiplied)],
        starts: Vec<Vec<f64>>,
        (objective, seeds, warnings): (Objective, Option<PureError>, Vec<Warning>),
    ) -> Result<Self, FitError> {
        let numbers = numbers(arms);
        let rows = ladder.table(&numbers)?.prepare(form.as_ref(), Residual::Log)?;
        let searcher = Searcher {
            form: form.as_ref(),
            objective: &objective,
        };
        let mut polished: Vec<_> = starts
            .iter()
            .map(|start| searcher.polish(&rows, start, &[]))
            .collect();
        polished.sort_by(|one, other| one.value.total_cmp(&other.value));
        let minima: Vec<Vec<f64>> = polished.into_iter().map(|minimum| minimum.point).collect();
        let residuals = Problem::new(form.as_ref(), &rows, &objective, LEAST_DELTA).residuals(&minima[0]);
        let points = ladder.points(&numbers);
        let shared = base.form().parameters().len();
        Ok(Self {
            best: natural(form.as_ref(), &minima[0]),
            components: Components::of(&residuals, &points, (shared, arms.len())),
            base,
            form,
            rows,
            objective,
            minima,
            residuals,
            points,
            seeds,
            warnings,
        })
    }

    /// The coupled law from where this additive one is, if what it misses by size and budget is less by more than
    /// one parameter does by chance.
    fn coupled(&self, ladder: &Ladder<'_>, arms: &[(usize, Multiplied)]) -> Option<Self> {
        let form = form(Base::Coupled, arms).ok()?;
        let start = |gamma: f64| {
            let (shared, factors) = self.best.split_at(self.shared());
            let inner = [
                shared[0],
                shared[1].powf(gamma.recip()),
                shared[2].powf(gamma.recip()),
                shared[3] / gamma,
                shared[4] / gamma,
                gamma,
            ];
            let all: Vec<f64> = inner.iter().chain(factors).copied().collect();
            searched(form.as_ref(), &all)
        };
        let searcher = Searcher {
            form: form.as_ref(),
            objective: &self.objective,
        };
        let table = ladder.table(&numbers(arms)).ok()?;
        let rows = table.prepare(form.as_ref(), Residual::Log).ok()?;
        let found = COUPLINGS.map(|gamma| searcher.trace(&rows, &start(gamma), &[]));
        let best = found
            .into_iter()
            .min_by(|one, other| one.value.total_cmp(&other.value))?;
        let starts = vec![best.point];
        let own = (self.objective, self.seeds, self.warnings.clone());
        let coupled = Self::polished((Base::Coupled, form), ladder, arms, starts, own).ok()?;
        let (before, after) = (self.missed(), coupled.missed());
        let freedom = before.1.checked_sub(coupled.shared())?;
        let statistic = (before.0 - after.0) / (after.0 / freedom as f64);
        (chance_of_f(statistic, 1, freedom)? < SIGNIFICANT).then_some(coupled)
    }

    /// The squares of what it misses by size and budget, over all arms and seeds, and how many these are.
    fn missed(&self) -> (f64, usize) {
        let mut sums = BTreeMap::new();
        for (point, residual) in self.points.iter().zip(&self.residuals) {
            let (sum, count) = sums.entry(point).or_insert((0.0, 0.0));
            *sum += residual;
            *count += 1.0;
        }
        (
            sums.values().map(|(sum, count)| sum * sum / count).sum(),
            sums.len(),
        )
    }

    /// Parameters of the surface.
    pub(super) fn shared(&self) -> usize {
        self.base.form().parameters().len()
    }

    /// The surface with such parameters in natural units.
    pub(super) fn surface<'a>(&self, parameters: &'a [f64]) -> Surface<'a> {
        Surface {
            base: self.base,
            parameters,
        }
    }

    /// The refusal of an arm whose losses at the ladder's end are below the floor that all share.
    pub(super) fn beneath_floor(&self, ladder: &Ladder<'_>, arm: usize) -> Option<Refusal> {
        let runs = ladder.arms[arm].runs.iter();
        let losses: Vec<f64> = runs
            .filter(|run| run.budget == ladder.last_budget)
            .map(|run| run.loss)
            .collect();
        let loss = losses.iter().sum::<f64>() / losses.len() as f64;
        let floor = self.best[0];
        (loss <= floor).then(|| Refusal::BeneathFloor {
            arm: ladder.arms[arm].name.clone(),
            loss,
            floor,
        })
    }
}

/// The arms whose rows are fitted, the baseline first.
fn numbers(arms: &[(usize, Multiplied)]) -> Vec<usize> {
    std::iter::once(0)
        .chain(arms.iter().map(|(arm, _)| *arm))
        .collect()
}

fn form(base: Base, arms: &[(usize, Multiplied)]) -> Result<Box<dyn LawForm>, InputError> {
    let of_data: Vec<bool> = arms.iter().map(|(_, of)| *of == Multiplied::Data).collect();
    Ok(match (base, of_data.len()) {
        (Base::Additive, 0) => Box::new(ChinchillaForm),
        (Base::Coupled, 0) => Box::new(CoupledForm),
        (Base::Compute, 0) => Box::new(SaturatingPowerLaw::OF_COMPUTE),
        (Base::Additive, _) => Box::new(Grouped::of_parts(&of_data)?),
        // Factors of all that is above the floor are near enough for the surface: an arm's own is told by its pairs.
        (_, count) => Box::new(Grouped::new(base.form(), 1 + count)?),
    })
}

fn searched(form: &dyn LawForm, natural: &[f64]) -> Vec<f64> {
    let scales = form.parameters().iter().zip(natural);
    scales.map(|(of, value)| of.scale.forward(*value)).collect()
}

/// The parameters in natural units.
pub(super) fn natural(form: &dyn LawForm, searched: &[f64]) -> Vec<f64> {
    let scales = form.parameters().iter().zip(searched);
    scales.map(|(of, at)| of.scale.inverse(*at)).collect()
}

/// Huber's loss with its bend where the noise of the first fit puts it, or squares where little tells it.
fn objective(first: &Fit) -> Objective {
    if first.freedom < ROBUST {
        return Objective::squares(Residual::Log);
    }
    // The first fit goes through as many rows as it has parameters: these say nothing of the noise.
    let sizes = sorted(first.used_residuals.iter().map(|residual| residual.abs()));
    let deviation = 1.4826 * quantile_sorted(&sizes[first.best.len()..], 0.5);
    Objective {
        robust: Robust::Huber {
            delta: (EFFICIENT * deviation).max(LEAST_DELTA),
        },
        ..Objective::log_huber()
    }
}
