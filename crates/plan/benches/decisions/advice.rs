//! What the next experiment is worth: the same worlds are explored by the advice, at random and from the cheapest run
//! on, and the dollars counted until the choice costs little more than the best.

use std::time::Instant;

use triaxis_laws::forms::{Chinchilla, Coupled};
use triaxis_laws::numeric::Stream;
use triaxis_plan::Question;
use triaxis_plan::decide::{Decision, Law, Observed, Trial, TrialRun, trials_of};
use triaxis_plan::published;

use crate::truth::{self, Unknown};

const UNKNOWN: &[Unknown] = &[
    ("linear", 1.0, 0.6, 1.6),
    ("hybrid", 1.0, 0.75, 1.33),
    ("web", 0.7, 0.4, 1.1),
    ("synthetic", 0.9, 0.5, 1.5),
    ("repeats", 15.0, 4.0, 50.0),
];

const TEMPLATE: &str = r#"
aim = "lowest-loss"
budget = 2000000
draws = DRAWS
[[text]]
name = "curated"
unique = "150B"
[[text]]
name = "web"
unique = "3T"
worth = $web$
[[text]]
name = "synthetic"
unique = "3T"
worth = $synthetic$
price_per_million = 0.1
synthetic = true
[repetition]
repeats = $repeats$
[[arms]]
name = "attention"
[[arms]]
name = "linear"
worth = $linear$
[[arms]]
name = "hybrid"
worth = $hybrid$
[[strategies]]
name = "curated"
tiers = ["curated"]
[[strategies]]
name = "curated and web"
tiers = ["curated", "web"]
[[strategies]]
name = "curated and synthetic"
tiers = ["curated", "synthetic"]
[training]
mfu = 0.4
goodput = 0.9
other_runs = 0.2
price_per_hour = { value = 2.5, date = 2026-05-01 }
[experiments]
most_share = 0.02
"#;

/// Runs made in each world.
const STEPS: usize = 5;
/// How the next run is chosen.
const POLICIES: [&str; 3] = ["advice", "random", "cheapest"];
/// The regret to be reached, in loss: what some 3% of the budget buys.
const TARGET: f64 = 0.002;

