use serde::{Deserialize, Serialize};
use triaxis_laws::numeric::{quantile_sorted, sorted};
use triaxis_units::{Estimate, Flops, Interval, Tokens};

use super::compare::Compared;
use super::law::Law;
use super::outcome::{Bill, Outcome};
use super::reckon::whole;
use super::risk::{Risk, risks};
use crate::reach::{Reach, Verdict};

/// A choice, with what becomes of it: medians and intervals of the draws in which it does what is asked, which are the
/// share `chance_of_meeting` of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// In a few words.
    pub name: String,
    /// Architecture or recipe.
    pub arm: String,
    /// Way to use the text.
    pub strategy: String,
    /// Share of the tokens that models wrote, where it is chosen and does not follow from what they are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_share: Option<f64>,
    /// Samples a query.
    pub samples: u32,
    /// Way to bring the context.
    pub context: String,
    /// Parameters.
    pub params: f64,
    /// Tokens seen.
    pub tokens: Estimate,
    /// Of each tier: its name, unique tokens, tokens seen.
    pub text: Vec<(String, f64, f64)>,
    /// Training operations.
    pub flops: f64,
    /// Loss.
    pub loss: Estimate,
    /// Share of queries answered right, where a task says so.
    pub right: Option<Estimate>,
    /// What right answers are worth, in dollars; 0 where nothing says so.
    pub value: Estimate,
    /// Dollars in all.
    pub dollars: Estimate,
    /// Dollars before anything is served.
    pub before_serving: Estimate,
    /// The mean bill, since only means of parts add up to that of the whole.
    pub bill: Bill,
    /// Devices that it trains on: as many as the question names, or the fewest that hold weights, gradients and optimiser.
    pub devices: u64,
    /// Days of training on them; none where it never does what is asked.
    pub days: Option<Estimate>,
    /// Expected score lost where another choice would have been better: loss, or dollars.
    pub regret: f64,
    /// The same in dollars: of a loss, what it would cost to make it good.
    pub regret_dollars: f64,
    /// Share of the draws in which no choice is better.
    pub chance_of_best: f64,
    /// Share of the draws in which it does what is asked.
    pub chance_of_meeting: f64,
    /// How far it lies beyond the runs behind the laws.
    pub reach: Reach,
    /// What could go wrong, the gravest first.
    pub risks: Vec<Risk>,
}

impl Alternative {
    /// Whether it lies farther from the runs than any prediction was ever checked, so that its loss is not told.
    pub fn is_too_far(&self) -> bool {
        self.reach.verdict == Verdict::Absurd
    }
}

pub(super) fn named(compared: &Compared<'_>, choice: usize) -> String {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let chosen = compared.choices[choice].choice;
    let mut name = format!("{} parameters", whole(chosen.params));
    if question.arms.len() > 1 {
        name += &format!(", {}", question.arms[chosen.arm].name);
    }
    if reckoner.strategies.len() > 1 {
        name += &format!(", {}", reckoner.strategies[chosen.strategy].name);
    }
    if let Some(share) = chosen.synthetic.filter(|_| !question.synthetic_shares.is_empty()) {
        name += &format!(", {} synthetic", crate::Share(share));
    }
    if question.samples.len() > 1 && !reckoner.classes().is_empty() {
        let samples = question.samples[chosen.samples];
        let each = if samples == 1 { "sample" } else { "samples" };
        name += &format!(", {samples} {each} a query");
    }
    if question.contexts.len() > 1 && !reckoner.classes().is_empty() {
        name += &format!(", {}", question.contexts[chosen.context].name);
    }
    name
}

/// The median of draws with the interval that holds the share `level` of them; not a number of none.
pub(super) fn told(draws: &[f64], level: f64) -> Estimate {
    let draws = sorted(draws.iter().copied());
    let at = |chance: f64| quantile_sorted(&draws, chance);
    let tail = 0.5 * (1.0 - level);
    Estimate {
        // The median, so that it is an outcome and not a sum that no world has.
        value: at(0.5),
        interval: (!draws.is_empty()).then(|| Interval {
            low: at(tail),
            high: at(1.0 - tail),
            level,
        }),
    }
}

