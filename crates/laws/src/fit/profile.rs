//! Profile likelihood: how far one parameter can go while the others make up for it.

use rayon::prelude::*;

use super::intervals::View;
use super::noise::{Noise, SMOOTH};
use super::search::Searcher;
use crate::form::Scale;
use crate::numeric::student_quantile;
use crate::objective::Penalty;
use crate::rows::Rows;

/// The values of a parameter that the data allow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Profile {
    /// Lowest allowed, in natural units; the end of the range when open.
    pub(crate) low: f64,
    /// Highest allowed.
    pub(crate) high: f64,
    /// Whether both ends were reached inside the range.
    pub(crate) closed: bool,
}

/// Evaluations along one side of one profile.
const EVALUATIONS: usize = 60;

/// Noise below which nobody measures a response, as a share of its spread: without it a noiseless
/// table would identify everything to the last digit.
const LEAST_NOISE: f64 = 1e-5;

/// The objective above which a parameter value is rejected, given the `least` objective.
///
/// Its rise over the dispersion of the noise is half the square of Student's t, as in the F test of
/// one parameter: exact for a linear law with normal noise and squares.
pub(crate) fn ceiling(searcher: &Searcher<'_>, rows: &Rows, noise: &Noise, least: f64, level: f64) -> f64 {
    let count = rows.len();
    let freedom = count.saturating_sub(searcher.form.parameters().len()).max(1) as f64;
    let limit = student_quantile(0.5 * (1.0 + level), freedom);
    let mean = rows.targets().sum::<f64>() / count as f64;
    let spread = rows.targets().map(|target| (target - mean).powi(2)).sum::<f64>() / count as f64;
    let (floor, ..) = Penalty::new(searcher.objective, SMOOTH).at(LEAST_NOISE * spread.sqrt());
    let dispersion = noise.dispersion(rows, searcher.objective);
    // NaN, where nothing is left to measure, becomes the floor.
    least + 0.5 * limit * limit * dispersion.max(2.0 * floor)
}

/// The profiles of all parameters around the optimum of `view`.
pub(crate) fn profiles(view: &View<'_>, searcher: &Searcher<'_>, least: f64, ceiling: f64) -> Vec<Profile> {
    let best = &view.minima[0];
    let end = |index: usize, bound: f64| {
        let parameter = &searcher.form.parameters()[index];
        let edge = match parameter.scale {
            Scale::Linear => bound,
            Scale::Log => bound.max(1e-300).ln(),
        };
        let (at, closed) = walk(searcher, &view.rows, best, index, edge, least, ceiling);
        let at = if closed { view.settled(index, at) } else { at };
        (parameter.scale.inverse(at), closed)
    };
    let ends: Vec<(f64, bool)> = (0..2 * best.len())
        .into_par_iter()
        .map(|side| {
            let (low, high) = searcher.form.parameters()[side / 2].range;
            end(side / 2, if side % 2 == 0 { low } else { high })
        })
        .collect();
    let profile = |ends: &[(f64, bool)]| Profile {
        low: ends[0].0,
        high: ends[1].0,
        closed: ends[0].1 && ends[1].1,
    };
    ends.chunks_exact(2).map(profile).collect()
}

/// Walks parameter `index` from the optimum towards `edge` until the objective reaches `ceiling`.
///
/// Near the optimum the rise goes with the square of the distance, so each stride aims at the ceiling;
/// once it is crossed the crossing is found by regula falsi on the root of the rise.
fn walk(
    searcher: &Searcher<'_>,
    rows: &Rows,
    best: &[f64],
    index: usize,
    edge: f64,
    least: f64,
    ceiling: f64,
) -> (f64, bool) {
    let direction = (edge - best[index]).signum();
    let span = (edge - best[index]).abs();
    if span < 1e-12 {
        return (edge, false);
    }
    let full = (ceiling - least).sqrt();
    let root = |value: f64| (value - least).max(0.0).sqrt();
    let at = |distance: f64| best[index] + direction * distance;
    // The last point below the ceiling: distance, root of the rise, parameters.
    let (mut inside, mut below, mut point) = (0.0, 0.0, best.to_vec());
    let mut outside: Option<(f64, f64)> = None;
    let mut stride = (1e-2 * best[index].abs().max(0.1)).min(span);
    for _ in 0..EVALUATIONS {
        let next = match outside {
            None => (inside + stride).min(span),
            Some((distance, above)) => {
                let share = ((full - below) / (above - below)).clamp(0.05, 0.95);
                inside + share * (distance - inside)
            }
        };
        let minimum = searcher.trace(rows, &point, (index, at(next)));
        let reached = root(minimum.value);
        if !minimum.value.is_finite() || reached > full {
            outside = Some((next, if reached.is_finite() { reached } else { 2.0 * full }));
        } else {
            let rate = (reached - below) / (next - inside);
            (inside, below, point) = (next, reached, minimum.point);
            if inside == span {
                return (edge, false);
            }
            let aimed = if rate > 0.0 {
                1.1 * (full - below) / rate
            } else {
                f64::INFINITY
            };
            stride = aimed.clamp(0.3 * stride, 5.0 * stride);
        }
        if outside.is_some_and(|(distance, _)| distance - inside <= 1e-3 * distance)
            || (full - below).abs() <= 2e-3 * full
        {
            break;
        }
    }
    (
        at(inside),
        outside.is_some() || (full - below).abs() <= 2e-3 * full,
    )
}
