//! Runs that lie far from the law of the others.

use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::fit::{Fit, FitOptions, HeldOut, Starts, fit as fit_form};
use crate::form::{LawForm, Residual};
use crate::numeric::{solve_positive, student_chance};
use crate::observations::Observations;
use crate::problem::Problem;
use crate::rows::Rows;

/// The chance at which one of all runs is called an outlier where there is none.
const CHANCE: f64 = 0.01;
/// The share of the runs that may be outliers: more of them are another law.
const MOST: f64 = 0.1;
/// Degrees of freedom that must be left to know the noise by.
const LEAST_FREEDOM: usize = 3;

/// A run far from the law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// Its row in the table; of a run of several rows the farthest.
    pub row: usize,
    /// What was observed.
    pub observed: f64,
    /// What the law says.
    pub predicted: f64,
    /// Its residual over the standard error that the other runs give it.
    pub studentised: f64,
    /// Chance that the largest of so many runs is as far away, by normal noise.
    pub p_value: f64,
}

/// The runs that lie far from a law, and the law without them.
#[derive(Debug, Clone, PartialEq)]
pub struct Outliers {
    /// The runs, the farthest first.
    pub rows: Vec<Outlier>,
    /// The law fitted without them, as a point; the reason where it cannot be.
    pub without: Result<Fit, FitError>,
}

/// The runs of a fit that are outliers by the generalised extreme studentised deviate test (Rosner 1983), at one
/// percent for all runs together and at most a tenth of them; `None` where there are none, or too few runs to tell.
///
/// Residuals are internally studentised by the leverage of their run, so that a run that pulls the law towards
/// itself does not hide. Rows of one run share its luck: they are judged, and left out, as one, by their mean.
///
/// # Errors
/// [`crate::InputError`] when the table is not the one that was fitted.
pub fn outliers(
    form: &dyn LawForm,
    table: &Observations,
    fit: &Fit,
    options: &FitOptions,
) -> Result<Option<Outliers>, FitError> {
    let all = table.prepare(form, fit.minimised.residual)?;
    let used = all.used();
    let rows = all.chosen(&used);
    let best = search_coordinates(form, &fit.best);
    let mut problem = Problem::new(form, &rows, &fit.minimised, 1e-9);
    // Predicted minus observed.
    let residuals = problem.residuals(&best);
    let runs = rows
        .groups()
        .unwrap_or_else(|| (0..rows.len()).map(|row| vec![row]).collect());
    let scaled: Vec<f64> = runs
        .iter()
        .zip(spreads(&problem.slopes(&best), &rows, &runs))
        .map(|(own, spread)| {
            let sum: f64 = own.iter().map(|row| residuals[*row]).sum();
            -sum / (own.len() as f64 * spread)
        })
        .collect();
    let found = extreme(&scaled, form.parameters().len());
    if found.is_empty() {
        return Ok(None);
    }
    let natural = |coordinate: f64| match fit.minimised.residual {
        Residual::Log => coordinate.exp(),
        Residual::Linear => coordinate,
    };
    let outlier = |(run, studentised, p_value): &(usize, f64, f64)| {
        let off = |row: &usize| residuals[*row].abs();
        let farthest = runs[*run]
            .iter()
            .max_by(|one, other| off(one).total_cmp(&off(other)));
        farthest.map(|at| Outlier {
            row: used[*at],
            observed: natural(rows.target(*at)),
            predicted: natural(rows.target(*at) + residuals[*at]),
            studentised: *studentised,
            p_value: *p_value,
        })
    };
    let outliers: Vec<Outlier> = found.iter().filter_map(outlier).collect();
    let mut keep = vec![true; table.rows()];
    for (run, ..) in &found {
        runs[*run].iter().for_each(|row| keep[used[*row]] = false);
    }
    let options = FitOptions {
        objective: Some(fit.minimised),
        starts: Starts::Projected,
        replicates: 0,
        profile: false,
        holdout: HeldOut::None,
        ..options.clone()
    };
    Ok(Some(Outliers {
        rows: outliers,
        without: fit_form(form, &table.filtered(&keep), &options),
    }))
}

fn search_coordinates(form: &dyn LawForm, best: &[f64]) -> Vec<f64> {
    let parameters = form.parameters().iter().zip(best);
    parameters
        .map(|(parameter, value)| parameter.scale.forward(*value))
        .collect()
}

