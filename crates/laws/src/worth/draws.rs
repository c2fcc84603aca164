//! Refits to samples of the noise, and what they say of each quantity.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::ladder::Ladder;
use super::law::Law;
use super::linear::Linear;
use super::{Losses, Options, Order, Place};
use crate::fit::{Estimate, Searcher};
use crate::form::LawForm;
use crate::numeric::Stream;
use crate::problem::Problem;

/// Multipliers beyond which nobody measures one: an end there is open.
const MOST: f64 = 1e4;
/// How many times the ladder's end an order is followed.
const FARTHEST: f64 = 1e4;

/// A law of all arms: that of all rows, or of a sample.
struct Draw {
    /// Parameters in natural units.
    law: Vec<f64>,
    /// How the logarithm of each arm's factor changes with that of compute, arm 1 first.
    slopes: Vec<f64>,
}

pub(super) struct Draws<'a> {
    law: &'a Law,
    linear: &'a Linear,
    best: Draw,
    samples: Vec<Draw>,
    level: f64,
    end: Place,
    /// Whether factors change with compute, as one law does not do.
    trended: bool,
}

impl<'a> Draws<'a> {
    /// Refits to as many samples as are asked for, each from a random stream of its own.
    pub(super) fn of(law: &'a Law, ladder: &Ladder<'_>, linear: &'a Linear, options: &Options) -> Self {
        let searcher = Searcher {
            form: &law.form,
            objective: &law.objective,
        };
        let sample = |index: usize| {
            let mut stream = Stream::new(options.seed, "arms", index as u64);
            let noise = law.components.draw(&ladder.cells, &mut stream);
            let mut rows = law.rows.clone();
            for (row, (residual, noise)) in law.residuals.iter().zip(&noise).enumerate() {
                *rows.target_mut(row) += residual + noise;
            }
            let minimum = searcher.refit(&rows, &law.minima);
            let residuals = Problem::new(&law.form, &rows, &law.objective, 1.0).residuals(&minimum.point);
            let natural = law.form.parameters().iter().zip(&minimum.point);
            minimum.value.is_finite().then(|| Draw {
                law: natural.map(|(of, at)| of.scale.inverse(*at)).collect(),
                slopes: linear
                    .trends
                    .iter()
                    .map(|trend| trend.slope + trend.of(&residuals))
                    .collect(),
            })
        };
        let count = if law.components.freedom > 0 {
            options.replicates
        } else {
            0
        };
        let samples: Vec<Option<Draw>> = (0..count).into_par_iter().map(sample).collect();
        Self {
            law,
            linear,
            best: Draw {
                law: law.best.clone(),
                slopes: linear.trends.iter().map(|trend| trend.slope).collect(),
            },
            samples: samples.into_iter().flatten().collect(),
            level: options.level,
            end: ladder.end,
            trended: linear.one_law.as_ref().is_some_and(|test| !test.holds),
        }
    }

    fn estimate(&self, of: impl Fn(&Draw) -> f64) -> Estimate {
        Estimate::of_samples(of(&self.best), self.samples.iter().map(&of), self.level)
    }

    /// The same of a multiplier, whose ends are open where samples put it beyond all measure.
    fn multiplier(&self, of: impl Fn(&Draw) -> f64) -> Estimate {
        let estimate = self.estimate(|draw| of(draw).clamp(MOST.recip(), MOST));
        let (open_below, open_above) = match estimate.interval {
            Some(ends) => (ends.low <= MOST.recip(), ends.high >= MOST),
            None => (false, false),
        };
        Estimate {
            open_below,
            open_above,
            identified: estimate.identified && !open_below && !open_above,
            ..estimate
        }
    }

    /// The parameters that all arms share.
    pub(super) fn shared(&self) -> BTreeMap<String, Estimate> {
        let shared = self.law.base.form().parameters().iter().enumerate();
        shared
            .map(|(at, of)| (of.name.to_string(), self.estimate(|draw| draw.law[at])))
            .collect()
    }

    /// Logarithm of an arm's factor at equal parameters and tokens; `flops` is the compute there if factors may change
    /// with it. Where one law does, they do so by what the runs leave open, and not by
    /// the best value of that, which is noise.
    fn factor(&self, draw: &Draw, arm: usize, flops: Option<f64>) -> f64 {
        let trend = &self.linear.trends[arm - 1];
        let noise = if self.trended { 0.0 } else { trend.slope };
        let slope = draw.slopes[arm - 1] - noise;
        let change = flops.map_or(0.0, |flops| slope * (flops.ln() - trend.centre));
        draw.law[self.law.shared() + arm - 1].ln() + change
    }

