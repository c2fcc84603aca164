//! Profile likelihood: how far one parameter can go while the others make up for it.

use rayon::prelude::*;

use super::groups::Groups;
use super::intervals::View;
use super::noise::{Noise, SMOOTH};
use super::range::range;
use super::search::Searcher;
use crate::numeric::{Minimum, student_quantile};
use crate::objective::Penalty;
use crate::rows::Rows;

/// Where a walk of one parameter ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    /// The last value below the ceiling, in the search coordinate.
    pub(crate) at: f64,
    /// Whether the ceiling was reached before the edge.
    pub(crate) closed: bool,
    /// All parameters there.
    pub(crate) point: Vec<f64>,
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
pub(crate) fn ceiling(
    searcher: &Searcher<'_>,
    rows: &Rows,
    noise: &Noise,
    least: f64,
    level: f64,
    freedom: usize,
) -> f64 {
    let count = rows.len();
    let limit = student_quantile(0.5 * (1.0 + level), freedom.max(1) as f64);
    let mean = rows.targets().sum::<f64>() / count as f64;
    let spread = rows.targets().map(|target| (target - mean).powi(2)).sum::<f64>() / count as f64;
    let (floor, ..) = Penalty::new(searcher.objective, SMOOTH).at(LEAST_NOISE * spread.sqrt());
    let dispersion = noise.dispersion(rows, searcher.objective);
    // NaN, where nothing is left to measure, becomes the floor.
    least + 0.5 * limit * limit * dispersion.max(2.0 * floor)
}

/// The two ends of the profile of every parameter around the optimum of `view`: where the data, or the
/// ends of its range, stop it.
pub(crate) fn profiles(
    view: &View<'_>,
    searcher: &Searcher<'_>,
    walk: &Walk<'_>,
    groups: Option<&Groups>,
) -> Vec<[End; 2]> {
    let best = &view.minima[0];
    let ends: Vec<End> = (0..2 * best.len())
        .into_par_iter()
        .map(|side| {
            let index = side / 2;
            let (low, high) = range(&searcher.form.parameters()[index], best[index]);
            let effect = groups.map_or(1.0, |groups| groups.effects[index]);
            let walk = Walk {
                ceiling: walk.least + effect * (walk.ceiling - walk.least),
                ..*walk
            };
            let end = walk.to(best, index, if side % 2 == 0 { low } else { high });
            match end.closed {
                true => End {
                    at: view.settled(index, end.at),
                    ..end
                },
                false => end,
            }
        })
        .collect();
    let pairs = ends.chunks_exact(2);
    pairs.map(|pair| [pair[0].clone(), pair[1].clone()]).collect()
}

/// How far one parameter can go while the others make up for it and the objective stays below a ceiling.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'a> {
    pub(crate) searcher: &'a Searcher<'a>,
    pub(crate) rows: &'a Rows,
    /// The objective at the start.
    pub(crate) least: f64,
    pub(crate) ceiling: f64,
    /// Parameters that do not move, at search coordinates.
    pub(crate) held: &'a [(usize, f64)],
}

impl Walk<'_> {
    /// Walks parameter `index` from `best` towards `edge`, all in search coordinates.
    ///
    /// Near the optimum the rise goes with the square of the distance, so each stride aims at the ceiling;
    /// once it is crossed the crossing is found by regula falsi on the root of the rise.
    pub(crate) fn to(&self, best: &[f64], index: usize, edge: f64) -> End {
        let direction = (edge - best[index]).signum();
        let span = (edge - best[index]).abs();
        let full = (self.ceiling - self.least).sqrt();
        let root = |value: f64| (value - self.least).max(0.0).sqrt();
        let reaches = |below: f64| (full - below).abs() <= 2e-3 * full;
        let at = |distance: f64| match distance < span {
            true => best[index] + direction * distance,
            false => edge,
        };
        // The last point below the ceiling: distance, root of the rise, parameters.
        let (mut inside, mut below, mut point) = (0.0, 0.0, best.to_vec());
        let mut outside: Option<(f64, f64)> = None;
        let mut stride = (1e-2 * best[index].abs().max(0.1)).min(span);
        for _ in 0..EVALUATIONS {
            if inside == span {
                break;
            }
            let next = match outside {
                None => (inside + stride).min(span),
                Some((distance, above)) => {
                    let share = ((full - below) / (above - below)).clamp(0.05, 0.95);
                    inside + share * (distance - inside)
                }
            };
            let minimum = self.held_at(&point, index, at(next));
            let reached = root(minimum.value);
            if !minimum.value.is_finite() || reached > full {
                outside = Some((next, if reached.is_finite() { reached } else { 2.0 * full }));
            } else {
                let rate = (reached - below) / (next - inside);
                (inside, below, point) = (next, reached, minimum.point);
                let aimed = if rate > 0.0 {
                    1.1 * (full - below) / rate
                } else {
                    f64::INFINITY
                };
                stride = aimed.clamp(0.3 * stride, 5.0 * stride);
            }
            if outside.is_some_and(|(distance, _)| distance - inside <= 1e-3 * distance) || reaches(below) {
                break;
            }
        }
        End {
            at: at(inside),
            closed: inside < span && (outside.is_some() || reaches(below)),
            point,
        }
    }

    fn held_at(&self, start: &[f64], index: usize, at: f64) -> Minimum {
        let held: Vec<(usize, f64)> = self.held.iter().copied().chain([(index, at)]).collect();
        self.searcher.trace(self.rows, start, &held)
    }
}
