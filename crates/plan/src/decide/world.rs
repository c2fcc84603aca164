//! Everything that is uncertain, drawn together: a world is one state of it all.

use std::collections::HashMap;

use triaxis_units::Dollars;

use super::budget::Budget;
use super::fill::Taken;
use super::gathered::{Gathered, noise_of};
use super::judged::Judged;
use super::law::{Law, Run};
use super::question::{Quality, Question};
use super::reckon::HOUR;
use crate::evidence::LossUnit;
use crate::serving::Calibration;
use crate::{PlanError, Uncertain};

/// The place of a variable among all.
pub(crate) type Place = usize;

/// Standard deviation of the logarithm of a small run's loss: as the question says, or as the first law that knows, or
/// .005.
pub(crate) fn noise(question: &Question, laws: &[Law]) -> f64 {
    known_noise(question, laws).0
}

/// The same with the degrees of freedom by which it is known, where a law says so.
pub(super) fn known_noise(question: &Question, laws: &[Law]) -> (f64, Option<usize>) {
    let of_law = |law: &Law| Some((law.noise.filter(|noise| *noise > 0.0)?, law.freedom));
    let given = question.experiments.noise.map(|noise| (noise, None));
    let known = given.or_else(|| laws.iter().find_map(of_law));
    known.unwrap_or((0.005, None))
}

/// The weight of a law, as a share of the heaviest's, from which on its reach is the answer's.
const HEARD: f64 = 0.1;
/// Draws made for each that is kept where runs were observed.
const PRIOR: usize = 40;

/// A run on one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub arm: usize,
    pub tier: usize,
    pub params: f64,
    pub tokens: f64,
    pub epochs: f64,
}

/// Where each variable stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// The budget, in its own unit; without end where there is none.
    pub budget: Place,
    /// The goal, in the laws' unit.
    pub goal: Place,
    pub training_price: Place,
    pub mfu: Place,
    pub goodput: Place,
    pub other_runs: Place,
    pub serving_price: Place,
    pub serving_use: Place,
    /// Factors on the times of writing and reading that the roofline reckons.
    pub decoding: Place,
    pub prefill: Place,
    /// Shares of the bandwidth and of the peak that serving reaches.
    pub bandwidth: Place,
    pub arithmetic: Place,
    pub repeats: Place,
    /// Factor on the loss of the large run itself.
    pub noise: Place,
    pub months: Place,
    pub queries: Place,
    pub growth: Place,
    pub price_fall: Place,
    pub right: Place,
    pub slope: Place,
    pub alike: Place,
    /// Worth, stock and price of each tier.
    pub tiers: Vec<[Place; 3]>,
    /// Worth of each arm.
    pub arms: Vec<Place>,
    /// Value of a right answer of each class.
    pub values: Vec<Place>,
}

/// An uncertain quantity with what it is drawn as.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    /// What it is called on the page.
    pub name: String,
    /// Its median.
    pub centre: f64,
    /// Its draws; all the median where it is certain.
    pub draws: Vec<f64>,
    /// Whether anything about it is uncertain.
    pub is_certain: bool,
    /// Whether it is a share, which stays below 1.
    pub is_share: bool,
}

/// All draws.
#[derive(Debug)]
pub(crate) struct Worlds<'a> {
    pub laws: &'a [Law],
    pub variables: Vec<Variable>,
    pub places: Places,
    pub count: usize,
    pub(super) centre: World<'a>,
    pub(super) judged: Vec<Judged>,
    /// Operations of each arm for a parameter and token, as a share of the laws' own 6.
    computes: Vec<f64>,
    /// The laws' unit of loss for one of the goal's.
    pub goal_scale: f64,
    /// What the budget is in.
    currency: Currency,
    /// Dollars that the ladder behind the laws cost.
    ladder: f64,
    /// How many times the noise of observed runs was taken, so that enough replicates stay likely; 1 as it is.
    pub widened: f64,
}

/// What a budget is in.
#[derive(Debug, Clone, Copy)]
enum Currency {
    Dollars,
    /// Operations of devices with this peak.
    Operations {
        peak: f64,
    },
    /// Seconds of so many devices.
    Time {
        devices: f64,
    },
}

