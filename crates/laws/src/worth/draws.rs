//! Refits to samples of the noise, and what they say of each quantity.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::base::Surface;
use super::contrast::{Contrast, Factor};
use super::ladder::Ladder;
use super::law::{Law, natural};
use super::{Call, Losses, Options, Order, Place};
use crate::fit::{Estimate, Searcher, scale_of_noise};
use crate::form::Parameter;
use crate::numeric::{Stream, normal_cdf, quantile_sorted, sorted, student_chance, student_quantile};

/// Multipliers beyond which nobody measures one: an end there is open.
const MOST: f64 = 1e4;
/// How many times the ladder's end an order is followed.
const FARTHEST: f64 = 1e4;
/// Chance of a difference that is called detectable to be seen.
const POWER: f64 = 0.8;

/// A law: that of all rows, or of a sample.
struct Draw {
    /// Parameters in natural units.
    law: Vec<f64>,
    /// By arm, the factor that the pairs have by this law, and what its noise adds.
    factors: Vec<(Factor, Factor)>,
}

pub(super) struct Draws<'a> {
    law: &'a Law,
    contrasts: &'a [(usize, Contrast)],
    best: Draw,
    samples: Vec<Draw>,
    options: &'a Options,
    ladder: &'a Ladder<'a>,
}

/// What is said of one arm.
pub(super) struct Told<'a> {
    draws: &'a Draws<'a>,
    number: usize,
    contrast: &'a Contrast,
    /// Logarithm of the arm's FLOPs a parameter and token over the baseline's.
    cost: f64,
}

impl<'a> Draws<'a> {
    /// Refits to as many samples as are asked for, each from a random stream of its own.
    pub(super) fn of(
        law: &'a Law,
        contrasts: &'a [(usize, Contrast)],
        ladder: &'a Ladder<'_>,
        options: &'a Options,
    ) -> Self {
        let searcher = Searcher {
            form: law.form.as_ref(),
            objective: &law.objective,
        };
        let fitted = |parameters: &[f64]| -> Option<Vec<Factor>> {
            let surface = law.surface(parameters);
            contrasts
                .iter()
                .map(|(_, contrast)| contrast.factor(surface))
                .collect()
        };
        let sample = |index: usize| {
            let mut stream = Stream::new(options.seed, "arms", index as u64);
            let noise = law.components.draw(&law.points, &mut stream);
            let mut rows = law.rows.clone();
            for (row, (residual, noise)) in law.residuals.iter().zip(&noise).enumerate() {
                *rows.target_mut(row) += residual + noise;
            }
            let minimum = searcher.refit(&rows, &law.minima);
            let parameters = natural(law.form.as_ref(), &minimum.point);
            let fitted = Some(&parameters)
                .filter(|_| minimum.value.is_finite())
                .and_then(|of| fitted(of))?;
            let noise = |(_, contrast): &(usize, Contrast)| {
                let scale = scale_of_noise(contrast.noise.freedom.max(1), &mut stream);
                Factor {
                    value: scale * contrast.errors.value * stream.normal(),
                    slope: scale * contrast.errors.slope * stream.normal(),
                }
            };
            let noise: Vec<Factor> = contrasts.iter().map(noise).collect();
            Some(Draw {
                law: parameters,
                factors: fitted.into_iter().zip(noise).collect(),
            })
        };
        let count = if law.components.freedom > 0 {
            options.replicates
        } else {
            0
        };
        let samples: Vec<Option<Draw>> = (0..count).into_par_iter().map(sample).collect();
        let none = Factor {
            value: 0.0,
            slope: 0.0,
        };
        let nothing = vec![none; contrasts.len()];
        let factors = fitted(&law.best).unwrap_or_else(|| nothing.clone());
        Self {
            law,
            contrasts,
            best: Draw {
                law: law.best.clone(),
                factors: factors.into_iter().zip(nothing).collect(),
            },
            samples: samples.into_iter().flatten().collect(),
            options,
            ladder,
        }
    }

    fn estimate(&self, of: impl Fn(&Draw) -> f64) -> Estimate {
        Estimate::of_samples(of(&self.best), self.samples.iter().map(&of), self.options.level)
    }

    /// The parameters of the law that arms share.
    pub(super) fn shared(&self) -> BTreeMap<String, Estimate> {
        let shared = self.law.base.form().parameters().iter().enumerate();
        shared
            .map(|(at, of)| {
                (
                    of.name.to_string(),
                    bounded(of, self.estimate(|draw| draw.law[at])),
                )
            })
            .collect()
    }

