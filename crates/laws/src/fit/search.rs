//! The search for the best parameters: a grid of starts, damped Gauss-Newton, then BFGS on the best.

use rayon::prelude::*;

use super::options::Starts;
use crate::form::{LawForm, Residual};
use crate::numeric::{
    Curvature, Limits, Minimum, Quadratic, descend, least_squares, minimise, solve_positive,
};
use crate::objective::{Objective, Robust};
use crate::problem::Problem;
use crate::rows::Rows;

/// Steps from every start, before paths that have met are merged.
const FIRST_STEPS: usize = 10;
/// Distinct points that then go on.
const PROMISING: usize = 400;
/// Steps from every distinct point then reached, before the best go on.
const SECOND_STEPS: usize = 30;
/// Distinct points that go on to near convergence, and those that then go on to full convergence.
const FINALISTS: usize = 48;
const WINNERS: usize = 8;
/// Relative distance of coordinates within which two minima are one.
pub(crate) const SAME: f64 = 1e-3;
/// Near convergence.
const NEAR: Limits = Limits {
    iterations: 40,
    tolerance: 1e-5,
};
/// Rows that the first and the second steps are made on, when there are more.
const FIRST_ROWS: usize = 400;
const SECOND_ROWS: usize = 2000;
/// Minima of those rows that then converge on all.
const FULL: usize = 3;
/// Convergence to a small part of an interval: for bootstrap samples and profiles.
///
/// A standard error of a parameter raises the objective by about its `1 / (2 n)`th part.
fn rough(rows: &Rows) -> Limits {
    Limits {
        iterations: 40,
        tolerance: 3e-4 / rows.len() as f64,
    }
}
/// Smoothing of the kink of absolute deviations, stage by stage.
const SMOOTHINGS: [f64; 4] = [1e-3, 1e-5, 1e-7, 1e-9];

/// A form, data and an objective to be searched.
#[derive(Clone, Copy)]
pub(crate) struct Searcher<'a> {
    pub(crate) form: &'a dyn LawForm,
    pub(crate) objective: &'a Objective,
}

