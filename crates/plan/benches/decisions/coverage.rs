//! The interval of a plan's cost: a ladder is run in a world, a law fitted to it, a plan made, and its cost held against
//! what the recommended choice costs in that world.

use std::time::Instant;

use triaxis_laws::forms::{Chinchilla, ChinchillaForm, Coupled};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, Observations, fit};

use crate::truth::{self, Unknown};

const UNKNOWN: &[Unknown] = &[
    ("price", 2.5, 2.0, 4.0),
    ("goodput", 0.85, 0.75, 0.92),
    ("use", 0.5, 0.35, 0.65),
    ("queries", 3e6, 1e6, 9e6),
    ("worth", 0.7, 0.5, 0.95),
    ("repeats", 15.0, 5.0, 50.0),
    // Times of writing and of reading over the roofline, which the question leaves as wide as it does by itself.
    ("writing", 1.0, 0.6, 1.4),
    ("reading", 1.0, 0.6, 1.4),
];

/// Standard deviation of the logarithm of a run's loss.
const NOISE: f64 = 0.003;

const TEMPLATE: &str = r#"
aim = "lowest-lifetime-cost"
draws = DRAWS
level = 0.9
[goal]
nats_per_token = GOAL
[[text]]
name = "curated"
unique = "20B"
[[text]]
name = "web"
unique = "2T"
worth = $worth$
[repetition]
repeats = $repeats$
[experiments]
noise = NOISE
[training]
mfu = 0.4
goodput = $goodput$
other_runs = 0.2
price_per_hour = PRICE
[serving]
utilisation = $use$
mbu = MBU
mfu = MFU
[demand]
months = 12
queries_per_month = $queries$
[[demand.classes]]
name = "chat"
tokens_in = 800
tokens_out = 200
"#;

/// Budgets and sizes of the ladder: five budgets, five sizes each, half a decade around the best.
fn ladder(law: Chinchilla, world: u64, noise: f64) -> Observations {
    let mut stream = Stream::new(world, "ladder", 1);
    let (mut params, mut tokens, mut loss) = (Vec::new(), Vec::new(), Vec::new());
    for budget in [1e17, 1e18, 1e19, 1e20, 4e20] {
        for step in -2..=2 {
            let size = 0.1 * (budget / 6.0_f64).sqrt() * 3f64.powi(step);
            let text = budget / 6.0 / size;
            params.push(size);
            tokens.push(text);
            loss.push(law.loss(size, text) * (noise * stream.normal()).exp());
        }
    }
    Observations::new()
        .with("params", params)
        .and_then(|rows| rows.with("tokens", tokens))
        .and_then(|rows| rows.with("loss", loss))
        .unwrap()
}

/// Prints how often the interval of the cost, of the loss and of the tokens holds the truth.
pub fn run(worlds: usize, draws: usize) {
    println!(
        "| worlds | cost holds | low misses | high misses | loss regret in cost | refused | s |\n|---|---|---|---|---|---|---|"
    );
    let begin = Instant::now();
    let (mut held, mut below, mut above, mut refused) = (0, 0, 0, 0);
    let mut regrets = Vec::new();
    for world in 0..worlds as u64 {
        let mut stream = Stream::new(world, "law", 0);
        let law = Chinchilla {
            E: 1.8 + 0.1 * stream.normal(),
            A: 482.0 * (0.2 * stream.normal()).exp(),
            B: 2085.0 * (0.2 * stream.normal()).exp(),
            alpha: 0.348 + 0.01 * stream.normal(),
            beta: 0.366 + 0.01 * stream.normal(),
        };
        // What 3e22 operations reach at their best: 75 times the largest run.
        let best = Coupled::from(law).optimum(3e22, 6.0).unwrap();
        let goal = law.loss(best.params, best.tokens);
        let options = FitOptions {
            replicates: draws,
            seed: world,
            ..FitOptions::default()
        };
        let found = fit(&ChinchillaForm, &ladder(law, world, NOISE), &options).unwrap();
        let of = |constants: &[f64]| Coupled::from(Chinchilla::from_parameters(constants).unwrap());
        let fitted = truth::law(
            of(&found.best),
            found.replicates.iter().map(|draw| of(draw)).collect(),
        );
        let facts = truth::drawn(UNKNOWN, world);
        let asked = |truth: Option<&[f64]>| {
            let price = match truth {
                Some(truth) => format!("{{ value = {}, date = 2026-05-01 }}", truth[0]),
                None => "{ value = 2.5, low = 2.0, high = 4.0, date = 2026-05-01 }".to_owned(),
            };
            let text = TEMPLATE
                .replace("NOISE", &NOISE.to_string())
                .replace("GOAL", &goal.to_string())
                .replace("DRAWS", &draws.to_string())
                .replace("PRICE", &price);
            // What is so many times slower reaches so many times less of the bandwidth or of the peak.
            let reached = |share: f64, at: usize| truth.map_or(share, |truth| (share / truth[at]).min(1.0));
            let text = text
                .replace("MBU", &reached(0.6, UNKNOWN.len() - 2).to_string())
                .replace("MFU", &reached(0.5, UNKNOWN.len() - 1).to_string());
            truth::question(&text, UNKNOWN, truth)
        };
        let open = asked(None);
        let Some(decision) = truth::answer(&open, &fitted) else {
            refused += 1;
            continue;
        };
        let chosen = &decision.choices[0];
        // The large run lies off its law as those of the ladder do.
        let off = (NOISE * Stream::new(world, "run", 0).normal()).exp();
        let exact = Chinchilla {
            E: off * law.E,
            A: off * law.A,
            B: off * law.B,
            ..law
        };
        let exact = truth::law(exact.into(), Vec::new());
        let mut only = asked(Some(&facts));
        only.draws = 40;
        let best = truth::answer(&only, &exact).unwrap();
        let real = truth::real((&open, &fitted), chosen, (&only, &exact));
        if !real.is_reached {
            above += 1;
            continue;
        }
        let cost = real.bill.total();
        let interval = chosen.dollars.interval.unwrap();
        held += usize::from((interval.low..=interval.high).contains(&cost));
        below += usize::from(cost < interval.low);
        above += usize::from(cost > interval.high);
        regrets.push(cost / best.choices[0].dollars.value - 1.0);
    }
    regrets.sort_by(f64::total_cmp);
    println!(
        "| {worlds} | {} | {below} | {above} | {:.4} | {refused} | {:.0} |",
        truth::share(held, worlds - refused),
        regrets[regrets.len() / 2],
        begin.elapsed().as_secs_f64()
    );
}
