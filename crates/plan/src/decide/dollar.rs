//! What the next dollar buys on each axis: compute, each tier of text, and samples.

use serde::{Deserialize, Serialize};

use super::aim::Length;
use super::compare::Compared;
use super::reckon::{Choice, MILLION, Reckoner};
use super::search::best_size_for;
use super::world::World;

/// An axis, and what is gained by spending more on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What is bought.
    pub name: String,
    /// How its cost comes about.
    pub cost: String,
    /// Where the recommended choice stands on it.
    pub now: f64,
    /// The unit of `now`.
    pub unit: String,
    /// Dollars spent on it now.
    pub spent: f64,
    /// What is gained: a fall of the loss, or a rise of the share answered right.
    pub gain_is: GainOf,
    /// Gained by the next dollar. Where more of it costs nothing, by the next percent.
    pub next_dollar: f64,
    /// Whether more of it costs nothing.
    pub is_free: bool,
    /// Dollars that doubling it costs.
    pub doubling_costs: f64,
    /// Gained by doubling it.
    pub doubling: f64,
    /// What the doubling after that gains, as a part of the first; none where the first gains nothing.
    pub fades_to: Option<f64>,
    /// What the doubling is worth, in dollars: of text those of compute that would gain as much, of samples the right
    /// answers that it gains; none where nothing says so.
    pub doubling_is_worth: Option<f64>,
}

/// What an axis gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainOf {
    /// Loss.
    Loss,
    /// Share of queries answered right.
    Right,
}

/// Every axis, at the median world.
pub(crate) fn axes(compared: &Compared<'_>) -> Vec<Axis> {
    let reckoner = compared.reckoner;
    let chosen = compared.choices[compared.best].choice;
    let now = lowest(reckoner, reckoner.worlds.centre(), chosen, compared.spent).1;
    let first = compute(compared, now);
    let by_compute = first.next_dollar;
    let mut axes = vec![first];
    let strategy = &reckoner.strategies[chosen.strategy];
    let known = &reckoner.question.tiers;
    // Of what has no end there is never more.
    let tiers = (0..known.len()).filter(|tier| strategy.uses(&known[*tier]) && !known[*tier].is_endless());
    axes.extend(tiers.map(|tier| text(compared, now, by_compute, tier)));
    axes.extend(samples(compared));
    axes
}

/// The choice of the family and the lowest loss that it reaches for a budget.
pub(crate) fn lowest(
    reckoner: &Reckoner<'_>,
    world: &World<'_>,
    choice: Choice,
    budget: f64,
) -> (Choice, f64) {
    let world = world.spending(budget);
    let free = Choice {
        tokens: None,
        ..choice
    };
    let best = best_size_for(reckoner, &world, free, Length::Spend);
    (
        best,
        reckoner
            .prepare_in(&world, best)
            .outcome(&world, Length::Spend)
            .loss,
    )
}

fn compute(compared: &Compared<'_>, now: f64) -> Axis {
    let (reckoner, spent) = (compared.reckoner, compared.spent);
    let chosen = compared.choices[compared.best].choice;
    let at = |factor: f64| lowest(reckoner, reckoner.worlds.centre(), chosen, spent * factor).1;
    let [more, double, four] = [1.01, 2.0, 4.0].map(at);
    Axis {
        name: "training compute".to_owned(),
        cost: "operations of all parameters used, for each token seen, at the rented hour".to_owned(),
        now: spent,
        unit: "dollars".to_owned(),
        spent,
        gain_is: GainOf::Loss,
        next_dollar: (now - more) / (0.01 * spent),
        is_free: false,
        doubling_costs: spent,
        doubling: now - double,
        fades_to: faded(now, double, four),
        // It is what the others are held against.
        doubling_is_worth: None,
    }
}

/// A tier: the budget is the same, and what is bought of it is paid from that.
fn text(compared: &Compared<'_>, now: f64, by_compute: f64, tier: usize) -> Axis {
    let reckoner = compared.reckoner;
    let chosen = &compared.choices[compared.best];
    let (world, [_, stock, price]) = (reckoner.worlds.centre(), reckoner.worlds.places.tiers[tier]);
    let (unique, price) = (world.of(stock), world.of(price) / MILLION);
    let at = |factor: f64| {
        let more = world.with(stock, unique * factor);
        lowest(reckoner, &more, chosen.choice, compared.spent).1
    };
    let [more, double, four] = [1.01, 2.0, 4.0].map(at);
    let percent = 0.01 * unique * price;
    let is_free = percent == 0.0;
    let taken = chosen.taken(compared.tokens)[tier].unique;
    Axis {
        name: format!("text: {}", reckoner.question.tiers[tier].name),
        cost: match is_free {
            true => "none beside the training on it".to_owned(),
            false => "its price once, and the training on it at every pass".to_owned(),
        },
        now: taken,
        unit: "unique tokens taken".to_owned(),
        spent: taken * price,
        gain_is: GainOf::Loss,
        next_dollar: if is_free {
            now - more
        } else {
            (now - more) / percent
        },
        is_free,
        doubling_costs: unique * price,
        doubling: now - double,
        fades_to: faded(now, double, four),
        doubling_is_worth: (by_compute > 0.0).then(|| (now - double).max(0.0) / by_compute),
    }
}

/// Samples a query, where a task says how often they are right.
fn samples(compared: &Compared<'_>) -> Option<Axis> {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    question.task.as_ref()?;
    let chosen = compared.choices[compared.best].choice;
    let now = question.samples[chosen.samples];
    let at = |samples: usize| {
        let outcome = reckoner
            .prepare(Choice { samples, ..chosen })
            .at(reckoner.worlds.centre(), compared.tokens);
        (outcome.right, outcome.bill.serving, outcome.value)
    };
    let mut larger: Vec<usize> = (0..question.samples.len())
        .filter(|at| question.samples[*at] > now)
        .collect();
    larger.sort_by_key(|at| question.samples[*at]);
    let (here, next) = (at(chosen.samples), at(*larger.first()?));
    let after = larger.get(1).map(|after| (*after, at(*after)));
    // Between the numbers that are asked of, costs are straight and gains are so in the logarithm.
    let step = |from: usize, to: usize, gain: f64| {
        gain / (question.samples[to] as f64 / question.samples[from] as f64).log2()
    };
    let first = larger[0];
    let part = f64::from(now) / f64::from(question.samples[first] - now);
    let (gain, costs) = (
        step(chosen.samples, first, next.0 - here.0),
        part * (next.1 - here.1),
    );
    let slope = (next.0 - here.0) / (next.1 - here.1);
    Some(Axis {
        name: "samples a query".to_owned(),
        cost: "tokens written for each sample; the prompt is read once".to_owned(),
        now: f64::from(now),
        unit: "samples".to_owned(),
        spent: here.1,
        gain_is: GainOf::Right,
        next_dollar: if costs > 0.0 { slope } else { gain },
        is_free: costs <= 0.0,
        doubling_costs: costs,
        doubling: gain,
        doubling_is_worth: (here.2 > 0.0).then(|| step(chosen.samples, first, next.2 - here.2)),
        fades_to: after
            .map(|(at, after)| step(first, at, after.0 - next.0) / gain)
            .filter(|part| part.is_finite()),
    })
}

/// What the second doubling gains as a part of the first; none where the first gains nothing.
fn faded(now: f64, double: f64, four: f64) -> Option<f64> {
    let gained = now - double;
    (gained > 1e-6 * now).then(|| ((double - four) / gained).max(0.0))
}
