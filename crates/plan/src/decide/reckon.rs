//! What becomes of a choice in a world: its tokens, loss, right answers and bill.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use triaxis_units::Params;

use super::aim::Length;
use super::answer_rate::{Rule, until_right};
use super::fill::{Fill, Stock, Taken};
use super::law::Run;
use super::outcome::{Bill, Outcome};
use super::question::{Class, Quality, Question, Strategy};
use super::serve::{Query, Served, served, time_over_roofline};
use super::world::{World, Worlds};
use crate::{Catalogue, Devices, PlanError, Price};

const MILLION: f64 = 1e6;
const HOUR: f64 = 3600.0;

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
    pub training: Devices,
    pub catalogue: Catalogue,
    rules: Vec<Vec<Rule>>,
    /// Fills by medians: they hang on the strategy, the synthetic share, and a little on the cost of training.
    fills: Mutex<HashMap<(usize, u64, i64), Arc<Fill>>>,
}

/// Steps of the logarithm of a token's cost in training between which fills are not told apart.
const COST_STEP: f64 = 0.05;

/// A choice with what does not hang on the world.
pub(crate) struct Prepared<'a> {
    pub choice: Choice,
    reckoner: &'a Reckoner<'a>,
    /// Places among the question's tiers of those that the strategy uses.
    tiers: Vec<usize>,
    fill: Arc<Fill>,
    queries: Vec<Query>,
    fits: bool,
    devices: f64,
}

impl<'a> Reckoner<'a> {
    /// Checks the question and draws its worlds.
    ///
    /// # Errors
    /// What the question or the laws lack.
    pub fn of(question: &'a Question, laws: &'a [super::Law]) -> Result<Self, PlanError> {
        question.validate()?;
        let catalogue = Catalogue::built_in()?.with(question.hardware.iter().cloned())?;
        let devices = |name: &str, bytes: f64| -> Result<Devices, PlanError> {
            let hardware = catalogue.find(name)?.clone();
            Ok(Devices {
                price_per_hour: hardware.price_per_hour,
                hardware,
                utilisation: 1.0,
                bytes_per_parameter: bytes,
            })
        };
        let training = devices(&question.training.hardware, 16.0)?;
        let time = time_over_roofline(question, &catalogue)?;
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
        Ok(Self {
            worlds: Worlds::of(question, laws, prices, time)?,
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
        self.question.experiments.noise
    }

    /// The classes of the demand.
    pub fn classes(&self) -> &[Class] {
        self.question.demand.as_ref().map_or(&[], |life| &life.classes)
    }

    /// Works out of a choice what does not hang on the world: which tokens it takes at which total, by medians, and
    /// what a query costs at the median price.
    pub fn prepare(&self, choice: Choice) -> Prepared<'_> {
        self.prepare_in(&self.worlds.centre(), choice)
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
            false => served(self.question, &self.catalogue, choice).ok(),
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
            devices: devices as f64,
            queries,
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
        let rate = self.training.hardware.peak.0 * world.of(places.mfu) * world.of(places.goodput);
        hour / rate * (1.0 + world.of(places.other_runs))
    }
}

impl Prepared<'_> {
    /// What becomes of it where training is as long as `length` says.
    pub fn outcome(&self, world: &World<'_>, length: Length) -> Outcome {
        let (tokens, reached) = match (self.choice.tokens, length) {
            // A run that is given ends where the budget does.
            (Some(tokens), Length::Pay | Length::Spend) => (tokens.min(self.to_spend(world)), true),
            (Some(tokens), Length::Reach) => (tokens.min(self.fill.most()), self.reaches(world, tokens)),
            (None, Length::Reach) => self.to_reach(world),
            (None, _) => (self.to_spend(world), true),
        };
        self.judged(world, tokens, reached, length)
    }

    /// What becomes of it at so many tokens.
    pub fn at(&self, world: &World<'_>, tokens: f64) -> Outcome {
        self.judged(world, tokens, true, Length::Pay)
    }

    fn judged(&self, world: &World<'_>, tokens: f64, reached: bool, length: Length) -> Outcome {
        let loss = self.loss(world, tokens);
        let answers = self.answers(world, loss);
        let arm = &self.reckoner.question.arms[self.choice.arm];
        let flops = arm.training_operations * self.choice.params * arm.active.0 * tokens;
        let mut bill = self.before_serving(world, tokens);
        bill.serving = answers.dollars;
        // A goal is reached within the budget, if there is one; what spends it does so by itself.
        let limit = world.of(self.reckoner.worlds.places.budget);
        let limit = if length == Length::Reach {
            limit * (1.0 + 1e-9)
        } else {
            f64::INFINITY
        };
        let reached = reached && bill.before_serving() <= limit;
        let is_met = reached && self.fits && answers.in_time && loss.is_finite() && tokens > 0.0;
        Outcome {
            tokens,
            flops,
            loss,
            right: answers.right,
            value: answers.value,
            bill,
            is_met,
        }
    }