/// The standard deviation of the mean residual of each run, over that of its luck: less than one, as the fit goes
/// towards each run by its leverage. The same for all where the parameters cannot be told apart.
fn spreads(slopes: &[f64], rows: &Rows, runs: &[Vec<usize>]) -> Vec<f64> {
    let order = slopes.len() / rows.len().max(1);
    let slope = |row: usize| &slopes[row * order..(row + 1) * order];
    let mut information = vec![0.0; order * order];
    for row in 0..rows.len() {
        add_square(&mut information, slope(row), slope(row), rows.weight(row));
    }
    let sum = |own: &Vec<usize>, of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let at = |at: usize| own.iter().map(|row| of(*row) * slope(*row)[at]).sum();
        (0..order).map(at).collect()
    };
    // What each run's luck moves the fit by, and the sum of its squares over all runs.
    let pulls: Vec<Vec<f64>> = runs.iter().map(|own| sum(own, &|row| rows.weight(row))).collect();
    let mut squares = vec![0.0; order * order];
    pulls
        .iter()
        .for_each(|pull| add_square(&mut squares, pull, pull, 1.0));
    let spread = |(own, pull): (&Vec<usize>, &Vec<f64>)| -> Option<f64> {
        let mean = sum(own, &|_| (own.len() as f64).recip());
        let solved = solve_positive(&information, &mean)?;
        let leverage = product(&solved, pull);
        let of_all: f64 = (0..order)
            .map(|at| solved[at] * product(&solved, &squares[at * order..(at + 1) * order]))
            .sum();
        Some(1.0 - 2.0 * leverage + of_all)
    };
    let equal = 1.0 - order as f64 / runs.len() as f64;
    let variances = runs.iter().zip(&pulls).map(|run| spread(run).unwrap_or(equal));
    variances.map(|variance| variance.max(1e-6).sqrt()).collect()
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Adds `factor * one other'` to a square matrix.
fn add_square(sums: &mut [f64], one: &[f64], other: &[f64], factor: f64) {
    for (at, sum) in sums.iter_mut().enumerate() {
        *sum += factor * one[at / one.len()] * other[at % one.len()];
    }
}

