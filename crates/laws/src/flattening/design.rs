//! The three laws that a curve is held against, fitted by least squares of the log loss: a straight line in
//! logarithms, one above a floor, and one that bends.

use crate::fit::Searcher;
use crate::form::Residual;
use crate::forms::SaturatingPowerLaw;
use crate::numeric::{Minimum, chance_of_f, fit_line};
use crate::objective::Objective;
use crate::rows::Rows;

/// Places at which a bend is tried.
const PLACES: usize = 65;
/// Points that must lie beyond a bend on either side.
const BEYOND: usize = 2;
/// Noise below which nobody measures a loss, as a share of its spread.
const LEAST_NOISE: f64 = 1e-5;

/// The computes of a curve, and what depends on them alone.
pub(super) struct Design {
    /// Logarithms of the computes, less their mean.
    at: Vec<f64>,
    /// That mean.
    mean: f64,
    /// Sum of squares of `at`.
    square: f64,
    hinges: Vec<Hinge>,
    objective: Objective,
}

/// A bend at one place: `(x - at)` from there on, nothing before.
struct Hinge {
    at: f64,
    /// What no straight line explains of it, of unit length.
    direction: Vec<f64>,
    /// Its length before that.
    length: f64,
    /// Slope of the straight line nearest to it.
    slope: f64,
}

/// `ln L = level - exponent x`, x the log compute less its mean.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) level: f64,
    pub(super) exponent: f64,
    residuals: Vec<f64>,
    pub(super) squares: f64,
}

/// `L = irreducible + A e^(-alpha x)`.
#[derive(Debug, Clone)]
pub(super) struct Floor {
    pub(super) irreducible: f64,
    /// The law at every point, in logarithms.
    pub(super) fitted: Vec<f64>,
    pub(super) squares: f64,
    /// Search coordinates of the law.
    point: Vec<f64>,
}

/// Two straight lines that meet.
#[derive(Debug, Clone)]
pub(super) struct Bend {
    /// Log compute, less the mean.
    pub(super) at: f64,
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) squares: f64,
    /// The law at every point, in logarithms.
    pub(super) fitted: Vec<f64>,
}

/// The laws fitted to one curve of log losses.
pub(super) struct Fits {
    pub(super) line: Line,
    /// None where no floor above zero fits better than none.
    pub(super) floor: Option<Floor>,
    /// None where the points are too few for one.
    pub(super) bend: Option<Bend>,
}

impl Design {
    /// Of ascending log computes.
    pub(super) fn new(logs: &[f64]) -> Self {
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let at: Vec<f64> = logs.iter().map(|log| log - mean).collect();
        let mut design = Self {
            square: at.iter().map(|x| x * x).sum(),
            mean,
            hinges: Vec::new(),
            objective: Objective::squares(Residual::Log),
            at,
        };
        if let Some(last) = logs.len().checked_sub(BEYOND + 1).filter(|last| *last > BEYOND) {
            let (low, high) = (design.at[BEYOND], design.at[last]);
            let places = (0..PLACES).map(|step| low + (high - low) * step as f64 / (PLACES - 1) as f64);
            design.hinges = places.map(|place| design.hinge(place)).collect();
        }
        design
    }

    fn hinge(&self, place: f64) -> Hinge {
        let raw: Vec<f64> = self.at.iter().map(|x| (x - place).max(0.0)).collect();
        let line = self.line(&raw);
        let length = line.squares.sqrt();
        Hinge {
            at: place,
            direction: line.residuals.iter().map(|rest| rest / length).collect(),
            length,
            slope: -line.exponent,
        }
    }

    pub(super) fn points(&self) -> usize {
        self.at.len()
    }

    /// The compute at a place.
    pub(super) fn compute(&self, place: f64) -> f64 {
        (self.mean + place).exp()
    }

    /// The middle of the places where a bend is tried.
    pub(super) fn middle(&self) -> Option<f64> {
        self.hinges.get(PLACES / 2).map(|hinge| hinge.at)
    }

    /// The places before and beyond which no bend is tried.
    pub(super) fn places(&self) -> Option<(f64, f64)> {
        Some((self.hinges.first()?.at, self.hinges.last()?.at))
    }

    /// A straight line, bent at a place by so much.
    pub(super) fn bent(&self, line: &Line, place: f64, change: f64) -> Vec<f64> {
        let bent = |x: &f64| line.level - line.exponent * x + change * (x - place).max(0.0);
        self.at.iter().map(bent).collect()
    }

