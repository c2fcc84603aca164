//! Whether loss still falls with compute as it did: a floor, a bend, neither, or that the runs cannot tell.

mod curve;
mod design;
mod simulate;
mod words;

use serde::{Deserialize, Serialize};

pub use curve::{ComputeCurve, Points};

use crate::error::{FitError, Refusal};
use crate::fit::{Estimate, FitOptions};
use crate::numeric::student_quantile;
use design::{Bend as BendFit, Design, Fits, Floor as FloorFit, boundary};
use simulate::{Apart, Null, Truth, apart};

/// The chance at which a straight line is called one with a floor or a bend.
const FALSE_ALARMS: f64 = 0.05;
/// The chance of being seen that makes an effect one that the runs could have shown.
const POWER: f64 = 0.8;
/// The floor of the stated alternative, as a share of the lowest loss: where the curve has come half of its way.
const STATED_FLOOR: f64 = 0.5;
/// The change of slope of the stated alternative, as a share of the slope: half of it is lost.
const STATED_BEND: f64 = 0.5;
/// Points below which there is no noise to judge a floor by: three parameters and two degrees of freedom.
const LEAST_POINTS: usize = 5;

/// What a curve of loss against compute shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// It flattens towards a loss that it never passes, `L = E + A / C^alpha`.
    Floor,
    /// Its slope changes from one value to another.
    Bend,
    /// It is no straight line in logarithms, and the runs cannot tell a floor from a bend.
    FloorOrBend,
    /// It is no straight line, and neither a floor nor a bend explains it.
    Neither,
    /// It is a straight line in logarithms, and would have been seen not to be if it were not.
    Straight,
    /// No floor and no bend are seen, and would not have been if they were there.
    CannotTell,
}

/// What a test could have seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// The effect of a stated alternative: a floor of this share of the lowest loss, or a slope that loses this
    /// share of itself in the middle of the computes.
    pub stated: f64,
    /// Chance that the tests tell that alternative from a straight line.
    pub chance: f64,
    /// The least effect that they tell four times in five; `None` where none is.
    pub least: Option<f64>,
}

/// The floor of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// The irreducible loss E of `L = E + A / C^alpha`; open below where none would do as well.
    pub loss: Estimate,
    /// Chance of such a gain over the straight line if there were no floor (the mixture of zero and F at the
    /// edge of the range).
    pub p_value: f64,
    /// Chance that a bend fits so much better if this floor is true; `None` where the curve is straight.
    pub p_against_bend: Option<f64>,
    /// What the runs could have shown.
    pub power: Power,
}

/// The bend of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bend {
    /// The compute at which the slope changes; open where the bend may lie beyond the points.
    pub flops: Estimate,
    /// Exponent before it, in `L ~ C^-exponent`.
    pub before: f64,
    /// Exponent after it.
    pub after: f64,
    /// Chance of such a gain over the straight line if there were no bend, by simulation.
    pub p_value: f64,
    /// Chance that a floor fits so much better if this bend is true; `None` where the curve is straight.
    pub p_against_floor: Option<f64>,
    /// What the runs could have shown.
    pub power: Power,
}

/// Whether a curve flattens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flattening {
    /// What the runs show.
    pub shape: Shape,
    /// What the points of the curve are.
    pub points: Points,
    /// The curve: compute and loss.
    pub curve: Vec<(f64, f64)>,
    /// Exponent of the straight line, in `L = A / C^exponent`.
    pub exponent: f64,
    /// Relative noise of one point.
    pub noise: f64,
    /// Chance that either test says as much of a straight line, both being tried.
    pub p_value: f64,
    /// The floor.
    pub floor: Floor,
    /// The bend; `None` with fewer than six points.
    pub bend: Option<Bend>,
    /// Shares of curves with this floor whose bend, and of curves with this bend whose floor, these runs would
    /// have rejected; `None` where the curve is straight.
    pub told_apart: Option<[f64; 2]>,
    /// Level of the intervals.
    pub level: f64,
}

