//! A question with what is worked out once, and the choices that it leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use triaxis_units::Params;

use super::answer_rate::Rule;
use super::change::quantile;
use super::fill::{Fill, Stock};
use super::prepared::Prepared;
use super::question::{Class, Question, Strategy};
use super::serve::{Served, Speed, calibration, served};
use super::world::{World, Worlds};
use crate::serving::Calibration;
use crate::training::{TrainingSetup, fewest_devices};
use crate::{Catalogue, Hardware, PlanError, Price};

pub(super) const MILLION: f64 = 1e6;
pub(super) const HOUR: f64 = 3600.0;

/// A point on the axes: what is trained, on which text, and how it answers. How long it trains follows from the aim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice {
    pub arm: usize,
    pub strategy: usize,
    /// Share of the tokens that models wrote, where it is chosen and not what they are worth.
    pub synthetic: Option<f64>,
    pub params: f64,
    /// Samples a query.
    pub samples: usize,
    pub context: usize,
    /// Tokens seen, where they are chosen and do not follow.
    pub tokens: Option<f64>,
}

/// The question with what is worked out once: devices, strategies, worlds.
#[derive(Debug)]
pub(crate) struct Reckoner<'a> {
    pub question: &'a Question,
    pub worlds: Worlds<'a>,
    pub strategies: Vec<Strategy>,
    pub training: Hardware,
    pub catalogue: Catalogue,
    /// How far the devices that serve are off the roofline.
    pub calibration: Calibration,
    /// How fast the devices that serve are at the slow ends of their 90% intervals.
    pub slow: Speed,
    /// How often an answer is right, by class and number of samples.
    pub(super) rules: Vec<Vec<Rule>>,
    /// Fills by medians: they hang on the strategy, the synthetic share, and a little on the cost of training.
    fills: Mutex<HashMap<(usize, u64, i64), Arc<Fill>>>,
}

/// Steps of the logarithm of a token's cost in training between which fills are not told apart.
const COST_STEP: f64 = 0.05;

impl<'a> Reckoner<'a> {
    /// Checks the question and draws its worlds.
    ///
    /// # Errors
    /// What the question or the laws lack.
    pub fn of(question: &'a Question, laws: &'a [super::Law]) -> Result<Self, PlanError> {
        question.validate()?;
        let catalogue = Catalogue::built_in()?.with(question.hardware.iter().cloned())?;
        let training = catalogue.find(&question.training.hardware)?.clone();
        let calibration = calibration(question, &catalogue)?;
        let price = |own: &Option<Price>, hardware: &str| match own {
            Some(own) => Ok(own.dollars),
            None => catalogue.find(hardware)?.price().map(|price| price.dollars),
        };
        let prices = [
            price(&question.training.price_per_hour, &question.training.hardware)?,
            price(&question.serving.price_per_hour, &question.serving.hardware)?,
        ];
        let strategies = match question.strategies.is_empty() {
            true => vec![Strategy::every_tier()],
            false => question.strategies.clone(),
        };
        let classes = question.demand.iter().flat_map(|life| &life.classes);
        let rules = classes
            .map(|class| {
                let rule = |samples: &u32| match class.chosen {
                    Some(chosen) => Rule::of(chosen, *samples),
                    None => Rule::of(super::answer_rate::Chosen::Verifier { false_pass: 0.0 }, 1),
                };
                question.samples.iter().map(rule).collect()
            })
            .collect();
        let worlds = Worlds::of(question, laws, prices, training.peak.0, &calibration)?;
        Ok(Self {
            slow: slow(&worlds),
            worlds,
            calibration,
            question,
            strategies,
            training,
            catalogue,
            rules,
            fills: Mutex::default(),
        })
    }

    /// Standard deviation of the logarithm of a small run's loss.
    pub fn noise(&self) -> f64 {
        super::world::noise(self.question, self.worlds.laws)
    }

    /// The classes of the demand.
    pub fn classes(&self) -> &[Class] {
        self.question.demand.as_ref().map_or(&[], |life| &life.classes)
    }