    /// The least sum of squares that counts: below it the noise is that of printed digits.
    pub(super) fn least(&self, losses: &[f64]) -> f64 {
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        let spread: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
        (LEAST_NOISE * LEAST_NOISE * spread).max(1e-24)
    }

    pub(super) fn line(&self, losses: &[f64]) -> Line {
        let level = losses.iter().sum::<f64>() / losses.len() as f64;
        let slope = self.at.iter().zip(losses).map(|(x, y)| x * y).sum::<f64>() / self.square;
        let rest = |(x, y): (&f64, &f64)| y - level - slope * x;
        let residuals: Vec<f64> = self.at.iter().zip(losses).map(rest).collect();
        Line {
            level,
            exponent: -slope,
            squares: residuals.iter().map(|rest| rest * rest).sum(),
            residuals,
        }
    }

    pub(super) fn fits(&self, losses: &[f64]) -> Fits {
        let line = self.line(losses);
        Fits {
            floor: self.floor(losses, &line),
            bend: self.bend(&line),
            line,
        }
    }

    fn rows(&self, losses: &[f64]) -> Rows {
        Rows::new(
            std::slice::from_ref(&self.at),
            losses,
            &vec![1.0; losses.len()],
            None,
        )
    }

    fn searched(&self, losses: &[f64], start: &[f64], held: &[(usize, f64)]) -> Minimum {
        let searcher = Searcher {
            form: &SaturatingPowerLaw::OF_COMPUTE,
            objective: &self.objective,
        };
        searcher.polish(&self.rows(losses), start, held)
    }

    /// The law of a floor, as near as a straight line of `ln (L - floor)` comes to it.
    fn start(&self, losses: &[f64], floor: f64) -> Option<Vec<f64>> {
        let above: Vec<f64> = losses.iter().map(|loss| (loss.exp() - floor).ln()).collect();
        let line = fit_line(&self.at, &above)?;
        let start = vec![floor.ln(), line.intercept, -line.slope];
        start.iter().all(|value| value.is_finite()).then_some(start)
    }

    pub(super) fn floor(&self, losses: &[f64], line: &Line) -> Option<Floor> {
        let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min).exp();
        let minima = [self.curvature(line), 0.8].into_iter().filter_map(|share| {
            let start = self.start(losses, share.clamp(0.02, 0.98) * lowest)?;
            Some(self.searched(losses, &start, &[]))
        });
        let best = minima.min_by(|one, other| one.value.total_cmp(&other.value))?;
        // The objective is half the sum of squares. Below this gain the floor has drifted towards zero.
        (2.0 * best.value < line.squares * (1.0 - 1e-9)).then(|| self.floor_of(best))
    }

    fn floor_of(&self, minimum: Minimum) -> Floor {
        let (irreducible, scale) = (minimum.point[0].exp(), minimum.point[1].exp());
        let law = |x: &f64| (irreducible + scale * (-minimum.point[2] * x).exp()).ln();
        Floor {
            irreducible,
            fitted: self.at.iter().map(law).collect(),
            squares: 2.0 * minimum.value,
            point: minimum.point,
        }
    }

    /// The law with this floor that is nearest to the losses.
    pub(super) fn held_at(&self, losses: &[f64], floor: f64) -> Option<Floor> {
        let start = self.start(losses, floor)?;
        let held = [(0, floor.ln())];
        Some(self.floor_of(self.searched(losses, &start, &held)))
    }

    /// The same from another law of a floor, for floors that are above some of the losses.
    pub(super) fn squares_at(&self, losses: &[f64], near: &[f64], floor: f64) -> f64 {
        let held = [(0, floor.ln())];
        2.0 * self.searched(losses, near, &held).value
    }

    /// The share of the loss that the curvature of the residuals makes a floor: with `s` the share at the mean,
    /// the second derivative of `ln L` is the squared slope times `s / (1 - s)`.
    fn curvature(&self, line: &Line) -> f64 {
        let shape: Vec<f64> = self.at.iter().map(|x| x * x).collect();
        let shape = self.line(&shape).residuals;
        let square: f64 = shape.iter().map(|x| x * x).sum();
        let product: f64 = shape.iter().zip(&line.residuals).map(|(x, y)| x * y).sum();
        let odds = 2.0 * product / square / (line.exponent * line.exponent);
        (odds / (1.0 + odds)).clamp(0.0, 1.0)
    }

    /// The bend at the best of the places tried.
    fn bend(&self, line: &Line) -> Option<Bend> {
        let best = self
            .hinges
            .iter()
            .max_by(|one, other| one.along(line).abs().total_cmp(&other.along(line).abs()))?;
        Some(self.bend_at(line, best))
    }

    /// The best bend near one of the places tried.
    pub(super) fn refined(&self, line: &Line, bend: &Bend) -> Option<Bend> {
        let (low, high) = self.places()?;
        let step = (high - low) / (PLACES - 1) as f64;
        let (mut from, mut to) = ((bend.at - step).max(low), (bend.at + step).min(high));
        let gain = |place: f64| self.hinge(place).along(line).abs();
        for _ in 0..40 {
            // A third at a time: the gain has one maximum so near to it.
            let (left, right) = (from + (to - from) / 3.0, to - (to - from) / 3.0);
            match gain(left) < gain(right) {
                true => from = left,
                false => to = right,
            }
        }
        let found = self.bend_at(line, &self.hinge(0.5 * (from + to)));
        Some(if found.squares < bend.squares {
            found
        } else {
            bend.clone()
        })
    }

    fn bend_at(&self, line: &Line, hinge: &Hinge) -> Bend {
        let along = hinge.along(line);
        let change = along / hinge.length;
        let before = line.exponent + change * hinge.slope;
        let moved = hinge.direction.iter().zip(&self.at);
        Bend {
            at: hinge.at,
            before,
            after: before - change,
            squares: (line.squares - along * along).max(0.0),
            fitted: moved
                .map(|(direction, x)| line.level - line.exponent * x + along * direction)
                .collect(),
        }
    }

    /// The outermost places of the bend at which the sum of squares is no more than `most`.
    pub(super) fn bends_within(&self, line: &Line, best: f64, most: f64) -> Option<(f64, f64)> {
        let is_within = |place: f64| {
            let along = self.hinge(place).along(line);
            line.squares - along * along <= most
        };
        let (low, high) = self.places()?;
        let mut within = self
            .hinges
            .iter()
            .map(|hinge| hinge.at)
            .filter(|place| is_within(*place));
        let first = within.next().map_or(best, |place| place.min(best));
        let last = within
            .next_back()
            .map_or(best, |place| place.max(best))
            .max(first);
        let step = (high - low) / (PLACES - 1) as f64;
        Some((
            boundary(first, (first - step).max(low), is_within),
            boundary(last, (last + step).min(high), is_within),
        ))
    }
}