/// One state of everything.
#[derive(Debug, Clone)]
pub(crate) struct World<'a> {
    laws: &'a [Law],
    judged: Vec<(usize, Option<usize>)>,
    values: Vec<f64>,
    /// Dollars of the run, where they are not as the question says.
    spending: Option<f64>,
}

impl World<'_> {
    /// The value of a variable.
    pub fn of(&self, place: Place) -> f64 {
        self.values[place]
    }

    /// The same world with another value of a variable.
    pub fn with(&self, place: Place, value: f64) -> Self {
        let mut other = self.clone();
        other.values[place] = value;
        other
    }

    /// The same world with so many dollars for the run.
    pub fn spending(&self, dollars: f64) -> Self {
        Self {
            spending: Some(dollars),
            ..self.clone()
        }
    }

    /// The same world judged by the laws of another.
    pub fn with_laws_of(&self, other: &Self) -> Self {
        Self {
            judged: other.judged.clone(),
            ..self.clone()
        }
    }

    /// The loss of a run of an arm.
    pub fn loss(&self, arm: usize, run: Run) -> f64 {
        let (law, draw) = self.judged[arm];
        self.laws[law].loss(draw, run)
    }
}

/// The laws' unit of loss for one of the goal's; 1 where they are the same, and of a goal that is no loss.
fn goal_scale(question: &Question, laws: &[Law]) -> Result<f64, PlanError> {
    let Some(unit) = laws.first().map(|law| law.unit) else {
        return Ok(1.0);
    };
    let asked = match question.goal {
        Some(Quality::NatsPerToken(_)) => LossUnit::NatsPerToken,
        Some(Quality::BitsPerByte(_)) => LossUnit::BitsPerByte,
        Some(Quality::Right(_)) | None => unit,
    };
    if asked == unit {
        return Ok(1.0);
    }
    let nats_per_bit = laws.iter().find_map(Law::nats_per_bit).ok_or_else(|| {
        PlanError(format!(
            "the goal is in {asked}, the laws in {unit}: give the goal in {unit}"
        ))
    })?;
    Ok(match asked {
        LossUnit::BitsPerByte => nats_per_bit,
        LossUnit::NatsPerToken => 1.0 / nats_per_bit,
    })
}