    /// Logarithm of the least loss above the floor that an arm has at a compute, over the baseline's.
    fn factor_of_compute(&self, draw: &Draw, arm: usize, flops: Option<f64>) -> f64 {
        let (exponent, _) = self.law.base.exponent(&draw.law);
        let (power, _) = self.law.base.power(&draw.law);
        power * self.factor(draw, arm, flops) + exponent * self.law.costs[arm]
    }

    /// The compute at the ladder's end, where factors change with it.
    fn at_end(&self) -> Option<f64> {
        self.trended.then_some(self.end.flops)
    }

    pub(super) fn compute_multiplier(&self, arm: usize) -> Estimate {
        let at = self.at_end();
        self.multiplier(|draw| {
            let (exponent, _) = self.law.base.exponent(&draw.law);
            (-self.factor_of_compute(draw, arm, at) / exponent).exp()
        })
    }

    /// `None` by a law of compute alone.
    pub(super) fn data_multiplier(&self, arm: usize) -> Option<Estimate> {
        let exponent = |draw: &Draw| self.law.base.data_exponent(&draw.law);
        exponent(&self.best)?;
        let at = self.at_end();
        Some(self.multiplier(|draw| {
            let (of_params, of_tokens) = self.law.base.terms(&draw.law, &self.end);
            let factor = self.factor(draw, arm, at).exp();
            let reducible = self.law.base.reducible((of_params, of_tokens), factor);
            let left = reducible - of_params;
            match exponent(draw) {
                // More parameters than the baseline has there are what is wanted, and no tokens make up for them.
                _ if left <= 0.0 => f64::INFINITY,
                Some(beta) => (of_tokens / left).powf(beta.recip()),
                None => f64::NAN,
            }
        }))
    }

    /// Losses at equal compute: at the ladder's end, or where it is asked for.
    pub(super) fn losses(&self, arm: usize, asked: Option<Place>) -> Losses {
        let place = asked.unwrap_or(self.end);
        let at = asked.map(|asked| asked.flops).or(self.at_end());
        let of = |draw: &Draw| {
            let base = self.law.base;
            let terms = base.terms(&draw.law, &place);
            let factor = self.factor(draw, arm, at).exp();
            // What the arm costs more at equal parameters and tokens, it has less of both.
            let cost = (base.exponent(&draw.law).0 * self.law.costs[arm]).exp();
            (terms.0 + terms.1, cost * base.reducible(terms, factor))
        };
        Losses {
            baseline: self.estimate(|draw| draw.law[0] + of(draw).0),
            arm: self.estimate(|draw| draw.law[0] + of(draw).1),
            difference: self.estimate(|draw| of(draw).1 - of(draw).0),
        }
    }

    /// By how much steeper the arm's reducible loss falls with compute.
    pub(super) fn exponent_difference(&self, arm: usize) -> Estimate {
        self.estimate(|draw| -self.law.base.power(&draw.law).0 * draw.slopes[arm - 1])
    }

    /// Share of samples in which the arm's loss is the lower one.
    fn better(&self, arm: usize, flops: Option<f64>) -> f64 {
        let better = self
            .samples
            .iter()
            .filter(|draw| self.factor_of_compute(draw, arm, flops) < 0.0);
        better.count() as f64 / self.samples.len() as f64
    }

    /// `None` without samples.
    pub(super) fn order(&self, arm: usize, asked: Option<Place>) -> Option<Order> {
        let at_end = self.better(arm, self.at_end());
        let sure = |better: f64| if at_end >= 0.5 { better } else { 1.0 - better };
        let holds = |times: f64| sure(self.better(arm, Some(times * self.end.flops))) >= self.level;
        let holds_to = (sure(at_end) >= self.level).then(|| {
            // Between the end, where it holds, and the farthest, by halves of the logarithm.
            let (mut within, mut beyond) = (1.0, FARTHEST);
            if holds(beyond) {
                return beyond * self.end.flops;
            }
            while beyond > 1.01 * within {
                let middle = (within * beyond).sqrt();
                if holds(middle) {
                    within = middle
                } else {
                    beyond = middle
                }
            }
            within * self.end.flops
        });
        (!self.samples.is_empty()).then(|| Order {
            at_end,
            at_asked: asked.map(|asked| self.better(arm, Some(asked.flops))),
            holds_to,
        })
    }
}