/// The runs of extreme residuals, each with its studentised residual and its chance.
fn extreme(residuals: &[f64], parameters: usize) -> Vec<(usize, f64, f64)> {
    let count = residuals.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| residuals[*other].abs().total_cmp(&residuals[*one].abs()));
    let most = ((MOST * count as f64).ceil() as usize).min(count.saturating_sub(parameters + LEAST_FREEDOM));
    // From the most outliers down, so that none is hidden by the noise that another one makes.
    for outliers in (1..=most).rev() {
        let left = &order[outliers..];
        let freedom = (left.len() - parameters) as f64;
        let squares: f64 = left.iter().map(|row| residuals[*row].powi(2)).sum();
        let noise = (squares / freedom).sqrt();
        let judged = |row: usize| {
            let studentised = residuals[row] / noise;
            let chance = student_chance(studentised, freedom) * (left.len() + 1) as f64;
            (row, studentised, chance.min(1.0))
        };
        let (.., nearest) = judged(order[outliers - 1]);
        if noise > 0.0 && nearest < CHANCE {
            return order[..outliers].iter().map(|row| judged(*row)).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::simulated;
    use crate::forms::{ChinchillaForm, PowerLawForm};
    use crate::objective::Objective;

    #[test]
    fn rows_exactly_on_a_law_have_no_outlier() {
        assert!(extreme(&[0.0; 12], 2).is_empty());
        let mut residuals = [0.0; 12];
        residuals[3] = 1e-16;
        assert!(extreme(&residuals, 2).is_empty());
    }

    fn options(objective: Objective) -> FitOptions {
        FitOptions {
            objective: Some(objective),
            ..FitOptions::point_only()
        }
    }

    fn found(form: &dyn LawForm, table: &Observations, objective: Objective) -> Option<Outliers> {
        let options = options(objective);
        let fit = fit_form(form, table, &options).unwrap();
        outliers(form, table, &fit, &options).unwrap()
    }

    /// The table with the losses of some rows multiplied.
    fn spoiled(form: &dyn LawForm, rows: &[usize], times: f64, seed: u64) -> Observations {
        let table = simulated(form, 0.005, seed).unwrap();
        let mut loss = table.column("loss").unwrap().to_vec();
        rows.iter().for_each(|row| loss[*row] *= times);
        table.with("loss", loss).unwrap()
    }

    #[test]
    fn a_misplaced_point_is_named_and_the_law_without_it_is_right() {
        for objective in [Objective::log_huber(), Objective::squares(Residual::Log)] {
            let table = spoiled(&ChinchillaForm, &[7], 10.0, 1);
            let found = found(&ChinchillaForm, &table, objective).unwrap();
            assert_eq!(
                found.rows.iter().map(|outlier| outlier.row).collect::<Vec<_>>(),
                [7]
            );
            assert!(
                found.rows[0].observed > 5.0 * found.rows[0].predicted,
                "{found:?}"
            );
            let without = found.without.unwrap();
            assert_eq!(without.rows, 35);
            assert!((without.parameter("E").unwrap() / 1.8 - 1.0).abs() < 0.05);
        }
    }

    #[test]
    fn two_outliers_do_not_hide_each_other() {
        let table = spoiled(&PowerLawForm, &[3, 11], 1.2, 2);
        let found = found(&PowerLawForm, &table, Objective::squares(Residual::Log)).unwrap();
        let mut rows: Vec<usize> = found.rows.iter().map(|outlier| outlier.row).collect();
        rows.sort_unstable();
        assert_eq!(rows, [3, 11]);
    }

    #[test]
    fn rows_of_one_run_are_judged_as_one() {
        let table = simulated(&ChinchillaForm, 0.005, 4).unwrap();
        let runs: Vec<usize> = (0..table.rows()).map(|row| row / 2).collect();
        let spoiled = |rows: &[usize]| {
            let mut loss = table.column("loss").unwrap().to_vec();
            rows.iter().for_each(|row| loss[*row] *= 1.2);
            table
                .clone()
                .with("loss", loss)
                .unwrap()
                .with_groups(&runs)
                .unwrap()
        };
        let options = options(Objective::squares(Residual::Log));
        let found = |table: &Observations| {
            let fit = fit_form(&ChinchillaForm, table, &options).unwrap();
            outliers(&ChinchillaForm, table, &fit, &options).unwrap()
        };
        assert!(found(&spoiled(&[])).is_none());
        // One line names the run, and none of its rows is in the law without it.
        let named = found(&spoiled(&[14, 15])).unwrap();
        assert_eq!(named.rows.len(), 1, "{named:?}");
        assert!([14, 15].contains(&named.rows[0].row), "{named:?}");
        assert_eq!(named.without.unwrap().rows, table.rows() - 2);
    }

    #[test]
    fn weights_of_any_unit_name_the_same_runs() {
        let named = |unit: f64| {
            let table = spoiled(&ChinchillaForm, &[7], 1.05, 1);
            let weights = (0..table.rows()).map(|row| unit * (1.0 + (row % 3) as f64));
            let table = table.clone().with_weights(weights.collect()).unwrap();
            found(&ChinchillaForm, &table, Objective::squares(Residual::Log))
                .unwrap()
                .rows[0]
        };
        let (one, other) = (named(1.0), named(100.0));
        assert_eq!((one.row, other.row), (7, 7));
        assert!(
            (one.studentised / other.studentised - 1.0).abs() < 1e-3,
            "{one:?} {other:?}"
        );
    }

    #[test]
    fn plain_noise_has_outliers_in_about_a_percent() {
        for objective in [Objective::log_huber(), Objective::squares(Residual::Log)] {
            let called = (0..400)
                .filter(|seed| {
                    let table = simulated(&PowerLawForm, 0.005, *seed).unwrap();
                    found(&PowerLawForm, &table, objective).is_some()
                })
                .count();
            println!("{called} of 400");
            assert!(called <= 14, "{called} of 400");
        }
        // As many rows as parameters have no noise to be judged by.
        let table = simulated(&PowerLawForm, 0.005, 0).unwrap();
        let few = table.filtered(&(0..table.rows()).map(|row| row < 4).collect::<Vec<_>>());
        assert!(found(&PowerLawForm, &few, Objective::log_huber()).is_none());
    }
}
