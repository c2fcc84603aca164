//! Rows that are not independent: checkpoints of a few runs, and rows given several times.

use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Observations, Starts, fit, predict};

use crate::case::{Case, TRUTH, Told, runs};

pub const FIVE_RUNS: Case = Case {
    name: "checkpoints-of-5",
    tell: |noise, seed| told(&checkpoints(5, Luck::Constant, noise, seed), noise, seed),
};
pub const EIGHT_RUNS: Case = Case {
    name: "checkpoints-of-8",
    tell: |noise, seed| told(&checkpoints(8, Luck::Constant, noise, seed), noise, seed),
};
pub const TWENTY_RUNS: Case = Case {
    name: "checkpoints-of-20",
    tell: |noise, seed| told(&checkpoints(20, Luck::Constant, noise, seed), noise, seed),
};
pub const EIGHTY_RUNS: Case = Case {
    name: "checkpoints-of-80",
    tell: |noise, seed| told(&checkpoints(80, Luck::Constant, noise, seed), noise, seed),
};
/// Runs whose luck wanders along them.
pub const EIGHT_WANDERING: Case = Case {
    name: "wandering-of-8",
    tell: |noise, seed| told(&checkpoints(8, Luck::Wandering, noise, seed), noise, seed),
};
pub const DUPLICATES: Case = Case {
    name: "every-row-5-times",
    tell: |noise, seed| told(&repeated(noise, seed), noise, seed),
};

/// How a run's deviation from the law goes along it.
#[derive(Clone, Copy)]
enum Luck {
    Constant,
    Wandering,
}

/// Runs from 20M to 760M parameters, each with checkpoints from 5 to 160 tokens a parameter whose own noise is a
/// tenth of the run's.
fn checkpoints(runs: usize, luck: Luck, noise: f64, seed: u64) -> Observations {
    let mut stream = Stream::new(seed, "checkpoints", runs as u64);
    let (mut params, mut tokens, mut loss, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let count = if runs > 20 { 8 } else { 25 };
    for run in 0..runs {
        let size = 2e7 * 38.0_f64.powf(run as f64 / (runs - 1) as f64);
        let mut off = noise * stream.normal();
        for step in 0..count {
            let length = size * 5.0 * 32.0_f64.powf(step as f64 / (count - 1) as f64);
            if let Luck::Wandering = luck {
                off = 0.95 * off + (1.0_f64 - 0.95 * 0.95).sqrt() * noise * stream.normal();
            }
            params.push(size);
            tokens.push(length);
            loss.push(TRUTH.loss(size, length) * (off + 0.1 * noise * stream.normal()).exp());
            names.push(run);
        }
    }
    let table = Observations::new().with("params", params).unwrap();
    let table = table.with("tokens", tokens).unwrap().with("loss", loss).unwrap();
    table.with_groups(&names).unwrap()
}

/// Sixteen runs, each given five times.
fn repeated(noise: f64, seed: u64) -> Observations {
    let sizes = [2e7, 5e7, 1.25e8, 3e8];
    let design: Vec<(f64, f64)> = sizes
        .iter()
        .flat_map(|size| [5.0, 20.0, 60.0, 160.0].map(|ratio| (*size, ratio * size)))
        .collect();
    let once = runs(&design, noise, seed);
    ["params", "tokens", "loss"]
        .iter()
        .fold(Observations::new(), |table, name| {
            table.with(*name, once.column(name).unwrap().repeat(5)).unwrap()
        })
}

fn told(table: &Observations, noise: f64, seed: u64) -> Vec<Told> {
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 300,
        holdout: HeldOut::None,
        seed,
        ..FitOptions::default()
    };
    let fit = fit(&ChinchillaForm, table, &options).unwrap();
    let truths = [("E", TRUTH.E), ("alpha", TRUTH.alpha), ("beta", TRUTH.beta)];
    let of_parameter =
        |(name, truth): (&str, f64)| Told::estimate(name, truth, &fit.parameters[name].estimate);
    let mut told = truths.map(of_parameter).to_vec();
    let mut stream = Stream::new(seed, "new run", 0);
    for (params, tokens) in [(7e8, 1e10), (7e9, 1.4e11)] {
        let law = TRUTH.loss(params, tokens);
        let said = predict(&ChinchillaForm, &fit, &[params, tokens]).unwrap();
        let measured = law * (noise * stream.normal()).exp();
        told.push(Told::interval(
            &format!("run of {params:e}"),
            measured,
            said.interval,
        ));
        told.push(Told::interval(&format!("law at {params:e}"), law, said.law));
    }
    told
}
