use serde::{Deserialize, Serialize};
use triaxis_laws::numeric::{fit_line, normal_quantile};

use crate::{PlanError, Share, Uncertain};

/// How often the pieces of a corpus (n-grams, buckets of near copies) were seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Pieces, each time counted.
    pub pieces: f64,
    /// Different ones.
    pub distinct: f64,
    /// Those seen once.
    pub once: f64,
    /// Those seen twice.
    pub twice: f64,
    /// One of so many different ones was counted, and the numbers are estimates by it; 1 where all were.
    #[serde(default = "every_one")]
    pub sampled: f64,
}

fn every_one() -> f64 {
    1.0
}

impl Vocabulary {
    /// From how often each different piece was seen.
    pub fn of(counts: impl IntoIterator<Item = u64>) -> Self {
        let empty = Self {
            pieces: 0.0,
            distinct: 0.0,
            once: 0.0,
            twice: 0.0,
            sampled: every_one(),
        };
        counts
            .into_iter()
            .filter(|count| *count > 0)
            .fold(empty, |sum, count| Self {
                pieces: sum.pieces + count as f64,
                distinct: sum.distinct + 1.0,
                once: sum.once + f64::from(count == 1),
                twice: sum.twice + f64::from(count == 2),
                ..sum
            })
    }

    /// The chance that the next piece is a new one: `f1 / n` (Good 1953), with its 90% interval by
    /// the variance `(f1 + 2 f2) / n^2 - f1^2 / n^3` (Esty 1983), and that of the sample.
    ///
    /// # Errors
    /// When nothing, or everything, was seen once: then the sample says nothing about what is next.
    pub fn novelty(&self) -> Result<Uncertain<Share>, PlanError> {
        let Self {
            pieces,
            once,
            twice,
            sampled,
            ..
        } = *self;
        if !(once > 0.0 && once < pieces) {
            return Err(PlanError(format!(
                "{once} of {pieces} pieces were seen once: how new the next is cannot be told; count a larger sample, \
                 or shorter pieces"
            )));
        }
        let chance = once / pieces;
        // Which different ones were counted is a draw, too: of `once` each with the chance 1 / sampled.
        let drawn = once * (sampled - 1.0);
        let variance = (once * (1.0 - chance) + 2.0 * twice + drawn) / (pieces * pieces);
        // On log odds, so that the interval stays a share.
        let width = normal_quantile(0.95) * variance.sqrt() / (chance * (1.0 - chance));
        let odds = (chance / (1.0 - chance)).ln();
        let share = |odds: f64| Share(1.0 / (1.0 + (-odds).exp()));
        Uncertain::new(Share(chance), share(odds - width), share(odds + width))
    }
}

/// How the different pieces grow with the sample: Heaps' law `V = K n^beta`, whose exponent falls as the sample grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Pieces of the largest sample.
    pub largest: f64,
    /// Heaps' exponent there: the chance that an added piece is new, by `V / n`.
    pub exponent: f64,
    /// Log odds of the exponent, for each factor of e more pieces; 0 or less.
    pub decay: f64,
    /// ln V at the largest sample.
    level: f64,
    /// Relative standard error of the exponent.
    error: f64,
    /// By how much the sample would have filled a set of equally frequent pieces, were it the whole reason that the
    /// exponent falls, and the exponent that this leaves.
    filled: (f64, f64),
}

impl Growth {
    /// Through (pieces, different ones) of samples of several sizes of one corpus, each a part of the next: the
    /// exponent of the larger half of them, and how it fell from the smaller half.
    ///
    /// # Errors
    /// When fewer than four sizes are given, or a count cannot be.
    pub fn of(counts: &[(f64, f64)]) -> Result<Self, PlanError> {
        Self::sampled(counts, 1.0)
    }

    /// The same where one of `sampled` different pieces was counted, and the counts are estimates by it.
    ///
    /// # Errors
    /// As [`Growth::of`].
    pub fn sampled(counts: &[(f64, f64)], sampled: f64) -> Result<Self, PlanError> {
        let impossible = counts
            .iter()
            .find(|(pieces, distinct)| !(*distinct >= 1.0 && distinct <= pieces && pieces.is_finite()));
        if let Some((pieces, distinct)) = impossible {
            return Err(PlanError(format!(
                "{distinct} different pieces of {pieces} cannot be: there is at least one, and no more than all"
            )));
        }
        let mut sizes: Vec<(f64, f64)> = counts
            .iter()
            .map(|(pieces, distinct)| (pieces.ln(), distinct.ln()))
            .collect();
        sizes.sort_by(|one, other| one.0.total_cmp(&other.0));
        let half = sizes.len() / 2;
        // The middle size of an odd number belongs to both halves.
        let lines = (sizes.len() >= 4).then(|| {
            Some((
                line(&sizes[..sizes.len() - half], sampled)?,
                line(&sizes[half..], sampled)?,
            ))
        });
        let Some((small, large)) = lines
            .flatten()
            .filter(|(small, large)| large.centre > small.centre)
        else {
            return Err(PlanError(
                "growth cannot be told from so few sizes: count the different pieces of four samples or more, each \
                 some times larger than the one before"
                    .to_owned(),
            ));
        };
        let (end, level) = sizes[sizes.len() - 1];
        let decay = ((odds(large.slope) - odds(small.slope)) / (large.centre - small.centre)).min(0.0);
        let fall = (large.slope / small.slope).ln() - ONE_SIDED * large.error.hypot(small.error);
        let filled = filling(fall.min(-1e-9), small.centre - end, large.centre - end);
        Ok(Self {
            largest: end.exp(),
            exponent: share(odds(large.slope) + decay * (end - large.centre)),
            decay,
            level,
            error: large.error,
            filled: (
                filled,
                large.slope / remaining(filled * (large.centre - end).exp()),
            ),
        })
    }

