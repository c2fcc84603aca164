//! Choices held against each other in every world: what each is expected to be worth, and what it may cost to be wrong.

use rayon::prelude::*;
use triaxis_laws::numeric::{golden_section, quantile_sorted, sorted};

use super::aim::Length;
use super::outcome::Outcome;
use super::prepared::Prepared;
use super::reckon::{Choice, Reckoner};
use super::search;
use crate::information::{self, largest};

/// Choices with what becomes of each in every world.
pub(crate) struct Compared<'a> {
    pub reckoner: &'a Reckoner<'a>,
    pub choices: Vec<Prepared<'a>>,
    /// A choice a row, a world a column.
    pub outcomes: Vec<Vec<Outcome>>,
    /// How good each is in each world; see `scored`.
    pub scores: Vec<Vec<f64>>,
    /// The choice of the largest mean score.
    pub best: usize,
    /// Share of the worlds in which at least one choice does what is asked.
    pub met: f64,
    /// What a failure costs where scores are losses.
    second_try: f64,
    /// Dollars that the best one spends before anything is served, at the median.
    pub spent: f64,
    /// Tokens that the best one sees, at the median.
    pub tokens: f64,
}

/// Steps by which the size of the best choice is brought to the largest mean score.
const REFINED: usize = 14;
/// Replicates of a law from which on halves of the worlds share none.
const FEWEST_REPLICATES: usize = 20;
/// The range of its size that is searched.
const AROUND: f64 = 1.4;

impl<'a> Compared<'a> {
    /// Holds the candidates of the median world against each other in all.
    pub fn of(reckoner: &'a Reckoner<'a>) -> Self {
        let centre = reckoner.worlds.centre();
        let candidates = search::candidates(reckoner, centre);
        let mut compared = Self::held(reckoner, candidates);
        let refined = compared.refined();
        if let Some(choice) = refined {
            let mut choices: Vec<Choice> = compared.choices.iter().map(|one| one.choice).collect();
            choices[compared.best] = choice;
            compared = Self::held(reckoner, choices);
        }
        compared
    }

    fn held(reckoner: &'a Reckoner<'a>, choices: Vec<Choice>) -> Self {
        let length = reckoner.question.aim.rule().length();
        let choices: Vec<Prepared<'a>> = choices
            .into_par_iter()
            .map(|choice| reckoner.prepare(choice))
            .collect();
        let outcomes = in_every_world(reckoner, &choices, length);
        let ends = ends(reckoner, &outcomes);
        let second_try = second_try(reckoner, &choices);
        let scores: Vec<Vec<f64>> = outcomes
            .iter()
            .map(|outcomes| scored(reckoner, outcomes, &ends, second_try))
            .collect();
        let met = ends.iter().flatten().count() as f64 / ends.len() as f64;
        let best = largest(scores.iter().zip(&outcomes).map(|(scores, outcomes)| {
            // What never does what is asked is no choice.
            let is_ever_met = outcomes.iter().any(|outcome| outcome.is_met);
            if is_ever_met {
                mean(scores)
            } else {
                f64::NEG_INFINITY
            }
        }));
        Self {
            reckoner,
            second_try,
            spent: median_of(&outcomes[best], |outcome| outcome.bill.before_serving()),
            tokens: median_of(&outcomes[best], |outcome| outcome.tokens),
            choices,
            outcomes,
            scores,
            best,
            met,
        }
    }

