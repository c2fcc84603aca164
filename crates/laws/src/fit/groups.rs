//! Rows that share a run: its checkpoints have its luck in common, so that the runs, not the rows, are the evidence.

use rayon::prelude::*;

use super::noise::SMOOTH;
use super::search::Searcher;
use crate::error::Warning;
use crate::form::LawForm;
use crate::numeric::{Stream, solve_positive};
use crate::problem::Problem;
use crate::rows::Rows;

/// The runs of a table, and what each would be off from a law fitted to the others.
pub(crate) struct Groups {
    /// The rows of each run.
    pub(crate) members: Vec<Vec<usize>>,
    /// Residuals of each row, predicted minus observed, at the best fit without the row's run, where runs are few.
    pub(crate) left_out: Vec<f64>,
    /// How many times the variance of each parameter is that of as many independent rows.
    pub(crate) effects: Vec<f64>,
    /// Standard deviation of a row of another run.
    pub(crate) deviation: f64,
}

/// Runs below which nothing tells how much runs differ.
pub(crate) const LEAST_RUNS: usize = 5;

/// Rows of one size from which on they may be checkpoints of one run.
const MANY: usize = 8;

/// Neighbours along runs from which on their correlation tells something, and the correlation that does: 2.4
/// standard errors of so many independent pairs.
const PAIRS: usize = 24;
const CORRELATED: f64 = 0.5;

/// Runs from which on one alone moves the law so little that it need not be left out to be judged.
const MANY_RUNS: usize = 100;

/// Warns of rows that look like checkpoints of runs that nobody named: many lengths at each size, whose residuals
/// go on from one to the next as those of independent runs do not.
pub(crate) fn unnamed(form: &dyn LawForm, rows: &Rows, residuals: &[f64]) -> Option<Warning> {
    let input = |name: &str| form.inputs().iter().position(|column| column.name == name);
    let (size, length) = (input("params")?, input("tokens").or_else(|| input("flops"))?);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let by = |column: usize, one: &usize, other: &usize| {
        rows.input(*one, column).total_cmp(&rows.input(*other, column))
    };
    order.sort_by(|one, other| by(size, one, other).then(by(length, one, other)));
    let runs = order.chunk_by(|one, other| by(size, one, other).is_eq());
    let runs: Vec<&[usize]> = runs.filter(|run| run.len() >= MANY).collect();
    let pairs = || runs.iter().flat_map(|run| run.windows(2));
    let squares: f64 = pairs()
        .map(|pair| 0.5 * (residuals[pair[0]].powi(2) + residuals[pair[1]].powi(2)))
        .sum();
    let correlation = pairs()
        .map(|pair| residuals[pair[0]] * residuals[pair[1]])
        .sum::<f64>()
        / squares;
    let count: usize = runs.iter().map(|run| run.len()).sum();
    let looks = pairs().count() >= PAIRS && 2 * count > rows.len() && correlation > CORRELATED;
    looks.then_some(Warning::Checkpoints {
        rows: count,
        runs: runs.len(),
        correlation,
    })
}

/// Weights of mean 0 and variance 1 that few runs are multiplied by (Webb 2014): two values for each would
/// repeat samples.
const WEIGHTS: [f64; 6] = [
    -1.224_744_871_391_589,
    -1.0,
    -std::f64::consts::FRAC_1_SQRT_2,
    std::f64::consts::FRAC_1_SQRT_2,
    1.0,
    1.224_744_871_391_589,
];

impl Groups {
    /// The runs of `rows`, where some run has several; refits without each run from `starts`.
    pub(crate) fn of(searcher: &Searcher<'_>, rows: &Rows, starts: &[Vec<f64>]) -> Option<Self> {
        let members = rows.groups()?;
        let fitted = Problem::new(searcher.form, rows, searcher.objective, SMOOTH).residuals(&starts[0]);
        let left_out = match members.len() < MANY_RUNS {
            true => left_out(searcher, rows, &members, starts),
            false => fitted.clone(),
        };
        let deviation = deviation(&fitted, &left_out);
        let effects = effects(searcher, rows, &members, &left_out, &starts[0]);
        Some(Self {
            members,
            left_out,
            effects,
            deviation,
        })
    }

