//! Which small run would be worth its cost before the large one: the expected value of sample information.
//!
//! A run's loss differs between worlds; seeing it says which worlds are likely. The value of a run is how much better
//! the choice becomes that is made after it, on average over what it may show ([`of_experiment`]). A choice is never
//! judged by the worlds it was made from, nor by others of the same replicate of a law's constants.

use rayon::prelude::*;
use triaxis_laws::numeric::Stream;

use super::compare::Compared;
use super::law::Run;
use super::reckon::{Choice, MILLION, Reckoner};
use super::world::{Seen, World};
use crate::information::{Groups, Shown, Worth, largest, of_experiment};

/// What could be found out before the choice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trial {
    /// A run of an arm on one text.
    Run(Seen),
    /// Serving a model of the chosen kind for an hour on its devices.
    Serving,
    /// Asking the model that the task was measured on more queries, several samples each.
    Queries,
}

/// A trial with what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Valued {
    pub trial: Trial,
    /// Dollars that it costs.
    pub cost: f64,
    /// Expected rise of the score, and its standard error by the number of worlds.
    pub value: f64,
    pub error: f64,
    /// Share of the worlds in which the choice changes.
    pub flips: f64,
}

/// Draws behind the value of a trial.
const MOST_DRAWS: usize = 1000;
/// Log standard deviation of a serving time measured once.
const MEASURED: f64 = 0.1;
/// Queries of a trial of the task, and samples of each.
const QUERIES: f64 = 500.0;
const SAMPLES: f64 = 16.0;
/// Costs of runs, as parts of the most that one may cost.
const COSTS: [f64; 3] = [1.0, 0.2, 0.04];
/// Sizes of runs, as parts of the best for their cost.
const SIZES: [f64; 3] = [0.5, 1.0, 2.0];
/// Parameters of the smallest run, where no smaller ones are to choose from.
const SMALLEST: f64 = 1e5;
/// Passes of a run that shows what repeats are worth.
const EPOCHS: f64 = 8.0;

/// Every trial with its value, the most worth a dollar first.
pub(crate) fn valued(compared: &Compared<'_>) -> Vec<Valued> {
    let reckoner = compared.reckoner;
    // The value of a run is a mean: more draws than this say little more of it, and take the square of the time.
    let (draws, groups) = drawn(compared);
    let halves = compared.halves();
    let halves: Vec<bool> = draws.iter().map(|draw| halves[*draw]).collect();
    let worlds: Vec<World<'_>> = draws.iter().map(|draw| reckoner.worlds.world(*draw)).collect();
    let (trials, choices) = (trials(compared), distinct(compared));
    let scores: Vec<Vec<f64>> = choices
        .iter()
        .map(|choice| draws.iter().map(|draw| compared.scores[*choice][*draw]).collect())
        .collect();
    let mut valued: Vec<Valued> = trials
        .into_par_iter()
        .enumerate()
        .map(|(number, (trial, cost))| {
            let (results, noise) = shown(reckoner, &trial, &worlds);
            let first = (number * draws.len()) as u64;
            let deviates: Vec<f64> = (0..draws.len() as u64)
                .map(|truth| Stream::new(reckoner.question.seed, "trial", first + truth).normal())
                .collect();
            let shown = Shown {
                results: &results,
                noise,
                deviates: &deviates,
            };
            let groups = Groups {
                halves: &halves,
                replicates: &groups,
            };
            let Worth { value, error, flips } = of_experiment(&scores, shown, groups);
            Valued {
                trial,
                cost,
                value,
                error,
                flips,
            }
        })
        .collect();
    valued.sort_by(|one, other| (other.value / other.cost).total_cmp(&(one.value / one.cost)));
    valued
}

/// The draws that trials are valued by, as many replicates of the laws among them as there are, and the replicate of
/// each.
fn drawn(compared: &Compared<'_>) -> (Vec<usize>, Vec<usize>) {
    let replicates = compared.replicates();
    let mut seen = vec![0usize; replicates.len()];
    let mut order: Vec<(usize, usize)> = replicates
        .iter()
        .enumerate()
        .map(|(draw, replicate)| {
            seen[*replicate] += 1;
            (seen[*replicate], draw)
        })
        .collect();
    order.sort_unstable();
    order.truncate(MOST_DRAWS);
    let draws: Vec<usize> = order.into_iter().map(|(_, draw)| draw).collect();
    let of_draws = draws.iter().map(|draw| replicates[*draw]).collect();
    (draws, of_draws)
}

/// The choices between which a trial may decide: those that are best in some world.
fn distinct(compared: &Compared<'_>) -> Vec<usize> {
    let worlds = compared.reckoner.worlds.count;
    let mut best = vec![false; compared.choices.len()];
    best[compared.best] = true;
    for world in 0..worlds {
        best[largest(compared.scores.iter().map(|scores| scores[world]))] = true;
    }
    (0..best.len()).filter(|choice| best[*choice]).collect()
}