pub(super) fn alternative(compared: &Compared<'_>, choice: usize, per_score: f64) -> Alternative {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let prepared = &compared.choices[choice];
    let chosen = prepared.choice;
    let met: Vec<&Outcome> = compared.outcomes[choice]
        .iter()
        .filter(|outcome| outcome.is_met)
        .collect();
    let of = |what: fn(&Outcome) -> f64| -> Estimate {
        let draws: Vec<f64> = met.iter().map(|outcome| what(outcome)).collect();
        told(&draws, question.level)
    };
    let tokens = of(|outcome| outcome.tokens);
    let taken = prepared.taken(tokens.value);
    let text = question
        .tiers
        .iter()
        .zip(&taken)
        .filter(|(_, taken)| taken.seen > 0.0);
    let seen: Vec<f64> = taken.iter().map(|taken| taken.seen).collect();
    let epochs: Vec<f64> = taken.iter().map(|taken| taken.epochs()).collect();
    let bills = met
        .iter()
        .fold(Bill::default(), |sum, outcome| sum.plus(&outcome.bill));
    let flops = of(|outcome| outcome.flops);
    let regret = compared.regret(choice);
    let devices = reckoner.devices(chosen.params);
    let (_, reach) = farthest(compared, choice).expect("an arm without a law is refused before");
    Alternative {
        name: named(compared, choice),
        arm: question.arms[chosen.arm].name.clone(),
        strategy: reckoner.strategies[chosen.strategy].name.clone(),
        synthetic_share: chosen.synthetic,
        samples: question.samples[chosen.samples],
        context: question.contexts[chosen.context].name.clone(),
        params: chosen.params,
        text: text
            .map(|(tier, taken)| (tier.name.clone(), taken.unique, taken.seen))
            .collect(),
        tokens,
        flops: flops.value,
        loss: of(|outcome| outcome.loss),
        right: question.task.as_ref().map(|_| of(|outcome| outcome.right)),
        value: of(|outcome| outcome.value),
        dollars: of(|outcome| outcome.bill.total()),
        before_serving: of(|outcome| outcome.bill.before_serving()),
        bill: bills.times(1.0 / met.len().max(1) as f64),
        devices,
        days: days(compared, choice, devices),
        regret,
        regret_dollars: regret * per_score,
        chance_of_best: compared.chance_of_best(choice),
        chance_of_meeting: compared.chance_of_meeting(choice),
        reach,
        risks: risks(reckoner, chosen, &seen, &epochs),
    }
}

/// The law whose runs a choice lies farthest from, and how far that is.
pub(super) fn farthest<'a>(compared: &Compared<'a>, choice: usize) -> Option<(&'a Law, Reach)> {
    let chosen = compared.choices[choice].choice;
    let median = |what: fn(&Outcome) -> f64| compared.median(choice, what);
    let (tokens, flops) = (median(|outcome| outcome.tokens), median(|outcome| outcome.flops));
    let laws = compared.reckoner.worlds.laws_of(chosen.arm);
    let reach = |law: &'a Law| {
        let tokens = Tokens(tokens.max(1.0) as u64);
        (
            law,
            Reach::of(whole(chosen.params), tokens, Flops(flops), &law.measured),
        )
    };
    laws.map(reach).max_by_key(|(_, reach)| reach.verdict)
}

/// Days of training on so many devices.
fn days(compared: &Compared<'_>, choice: usize, devices: u64) -> Option<Estimate> {
    let (reckoner, devices) = (compared.reckoner, devices as f64);
    let places = &reckoner.worlds.places;
    let draws: Vec<f64> = compared.outcomes[choice]
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.is_met)
        .map(|(draw, outcome)| {
            let of = |place: usize| reckoner.worlds.variables[place].draws[draw];
            let rate = reckoner.training.peak.0 * of(places.mfu) * of(places.goodput) * devices;
            outcome.flops / rate / 86_400.0
        })
        .collect();
    (!draws.is_empty()).then(|| told(&draws, reckoner.question.level))
}