    /// Noise of each row for one bootstrap sample: the residuals of each run as a whole, by a random weight
    /// (the wild cluster bootstrap of Cameron, Gelbach and Miller 2008).
    pub(crate) fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut noise = vec![0.0; self.left_out.len()];
        for own in &self.members {
            let weight = WEIGHTS[stream.below(WEIGHTS.len())];
            own.iter()
                .for_each(|row| noise[*row] = weight * self.left_out[*row]);
        }
        noise
    }

    /// How often each row is drawn when whole runs are, with replacement.
    pub(crate) fn counts(&self, stream: &mut Stream) -> Vec<f64> {
        let mut counts = vec![0.0; self.left_out.len()];
        for (own, count) in self
            .members
            .iter()
            .zip(stream.resample_counts(self.members.len()))
        {
            own.iter().for_each(|row| counts[*row] = count);
        }
        counts
    }
}

/// Standard deviation of a run, by residuals with and without the run in the fit: the former are too small by the
/// pull of the run, the latter too large by as much, and their product is right (that of a linear law has the
/// variance as its mean, as in the HC2 of MacKinnon and White 1985).
fn deviation(fitted: &[f64], left_out: &[f64]) -> f64 {
    let pairs = || fitted.iter().zip(left_out);
    let both: f64 = pairs().map(|(within, without)| within * without).sum();
    let least: f64 = pairs().map(|(within, _)| within * within).sum();
    (both.max(least) / fitted.len() as f64).sqrt()
}

/// Residuals of the rows of each run at a fit to the others.
fn left_out(searcher: &Searcher<'_>, rows: &Rows, members: &[Vec<usize>], starts: &[Vec<f64>]) -> Vec<f64> {
    let residuals = |own: &Vec<usize>| {
        let others = (0..rows.len()).filter(|row| own.binary_search(row).is_err());
        let best = searcher.refit(&rows.chosen(&others.collect::<Vec<usize>>()), starts);
        Problem::new(searcher.form, &rows.chosen(own), searcher.objective, SMOOTH).residuals(&best.point)
    };
    let of_each: Vec<Vec<f64>> = members.par_iter().map(residuals).collect();
    let mut left_out = vec![0.0; rows.len()];
    for (own, residuals) in members.iter().zip(&of_each) {
        for (row, residual) in own.iter().zip(residuals) {
            left_out[*row] = *residual;
        }
    }
    left_out
}

/// The variance of each parameter by the sums over runs of weighted slopes times `residuals`, over that by
/// independent rows (the sandwich of Liang and Zeger 1986 over the plain inverse).
fn effects(
    searcher: &Searcher<'_>,
    rows: &Rows,
    members: &[Vec<usize>],
    residuals: &[f64],
    best: &[f64],
) -> Vec<f64> {
    let order = best.len();
    let mut problem = Problem::new(searcher.form, rows, searcher.objective, SMOOTH);
    let (slopes, near) = (problem.slopes(best), problem.residuals(best));
    let slope = |row: usize| &slopes[row * order..(row + 1) * order];
    let mut information = vec![0.0; order * order];
    for row in 0..rows.len() {
        for (at, sum) in information.iter_mut().enumerate() {
            *sum += rows.weight(row) * slope(row)[at / order] * slope(row)[at % order];
        }
    }
    let score = |own: &Vec<usize>| -> Vec<f64> {
        let pull = |row: usize| rows.weight(row) * residuals[row];
        let sum = |at: usize| own.iter().map(|row| slope(*row)[at] * pull(*row)).sum();
        (0..order).map(sum).collect()
    };
    let moves: Option<Vec<Vec<f64>>> = members
        .iter()
        .map(|own| solve_positive(&information, &score(own)))
        .collect();
    let squares = near.iter().map(|residual| residual * residual).sum::<f64>();
    let variance = rows.mean_weight() * squares / rows.len() as f64;
    let effect = |at: usize| {
        let mut unit = vec![0.0; order];
        unit[at] = 1.0;
        let alone = variance * solve_positive(&information, &unit)?[at];
        let together: f64 = moves.as_ref()?.iter().map(|moves| moves[at] * moves[at]).sum();
        Some(together / alone).filter(|effect| effect.is_finite() && *effect > 0.0)
    };
    (0..order).map(|at| effect(at).unwrap_or(1.0)).collect()
}