impl Searcher<'_> {
    fn smoothings(&self) -> &'static [f64] {
        match self.objective.robust {
            Robust::Absolute => &SMOOTHINGS,
            Robust::Squares | Robust::Huber { .. } => &SMOOTHINGS[..1],
        }
    }

    fn problem<'a>(&'a self, rows: &'a Rows, held: &[(usize, f64)], smoothing: f64) -> Problem<'a> {
        let mut problem = Problem::new(self.form, rows, self.objective, smoothing);
        for (index, value) in held {
            problem.hold(*index, *value);
        }
        problem
    }

    /// Damped Gauss-Newton steps only, on the coarsest smoothing.
    fn approach(&self, rows: &Rows, start: &[f64], steps: usize) -> Minimum {
        descend(&mut self.problem(rows, &[], SMOOTHINGS[0]), start, steps, 1e-6)
    }

    /// Convergence from a good point, stage by stage; `held` fixes parameters at search coordinates.
    fn converge(
        &self,
        rows: &Rows,
        start: &[f64],
        held: &[(usize, f64)],
        steps: usize,
        limits: Limits,
    ) -> Minimum {
        let mut all = start.to_vec();
        let mut value = f64::INFINITY;
        for smoothing in self.smoothings() {
            let mut problem = self.problem(rows, held, *smoothing);
            let from = problem.restrict(&all);
            let near = descend(&mut problem, &from, steps, 1e-5);
            let mut model = Quadratic::new(near.point.len());
            problem.quadratic(&near.point, &mut model);
            let inverse = inverse_of(&model);
            let end = minimise(
                &mut |point, gradient| problem.value(point, gradient),
                &near.point,
                inverse,
                limits,
            );
            all = problem.extend(&end.point);
            value = end.value;
        }
        Minimum { point: all, value }
    }

    /// Full convergence from a good point, with some parameters held.
    pub(crate) fn polish(&self, rows: &Rows, start: &[f64], held: &[(usize, f64)]) -> Minimum {
        self.converge(rows, start, held, 40, Limits::full(300))
    }

    /// Convergence to the few digits that a profile needs.
    pub(crate) fn trace(&self, rows: &Rows, start: &[f64], held: &[(usize, f64)]) -> Minimum {
        self.converge(rows, start, held, 20, rough(rows))
    }

    /// The best point from some good starts, without the last digits: for one of many bootstrap samples.
    ///
    /// The first start goes all the way; another one only if a few steps bring it below that.
    pub(crate) fn refit(&self, rows: &Rows, starts: &[Vec<f64>]) -> Minimum {
        let Some((first, others)) = starts.split_first() else {
            return Minimum {
                point: Vec::new(),
                value: f64::INFINITY,
            };
        };
        let mut best = self.converge(rows, first, &[], 8, rough(rows));
        for start in others {
            let other = self.approach(rows, start, FIRST_STEPS);
            if other.value < best.value {
                let other = self.converge(rows, &other.point, &[], 8, rough(rows));
                if other.value < best.value {
                    best = other;
                }
            }
        }
        best
    }

    /// All distinct local minima found from `starts` (search coordinates), the best first.
    ///
    /// Every start descends some steps; starts whose paths have met go on as one, and the best of them converge.
    pub(crate) fn search(&self, rows: &Rows, starts: &[Vec<f64>]) -> Vec<Minimum> {
        let (few, some) = (rows.thinned(FIRST_ROWS), rows.thinned(SECOND_ROWS));
        let all_of = |from: &[Minimum], step: &(dyn Fn(&[f64]) -> Minimum + Sync)| {
            let mut reached: Vec<Minimum> = from.par_iter().map(|from| step(&from.point)).collect();
            reached.retain(|minimum| minimum.value.is_finite());
            reached.sort_by(|first, second| first.value.total_cmp(&second.value));
            reached
        };
        let starts: Vec<Minimum> = starts
            .iter()
            .map(|start| Minimum {
                point: start.clone(),
                value: f64::INFINITY,
            })
            .collect();
        let first = all_of(&starts, &|start| self.approach(&few, start, FIRST_STEPS));
        let first = distinct(first, PROMISING, 2e-2);
        let second = all_of(&first, &|start| self.approach(&some, start, SECOND_STEPS));
        let second = distinct(second, FINALISTS, 1e-2);
        let third = all_of(&second, &|start| self.converge(&some, start, &[], 20, NEAR));
        let third = distinct(third, WINNERS, 5e-3);
        let minima = distinct(
            all_of(&third, &|start| self.polish(&some, start, &[])),
            WINNERS,
            SAME,
        );
        if some.len() == rows.len() {
            return minima;
        }
        let best = &minima[..minima.len().min(FULL)];
        distinct(all_of(best, &|start| self.polish(rows, start, &[])), FULL, SAME)
    }

    /// The start points of a form, in search coordinates.
    pub(crate) fn starts(&self, rows: &Rows, starts: &Starts) -> Vec<Vec<f64>> {
        let parameters = self.form.parameters();
        match starts {
            Starts::Given(points) => points
                .iter()
                .filter(|point| point.len() == parameters.len())
                .map(|point| {
                    parameters
                        .iter()
                        .zip(point)
                        .map(|(parameter, value)| parameter.scale.forward(*value))
                        .collect()
                })
                .collect(),
            Starts::Grid => product(parameters.iter().map(|parameter| parameter.starts.as_ref())),
            Starts::Projected => {
                let linear = &self.form.definition().linear;
                let grids = parameters.iter().enumerate();
                let grid = product(grids.map(|(at, parameter)| match linear.contains(&at) {
                    true => &parameter.starts[..1],
                    false => &parameter.starts[..],
                }));
                grid.into_iter().map(|start| self.project(rows, start)).collect()
            }
        }
    }

    /// Replaces the linear parameters of `start` by their weighted least squares solution
    /// (Golub and Pereyra 1973); one that must be positive and is not becomes negligible.
    fn project(&self, rows: &Rows, start: Vec<f64>) -> Vec<f64> {
        let parameters = self.form.parameters();
        let mut active: Vec<usize> = self.form.definition().linear.to_vec();
        let natural: Vec<f64> = parameters
            .iter()
            .enumerate()
            .map(|(at, parameter)| {
                if active.contains(&at) {
                    0.0
                } else {
                    parameter.scale.inverse(start[at])
                }
            })
            .collect();
        let mut projected = start;
        while !active.is_empty() {
            let Some(solution) = self.solve_linear(rows, &natural, &active) else {
                break;
            };
            let scale = |at: usize| parameters[at].scale;
            let negative = active
                .iter()
                .zip(&solution)
                .filter(|(at, value)| scale(**at) == crate::form::Scale::Log && **value <= 0.0)
                .min_by(|first, second| first.1.total_cmp(second.1))
                .map(|(at, _)| *at);
            if let Some(negative) = negative {
                projected[negative] = parameters[negative].starts[0].min(-3.0);
                active.retain(|at| *at != negative);
                continue;
            }
            for (at, value) in active.iter().zip(&solution) {
                projected[*at] = scale(*at).forward(*value);
            }
            break;
        }
        projected
    }

    fn solve_linear(&self, rows: &Rows, natural: &[f64], active: &[usize]) -> Option<Vec<f64>> {
        let predicted = Problem::new(self.form, rows, self.objective, SMOOTHINGS[0]).predicted(natural);
        let (mut design, mut target, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (offset, gradient)) in predicted.iter().enumerate() {
            let observed = match self.objective.residual {
                Residual::Linear => rows.target(row),
                Residual::Log => rows.target(row).exp(),
            };
            design.extend(active.iter().map(|at| gradient[*at]));
            target.push(observed - offset);
            // A log residual is, to first order, the relative one.
            weights.push(match self.objective.residual {
                Residual::Linear => rows.weight(row),
                Residual::Log => rows.weight(row) / (observed * observed),
            });
        }
        least_squares(&design, &target, &weights, active.len())
    }
}

