//! Parameters at the ends of their ranges and beyond.
//!
//! A search is free to leave a range, as a parameter on the logarithmic scale does when its best value is
//! zero: it drifts without end through values that are all the same to the data, and a search that starts
//! there finds no way back.

use super::noise::{Noise, SMOOTH};
use super::profile::{End, Walk, ceiling};
use super::search::{SAME, Searcher, distinct};
use crate::error::Warning;
use crate::form::{Parameter, Scale};
use crate::numeric::Minimum;
use crate::problem::Problem;
use crate::rows::Rows;

/// The part of an interval's rise of the objective that the data cannot tell from none.
const UNSEEN: f64 = 1e-3;

/// The range of a parameter in its search coordinate, which reaches half its width beyond a `best` outside it.
pub(crate) fn range(parameter: &Parameter, best: f64) -> (f64, f64) {
    let (low, high) = given(parameter);
    let more = 0.5 * (high - low);
    (
        if best < low { best - more } else { low },
        if best > high { best + more } else { high },
    )
}

fn given(parameter: &Parameter) -> (f64, f64) {
    let (low, high) = parameter.range;
    match parameter.scale {
        Scale::Linear => (low, high),
        Scale::Log => (low.max(1e-300).ln(), high.ln()),
    }
}

/// The end of its range beyond which a parameter lies, in search coordinates.
fn passed(parameter: &Parameter, at: f64) -> Option<f64> {
    let (low, high) = given(parameter);
    let nearest = at.clamp(low, high);
    (nearest != at).then_some(nearest)
}

/// The minima with every parameter that is beyond its range brought back to it, as far as the data cannot tell.
pub(crate) fn settled(searcher: &Searcher<'_>, rows: &Rows, minima: Vec<Minimum>) -> Vec<Minimum> {
    let beyond = |minimum: &Minimum| outside(searcher, &minimum.point, &[]).is_some();
    let Some(best) = minima.first().filter(|_| minima.iter().any(beyond)) else {
        return minima;
    };
    let residuals = Problem::new(searcher.form, rows, searcher.objective, SMOOTH).residuals(&best.point);
    let noise = Noise::new(&residuals, searcher.objective, best.point.len());
    let freedom = rows.len().saturating_sub(best.point.len());
    let rise = UNSEEN * (ceiling(searcher, rows, &noise, best.value, 0.9, freedom) - best.value);
    let mut settled: Vec<Minimum> = minima
        .into_iter()
        .map(|minimum| settle(searcher, rows, minimum, rise))
        .collect();
    settled.sort_by(|first, second| first.value.total_cmp(&second.value));
    let count = settled.len();
    distinct(settled, count, SAME)
}

fn settle(searcher: &Searcher<'_>, rows: &Rows, mut minimum: Minimum, rise: f64) -> Minimum {
    let mut held: Vec<(usize, f64)> = Vec::new();
    while let Some((index, edge)) = outside(searcher, &minimum.point, &held) {
        let walk = Walk {
            searcher,
            rows,
            least: minimum.value,
            ceiling: minimum.value + rise,
            held: &held,
        };
        let End { at, point, .. } = walk.to(&minimum.point, index, edge);
        held.push((index, at));
        minimum = searcher.polish(rows, &point, &held);
    }
    minimum
}

/// The first parameter that is beyond its range and not held, and the end that it passed.
fn outside(searcher: &Searcher<'_>, point: &[f64], held: &[(usize, f64)]) -> Option<(usize, f64)> {
    let parameters = searcher.form.parameters().iter().zip(point).enumerate();
    let mut free = parameters.filter(|(index, _)| held.iter().all(|(other, _)| other != index));
    free.find_map(|(index, (parameter, at))| Some((index, passed(parameter, *at)?)))
}

/// The points to which parameters at an end of their range can go from there: starts for samples of the
/// data whose best value is not at the end, which a search from the end itself would not find.
pub(crate) fn inner_starts(walk: &Walk<'_>, best: &[f64]) -> Vec<Vec<f64>> {
    let parameters = walk.searcher.form.parameters().iter().enumerate();
    let inner = parameters.filter_map(|(index, parameter)| {
        let (low, high) = given(parameter);
        let edge = match best[index] {
            at if at <= low => high,
            at if at >= high => low,
            _ => return None,
        };
        Some(walk.to(best, index, edge).point)
    });
    inner.collect()
}

/// Warns of every parameter that the data put beyond its range.
pub(crate) fn beyond(searcher: &Searcher<'_>, best: &[f64]) -> Vec<Warning> {
    let parameters = searcher.form.parameters().iter().zip(best);
    let beyond = parameters.filter(|(parameter, at)| passed(parameter, **at).is_some());
    beyond
        .map(|(parameter, at)| Warning::BeyondRange {
            parameter: parameter.name.to_string(),
            value: parameter.scale.inverse(*at),
            low: parameter.range.0,
            high: parameter.range.1,
        })
        .collect()
}
