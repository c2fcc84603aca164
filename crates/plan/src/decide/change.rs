//! What would change the choice: how far each quantity must move before another choice is better.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::aim::Length;
use super::compare::{Compared, mean};
use super::outcome::Outcome;
use super::world::{Variable, World};
use crate::information::largest;

/// A quantity at which the choice changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// What it is.
    pub what: String,
    /// What it is taken to be: its median.
    pub now: f64,
    /// Where another choice becomes the better one.
    pub at: f64,
    /// The chance that it lies beyond.
    pub chance: f64,
    /// The choice that is better there, by its place among those that were held against each other.
    #[serde(skip)]
    pub then: usize,
    /// The same in words.
    pub becomes: String,
}

/// What a quantity at the ends of its interval makes of the recommended choice, all others at their medians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swing {
    /// What it is.
    pub what: String,
    /// The ends of its interval.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// Loss at either end.
    pub loss: [f64; 2],
    /// Dollars in all at either end.
    pub dollars: [f64; 2],
    /// What knowing it is worth: the expected rise of the score by a choice made after it is known.
    pub value_of_knowing: f64,
}

/// How far a quantity is followed, either way.
const FARTHEST: f64 = 1e3;
/// Steps on the way, evenly in its logarithm.
const STEPS: i32 = 18;
/// Groups of worlds that are alike in a quantity, for what knowing it is worth.
const GROUPS: usize = 10;

/// Every quantity whose change would change the choice, the likeliest first.
pub(crate) fn break_evens(compared: &Compared<'_>, words: impl Fn(usize) -> String) -> Vec<BreakEven> {
    let reckoner = compared.reckoner;
    let centre = reckoner.worlds.centre();
    let families = families(compared);
    let mut found: Vec<BreakEven> = (0..reckoner.worlds.variables.len())
        .into_par_iter()
        .filter_map(|place| break_even(compared, &families, centre, place))
        .collect();
    for one in &mut found {
        one.becomes = words(one.then);
    }
    let distance = |one: &BreakEven| (one.at / one.now).ln().abs();
    found.sort_by(|one, other| {
        other
            .chance
            .total_cmp(&one.chance)
            .then(distance(one).total_cmp(&distance(other)))
    });
    found
}

/// The best choice of every family: what changes is not the size alone.
fn families(compared: &Compared<'_>) -> Vec<usize> {
    let mut families = vec![compared.best];
    for choice in compared.by_mean() {
        if !families.iter().any(|known| compared.same_family(*known, choice)) {
            families.push(choice);
        }
    }
    families
}

fn break_even(
    compared: &Compared<'_>,
    families: &[usize],
    centre: &World<'_>,
    place: usize,
) -> Option<BreakEven> {
    let variable = &compared.reckoner.worlds.variables[place];
    if !(variable.centre > 0.0 && variable.centre.is_finite()) {
        return None;
    }
    let here = best_at(compared, families, centre);
    let changes = |factor: f64| {
        let value = moved(variable, factor)?;
        let best = best_at(compared, families, &centre.with(place, value));
        (best != here && best != compared.best).then_some((value, best))
    };
    let step = FARTHEST.ln() / f64::from(STEPS);
    let first =
        |sign: f64| (1..=STEPS).find(|steps| changes((sign * step * f64::from(*steps)).exp()).is_some());
    let nearest = [1.0, -1.0]
        .into_iter()
        .filter_map(|sign| Some((first(sign)?, sign)));
    let (steps, sign) = nearest.min_by_key(|(steps, _)| *steps)?;
    let (mut near, mut far) = (step * f64::from(steps - 1), step * f64::from(steps));
    for _ in 0..30 {
        let middle = 0.5 * (near + far);
        if changes((sign * middle).exp()).is_some() {
            far = middle
        } else {
            near = middle
        }
    }
    let (at, then) = changes((sign * far).exp())?;
    let beyond = variable
        .draws
        .iter()
        .filter(|draw| if sign > 0.0 { **draw >= at } else { **draw <= at });
    Some(BreakEven {
        what: variable.name.clone(),
        now: variable.centre,
        at,
        chance: beyond.count() as f64 / variable.draws.len() as f64,
        then,
        becomes: String::new(),
    })
}

/// A quantity times a factor, of a share its odds.
fn moved(variable: &Variable, factor: f64) -> Option<f64> {
    let value = match variable.is_share {
        true => {
            let odds = variable.centre / (1.0 - variable.centre) * factor;
            odds / (1.0 + odds)
        }
        false => variable.centre * factor,
    };
    (value.is_finite() && value > 0.0).then_some(value)
}

/// The best of the choices in one world.
fn best_at(compared: &Compared<'_>, families: &[usize], world: &World<'_>) -> usize {
    let rule = compared.reckoner.question.aim.rule();
    let best = largest(families.iter().map(|choice| {
        // The mixture follows what is known of the text.
        let choice = compared
            .reckoner
            .prepare_in(world, compared.choices[*choice].choice);
        let outcome = choice.outcome(world, rule.length());
        if outcome.is_met {
            rule.score(&outcome)
        } else {
            f64::NEG_INFINITY
        }
    }));
    families[best]
}