    /// The best choice with the size of the largest mean score, if that is not the one it has.
    fn refined(&self) -> Option<Choice> {
        let chosen = self.choices[self.best].choice;
        if self.reckoner.strategies[chosen.strategy].params.is_some() || self.met == 0.0 {
            return None;
        }
        let sizes = self.reckoner.question.params;
        let around = [chosen.params / AROUND, chosen.params * AROUND];
        let around = around.map(|params| params.clamp(sizes.smallest.as_f64(), sizes.largest.as_f64()).ln());
        let length = self.reckoner.question.aim.rule().length();
        let others = ends(self.reckoner, &self.outcomes);
        let worth = |log_params: f64| {
            let prepared = self.reckoner.prepare(Choice {
                params: log_params.exp(),
                ..chosen
            });
            let outcomes = in_every_world(self.reckoner, std::slice::from_ref(&prepared), length);
            // Against the other choices, so that a world in which it fails counts as it does for them.
            let own = ends(self.reckoner, &outcomes);
            let all: Vec<_> = others
                .iter()
                .zip(own)
                .map(|(others, own)| wider(*others, own))
                .collect();
            mean(&scored(self.reckoner, &outcomes[0], &all, self.second_try))
        };
        let found = golden_section(around, REFINED, worth, |one, other| one >= other);
        let [left, right] = found.places;
        let better = if left.1 >= right.1 { left } else { right };
        (better.1 > mean(&self.scores[self.best])).then_some(Choice {
            params: better.0.exp(),
            ..chosen
        })
    }

    /// The replicate of the best choice's laws in each world.
    pub fn replicates(&self) -> Vec<usize> {
        self.reckoner
            .worlds
            .replicates(self.choices[self.best].choice.arm)
    }

    /// Which half each world is in, where choices are made from one half for the other: worlds of one replicate of the
    /// law are in the same, as they share its luck.
    pub fn halves(&self) -> Vec<bool> {
        let replicates = self.replicates();
        let many = replicates.iter().max().map_or(0, |most| most + 1);
        // Of a few replicates either half would lack what the other has; copies of a draw lie side by side.
        let by_place = |(place, replicate): (usize, &usize)| match many < FEWEST_REPLICATES {
            true => place < replicates.len() / 2,
            false => replicate % 2 == 0,
        };
        replicates.iter().enumerate().map(by_place).collect()
    }

    /// What is lost, on average, by a choice where another would have been better: its expected regret.
    pub fn regret(&self, choice: usize) -> f64 {
        information::regret(&self.scores, choice)
    }

    /// Share of the worlds in which it does what is asked and no choice is better.
    pub fn chance_of_best(&self, choice: usize) -> f64 {
        let worlds = self.reckoner.worlds.count;
        let is_best = |world: &usize| {
            self.outcomes[choice][*world].is_met && self.scores[choice][*world] >= self.most(*world)
        };
        (0..worlds).filter(is_best).count() as f64 / worlds as f64
    }

    /// Share of the worlds in which a choice does what is asked.
    pub fn chance_of_meeting(&self, choice: usize) -> f64 {
        let met = self.outcomes[choice]
            .iter()
            .filter(|outcome| outcome.is_met)
            .count();
        met as f64 / self.reckoner.worlds.count as f64
    }

    fn most(&self, world: usize) -> f64 {
        information::most(&self.scores, world)
    }

    /// The best choice and the others that differ from it and from each other, best first: of other families, then of
    /// other sizes.
    pub fn ranked(&self, most: usize) -> Vec<usize> {
        // Of what never does what is asked there are no numbers to show.
        let mut order = self.by_mean();
        order.retain(|choice| self.chance_of_meeting(*choice) > 0.0);
        let mut shown = vec![self.best];
        for other_family in [true, false] {
            for choice in &order {
                let differs = |shown: &usize| match other_family {
                    true => !self.same_family(*shown, *choice),
                    false => !self.alike(*shown, *choice),
                };
                if shown.len() < most && shown.iter().all(differs) {
                    shown.push(*choice);
                }
            }
        }
        let place = |choice: &usize| order.iter().position(|one| one == choice);
        shown[1..].sort_by_key(place);
        shown
    }

    /// The median of something that becomes of a choice, over the worlds in which it does what is asked; not a number
    /// where it never does.
    pub fn median(&self, choice: usize, what: fn(&Outcome) -> f64) -> f64 {
        median_of(&self.outcomes[choice], what)
    }

    /// All choices by their mean score, the largest first.
    pub fn by_mean(&self) -> Vec<usize> {
        let means: Vec<f64> = self.scores.iter().map(|scores| mean(scores)).collect();
        let mut order: Vec<usize> = (0..means.len()).collect();
        order.sort_by(|one, other| means[*other].total_cmp(&means[*one]));
        order
    }