/// Trials that could be made, with their costs.
pub(crate) fn trials(compared: &Compared<'_>) -> Vec<(Trial, f64)> {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let centre = reckoner.worlds.centre();
    let chosen = &compared.choices[compared.best];
    let most = question.experiments.most_share * compared.spent;
    let mut trials = Vec::new();
    for arm in 0..question.arms.len() {
        for cost in COSTS.map(|part| part * most) {
            let Some(best) = best_size(reckoner, centre, Choice { arm, ..chosen.choice }, cost) else {
                continue;
            };
            for params in SIZES.map(|part| part * best) {
                let tokens = cost / (reckoner.dollars_per_token(centre, arm, params));
                let tiers: Vec<usize> = if cost < most {
                    vec![reference(reckoner)]
                } else {
                    (0..question.tiers.len()).collect()
                };
                for tier in tiers {
                    let run = |epochs| {
                        Trial::Run(Seen {
                            arm,
                            tier,
                            params,
                            tokens,
                            epochs,
                        })
                    };
                    let [_, stock, price] = reckoner.worlds.places.tiers[tier];
                    let bought = |epochs: f64| tokens / epochs * centre.of(price) / MILLION;
                    let is_there = |epochs: f64| {
                        tokens / epochs <= centre.of(stock) && epochs <= question.tiers[tier].most_epochs
                    };
                    if is_there(1.0) {
                        trials.push((run(1.0), cost + bought(1.0)));
                    }
                    let shows_repeats = cost == most && tier == reference(reckoner) && params == best;
                    if shows_repeats && is_there(EPOCHS) {
                        trials.push((run(EPOCHS), cost + bought(EPOCHS)));
                    }
                }
            }
        }
    }
    if !reckoner.classes().is_empty() && question.hosted.is_none() {
        let hours = chosen.devices();
        trials.push((
            Trial::Serving,
            hours * centre.of(reckoner.worlds.places.serving_price),
        ));
    }
    if question.task.is_some() {
        trials.push((Trial::Queries, QUERIES * chosen.dollars_per_query(SAMPLES)));
    }
    trials.retain(|(_, cost)| *cost > 0.0 && cost.is_finite());
    trials
}

/// The tier of the greatest worth: what the laws' own text is like.
fn reference(reckoner: &Reckoner<'_>) -> usize {
    largest(reckoner.question.tiers.iter().map(|tier| tier.worth.value()))
}

/// The best size for `cost` dollars of training on new text.
fn best_size(reckoner: &Reckoner<'_>, world: &World<'_>, choice: Choice, cost: f64) -> Option<f64> {
    let sizes = reckoner.question.params;
    let (low, high) = (
        sizes.smallest.as_f64().min(SMALLEST).ln(),
        sizes.largest.as_f64().ln(),
    );
    let loss = |log_params: f64| {
        let params = log_params.exp();
        let tokens = cost / reckoner.dollars_per_token(world, choice.arm, params);
        world.loss(
            choice.arm,
            Run {
                params,
                effective: tokens,
                seen: tokens,
                unique: tokens,
            },
        )
    };
    let points = (0..=120).map(|point| low + (high - low) * f64::from(point) / 120.0);
    let best = points
        .map(|at| (loss(at), at))
        .filter(|(loss, _)| loss.is_finite());
    best.min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, at)| at.exp())
}

/// The logarithm of what a trial shows in each world, and the standard deviation around it.
fn shown(reckoner: &Reckoner<'_>, trial: &Trial, worlds: &[World<'_>]) -> (Vec<f64>, f64) {
    let places = &reckoner.worlds.places;
    match *trial {
        Trial::Queries => {
            let odds = worlds.iter().map(|world| {
                let right = world.of(places.right);
                (right / (1.0 - right)).ln()
            });
            // Of queries of one difficulty the log odds have 1 / (n p q); those that differ tell less.
            let centre = reckoner.worlds.centre();
            let (right, alike) = (centre.of(places.right), centre.of(places.alike));
            let each = right * (1.0 - right) * (1.0 / (1.0 + alike) + alike / (1.0 + alike) / SAMPLES);
            (odds.collect(), (each / QUERIES).sqrt() / (right * (1.0 - right)))
        }
        Trial::Serving => {
            let shown = worlds.iter().map(|world| world.of(places.decoding).ln());
            (shown.collect(), MEASURED)
        }
        Trial::Run(run) => {
            let shown = worlds.iter().map(|world| reckoner.worlds.shown(world, run));
            (shown.collect(), reckoner.noise())
        }
    }
}