/// Tests whether a curve of loss against compute has a floor or a bend, and says what it could have shown.
///
/// All laws are fitted by least squares of the log loss: a straight line in logarithms, the same above a floor
/// (Henighan et al. 2020, equation 1.1), and a line that bends once (Caballero et al. 2023, equation 1, with a
/// sharp break and no floor). A straight line is called otherwise in 5% of cases. Where it is, the floor and the
/// bend are each held against curves drawn from the other.
///
/// # Errors
/// [`Refusal::ShortCurve`] with fewer than five points, [`Refusal::RisingCurve`] where the loss does not fall.
///
/// ```
/// use triaxis_laws::{ComputeCurve, FitOptions, Shape, flattening};
/// let flops: Vec<f64> = (0..24).map(|step| 1e16 * 2.0_f64.powi(step)).collect();
/// // A floor of 1.7, and a noise of about a thousandth.
/// let loss = flops.iter().enumerate().map(|(row, flops)| {
///     (1.7 + 2000.0 / flops.powf(0.18)) * (1.0 + 1e-3 * (7.0 * row as f64).sin())
/// });
/// let curve = ComputeCurve::of(&flops, &loss.collect::<Vec<f64>>());
/// let found = flattening(&curve, &FitOptions::default()).unwrap();
/// assert_eq!(found.shape, Shape::Floor);
/// assert!(found.floor.loss.covers(1.7));
/// ```
pub fn flattening(curve: &ComputeCurve, options: &FitOptions) -> Result<Flattening, FitError> {
    options.check()?;
    let points = curve.points.len();
    if points < LEAST_POINTS {
        let (from, needed) = (curve.from, LEAST_POINTS);
        return Err(Refusal::ShortCurve { points, from, needed }.into());
    }
    let logs: Vec<f64> = curve.points.iter().map(|(flops, _)| flops.ln()).collect();
    let losses: Vec<f64> = curve.points.iter().map(|(_, loss)| loss.ln()).collect();
    let design = Design::new(&logs);
    let fits = design.fits(&losses);
    if fits.line.exponent.is_nan() || fits.line.exponent <= 0.0 {
        return Err(Refusal::RisingCurve {
            exponent: fits.line.exponent,
        }
        .into());
    }
    Ok(Judge {
        least: design.least(&losses),
        noise: noise(&design, &fits, design.least(&losses)),
        design,
        losses,
        fits,
        options,
    }
    .judged(curve))
}

/// Noise of one point, by the law that leaves the least of it.
fn noise(design: &Design, fits: &Fits, least: f64) -> f64 {
    let of = |squares: f64, parameters: usize| squares.max(least) / (design.points() - parameters) as f64;
    let floor = fits.floor.as_ref().map(|floor| of(floor.squares, 3));
    let bend = fits.bend.as_ref().map(|bend| of(bend.squares, 4));
    let line = of(fits.line.squares, 2);
    floor.into_iter().chain(bend).fold(line, f64::min).sqrt()
}

/// A curve with the laws fitted to it.
struct Judge<'a> {
    design: Design,
    losses: Vec<f64>,
    fits: Fits,
    least: f64,
    noise: f64,
    options: &'a FitOptions,
}