    /// Whether two choices differ in size and length alone.
    pub fn same_family(&self, one: usize, other: usize) -> bool {
        let of = |choice: usize| {
            let Choice {
                arm,
                strategy,
                synthetic,
                samples,
                context,
                ..
            } = self.choices[choice].choice;
            (arm, strategy, synthetic.map(f64::to_bits), samples, context)
        };
        of(one) == of(other)
    }

    /// Whether two choices are one but for a third of the size.
    pub fn alike(&self, one: usize, other: usize) -> bool {
        let ratio = self.choices[one].choice.params / self.choices[other].choice.params;
        self.same_family(one, other) && ratio.ln().abs() < 0.29
    }
}

/// What becomes of choices in every world, a choice a row.
fn in_every_world(reckoner: &Reckoner<'_>, choices: &[Prepared<'_>], length: Length) -> Vec<Vec<Outcome>> {
    let by_world: Vec<Vec<Outcome>> = (0..reckoner.worlds.count)
        .into_par_iter()
        .map(|draw| {
            let world = reckoner.worlds.world(draw);
            choices
                .iter()
                .map(|choice| choice.outcome(&world, length))
                .collect()
        })
        .collect();
    (0..choices.len())
        .map(|choice| by_world.iter().map(|outcomes| outcomes[choice]).collect())
        .collect()
}

/// The worst and the best score in a world of the choices that do what is asked there, if any do.
type Ends = Option<[f64; 2]>;

/// The ends of every world.
fn ends(reckoner: &Reckoner<'_>, outcomes: &[Vec<Outcome>]) -> Vec<Ends> {
    let rule = reckoner.question.aim.rule();
    let in_world = |world: usize| {
        let met = outcomes
            .iter()
            .map(|choice| &choice[world])
            .filter(|outcome| outcome.is_met);
        met.map(|outcome| Some([rule.score(outcome); 2]))
            .fold(None, wider)
    };
    (0..reckoner.worlds.count).map(in_world).collect()
}

/// The ends of two groups of choices together.
fn wider(one: Ends, other: Ends) -> Ends {
    match (one, other) {
        (Some([low, high]), Some([other_low, other_high])) => {
            Some([low.min(other_low), high.max(other_high)])
        }
        (one, other) => one.or(other),
    }
}

/// How much higher the lowest loss is where a first try has taken half of the budget, at the medians; 0 without one.
fn second_try(reckoner: &Reckoner<'_>, choices: &[Prepared<'_>]) -> f64 {
    let centre = reckoner.worlds.centre();
    let place = reckoner.worlds.places.budget;
    let budget = centre.of(place);
    if reckoner.question.aim.in_dollars() || !budget.is_finite() {
        return 0.0;
    }
    let lowest = |part: f64| {
        let world = centre.with(place, part * budget);
        let losses = choices
            .iter()
            .map(|choice| choice.outcome(&world, Length::Spend).loss);
        losses.fold(f64::INFINITY, f64::min)
    };
    (lowest(0.5) - lowest(1.0)).max(0.0)
}

/// How good a choice is in every world.
///
/// A choice that fails where another does what is asked has cost its bill before serving, and the better one is paid
/// on top; of losses, it leaves what the best one reaches with half of the budget. Where all fail, all are equal: the
/// world says nothing of the choice.
fn scored(reckoner: &Reckoner<'_>, outcomes: &[Outcome], ends: &[Ends], second_try: f64) -> Vec<f64> {
    let rule = reckoner.question.aim.rule();
    let score = |(outcome, ends): (&Outcome, &Ends)| match ends {
        None => 0.0,
        Some(_) if outcome.is_met => rule.score(outcome),
        Some([_, best]) if rule.in_dollars() => best - outcome.bill.before_serving(),
        Some([worst, best]) => worst.min(best - second_try),
    };
    outcomes.iter().zip(ends).map(score).collect()
}

fn median_of(outcomes: &[Outcome], what: fn(&Outcome) -> f64) -> f64 {
    let met = outcomes.iter().filter(|outcome| outcome.is_met);
    quantile_sorted(&sorted(met.map(what)), 0.5)
}

/// The mean of numbers; 0 of none.
pub(crate) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}