impl<'a> Worlds<'a> {
    /// Draws everything that `question` and `laws` leave uncertain.
    ///
    /// # Errors
    /// When an arm names a law that is not there, or has none.
    pub fn of(
        question: &Question,
        laws: &'a [Law],
        [training_price, serving_price]: [Uncertain<Dollars>; 2],
        peak: f64,
        calibration: &Calibration,
    ) -> Result<Self, PlanError> {
        // Runs that were made leave few of the draws likely.
        let draws = question.draws * if question.observed.is_empty() { 1 } else { PRIOR };
        let mut all = Gathered {
            question,
            draws,
            variables: Vec::new(),
        };
        let certain = Uncertain::<f64>::certain;
        let (life, task) = (question.demand.as_ref(), question.task.as_ref());
        let goal_scale = goal_scale(question, laws)?;
        let goal = question.goal.map_or(0.0, |goal| goal.number() * goal_scale);
        let budget = question.budget.unwrap_or(Budget::Dollars(Dollars(f64::INFINITY)));
        let [training_price, serving_price] = all.prices(training_price, serving_price);
        let places = Places {
            budget: all.add(budget.name(), certain(budget.number())),
            goal: all.add("goal", certain(goal)),
            training_price,
            mfu: all.add("share of the peak in training", question.training.mfu),
            goodput: all.add("share of paid hours that train", question.training.goodput),
            other_runs: all.add("failed and tuning runs", question.training.other_runs),
            serving_price,
            serving_use: all.add("share of paid hours that serve", question.serving.utilisation),
            decoding: all.add("serving time over the roofline", calibration.decode_at_best()),
            prefill: all.add("time of prompts over the roofline", calibration.prefill()),
            bandwidth: all.add("share of the bandwidth in serving", question.serving.mbu),
            arithmetic: all.add("share of the peak in serving", question.serving.mfu),
            repeats: all.add("repeats until one is worth 1/e", question.repetition.repeats),
            noise: all.add("noise of the run", noise_of(question, laws)),
            months: all.add(
                "months until it is replaced",
                life.map_or(certain(0.0), |life| life.months),
            ),
            queries: all.add(
                "queries in the first month",
                life.map_or(Uncertain::certain(triaxis_units::Requests(0)), |life| {
                    life.queries_per_month
                }),
            ),
            growth: all.add(
                "growth of demand a year",
                life.map_or(certain(1.0), |life| life.growth_per_year),
            ),
            price_fall: all.add(
                "price of computing a year on",
                life.map_or(certain(1.0), |life| life.price_per_year),
            ),
            right: all.add(
                "share of right samples",
                task.map_or(Uncertain::certain(crate::Share(0.5)), |task| task.right),
            ),
            slope: all.add(
                "log odds a unit of loss",
                task.map_or(certain(1.0), |task| task.slope),
            ),
            alike: all.add(
                "alikeness of queries",
                task.map_or(certain(1.0), |task| task.alike),
            ),
            tiers: question
                .tiers
                .iter()
                .map(|tier| {
                    [
                        all.add(format!("worth of `{}`", tier.name), tier.worth),
                        all.add(format!("tokens of `{}`", tier.name), tier.unique),
                        all.add(format!("price of `{}`", tier.name), tier.price_per_million),
                    ]
                })
                .collect(),
            arms: question
                .arms
                .iter()
                .map(|arm| all.add(format!("worth of the arm `{}`", arm.name), arm.worth))
                .collect(),
            values: life
                .iter()
                .flat_map(|life| &life.classes)
                .map(|class| all.add(format!("value of a right answer, `{}`", class.name), class.value))
                .collect(),
        };
        let judged = question
            .arms
            .iter()
            .map(|arm| Judged::of(&arm.name, &arm.laws, draws, question, laws))
            .collect::<Result<Vec<_>, _>>()?;
        let worlds = Self {
            laws,
            centre: centre(laws, &judged, &all.variables),
            variables: all.variables,
            places,
            count: draws,
            judged,
            computes: question
                .arms
                .iter()
                .map(|arm| arm.active.0 * arm.training_operations / 6.0)
                .collect(),
            goal_scale,
            currency: match budget {
                Budget::Dollars(_) => Currency::Dollars,
                Budget::Flops(_) => Currency::Operations { peak },
                Budget::Time(_) => Currency::Time {
                    devices: question.training.devices.unwrap_or(1) as f64,
                },
            },
            ladder: question.training.ladder.0,
            widened: 1.0,
        };
        if question.observed.is_empty() {
            Ok(worlds)
        } else {
            worlds.given(question)
        }
    }

    /// Which replicate of its laws' constants an arm is judged by in each draw, as a number a replicate. Of a law of
    /// which the constants alone are known no draw shares its luck with another.
    pub fn replicates(&self, arm: usize) -> Vec<usize> {
        let mut known = HashMap::new();
        let drawn = self.judged[arm].drawn.iter().map(|(law, draw)| {
            let draws = self.laws[*law].draws();
            let replicate = if draws > 0 { draw % draws } else { *draw };
            let next = known.len();
            *known.entry((*law, replicate)).or_insert(next)
        });
        drawn.collect()
    }

    /// What size and tokens of an arm count as by the laws', `s`: it reaches at N and D what the laws' own arm does at sN
    /// and sD.
    ///
    /// A worth w is of compute: C of this arm's does what wC of the laws' own do. This arm computes `C = k a N D`, of k
    /// operations and the share a of its parameters that is active, and the laws' own `6 sN sD` at what N and D count as.
    /// From `6 s^2 N D = w k a N D` follows `s^2 = w k a / 6`. Of two arms with worth 1 the lowest loss for a C is thus
    /// the same, whatever they compute for each N and D; one that computes 12 for what the laws' own do with 6 is worth
    /// 1/2, which leaves s = 1; a mixture of experts, billed for what is active, has the worth that was measured at equal
    /// compute.
    pub fn scale(&self, world: &World<'_>, arm: usize) -> f64 {
        (world.of(self.places.arms[arm]) * self.computes[arm]).sqrt()
    }