impl Hinge {
    /// The length of a line's residuals along it.
    fn along(&self, line: &Line) -> f64 {
        let products = self.direction.iter().zip(&line.residuals);
        products.map(|(one, other)| one * other).sum()
    }
}

/// Between a value that is allowed and one that may not be, the last that is.
pub(super) fn boundary(allowed: f64, beyond: f64, is_allowed: impl Fn(f64) -> bool) -> f64 {
    if is_allowed(beyond) {
        return beyond;
    }
    let (mut inside, mut outside) = (allowed, beyond);
    for _ in 0..30 {
        let middle = 0.5 * (inside + outside);
        match is_allowed(middle) {
            true => inside = middle,
            false => outside = middle,
        }
    }
    inside
}

impl Floor {
    /// Search coordinates of the law.
    pub(super) fn point(&self) -> &[f64] {
        &self.point
    }
}

impl Fits {
    /// Chance of such a gain by a floor if there were none. A floor of nothing is the edge of what is possible,
    /// so under the straight line half of the samples have none: the statistic is an equal mixture of zero and of
    /// F with one degree of freedom (Chernoff 1954; Self and Liang 1987, case 5).
    pub(super) fn chance_of_floor(&self, points: usize, least: f64) -> f64 {
        let Some(floor) = &self.floor else { return 1.0 };
        let freedom = points - 3;
        let statistic = (self.line.squares - floor.squares) / (floor.squares.max(least) / freedom as f64);
        chance_of_f(statistic, 1, freedom).map_or(1.0, |chance| 0.5 * chance)
    }

    /// F statistic of a bend: of the two parameters more that it has.
    pub(super) fn statistic_of_bend(&self, points: usize, least: f64) -> f64 {
        self.bend.as_ref().map_or(0.0, |bend| {
            let gain = self.line.squares - bend.squares;
            0.5 * gain / (bend.squares.max(least) / (points - 4) as f64)
        })
    }

    /// How much better a bend fits than a floor: the log of the ratio of their sums of squares.
    pub(super) fn bend_over_floor(&self, least: f64) -> f64 {
        let of_floor = self
            .floor
            .as_ref()
            .map_or(self.line.squares, |floor| floor.squares);
        let of_bend = self.bend.as_ref().map_or(self.line.squares, |bend| bend.squares);
        (of_floor.max(least) / of_bend.max(least)).ln()
    }
}