    /// Whether its weights and caches fit on devices that work as one.
    pub fn fits(&self) -> bool {
        self.fits
    }

    /// The longest that a query with a limit takes.
    pub fn longest_wait(&self, world: &World<'_>) -> f64 {
        let time = world.of(self.reckoner.worlds.places.serving_time);
        let limited = self
            .reckoner
            .classes()
            .iter()
            .zip(&self.queries)
            .filter(|(class, _)| class.latency.is_some());
        limited.map(|(_, query)| time * query.wait).fold(0.0, f64::max)
    }

    /// Dollars that a token takes to serve at the medians, on average over what the classes read and write.
    pub fn dollars_per_token_served(&self) -> f64 {
        let classes = self.reckoner.classes().iter().zip(&self.queries);
        let (dollars, tokens) = classes.fold((0.0, 0.0), |(dollars, tokens), (class, query)| {
            (
                dollars + query.reading + query.writing,
                tokens + class.tokens_in + class.tokens_out,
            )
        });
        dollars / tokens
    }

    /// Devices that serve one copy of it.
    pub fn devices(&self) -> f64 {
        self.devices
    }

    /// The most tokens that its text gives.
    pub fn most_tokens(&self) -> f64 {
        self.fill.most()
    }

    /// What is taken of each of the question's tiers at so many tokens.
    pub fn taken(&self, tokens: f64) -> Vec<Taken> {
        let mut taken = vec![Taken::default(); self.reckoner.question.tiers.len()];
        for (place, tier) in self.tiers.iter().enumerate() {
            taken[*tier] = self.fill.taken(tokens, place);
        }
        taken
    }

    /// The loss at so many tokens.
    pub fn loss(&self, world: &World<'_>, tokens: f64) -> f64 {
        let places = &self.reckoner.worlds.places;
        let repeats = world.of(places.repeats);
        // A compute multiplier is shared by size and tokens, as along the path of best sizes.
        let worth = world.of(places.arms[self.choice.arm]).sqrt();
        let (mut effective, mut seen, mut unique) = (0.0, 0.0, 0.0);
        let (below, share) = self.fill.place(tokens);
        for (place, tier) in self.tiers.iter().enumerate() {
            let [tier_worth, stock, _] = places.tiers[*tier];
            let mut taken = self.fill.between(below, share, place);
            // Where there is less of it than at the median, what is missing is repeated.
            taken.unique = taken.unique.min(world.of(stock));
            let each = world.of(tier_worth);
            effective += each * taken.effective(repeats);
            seen += each * taken.seen;
            unique += each * taken.unique;
        }
        let run = Run {
            params: self.choice.params * worth,
            effective: effective * worth,
            seen: seen * worth,
            unique: unique * worth,
        };
        world.loss(self.choice.arm, run)
    }

    fn before_serving(&self, world: &World<'_>, tokens: f64) -> Bill {
        let reckoner = self.reckoner;
        let places = &reckoner.worlds.places;
        let arm = &reckoner.question.arms[self.choice.arm];
        let flops = arm.training_operations * self.choice.params * arm.active.0 * tokens;
        let hour = world.of(places.training_price) / HOUR;
        let training = flops / (reckoner.training.hardware.peak.0 * world.of(places.mfu)) * hour;
        let failures = training * (1.0 / world.of(places.goodput) - 1.0);
        let mut bill = Bill {
            training,
            failures,
            other_runs: (training + failures) * world.of(places.other_runs),
            ladder: reckoner.question.training.ladder.0,
            ..Bill::default()
        };
        let (below, share) = self.fill.place(tokens);
        for (place, tier) in self.tiers.iter().enumerate() {
            let [_, stock, price] = places.tiers[*tier];
            let taken = self.fill.between(below, share, place).unique.min(world.of(stock));
            let dollars = taken * world.of(price) / MILLION;
            match reckoner.question.tiers[*tier].synthetic {
                true => bill.synthesis += dollars,
                false => bill.text += dollars,
            }
        }
        bill
    }

    /// Tokens for which the budget lasts.
    fn to_spend(&self, world: &World<'_>) -> f64 {
        let most = self.fill.most();
        let budget = world.of(self.reckoner.worlds.places.budget);
        let spent = |tokens: f64| self.before_serving(world, tokens).before_serving();
        if spent(most) <= budget {
            return most;
        }
        // Where all but a part of the bill is in proportion to the tokens a secant is almost the answer.
        first_at_least(|tokens| spent(tokens) - budget, most * 1e-12, most)
    }

    /// The fewest tokens that reach the goal, and whether any do.
    pub fn to_reach(&self, world: &World<'_>) -> (f64, bool) {
        let most = self.fill.most();
        if !self.reaches(world, most) {
            return (most, false);
        }
        (
            first_at_least(|tokens| self.above_goal(world, tokens), most * 1e-9, most),
            true,
        )
    }