/// Prints the median dollars to the regret by each policy, and the ratios of the advice to the others with their
/// bootstrap intervals over worlds.
pub fn run(worlds: usize, draws: usize) {
    let begin = Instant::now();
    // Without end where the regret is never reached.
    let mut dollars: Vec<[f64; 3]> = Vec::new();
    let mut regrets = [[0.0; 3]; STEPS + 1];
    for world in 0..worlds as u64 {
        let facts = truth::drawn(UNKNOWN, world);
        let prior = published_law(None);
        let exact = published_law(Some(Stream::new(world, "law", 0).below(200)));
        let text = TEMPLATE.replace("DRAWS", &draws.to_string());
        let open = truth::question(&text, UNKNOWN, None);
        let mut known = truth::question(&text, UNKNOWN, Some(&facts));
        known.draws = 40;
        let mut spent = [0.0; 3];
        for (at, policy) in POLICIES.iter().enumerate() {
            let (cost, path) = explore(policy, world, &open, &known, (&prior, &exact));
            spent[at] = cost;
            for (sum, regret) in regrets.iter_mut().zip(path) {
                sum[at] += regret / worlds as f64;
            }
        }
        dollars.push(spent);
    }
    // Where the first choice is good enough, every policy is there at once and none is told from another.
    dollars.retain(|spent| spent[0] > 0.0);
    println!(
        "| policy | median dollars to a regret of {TARGET} | worlds that reach it | mean regret after 0 to {STEPS} runs \
         |\n|---|---|---|---|"
    );
    for (at, policy) in POLICIES.iter().enumerate() {
        let path: Vec<String> = regrets.iter().map(|step| format!("{:.4}", step[at])).collect();
        println!(
            "| {policy} | {:.0} | {} | {} |",
            median(dollars.iter().map(|spent| spent[at])),
            dollars.iter().filter(|spent| spent[at].is_finite()).count(),
            path.join(", ")
        );
    }
    for other in [1, 2] {
        // Where neither is ever there, neither is better.
        let ratio = |rows: &[[f64; 3]]| {
            let [own, others] = [0, other].map(|at| median(rows.iter().map(|row| row[at])));
            if own == others { 1.0 } else { own / others.max(1.0) }
        };
        let mut stream = Stream::new(7, "worlds", other as u64);
        let mut ratios: Vec<f64> = (0..1000)
            .map(|_| {
                let rows: Vec<[f64; 3]> = (0..dollars.len())
                    .map(|_| dollars[stream.below(dollars.len())])
                    .collect();
                ratio(&rows)
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "advice / {}: {:.2} (90%: {:.2} to {:.2})",
            POLICIES[other],
            ratio(&dollars),
            ratios[50],
            ratios[949]
        );
    }
    println!(
        "{worlds} worlds, of which {} need a run, {draws} draws, {:.0} s",
        dollars.len(),
        begin.elapsed().as_secs_f64()
    );
}

/// The refit of Chinchilla's runs with its draws, or one of them alone.
fn published_law(draw: Option<usize>) -> Law {
    let found = published::find("besiroglu-2024").unwrap();
    let draws: Vec<Coupled> = found
        .draws()
        .iter()
        .map(|law: &Chinchilla| (*law).into())
        .collect();
    match draw {
        Some(draw) => truth::law(draws[draw], Vec::new()),
        None => truth::law(found.law.into(), draws),
    }
}

/// Dollars until the choice is good enough, without end where it never is; and its regret on the way.
fn explore(
    policy: &str,
    world: u64,
    open: &Question,
    known: &Question,
    (prior, exact): (&Law, &Law),
) -> (f64, Vec<f64>) {
    let mut open = open.clone();
    let best = truth::answer(known, exact).unwrap().choices[0].loss.value;
    let (mut spent, mut reached, mut path) = (0.0, None, Vec::new());
    let mut stream = Stream::new(world, policy, 1);
    let mut noise = Stream::new(world, "noise", 2);
    for step in 0..=STEPS {
        let Some(decision) = truth::answer(&open, prior) else {
            break;
        };
        let real = truth::real((&open, prior), &decision.choices[0], (known, exact));
        let regret = (real.loss - best).max(0.0);
        path.push(regret);
        if regret <= TARGET && reached.is_none() {
            reached = Some(spent);
        }
        if step == STEPS {
            break;
        }
        let Some((run, cost)) = next(policy, &open, prior, &decision, &mut stream) else {
            break;
        };
        spent += cost;
        let loss = triaxis_plan::decide::loss_of(known, std::slice::from_ref(exact), &run).unwrap();
        open.observed.push(Observed {
            arm: Some(run.arm),
            text: run.text,
            params: run.params,
            tokens: run.tokens,
            epochs: run.epochs,
            loss: loss * (0.005 * noise.normal()).exp(),
        });
    }
    let last = *path.last().unwrap();
    path.resize(STEPS + 1, last);
    (reached.unwrap_or(f64::INFINITY), path)
}

fn next(
    policy: &str,
    open: &Question,
    prior: &Law,
    decision: &Decision,
    stream: &mut Stream,
) -> Option<(TrialRun, f64)> {
    if policy == "advice" {
        let best = decision
            .trials
            .iter()
            .find(|trial| trial.run.is_some() && trial.value > 0.0);
        return best.and_then(|trial| Some((trial.run.clone()?, trial.cost)));
    }
    let all: Vec<Trial> = trials_of(open, std::slice::from_ref(prior)).ok()?;
    let mut runs: Vec<(TrialRun, f64)> = all
        .into_iter()
        .filter_map(|trial| Some((trial.run?, trial.cost)))
        .collect();
    // What was run is not run again.
    let is_new = |run: &TrialRun| {
        !open.observed.iter().any(|seen| {
            seen.params == run.params && seen.text == run.text && seen.arm.as_ref() == Some(&run.arm)
        })
    };
    runs.retain(|(run, _)| is_new(run));
    if runs.is_empty() {
        return None;
    }
    if policy == "random" {
        return Some(runs.swap_remove(stream.below(runs.len())));
    }
    runs.into_iter().min_by(|one, other| one.1.total_cmp(&other.1))
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    0.5 * (numbers[(numbers.len() - 1) / 2] + numbers[numbers.len() / 2])
}