impl Judge<'_> {
    fn truth<'t>(&self, law: &'t [f64]) -> Truth<'t> {
        let (noise, seed) = (self.noise, self.options.seed);
        Truth { law, noise, seed }
    }

    fn judged(&self, curve: &ComputeCurve) -> Flattening {
        let line = &self.fits.line;
        let straight = self.design.bent(line, 0.0, 0.0);
        let null = Null::new(&self.design, self.truth(&straight));
        let [of_floor, of_bend, p_value] = null.chances(&self.fits, self.least);
        let is_straight = p_value > FALSE_ALARMS;
        let laws = self.fits.floor.as_ref().zip(self.fits.bend.as_ref());
        let apart = laws
            .filter(|_| !is_straight)
            .map(|(floor, bend)| self.apart(floor, bend));
        let floor = Floor {
            loss: self.interval_of_floor(),
            p_value: of_floor,
            p_against_bend: apart.as_ref().map(|apart| apart.floor),
            power: self.power_of_floor(&null),
        };
        let refined = |bend| self.design.refined(line, bend);
        let bend = self.fits.bend.as_ref().and_then(refined).map(|bend| Bend {
            flops: self.interval_of_bend(&bend),
            before: bend.before,
            after: bend.after,
            p_value: of_bend,
            p_against_floor: apart.as_ref().map(|apart| apart.bend),
            power: self.power_of_bend(&null),
        });
        Flattening {
            shape: match is_straight {
                true => unseen(&floor, bend.as_ref()),
                false => self.seen(apart.as_ref()),
            },
            points: curve.from,
            curve: curve.points.clone(),
            exponent: line.exponent,
            noise: self.noise,
            p_value,
            floor,
            bend,
            told_apart: apart.map(|apart| apart.power),
            level: self.options.level,
        }
    }

    fn apart(&self, floor: &FloorFit, bend: &BendFit) -> Apart {
        let observed = self.fits.bend_over_floor(self.least);
        apart(
            &self.design,
            observed,
            self.truth(&floor.fitted),
            self.truth(&bend.fitted),
        )
    }

    /// What a curve shows that is no straight line.
    fn seen(&self, apart: Option<&Apart>) -> Shape {
        match (apart, &self.fits.floor, &self.fits.bend) {
            (Some(apart), ..) => match (apart.floor > FALSE_ALARMS, apart.bend > FALSE_ALARMS) {
                (true, false) => Shape::Floor,
                (false, true) => Shape::Bend,
                (true, true) => Shape::FloorOrBend,
                (false, false) => Shape::Neither,
            },
            // It steepens, which no floor makes it do.
            (None, None, Some(_)) => Shape::Bend,
            // Five points: a bend could not be tried.
            (None, Some(_), None) => Shape::FloorOrBend,
            (None, ..) => Shape::Neither,
        }
    }

    /// The sum of squares at which a value is rejected, by the F test of one parameter.
    fn ceiling(&self, squares: f64, parameters: usize) -> f64 {
        let freedom = (self.design.points() - parameters) as f64;
        let limit = student_quantile(0.5 * (1.0 + self.options.level), freedom);
        squares.max(self.least) * (1.0 + limit * limit / freedom)
    }

    fn interval_of_floor(&self) -> Estimate {
        let lowest = self.losses.iter().copied().fold(f64::INFINITY, f64::min).exp();
        let highest = self
            .losses
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max)
            .exp();
        let (best, squares, near) = match &self.fits.floor {
            Some(floor) => (floor.irreducible, floor.squares, Some(floor.point().to_vec())),
            None => (0.0, self.fits.line.squares, None),
        };
        let most = self.ceiling(squares, 3);
        let near = near.or_else(|| Some(self.design.held_at(&self.losses, 0.05 * lowest)?.point().to_vec()));
        let Some(near) = near else {
            return Estimate::point(best);
        };
        let is_allowed = |floor: f64| self.design.squares_at(&self.losses, &near, floor) <= most;
        let high = boundary(best.max(1e-3 * lowest), highest, is_allowed);
        let open_below = self.fits.line.squares <= most;
        let low = match open_below {
            true => 0.0,
            false => boundary(best, 0.0, is_allowed),
        };
        Estimate {
            open_below,
            ..Estimate::within(best, (low, high), !open_below)
        }
    }

    fn interval_of_bend(&self, bend: &BendFit) -> Estimate {
        let most = self.ceiling(bend.squares, 4);
        let value = self.design.compute(bend.at);
        let ends = self
            .design
            .bends_within(&self.fits.line, bend.at, most)
            .zip(self.design.places());
        let Some(((low, high), (first, last))) = ends else {
            return Estimate::point(value);
        };
        let (open_below, open_above) = (low <= first, high >= last);
        Estimate {
            open_below,
            open_above,
            ..Estimate::within(
                value,
                (self.design.compute(low), self.design.compute(high)),
                !open_below && !open_above,
            )
        }
    }

    fn power_of_floor(&self, null: &Null<'_>) -> Power {
        let lowest = self.losses.iter().copied().fold(f64::INFINITY, f64::min).exp();
        let law = |share: f64| Some(self.design.held_at(&self.losses, share * lowest)?.fitted);
        self.power(null, STATED_FLOOR, law)
    }

    fn power_of_bend(&self, null: &Null<'_>) -> Power {
        let line = &self.fits.line;
        let law = |share: f64| {
            Some(
                self.design
                    .bent(line, self.design.middle()?, share * line.exponent),
            )
        };
        self.power(null, STATED_BEND, law)
    }

    fn power(&self, null: &Null<'_>, stated: f64, law: impl Fn(f64) -> Option<Vec<f64>>) -> Power {
        Power {
            stated,
            chance: law(stated).map_or(0.0, |law| null.power(self.truth(&law))),
            least: null.least(self.noise, self.options.seed, law),
        }
    }
}

/// What a straight line shows, by what else it could have shown.
fn unseen(floor: &Floor, bend: Option<&Bend>) -> Shape {
    let is_seen = |power: &Power| power.chance >= POWER;
    match is_seen(&floor.power) && bend.is_some_and(|bend| is_seen(&bend.power)) {
        true => Shape::Straight,
        false => Shape::CannotTell,
    }
}

#[cfg(test)]
mod tests;
