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
    /// The objective there.
    pub(crate) value: f64,
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

/// Part of a profile's half by which another walk must lead beyond its end to lead on from there.
const BEYOND: f64 = 0.02;

/// The two ends of the profile of every parameter around the optimum of `view`: where the data, or the
/// ends of its range, stop it.
///
/// Along a bent ridge a walk may lose its way: where that of another parameter led farther, it goes on from there.
pub(crate) fn profiles(
    view: &View<'_>,
    searcher: &Searcher<'_>,
    walk: &Walk<'_>,
    groups: Option<&Groups>,
) -> Vec<[End; 2]> {
    let best = &view.minima[0];
    let sides = || (0..2 * best.len()).into_par_iter();
    let walk_of = |index: usize| {
        let effect = groups.map_or(1.0, |groups| groups.effects[index]);
        Walk {
            ceiling: walk.least + effect * (walk.ceiling - walk.least),
            ..*walk
        }
    };
    let edge = |side: usize| {
        let (low, high) = range(&searcher.form.parameters()[side / 2], best[side / 2]);
        if side.is_multiple_of(2) { low } else { high }
    };
    let alone: Vec<End> = sides()
        .map(|side| walk_of(side / 2).to(best, side / 2, edge(side)))
        .collect();
    let together = |side: usize| {
        let (index, edge, own) = (side / 2, edge(side), &alone[side]);
        let walk = walk_of(index);
        // How much of the way to the edge is left.
        let left = |at: f64| (edge - at) * (edge - best[index]).signum();
        let led = alone
            .iter()
            .filter(|end| end.value <= walk.ceiling && left(end.point[index]) >= 0.0);
        let farthest = led.min_by(|one, other| left(one.point[index]).total_cmp(&left(other.point[index])));
        let beyond = |end: &&End| {
            left(own.at) - left(end.point[index]) > BEYOND * (own.at - best[index]).abs() && own.closed
        };
        let end = farthest.filter(beyond).map(|end| walk.onwards(end, index, edge));
        let end = end.unwrap_or_else(|| own.clone());
        match end.closed {
            true => End {
                at: view.settled(index, end.at),
                ..end
            },
            false => end,
        }
    };
    let ends: Vec<End> = sides().map(together).collect();
    let pairs = ends.chunks_exact(2);
    pairs.map(|pair| [pair[0].clone(), pair[1].clone()]).collect()
}

/// Points far apart along the ridges of profiles that the data leave open: starts for samples of the data, from
/// which a search along the ridge would not come as far.
pub(crate) fn ridge(profiles: &[[End; 2]]) -> Vec<Vec<f64>> {
    let open = profiles.iter().filter(|ends| ends.iter().any(|end| !end.closed));
    let mut points: Vec<Vec<f64>> = Vec::new();
    for end in open.flatten() {
        let near = |other: &Vec<f64>| {
            let mut pairs = other.iter().zip(&end.point);
            pairs.all(|(one, two)| (one - two).abs() <= APART * (1.0 + one.abs()))
        };
        if !points.iter().any(near) {
            points.push(end.point.clone());
        }
    }
    points
}

/// Relative distance of coordinates within which two points of a ridge are one.
const APART: f64 = 0.1;

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
        let start = End {
            at: best[index],
            closed: false,
            point: best.to_vec(),
            value: self.least,
        };
        self.onwards(&start, index, edge)
    }

    /// The same from any point below the ceiling.
    fn onwards(&self, start: &End, index: usize, edge: f64) -> End {
        let first = start.point[index];
        let direction = (edge - first).signum();
        let span = (edge - first).abs();
        let full = (self.ceiling - self.least).sqrt();
        let root = |value: f64| (value - self.least).max(0.0).sqrt();
        let is_allowed = |minimum: &Minimum| minimum.value <= self.ceiling;
        let reaches = |below: f64| (full - below).abs() <= 2e-3 * full;
        let at = |distance: f64| match distance < span {
            true => first + direction * distance,
            false => edge,
        };
        // The last point below the ceiling: distance, root of the rise, parameters.
        let (mut inside, mut below, mut point) = (0.0, root(start.value), start.point.clone());
        // How the parameters changed over the last stride.
        let mut change = vec![0.0; point.len()];
        let mut outside: Option<(f64, f64)> = None;
        let mut stride = (1e-2 * first.abs().max(0.1)).min(span);
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
            let mut minimum = self.held_at(&point, index, at(next));
            if !is_allowed(&minimum) {
                // Along a steep ridge the last point is no near one; where the walk leads may be.
                let ahead = |(point, change): (&f64, &f64)| point + (next - inside) * change;
                let ahead: Vec<f64> = point.iter().zip(&change).map(ahead).collect();
                let other = self.held_at(&ahead, index, at(next));
                if is_allowed(&other) {
                    minimum = other;
                }
            }
            let reached = root(minimum.value);
            if !minimum.value.is_finite() || reached > full {
                outside = Some((next, if reached.is_finite() { reached } else { 2.0 * full }));
            } else {
                let rate = (reached - below) / (next - inside);
                for (change, (new, old)) in change.iter_mut().zip(minimum.point.iter().zip(&point)) {
                    *change = (new - old) / (next - inside);
                }
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
            value: self.least + below * below,
            point,
        }
    }

    fn held_at(&self, start: &[f64], index: usize, at: f64) -> Minimum {
        let held: Vec<(usize, f64)> = self.held.iter().copied().chain([(index, at)]).collect();
        self.searcher.trace(self.rows, start, &held)
    }
}