    /// The logarithm of the loss of a run on one text in a world.
    pub fn shown(&self, world: &World<'_>, run: Seen) -> f64 {
        let compute = self.scale(world, run.arm);
        let each = world.of(self.places.tiers[run.tier][0]) * compute;
        let taken = Taken {
            unique: run.tokens / run.epochs,
            seen: run.tokens,
        };
        let run_as_seen = Run {
            params: run.params * compute,
            effective: each * taken.effective(world.of(self.places.repeats)),
            seen: each * taken.seen,
            unique: each * taken.unique,
        };
        world.loss(run.arm, run_as_seen).ln()
    }

    /// Dollars that may be spent before anything is served.
    pub fn budget(&self, world: &World<'_>) -> f64 {
        if let Some(dollars) = world.spending {
            return dollars;
        }
        let (places, amount) = (&self.places, world.of(self.places.budget));
        let seconds = match self.currency {
            Currency::Dollars => return amount,
            Currency::Operations { peak } => {
                amount / (peak * world.of(places.mfu) * world.of(places.goodput))
            }
            Currency::Time { devices } => amount * devices,
        };
        let run = seconds * world.of(places.training_price) / HOUR;
        run * (1.0 + world.of(places.other_runs)) + self.ladder
    }

    /// The world in which everything is at its median, by each arm's heaviest law.
    pub fn centre(&self) -> &World<'a> {
        &self.centre
    }

    /// Whether a world's text, and what its repeats are worth, are as at the medians.
    pub fn is_text_at_medians(&self, world: &World<'_>) -> bool {
        let places = self.places.tiers.iter().flatten().chain([&self.places.repeats]);
        places
            .into_iter()
            .all(|place| world.values[*place] == self.variables[*place].centre)
    }

    /// The world of a draw.
    pub fn world(&self, draw: usize) -> World<'a> {
        World {
            laws: self.laws,
            judged: self
                .judged
                .iter()
                .map(|judged| (judged.drawn[draw].0, Some(judged.drawn[draw].1)))
                .collect(),
            values: self
                .variables
                .iter()
                .map(|variable| variable.draws[draw])
                .collect(),
            spending: None,
        }
    }

    /// The law that an arm is judged by in each draw, where there are several.
    pub fn law_of_draw(&self, arm: usize) -> impl Iterator<Item = usize> + '_ {
        self.judged[arm].drawn.iter().map(|(law, _)| *law)
    }

    /// A variable in a world as a multiple of its median.
    pub fn by_median(&self, world: &World<'_>, place: Place) -> f64 {
        world.of(place) / self.variables[place].centre
    }

    /// The laws that an arm is judged by, but for those that hardly count.
    pub fn laws_of(&self, arm: usize) -> impl Iterator<Item = &'a Law> + '_ {
        let laws = || self.judged[arm].laws.iter().map(|law| &self.laws[*law]);
        let most = laws().map(|law| law.weight).fold(0.0, f64::max);
        laws().filter(move |law| law.weight >= HEARD * most)
    }
}

/// Everything at its median, by each arm's heaviest law.
pub(super) fn centre<'a>(laws: &'a [Law], judged: &[Judged], variables: &[Variable]) -> World<'a> {
    let weight = |law: &usize| laws[*law].weight;
    let heaviest = |judged: &Judged| {
        // The first of the heaviest: `max_by` takes the last.
        let heaviest = judged.laws.iter().rev().copied();
        heaviest.max_by(|one, other| weight(one).total_cmp(&weight(other)))
    };
    World {
        laws,
        judged: judged
            .iter()
            .map(|judged| (heaviest(judged).unwrap_or(0), None))
            .collect(),
        values: variables.iter().map(|variable| variable.centre).collect(),
        spending: None,
    }
}