    fn reaches(&self, world: &World<'_>, tokens: f64) -> bool {
        self.above_goal(world, tokens.min(self.fill.most())) >= 0.0
    }

    /// How far the goal is passed at so many tokens; not below 0 without one.
    fn above_goal(&self, world: &World<'_>, tokens: f64) -> f64 {
        let wanted = world.of(self.reckoner.worlds.places.goal);
        let loss = self.loss(world, tokens);
        match self.reckoner.question.goal {
            Some(Quality::Right(_)) => self.answers(world, loss).right - wanted,
            Some(Quality::NatsPerToken(_) | Quality::BitsPerByte(_)) => wanted - loss,
            None => 0.0,
        }
    }

    /// How queries are answered by a model of this loss, and what they cost until it is replaced.
    fn answers(&self, world: &World<'_>, loss: f64) -> Answers {
        let reckoner = self.reckoner;
        let (question, places) = (reckoner.question, &reckoner.worlds.places);
        let mut answers = Answers {
            in_time: true,
            ..Answers::default()
        };
        let Some(life) = &question.demand else {
            return answers;
        };
        let months = world.of(places.months);
        let growth = world.of(places.growth).ln() / 12.0;
        let fall = world.of(places.price_fall).ln() / 12.0;
        let queries = world.of(places.queries);
        let asked = queries * over_months(growth, months);
        let priced = queries * over_months(growth + fall, months);
        let variables = &reckoner.worlds.variables;
        let by_median = |place: usize| world.of(place) / variables[place].centre;
        let time = world.of(places.serving_time);
        let paid = by_median(places.serving_price) * time / by_median(places.serving_use);
        let context = &question.contexts[self.choice.context];
        // Without queries nothing fits, which is said elsewhere.
        for (at, (class, query)) in life.classes.iter().zip(&self.queries).enumerate() {
            let samples = if class.chosen.is_some() {
                question.samples[self.choice.samples]
            } else {
                1
            };
            let (mut right, mut drawn) = (0.0, f64::from(samples));
            if let Some(task) = &question.task {
                let odds = world.of(places.right);
                let odds = (odds / (1.0 - odds)).ln() + world.of(places.slope) * (task.loss - loss);
                let mean = 1.0 / (1.0 + (-(odds + class.easier_by + context.easier_by)).exp());
                let mean = mean.clamp(1e-12, 1.0 - 1e-12);
                let alike = world.of(places.alike);
                right = reckoner.rules[at][self.choice.samples].rate(mean, alike);
                if query.stops && samples > 1 {
                    drawn = until_right(mean, alike, samples);
                }
            }
            let dollars = query.reading + drawn * query.writing;
            let checks = if class.chosen.is_some() {
                drawn * class.check.0
            } else {
                0.0
            };
            answers.dollars += class.share.0 * (priced * dollars * paid + asked * (checks + context.price.0));
            answers.value += class.share.0 * asked * right * world.of(places.values[at]);
            answers.right += class.share.0 * right;
            let wait = time * query.wait;
            answers.in_time &= class.latency.is_none_or(|latency| wait <= latency.0);
        }
        answers
    }
}

#[derive(Default)]
struct Answers {
    right: f64,
    value: f64,
    dollars: f64,
    in_time: bool,
}

/// Months' worth of queries over `months` months where they grow by `exp(rate)` a month: the integral of the growth.
fn over_months(rate: f64, months: f64) -> f64 {
    if rate.abs() < 1e-9 {
        return months;
    }
    (rate * months).exp_m1() / rate
}

/// Where a rising function is first at least 0 between two ends, the function being so at the high one: regula falsi
/// in logarithms after Illinois (Dowell and Jarratt 1971), with bisection where it stalls.
fn first_at_least(function: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut low, mut high) = (low.ln(), high.ln());
    let (mut at_low, mut at_high) = (function(low.exp()), function(high.exp()));
    if at_low >= 0.0 {
        return low.exp();
    }
    let mut last = 0;
    for step in 0..200 {
        if high - low <= 2.0 * f64::EPSILON * high.abs().max(1.0) || at_high == 0.0 {
            break;
        }
        let secant = high - at_high * (high - low) / (at_high - at_low);
        let middle = low + 0.5 * (high - low);
        let next = if step % 3 == 2 || !(secant > low && secant < high) {
            middle
        } else {
            secant
        };
        let at = function(next.exp());
        let side = if at >= 0.0 { 1 } else { -1 };
        if side == 1 {
            (high, at_high) = (next, at);
            at_low *= if last == side { 0.5 } else { 1.0 };
        } else {
            (low, at_low) = (next, at);
            at_high *= if last == side { 0.5 } else { 1.0 };
        }
        last = side;
    }
    high.exp()
}

/// Parameters as a count, for what is sized by them.
pub(crate) fn whole(params: f64) -> Params {
    Params(params.round().clamp(1.0, 9e15) as u64)
}