/// What every uncertain quantity makes of the recommended choice, the one most worth knowing first.
pub(crate) fn swings(compared: &Compared<'_>) -> Vec<Swing> {
    let reckoner = compared.reckoner;
    let centre = reckoner.worlds.centre();
    let length = reckoner.question.aim.rule().length();
    let chosen = &compared.choices[compared.best];
    let tail = 0.5 * (1.0 - reckoner.question.level);
    let mut swings: Vec<Swing> = reckoner
        .worlds
        .variables
        .iter()
        .enumerate()
        .filter(|(_, variable)| !variable.is_certain)
        .map(|(place, variable)| {
            let [from, to] = [tail, 1.0 - tail].map(|chance| quantile(&variable.draws, chance));
            let ends = [from, to].map(|value| chosen.outcome(&centre.with(place, value), length));
            swing(compared, &variable.name, &variable.draws, (from, to), ends)
        })
        .collect();
    swings.extend(of_laws(compared, length));
    swings.retain(|swing| {
        let moves = |ends: [f64; 2]| (ends[1] / ends[0] - 1.0).abs() > 1e-6;
        moves(swing.loss) || moves(swing.dollars)
    });
    swings.sort_by(|one, other| {
        other.value_of_knowing.total_cmp(&one.value_of_knowing).then(
            (other.dollars[1] / other.dollars[0])
                .ln()
                .abs()
                .total_cmp(&(one.dollars[1] / one.dollars[0]).ln().abs()),
        )
    });
    swings
}

fn swing(
    compared: &Compared<'_>,
    what: &str,
    draws: &[f64],
    (from, to): (f64, f64),
    ends: [Outcome; 2],
) -> Swing {
    Swing {
        what: what.to_owned(),
        from,
        to,
        loss: ends.map(|outcome| outcome.loss),
        dollars: ends.map(|outcome| outcome.bill.total()),
        value_of_knowing: value_of_knowing(compared, draws),
    }
}

/// The laws as one quantity: the loss that they and their draws foretell of the recommended run, at its ends.
fn of_laws(compared: &Compared<'_>, length: Length) -> Option<Swing> {
    let reckoner = compared.reckoner;
    let centre = reckoner.worlds.centre();
    let chosen = &compared.choices[compared.best];
    let tokens = compared.tokens;
    let losses: Vec<f64> = (0..reckoner.worlds.count)
        .map(|draw| chosen.loss(&centre.with_laws_of(&reckoner.worlds.world(draw)), tokens))
        .collect();
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|one, other| losses[*one].total_cmp(&losses[*other]));
    let tail = 0.5 * (1.0 - reckoner.question.level);
    let at = |chance: f64| order[((order.len() - 1) as f64 * chance).round() as usize];
    let [from, to] = [at(tail), at(1.0 - tail)];
    if losses[to] - losses[from] < 1e-12 {
        return None;
    }
    let ends =
        [from, to].map(|draw| chosen.outcome(&centre.with_laws_of(&reckoner.worlds.world(draw)), length));
    Some(swing(
        compared,
        "the laws of the loss",
        &losses,
        (losses[from], losses[to]),
        ends,
    ))
}

/// The expected rise of the score by a choice made after a quantity is known: worlds alike in it choose together
/// (Strong et al. 2014, by groups in place of a regression), each half of them for the other.
fn value_of_knowing(compared: &Compared<'_>, draws: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|one, other| draws[*one].total_cmp(&draws[*other]));
    let chosen_by = |worlds: &[usize]| {
        largest(
            compared
                .scores
                .iter()
                .map(|scores| worlds.iter().map(|world| scores[*world]).sum()),
        )
    };
    let half = compared.halves();
    let halves = |worlds: &[usize]| -> [Vec<usize>; 2] {
        let (low, high) = worlds.iter().copied().partition(|world| half[*world]);
        [low, high]
    };
    let [low, high] = halves(&order);
    let prior = [chosen_by(&high), chosen_by(&low)];
    let size = draws.len().div_ceil(GROUPS).max(2);
    let gains: Vec<f64> = order
        .chunks(size)
        .flat_map(|group| {
            let [low, high] = halves(group);
            let gain = |judged: &[usize], by: &[usize], prior: usize| -> Vec<f64> {
                let after = if by.is_empty() { prior } else { chosen_by(by) };
                judged
                    .iter()
                    .map(|world| compared.scores[after][*world] - compared.scores[prior][*world])
                    .collect()
            };
            let mut gains = gain(&low, &high, prior[0]);
            gains.extend(gain(&high, &low, prior[1]));
            gains
        })
        .collect();
    mean(&gains).max(0.0)
}

/// The value below which a share of the draws lies.
pub(crate) fn quantile(draws: &[f64], chance: f64) -> f64 {
    let sorted = triaxis_laws::numeric::sorted(draws.iter().copied());
    triaxis_laws::numeric::quantile_sorted(&sorted, chance)
}