    /// Works out of a choice what does not hang on the world: which tokens it takes at which total, by medians, and
    /// what a query costs at the median price.
    pub fn prepare(&self, choice: Choice) -> Prepared<'_> {
        self.prepare_in(self.worlds.centre(), choice)
    }

    /// The same where the tokens of each tier are chosen by what `world` says of them.
    pub fn prepare_in(&self, world: &World<'_>, choice: Choice) -> Prepared<'_> {
        let strategy = &self.strategies[choice.strategy];
        let used = (0..self.question.tiers.len()).filter(|tier| strategy.uses(&self.question.tiers[*tier]));
        // Those that models wrote come last.
        let (mut tiers, written): (Vec<usize>, Vec<usize>) =
            used.partition(|tier| !self.question.tiers[*tier].synthetic);
        let people = tiers.len();
        tiers.extend(written);
        let fill = self.fill(world, choice, &tiers, people);
        // What breaks a rule was refused before; what no device serves does not fit.
        let served = match self.classes().is_empty() {
            true => None,
            false => served(self, choice).ok(),
        };
        let Served {
            devices,
            queries,
            fits,
        } = served.unwrap_or(Served {
            devices: 0,
            queries: Vec::new(),
            fits: self.classes().is_empty(),
        });
        Prepared {
            choice,
            reckoner: self,
            tiers,
            fill,
            fits,
            planned: OnceLock::new(),
            devices: devices as f64,
            queries,
        }
    }

    /// The fewest devices that hold weights, gradients and optimiser of so many parameters.
    pub fn least_devices(&self, params: f64) -> u64 {
        let setup = TrainingSetup::default();
        fewest_devices(&self.training, params, setup.state_bytes, setup.memory_share)
    }

    /// Devices that a model of so many parameters is trained on.
    pub fn devices(&self, params: f64) -> u64 {
        let given = self.question.training.devices;
        given.unwrap_or_else(|| self.least_devices(params))
    }

    /// How fast the devices that serve are in a world.
    pub fn speed(&self, world: &World<'_>) -> Speed {
        let places = &self.worlds.places;
        // A host's devices are in its price.
        let of = |place| match self.question.hosted {
            Some(_) => 1.0,
            None => self.worlds.by_median(world, place),
        };
        Speed {
            times: [of(places.prefill), of(places.decoding)],
            reached: [of(places.bandwidth), of(places.arithmetic)],
        }
    }

    /// What is taken of the tiers, of which the first `people` were written by people.
    fn fill(&self, world: &World<'_>, choice: Choice, tiers: &[usize], people: usize) -> Arc<Fill> {
        let cost = self.dollars_per_token(world, choice.arm, choice.params).ln();
        let prices = || {
            tiers
                .iter()
                .map(|tier| world.of(self.worlds.places.tiers[*tier][2]))
        };
        // Without prices a dollar's worth of every tier is in proportion to its worth at any cost.
        let step = if prices().all(|price| price == 0.0) {
            0
        } else {
            (cost / COST_STEP).round() as i64
        };
        let share = choice.synthetic.filter(|share| *share > 0.0);
        let make = || {
            // A part of the tokens: a tier's largest share is of all.
            let stocks = |tiers: &[usize], part: f64| -> Vec<Stock> {
                let whole = tiers.iter().map(|tier| self.stock(world, choice, *tier));
                whole
                    .map(|stock| Stock {
                        most_share: (stock.most_share / part).min(1.0),
                        ..stock
                    })
                    .collect()
            };
            let training = (step as f64 * COST_STEP).exp();
            let repeats = world.of(self.worlds.places.repeats);
            let of = |tiers: &[usize], part: f64| Fill::of(&stocks(tiers, part), repeats, training);
            Arc::new(match (share, choice.synthetic) {
                (Some(share), _) if people < tiers.len() => {
                    of(&tiers[..people], 1.0 - share).beside(&of(&tiers[people..], share), share)
                }
                (None, Some(_)) if people > 0 => of(&tiers[..people], 1.0).padded(tiers.len() - people),
                _ => of(tiers, 1.0),
            })
        };
        if !self.worlds.is_text_at_medians(world) {
            return make();
        }
        let key = (
            choice.strategy,
            choice.synthetic.map_or(u64::MAX, f64::to_bits),
            step,
        );
        let held = || self.fills.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fill) = held().get(&key) {
            return Arc::clone(fill);
        }
        let fill = make();
        held().insert(key, Arc::clone(&fill));
        fill
    }

    fn stock(&self, world: &World<'_>, choice: Choice, tier: usize) -> Stock {
        let spec = &self.question.tiers[tier];
        let [worth, unique, price] = self.worlds.places.tiers[tier];
        Stock {
            unique: world.of(unique),
            worth: world.of(worth),
            price: world.of(price) / MILLION,
            most_epochs: spec.most_epochs.min(self.strategies[choice.strategy].most_epochs),
            most_share: spec.most_share.0,
        }
    }

    /// Dollars of training on a token, failures and other runs included.
    pub fn dollars_per_token(&self, world: &World<'_>, arm: usize, params: f64) -> f64 {
        let arm = &self.question.arms[arm];
        self.dollars_per_operation(world) * arm.training_operations * params * arm.active.0
    }

    /// Dollars for an operation of the run, failures and other runs included.
    fn dollars_per_operation(&self, world: &World<'_>) -> f64 {
        let places = &self.worlds.places;
        let hour = world.of(places.training_price) / HOUR;
        let rate = self.training.peak.0 * world.of(places.mfu) * world.of(places.goodput);
        hour / rate * (1.0 + world.of(places.other_runs))
    }
}

/// How fast devices that serve are at the slow ends of their 90% intervals.
fn slow(worlds: &Worlds<'_>) -> Speed {
    let of = |place: usize, chance: f64| {
        let variable = &worlds.variables[place];
        quantile(&variable.draws, chance) / variable.centre
    };
    let places = &worlds.places;
    Speed {
        times: [of(places.prefill, 0.95), of(places.decoding, 0.95)],
        reached: [of(places.bandwidth, 0.05), of(places.arithmetic, 0.05)],
    }
}

/// Parameters as a count, for what is sized by them.
pub(crate) fn whole(params: f64) -> Params {
    Params(params.round().clamp(1.0, 9e15) as u64)
}