    /// How many times larger than the largest sample a corpus is.
    pub fn reach(&self, pieces: f64) -> f64 {
        pieces / self.largest
    }

    /// Different pieces of so many. The interval goes from a set of equally frequent pieces that fills up to an exponent
    /// that stays what it is; the value lets its log odds fall as they did.
    pub fn distinct(&self, pieces: f64) -> Uncertain {
        let pieces = pieces.max(1.0);
        let ahead = (pieces / self.largest).ln();
        let stays = self.exponent * (1.0 + ONE_SIDED * self.error).min(1.0 / self.exponent) * ahead;
        let from = odds(self.exponent);
        let falls = match self.decay.abs() < 1e-9 {
            true => self.exponent * ahead,
            false => ((from + self.decay * ahead).exp().ln_1p() - from.exp().ln_1p()) / self.decay,
        };
        let (filled, exponent) = self.filled;
        let missing = |filled: f64| (-(-filled).exp_m1()).ln();
        let fills = exponent * (missing(filled * ahead.exp()) - missing(filled));
        let within = |rise: f64| (self.level + rise).exp().clamp(1.0, pieces);
        let (low, high) = (within(fills.min(stays)), within(fills.max(stays)));
        Uncertain::new(within(falls).clamp(low, high), low, high).unwrap_or(Uncertain::certain(within(falls)))
    }

    /// The share of a corpus of so many pieces that repeats others of it: as expected, at least and at most.
    pub fn duplicates(&self, pieces: f64) -> [f64; 3] {
        let distinct = self.distinct(pieces);
        [distinct.value(), distinct.high(), distinct.low()].map(|distinct| 1.0 - distinct / pieces.max(1.0))
    }

    /// Heaps' exponent at the largest sample, with its 90% interval.
    pub fn heaps(&self) -> Uncertain {
        let end = |error: f64| (self.exponent * (1.0 + error)).clamp(f64::MIN_POSITIVE, 1.0);
        let width = ONE_SIDED * self.error;
        let (low, high) = (end(-width.min(1.0)), end(width));
        Uncertain::new(self.exponent, low.min(self.exponent), high.max(self.exponent))
            .unwrap_or(Uncertain::certain(self.exponent))
    }

    /// New pieces for each one added to a corpus of so many: `beta V / n`.
    pub fn new_for_each(&self, pieces: f64) -> f64 {
        let pieces = pieces.max(1.0);
        let exponent = share(odds(self.exponent) + self.decay * (pieces / self.largest).ln());
        exponent * self.distinct(pieces).value() / pieces
    }

    /// The same with an interval, between a set of equally frequent pieces that fills up and an exponent that stays.
    pub fn novelty(&self, pieces: f64) -> Uncertain {
        let pieces = pieces.max(1.0);
        let more = pieces * (1.0 + STEP);
        let (now, then) = (self.distinct(pieces), self.distinct(more));
        let rise = |from: f64, to: f64| ((to - from) / (more - pieces)).clamp(f64::MIN_POSITIVE, 1.0);
        let value = self.new_for_each(pieces).clamp(f64::MIN_POSITIVE, 1.0);
        let (one, other) = (rise(now.low(), then.low()), rise(now.high(), then.high()));
        let (low, high) = (one.min(other).min(value), one.max(other).max(value));
        Uncertain::new(value, low, high).unwrap_or(Uncertain::certain(value))
    }
}

/// The part of a corpus by which the slopes of its curves are told.
const STEP: f64 = 1e-3;

/// The quantile of the normal distribution that leaves 5% on one side.
const ONE_SIDED: f64 = 1.645;

fn odds(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

fn share(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// The exponent of a set of equally frequent pieces of which so many times its size was drawn: `u / (e^u - 1)`.
fn remaining(drawn: f64) -> f64 {
    if drawn < 1e-12 {
        1.0
    } else {
        drawn / drawn.exp_m1()
    }
}

/// How much of such a set the end of a sample has drawn, where the logarithm of the exponent falls by `fall` between two
/// places before that end, given by their logarithms.
fn filling(fall: f64, small: f64, large: f64) -> f64 {
    let falls = |drawn: f64| (remaining(drawn * large.exp()) / remaining(drawn * small.exp())).ln();
    let (mut low, mut high) = (1e-12_f64.ln(), 500_f64.ln());
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match falls(middle.exp()) > fall {
            true => low = middle,
            false => high = middle,
        }
    }
    low.exp()
}

/// Least squares of one half of the sizes.
#[derive(Clone, Copy)]
struct Line {
    centre: f64,
    slope: f64,
    /// Relative standard error of the slope: what was new between the ends is a count.
    error: f64,
}

fn line(points: &[(f64, f64)], sampled: f64) -> Option<Line> {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let fit = fit_line(&x, &y)?;
    let new = y.last()?.exp() - y.first()?.exp();
    fit.slope.is_finite().then(|| Line {
        centre: x.iter().sum::<f64>() / x.len() as f64,
        slope: fit.slope.clamp(1e-6, 1.0 - 1e-6),
        error: (sampled / new.max(1.0)).sqrt(),
    })
}