/// The inverse of a model's Hessian, regularised just enough to exist.
fn inverse_of(model: &Quadratic) -> Option<Vec<f64>> {
    let order = model.gradient.len();
    let largest = (0..order).fold(0.0_f64, |largest, at| {
        largest.max(model.hessian[at * (order + 1)])
    });
    let mut hessian = model.hessian.clone();
    for at in 0..order {
        let diagonal = &mut hessian[at * (order + 1)];
        *diagonal += 1e-9 * diagonal.max(1e-6 * largest);
    }
    let mut inverse = Vec::with_capacity(order * order);
    for column in 0..order {
        let mut unit = vec![0.0; order];
        unit[column] = 1.0;
        inverse.extend(solve_positive(&hessian, &unit)?);
    }
    inverse.iter().all(|value| value.is_finite()).then_some(inverse)
}

/// The first `most` of sorted minima that differ in some coordinate by more than `tolerance` from every better one.
pub(crate) fn distinct(minima: Vec<Minimum>, most: usize, tolerance: f64) -> Vec<Minimum> {
    let mut kept: Vec<Minimum> = Vec::new();
    for minimum in minima {
        if kept.len() == most {
            break;
        }
        let near = |other: &Minimum| {
            other
                .point
                .iter()
                .zip(&minimum.point)
                .all(|(one, two)| (one - two).abs() <= tolerance * (1.0 + one.abs()))
        };
        if !kept.iter().any(near) {
            kept.push(minimum);
        }
    }
    kept
}

/// The Cartesian product of grids, the last one varying fastest.
fn product<'a>(grids: impl Iterator<Item = &'a [f64]>) -> Vec<Vec<f64>> {
    grids.fold(vec![Vec::new()], |points, grid| {
        points
            .iter()
            .flat_map(|point| {
                grid.iter()
                    .map(move |value| point.iter().copied().chain([*value]).collect())
            })
            .collect()
    })
}
