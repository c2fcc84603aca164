//! The grouped law of a ladder: its best parameters, and what its residuals are made of.

use super::base::Base;
use super::components::Components;
use super::ladder::Ladder;
use super::{Noise, Place};
use crate::error::{FitError, Refusal, Warning};
use crate::fit::{Fit, FitOptions, PureError, Searcher, Starts, fit};
use crate::form::{LawForm, Residual};
use crate::forms::Grouped;
use crate::numeric::{quantile_sorted, sorted};
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

pub(super) struct Law {
    pub(super) base: Base,
    pub(super) form: Grouped,
    pub(super) rows: Rows,
    pub(super) objective: Objective,
    /// The best parameters in search coordinates, and other local minima.
    pub(super) minima: Vec<Vec<f64>>,
    /// The best parameters in natural units.
    pub(super) best: Vec<f64>,
    /// Predicted minus observed, in logarithms.
    pub(super) residuals: Vec<f64>,
    pub(super) components: Components,
    /// Logarithm of each arm's FLOPs a parameter and token over the baseline's, where the law is not of FLOPs.
    pub(super) costs: Vec<f64>,
    seeds: Option<PureError>,
    /// The least of the first fit's objective, which is the same for every law.
    objective_of_first: f64,
    pub(super) warnings: Vec<Warning>,
}

impl Law {
    /// Of parameters and tokens, with factors of all that is above the floor or of the data term, whichever is nearer
    /// to the runs; or of compute where the rows do not tell their terms apart.
    pub(super) fn of(ladder: &Ladder<'_>) -> Result<Self, FitError> {
        match (Self::by(Base::Joint, ladder), Self::by(Base::Tokens, ladder)) {
            (Ok(joint), Ok(tokens)) if tokens.objective_of_first < joint.objective_of_first => Ok(tokens),
            (Ok(joint), _) => Ok(joint),
            (Err(FitError::Refused(refusal)), _) => {
                Self::by(Base::Compute, ladder).map_err(|_| FitError::Refused(refusal))
            }
            (error, _) => error,
        }
    }

    fn by(base: Base, ladder: &Ladder<'_>) -> Result<Self, FitError> {
        let form = base.grouped(ladder.arms.len())?;
        let table = ladder.table(None)?;
        let options = FitOptions {
            starts: Starts::Projected,
            ..FitOptions::point_only()
        };
        let first = fit(&form, &table, &options)?;
        if let Some(refusal) = first.refusals.first() {
            return Err(refusal.clone().into());
        }
        let rows = table.prepare(&form, Residual::Log)?;
        let objective = objective(&first);
        let searcher = Searcher {
            form: &form,
            objective: &objective,
        };
        let search = |natural: &Vec<f64>| -> Vec<f64> {
            let scales = form.parameters().iter().zip(natural);
            scales.map(|(of, value)| of.scale.forward(*value)).collect()
        };
        let starts = first.minima.iter().take(MOST_STARTS);
        let starts = starts.map(|minimum| search(&minimum.parameters));
        let mut polished: Vec<_> = starts.map(|start| searcher.polish(&rows, &start, &[])).collect();
        polished.sort_by(|one, other| one.value.total_cmp(&other.value));
        let minima: Vec<Vec<f64>> = polished.into_iter().map(|minimum| minimum.point).collect();
        let residuals = Problem::new(&form, &rows, &objective, LEAST_DELTA).residuals(&minima[0]);
        let natural = form.parameters().iter().zip(&minima[0]);
        let best = natural.map(|(of, at)| of.scale.inverse(*at)).collect();
        let arms = ladder.arms.len();
        let counts = (form.parameters().len() + 1 - arms, arms - 1);
        let costs = match base {
            Base::Joint | Base::Tokens => {
                let all = ladder.costs();
                all.iter().map(|cost| cost - all[0]).collect()
            }
            Base::Compute => vec![0.0; arms],
        };
        Ok(Self {
            components: Components::of(&residuals, &ladder.cells, counts),
            seeds: first.pure_error,
            objective_of_first: first.objective,
            warnings: first.warnings,
            base,
            form,
            rows,
            objective,
            minima,
            best,
            residuals,
            costs,
        })
    }

    /// Parameters that all arms share.
    pub(super) fn shared(&self) -> usize {
        self.base.form().parameters().len()
    }

    /// What runs vary by.
    pub(super) fn noise(&self) -> Noise {
        Noise {
            run: self.components.within.sqrt(),
            freedom: self.components.freedom,
            shared: self.components.shared().sqrt(),
            seeds: self.seeds,
        }
    }

    /// A place with its compute scaled to `flops`, along the split that the law is best with.
    pub(super) fn scaled(&self, end: Place, flops: f64) -> Place {
        let times = flops / end.flops;
        let share = match self.base {
            Base::Joint | Base::Tokens => self.best[4] / (self.best[3] + self.best[4]),
            Base::Compute => 0.5,
        };
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.5
        };
        Place {
            flops,
            params: end.params * times.powf(share),
            tokens: end.tokens * times.powf(1.0 - share),
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