    pub(super) fn told(&'a self, number: usize, costs: &[f64]) -> Told<'a> {
        let (arm, contrast) = &self.contrasts[number];
        let is_of_compute = self.law.base.multiplied().len() == 1;
        Told {
            draws: self,
            number,
            contrast,
            cost: if is_of_compute {
                0.0
            } else {
                costs[*arm] - costs[0]
            },
        }
    }
}

/// An estimate of a parameter that has a range: an end at an edge of it is open, and samples that are all at one value,
/// as they are at a bound, tell nothing.
fn bounded(of: &Parameter, estimate: Estimate) -> Estimate {
    let Some(ends) = estimate.interval else {
        return estimate;
    };
    if ends.width() <= 1e-12 * ends.high.abs() {
        return Estimate::point(estimate.value);
    }
    let (open_below, open_above) = (ends.low <= of.range.0, ends.high >= of.range.1);
    Estimate {
        open_below,
        open_above,
        identified: estimate.identified && !open_below && !open_above,
        ..estimate
    }
}

impl Told<'_> {
    fn surface<'a>(&self, draw: &'a Draw) -> Surface<'a> {
        self.draws.law.surface(&draw.law)
    }

    fn estimate(&self, of: impl Fn(&Draw) -> f64) -> Estimate {
        match self.contrast.noise.freedom {
            0 => Estimate::point(of(&self.draws.best)),
            _ => self.draws.estimate(of),
        }
    }

    /// The multiplier beyond which one is not measured: where one law does not do, all that the ladder spans.
    fn most(&self) -> f64 {
        let (low, high) = self.draws.ladder.computes();
        if self.contrast.holds() { MOST } else { high / low }
    }

    /// An estimate of a multiplier, whose ends are open where samples put it beyond all measure.
    fn multiplier(&self, of: impl Fn(&Draw) -> f64) -> Estimate {
        let most = self.most();
        let estimate = self.estimate(|draw| of(draw).clamp(most.recip(), most));
        let (open_below, open_above) = match estimate.interval {
            Some(ends) => (ends.low <= most.recip(), ends.high >= most),
            None => (false, false),
        };
        Estimate {
            open_below,
            open_above,
            identified: estimate.identified && !open_below && !open_above,
            ..estimate
        }
    }

    /// Logarithm of the arm's factor at equal parameters and tokens; `flops` is the compute there if it may change with
    /// that. Where one law does, it does so by what the runs leave open, and not by the best value of that, which is
    /// noise.
    fn factor(&self, draw: &Draw, flops: Option<f64>) -> f64 {
        let (fitted, noise) = draw.factors[self.number];
        let slope = match self.contrast.holds() {
            true => noise.slope,
            false => fitted.slope + noise.slope,
        };
        let change = flops.map_or(0.0, |flops| slope * (flops.ln() - self.contrast.centre));
        fitted.value + noise.value + change
    }

    /// Logarithm of the least loss above the floor that the arm has at a compute, over the baseline's, where its factor at
    /// equal parameters and tokens has that logarithm.
    fn of_compute(&self, draw: &Draw, factor: f64) -> f64 {
        let surface = self.surface(draw);
        surface.power(self.contrast.multiplied) * factor + surface.exponent() * self.cost
    }

    fn factor_of_compute(&self, draw: &Draw, flops: Option<f64>) -> f64 {
        self.of_compute(draw, self.factor(draw, flops))
    }

    pub(super) fn compute_multiplier(&self) -> Estimate {
        self.multiplier(|draw| (-self.factor_of_compute(draw, None) / self.surface(draw).exponent()).exp())
    }

    /// `None` by a law of compute alone.
    pub(super) fn data_multiplier(&self) -> Option<Estimate> {
        let end = &self.draws.ladder.end;
        let of = |draw: &Draw| {
            let surface = self.surface(draw);
            let factor = self.factor(draw, None);
            let (reducible, _) = surface.reducible(surface.terms(end), self.contrast.multiplied, factor);
            surface.tokens_for(end, reducible)
        };
        of(&self.draws.best)?;
        Some(self.multiplier(|draw| of(draw).unwrap_or(f64::NAN)))
    }

    /// Losses at equal compute: at the ladder's end, or where it is asked for.
    pub(super) fn losses(&self, asked: Option<Place>) -> Losses {
        let place = asked.unwrap_or(self.draws.ladder.end);
        let at = asked.map(|asked| asked.flops);
        let of = |draw: &Draw| {
            let surface = self.surface(draw);
            let terms = surface.terms(&place);
            let above = |factor: f64| surface.reducible(terms, self.contrast.multiplied, factor).0;
            // What the arm costs more at equal parameters and tokens, it has less of both.
            let cost = (surface.exponent() * self.cost).exp();
            (above(0.0), cost * above(self.factor(draw, at)))
        };
        Losses {
            baseline: self.estimate(|draw| self.surface(draw).floor() + of(draw).0),
            arm: self.estimate(|draw| self.surface(draw).floor() + of(draw).1),
            difference: self.estimate(|draw| of(draw).1 - of(draw).0),
        }
    }

    /// By how much steeper the arm's reducible loss falls with compute.
    pub(super) fn exponent_difference(&self) -> Estimate {
        self.estimate(|draw| {
            let (fitted, noise) = draw.factors[self.number];
            -self.surface(draw).power(self.contrast.multiplied) * (fitted.slope + noise.slope)
        })
    }

    /// Logarithm of the compute multiplier: how the law reads the pairs, without their noise. What the arm costs more is of
    /// its compute whatever the exponent.
    fn multiplier_by_law(&self, draw: &Draw) -> f64 {
        let fitted = draw.factors[self.number].0.value;
        -self.of_compute(draw, fitted) / self.surface(draw).exponent()
    }

    /// Standard error of that: of the noise of the pairs, and of what the law leaves open, which is told by the middle two
    /// thirds of its samples, as some have hardly an exponent.
    fn error(&self) -> f64 {
        let samples = self.draws.samples.iter();
        let by_law = sorted(samples.map(|draw| self.multiplier_by_law(draw)));
        let best = self.surface(&self.draws.best);
        let own = best.power(self.contrast.multiplied) * self.contrast.errors.value / best.exponent();
        let [low, high] = [-1.0, 1.0].map(|at| quantile_sorted(&by_law, normal_cdf(at)));
        let open = if by_law.is_empty() {
            0.0
        } else {
            0.5 * (high - low)
        };
        own.hypot(open)
    }

    /// Two-sided chance of a multiplier as far from 1 if there were none; 1 by a law of which the loss falls with no
    /// compute.
    pub(super) fn chance(&self) -> f64 {
        let is_falling = self.surface(&self.draws.best).exponent() > 0.0;
        match self.contrast.noise.freedom {
            freedom if freedom > 0 && is_falling => student_chance(
                self.multiplier_by_law(&self.draws.best) / self.error(),
                freedom as f64,
            ),
            _ => 1.0,
        }
    }

    /// The level of calls, by how many arms are compared.
    fn level(&self) -> f64 {
        self.draws.options.level_of_calls(self.draws.contrasts.len())
    }

    /// Whether the arm is called different, and which way.
    pub(super) fn call(&self) -> Call {
        let factor = self.factor_of_compute(&self.draws.best, None);
        match (self.contrast.noise.freedom, self.chance() < 1.0 - self.level()) {
            (0, _) => Call::CannotTell,
            (_, false) => Call::NoDifferenceSeen,
            (_, true) if factor < 0.0 => Call::Better,
            (_, true) => Call::Worse,
        }
    }

    /// The smallest multiplier that would have been called different with a chance of [`POWER`].
    pub(super) fn detectable(&self) -> Option<f64> {
        let freedom = self.contrast.noise.freedom;
        let exponent = self.surface(&self.draws.best).exponent();
        let quantile = |probability| student_quantile(probability, freedom as f64);
        let multiplier = || {
            let distance = quantile(0.5 * (1.0 + self.level())) + quantile(POWER);
            (distance * self.error()).exp()
        };
        (freedom > 0 && exponent > 0.0)
            .then(multiplier)
            .filter(|multiplier| *multiplier < self.most())
    }

    /// Share of samples in which the arm's loss is the lower one.
    fn better(&self, flops: Option<f64>) -> f64 {
        let samples = &self.draws.samples;
        let better = samples
            .iter()
            .filter(|draw| self.factor_of_compute(draw, flops) < 0.0);
        better.count() as f64 / samples.len() as f64
    }

    /// `None` where nothing tells the noise.
    pub(super) fn order(&self, asked: Option<Place>) -> Option<Order> {
        let level = self.draws.options.level;
        let end = self.draws.ladder.end.flops;
        let at_end = self.better(None);
        let sure = |better: f64| if at_end >= 0.5 { better } else { 1.0 - better };
        let holds = |times: f64| sure(self.better(Some(times * end))) >= level;
        let holds_to = (sure(at_end) >= level).then(|| {
            // Between the end, where it holds, and the farthest, by halves of the logarithm.
            let (mut within, mut beyond) = (1.0, FARTHEST);
            if holds(beyond) {
                return beyond * end;
            }
            while beyond > 1.01 * within {
                let middle = (within * beyond).sqrt();
                if holds(middle) {
                    within = middle
                } else {
                    beyond = middle
                }
            }
            within * end
        });
        (!self.draws.samples.is_empty() && self.contrast.noise.freedom > 0).then(|| Order {
            at_end,
            at_asked: asked.map(|asked| self.better(Some(asked.flops))),
            holds_to,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Interval;
    use crate::form::LawForm;
    use crate::forms::ChinchillaForm;

    #[test]
    fn a_parameter_at_its_bound_has_no_interval_and_one_that_reaches_it_is_open() {
        let floor = &ChinchillaForm.parameters()[0];
        let of = |low: f64, high: f64| {
            let estimate = Estimate {
                interval: Some(Interval { low, high }),
                identified: true,
                ..Estimate::point(high)
            };
            bounded(floor, estimate)
        };
        let at_bound = of(floor.range.0, floor.range.0);
        assert_eq!((at_bound.interval, at_bound.identified), (None, false));
        let reaches = of(floor.range.0, 1.0);
        assert!(reaches.interval.is_some() && reaches.open_below && !reaches.identified);
        let told = of(1.0, 1.2);
        assert!(told.interval.is_some() && told.identified && !told.open_below && !told.open_above);
    }
}
