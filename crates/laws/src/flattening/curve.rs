//! One loss a compute, from runs of all kinds.

use serde::{Deserialize, Serialize};

use crate::approach::{Curve, Run, approach2};
use crate::error::FitError;
use crate::fit::FitOptions;

/// What the points of a curve are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Points {
    /// The lowest loss of each compute.
    Computes,
    /// The minimum of the parabola of each budget.
    Minima,
    /// The runs that no run of as little compute beats.
    Frontier,
}

/// One loss a compute: what compute buys when it is spent well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComputeCurve {
    /// Compute and loss, by compute.
    pub points: Vec<(f64, f64)>,
    /// What they are.
    pub from: Points,
}

/// Budgets with a minimum from which on their minima are the curve.
const ENOUGH_MINIMA: usize = 5;

impl ComputeCurve {
    /// The lowest loss of each compute. Numbers that are not positive and finite are left out.
    pub fn of(flops: &[f64], losses: &[f64]) -> Self {
        let usable = |(flops, loss): &(f64, f64)| {
            [flops, loss]
                .into_iter()
                .all(|value| value.is_finite() && *value > 0.0)
        };
        let mut points: Vec<(f64, f64)> = flops.iter().copied().zip(losses.iter().copied()).collect();
        points.retain(usable);
        points.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        points.dedup_by(|next, first| next.0 == first.0);
        Self {
            points,
            from: Points::Computes,
        }
    }

    /// Of runs that differ in size, too: the minima of the parabolas of their budgets, where five or more have
    /// one, or else the runs that no run of as little compute beats.
    ///
    /// # Errors
    /// [`crate::InputError`] for numbers that are not positive and finite.
    pub fn of_runs(runs: &[Run]) -> Result<Self, FitError> {
        let found = approach2(runs, Curve::Parabola, &FitOptions::point_only())?;
        let minima = found.optima();
        if minima.len() >= ENOUGH_MINIMA {
            return Ok(Self {
                points: minima.iter().map(|point| (point.flops, point.loss)).collect(),
                from: Points::Minima,
            });
        }
        let flops: Vec<f64> = runs.iter().map(|run| run.budget.unwrap_or(run.flops)).collect();
        let losses: Vec<f64> = runs.iter().map(|run| run.loss).collect();
        let mut curve = Self::of(&flops, &losses);
        let mut lowest = f64::INFINITY;
        curve.points.retain(|(_, loss)| {
            let is_lower = *loss < lowest;
            lowest = lowest.min(*loss);
            is_lower
        });
        curve.from = Points::Frontier;
        Ok(curve)
    }
}

impl std::fmt::Display for Points {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Computes => "the lowest loss of each compute",
            Self::Minima => "the minimum of each budget's parabola",
            Self::Frontier => "the runs that no run of as little compute beats",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(params: f64, tokens: f64, loss: f64, budget: Option<f64>) -> Run {
        Run {
            params,
            tokens,
            flops: 6.0 * params * tokens,
            loss,
            budget,
        }
    }

    #[test]
    fn each_compute_has_its_lowest_loss() {
        let curve = ComputeCurve::of(&[2e18, 1e18, 1e18, 4e18, f64::NAN], &[3.0, 3.2, 3.1, 2.9, 1.0]);
        assert_eq!(curve.points, [(1e18, 3.1), (2e18, 3.0), (4e18, 2.9)]);
    }

    #[test]
    fn budgets_give_their_minima_and_other_runs_their_frontier() {
        let of_budget = |step: i32| {
            let budget = 1e18 * 4.0_f64.powi(step);
            let best = 1e8 * 2.0_f64.powi(step);
            [-1, 0, 1, 2].map(|size| {
                let params = best * 2.0_f64.powi(size);
                let away = (params / best).ln() - 0.3;
                run(
                    params,
                    budget / (6.0 * params),
                    3.0 - 0.1 * f64::from(step) + 0.2 * away * away,
                    Some(budget),
                )
            })
        };
        let runs: Vec<Run> = (0..5).flat_map(of_budget).collect();
        let curve = ComputeCurve::of_runs(&runs).unwrap();
        assert_eq!((curve.from, curve.points.len()), (Points::Minima, 5));
        assert!((curve.points[2].1 - 2.8).abs() < 1e-9, "{:?}", curve.points);
        let few = ComputeCurve::of_runs(&runs[..8]).unwrap();
        assert_eq!((few.from, few.points.len()), (Points::Frontier, 2));
        let scattered = [
            run(1e6, 1e8, 4.0, None),
            run(1e6, 2e8, 4.1, None),
            run(2e6, 2e8, 3.5, None),
            run(1e6, 9e8, 3.5, None),
            run(4e6, 4e8, 3.0, None),
        ];
        let curve = ComputeCurve::of_runs(&scattered).unwrap();
        assert_eq!(
            curve.points.iter().map(|point| point.1).collect::<Vec<f64>>(),
            [4.0, 3.5, 3.0]
        );
    }
}
