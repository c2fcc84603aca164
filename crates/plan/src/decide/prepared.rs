//! What becomes of a choice in a world: its tokens, loss, right answers and bill.

use std::sync::{Arc, OnceLock};

use triaxis_laws::numeric::golden_section;

use super::aim::Length;
use super::answer_rate::Chosen;
use super::fill::{Fill, Taken};
use super::law::Run;
use super::outcome::{Bill, Outcome};
use super::question::Quality;
use super::reckon::{Choice, HOUR, MILLION, Reckoner};
use super::serve::Query;
use super::world::World;
use crate::demand::Lifetime;
use crate::samples::Difficulty;

/// The fewest tokens that a run sees: below all that anybody trains on, however much text there is.
const FEWEST: f64 = 1e3;

/// The part of the tokens by which it is seen whether the last ones hurt, and steps to where they begin to.
const RISE: f64 = 0.01;
const STEPS: usize = 45;

/// A choice with what does not hang on the world.
pub(crate) struct Prepared<'a> {
    pub choice: Choice,
    pub(super) reckoner: &'a Reckoner<'a>,
    /// Places among the question's tiers of those that the strategy uses.
    pub(super) tiers: Vec<usize>,
    pub(super) fill: Arc<Fill>,
    pub(super) queries: Vec<Query>,
    pub(super) fits: bool,
    pub(super) planned: OnceLock<f64>,
    pub(super) devices: f64,
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
        self.judged(world, tokens, reached)
    }

    /// What becomes of it at so many tokens.
    pub fn at(&self, world: &World<'_>, tokens: f64) -> Outcome {
        self.judged(world, tokens, true)
    }

    fn judged(&self, world: &World<'_>, tokens: f64, reached: bool) -> Outcome {
        let loss = self.loss(world, tokens);
        let answers = self.answers(world, loss);
        let arm = &self.reckoner.question.arms[self.choice.arm];
        let flops = arm.training_operations * self.choice.params * arm.active.0 * tokens;
        let mut bill = self.before_serving(world, tokens);
        bill.serving = answers.dollars;
        // A goal is reached within the budget, if there is one; what spends it does so by itself.
        let limit = self.reckoner.worlds.budget(world) * (1.0 + 1e-6);
        let is_reached = reached;
        let reached = reached && bill.before_serving() <= limit;
        let is_told = loss.is_finite() && bill.total().is_finite() && tokens > 0.0;
        let is_met = reached && self.fits && answers.in_time && is_told;
        Outcome {
            tokens,
            flops,
            loss,
            right: answers.right,
            value: answers.value,
            bill,
            is_reached,
            is_met,
        }
    }

    /// Whether its weights and caches fit on devices that work as one.
    pub fn fits(&self) -> bool {
        self.fits
    }

    /// The longest that a query with a limit takes.
    pub fn longest_wait(&self, world: &World<'_>) -> f64 {
        let limited = self
            .reckoner
            .classes()
            .iter()
            .zip(&self.queries)
            .filter(|(class, _)| class.latency.is_some());
        limited
            .map(|(_, query)| query.least_seconds(&self.reckoner.speed(world)))
            .fold(0.0, f64::max)
    }

    /// Dollars that a query of so many samples takes at the medians, on average over the classes by their shares.
    pub fn dollars_per_query(&self, samples: f64) -> f64 {
        let speed = self.reckoner.speed(self.reckoner.worlds.centre());
        let classes = self.reckoner.classes().iter().zip(&self.queries);
        let dollars = classes.map(|(class, query)| class.share.0 * query.at(&speed).dollars(samples));
        dollars.sum()
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

    /// The loss at so many tokens, with the noise of the run.
    pub fn loss(&self, world: &World<'_>, tokens: f64) -> f64 {
        let places = &self.reckoner.worlds.places;
        let repeats = world.of(places.repeats);
        // A compute multiplier is shared by size and tokens, as along the path of best sizes.
        let worth = self.reckoner.worlds.scale(world, self.choice.arm);
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
        world.loss(self.choice.arm, run) * world.of(places.noise)
    }

    fn before_serving(&self, world: &World<'_>, tokens: f64) -> Bill {
        let reckoner = self.reckoner;
        let places = &reckoner.worlds.places;
        let arm = &reckoner.question.arms[self.choice.arm];
        let flops = arm.training_operations * self.choice.params * arm.active.0 * tokens;
        let hour = world.of(places.training_price) / HOUR;
        let training = flops / (reckoner.training.peak.0 * world.of(places.mfu)) * hour;
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

    /// The most tokens that lower the loss: all that the text gives, or, by a law that lets repeats hurt, as many as
    /// bring it to its lowest.
    fn longest(&self, world: &World<'_>) -> f64 {
        let most = self.fill.most();
        let loss = |log_tokens: f64| self.loss(world, log_tokens.exp());
        let end = most.ln();
        // What rises anywhere does so at the end.
        let rises = loss(end) > loss(end - RISE);
        if !rises {
            return most;
        }
        let ends = [FEWEST.min(most).ln(), end];
        golden_section(ends, STEPS, loss, |one, other| one <= other)
            .middle()
            .exp()
    }

    /// Tokens for which the budget lasts, or all that lower the loss.
    pub fn to_spend(&self, world: &World<'_>) -> f64 {
        let most = self.longest(world);
        let budget = self.reckoner.worlds.budget(world);
        let spent = |tokens: f64| self.before_serving(world, tokens).before_serving();
        if spent(most) <= budget {
            return most;
        }
        // Where all but a part of the bill is in proportion to the tokens a secant is almost the answer.
        first_at_least(|tokens| spent(tokens) - budget, FEWEST.min(most), most)
    }

    /// The fewest tokens that reach the goal, and whether any do.
    pub fn to_reach(&self, world: &World<'_>) -> (f64, bool) {
        match self.reaching(world) {
            Some(tokens) => (tokens, true),
            // It is seen to fail when what was planned is spent.
            None => (self.planned().min(self.to_spend(world)), false),
        }
    }

    /// The fewest tokens that reach the goal, if any do.
    fn reaching(&self, world: &World<'_>) -> Option<f64> {
        let most = self.longest(world);
        self.reaches(world, most)
            .then(|| first_at_least(|tokens| self.above_goal(world, tokens), FEWEST.min(most), most))
    }

    /// Tokens that reach the goal at the medians; all where none do.
    fn planned(&self) -> f64 {
        *self.planned.get_or_init(|| {
            let centre = self.reckoner.worlds.centre();
            self.reaching(centre).unwrap_or(self.fill.most())
        })
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
        let of = |place: usize| world.of(place);
        let lasts = Lifetime::of(of(places.months), of(places.growth), of(places.price_fall));
        let queries = 12.0 * world.of(places.queries);
        let (asked, priced) = (queries * lasts.demand, queries * lasts.billed);
        let by_median = |place: usize| reckoner.worlds.by_median(world, place);
        // A host's price is its own.
        let paid = match question.hosted {
            Some(_) => 1.0,
            None => by_median(places.serving_price) / by_median(places.serving_use),
        };
        let speed = reckoner.speed(world);
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
                if let (true, Some(Chosen::Verifier { false_pass })) = (query.stops, class.chosen) {
                    let queries = Difficulty {
                        a: mean * alike,
                        b: (1.0 - mean) * alike,
                    };
                    drawn = queries.checked(false_pass, u64::from(samples)).samples;
                }
            }
            let answered = query.at(&speed);
            let dollars = answered.dollars(drawn);
            let checks = if class.chosen.is_some() {
                drawn * class.check.0
            } else {
                0.0
            };
            answers.dollars += class.share.0 * (priced * dollars * paid + asked * (checks + context.price.0));
            answers.value += class.share.0 * asked * right * world.of(places.values[at]);
            answers.right += class.share.0 * right;
            answers.in_time &= query.limit.is_none_or(|limit| answered.seconds <= limit);
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
