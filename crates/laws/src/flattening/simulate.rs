//! What the tests say of curves drawn from known laws: their chances of a false alarm, and their power.

use rayon::prelude::*;

use super::design::{Design, Fits};
use super::{FALSE_ALARMS, POWER};
use crate::numeric::{Stream, sorted};

/// Curves drawn from the straight line.
const STRAIGHT: usize = 999;
/// Curves drawn for a power.
const FOR_POWER: usize = 200;
/// Curves drawn from a law with a floor, and from one with a bend, to tell these apart.
const FOR_EACH: usize = 199;

/// A law of the log loss at every point, and the noise of one point.
#[derive(Clone, Copy)]
pub(super) struct Truth<'a> {
    pub(super) law: &'a [f64],
    pub(super) noise: f64,
    pub(super) seed: u64,
}

impl Truth<'_> {
    /// What `of` says of each of `count` curves drawn.
    fn drawn<T: Send>(&self, purpose: &str, count: usize, of: impl Fn(&[f64]) -> T + Sync) -> Vec<T> {
        (0..count as u64)
            .into_par_iter()
            .map(|index| {
                let mut stream = Stream::new(self.seed, purpose, index);
                let losses: Vec<f64> = self
                    .law
                    .iter()
                    .map(|law| law + self.noise * stream.normal())
                    .collect();
                of(&losses)
            })
            .collect()
    }
}

/// What the tests say of straight lines with these computes.
pub(super) struct Null<'a> {
    design: &'a Design,
    /// Statistics of the bend, ascending. Where it would be is nothing that a straight line knows, so they
    /// follow no F distribution (Davies 1987) and are simulated; they hang on the computes alone.
    bends: Vec<f64>,
    /// The smaller chance of the two tests, ascending.
    smaller: Vec<f64>,
}

/// Share of at least as extreme ones, the observed one among them.
fn share(extreme: usize, of: usize) -> f64 {
    (1 + extreme) as f64 / (1 + of) as f64
}

impl<'a> Null<'a> {
    pub(super) fn new(design: &'a Design, straight: Truth<'_>) -> Self {
        let points = design.points();
        let both = straight.drawn("straight curves", STRAIGHT, |losses| {
            let (fits, least) = (design.fits(losses), design.least(losses));
            (
                fits.chance_of_floor(points, least),
                fits.statistic_of_bend(points, least),
            )
        });
        let mut null = Self {
            design,
            bends: sorted(both.iter().map(|(_, bend)| *bend)),
            smaller: Vec::new(),
        };
        null.smaller = sorted(
            both.iter()
                .map(|(floor, bend)| floor.min(null.chance_of_bend(*bend))),
        );
        null
    }

    /// Chance of such a statistic of the bend if the line were straight.
    pub(super) fn chance_of_bend(&self, statistic: f64) -> f64 {
        if statistic <= 0.0 {
            return 1.0;
        }
        let below = self.bends.partition_point(|bend| *bend < statistic);
        share(self.bends.len() - below, self.bends.len())
    }

    /// Chance that one of the two tests says as much of a straight line, that of the floor first, then of the
    /// bend, then of the smaller one of both (Westfall and Young 1993).
    pub(super) fn chances(&self, fits: &Fits, least: f64) -> [f64; 3] {
        let points = self.design.points();
        let floor = fits.chance_of_floor(points, least);
        let bend = self.chance_of_bend(fits.statistic_of_bend(points, least));
        let as_small = self.smaller.partition_point(|chance| *chance <= floor.min(bend));
        [floor, bend, share(as_small, self.smaller.len())]
    }

    /// Whether the tests say that these losses lie on no straight line.
    pub(super) fn rejects(&self, losses: &[f64]) -> bool {
        let [.., both] = self.chances(&self.design.fits(losses), self.design.least(losses));
        both <= FALSE_ALARMS
    }

    /// The share of curves of a law that the tests tell from a straight line.
    pub(super) fn power(&self, truth: Truth<'_>) -> f64 {
        let seen = truth.drawn("power", FOR_POWER, |losses| self.rejects(losses));
        seen.iter().filter(|seen| **seen).count() as f64 / FOR_POWER as f64
    }

    /// The least effect of 0 to 1 that is seen four times in five, to a hundredth; none where not even the
    /// largest is. `law` is that of an effect.
    pub(super) fn least(&self, noise: f64, seed: u64, law: impl Fn(f64) -> Option<Vec<f64>>) -> Option<f64> {
        let is_seen = |effect: f64| {
            law(effect).is_some_and(|law| {
                let truth = Truth {
                    law: &law,
                    noise,
                    seed,
                };
                self.power(truth) >= POWER
            })
        };
        let (mut low, mut high) = (0.0, 0.99);
        if !is_seen(high) {
            return None;
        }
        while high - low > 0.01 {
            let middle = 0.5 * (low + high);
            if is_seen(middle) {
                high = middle
            } else {
                low = middle
            }
        }
        Some(high)
    }
}

/// How well a floor and a bend are told apart.
pub(super) struct Apart {
    /// Chance that a bend fits so much better if the floor is true.
    pub(super) floor: f64,
    /// Chance that a floor fits so much better if the bend is true.
    pub(super) bend: f64,
    /// The share of curves with this floor of which a bend is rejected, and of curves with this bend of which a
    /// floor is.
    pub(super) power: [f64; 2],
}

/// Compares what is observed with what curves of either law give (Cox 1961, by simulation).
pub(super) fn apart(design: &Design, observed: f64, floor: Truth<'_>, bend: Truth<'_>) -> Apart {
    let ratio = |losses: &[f64]| design.fits(losses).bend_over_floor(design.least(losses));
    let of_floor = sorted(floor.drawn("curves with a floor", FOR_EACH, ratio));
    let of_bend = sorted(bend.drawn("curves with a bend", FOR_EACH, ratio));
    let above = |ratios: &[f64], limit: f64| ratios.len() - ratios.partition_point(|ratio| *ratio < limit);
    let below = |ratios: &[f64], limit: f64| ratios.partition_point(|ratio| *ratio <= limit);
    let tail = (FALSE_ALARMS * FOR_EACH as f64) as usize;
    let (rejects_bend, rejects_floor) = (of_bend[tail], of_floor[FOR_EACH - 1 - tail]);
    Apart {
        floor: share(above(&of_floor, observed), FOR_EACH),
        bend: share(below(&of_bend, observed), FOR_EACH),
        power: [
            below(&of_floor, rejects_bend) as f64 / FOR_EACH as f64,
            above(&of_bend, rejects_floor) as f64 / FOR_EACH as f64,
        ],
    }
}
