//! The Chinchilla law fitted to tables of its own runs: full ladders, few rows, few sizes.

use triaxis_laws::forms::{ChinchillaForm, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Starts, fit, predict};

use crate::case::{Case, TRUTH, Told, runs};

/// Times the largest compute at which a new run is predicted.
const BEYOND: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// Six sizes at 5 to 120 tokens a parameter.
pub const LADDER: Case = Case {
    name: "ladder",
    tell: |noise, seed| told(&grid(&spread(2e7, 1e9, 6), &spread(5.0, 120.0, 5)), noise, seed),
};
pub const NO_FREEDOM: Case = Case {
    name: "p-rows",
    tell: |noise, seed| told(&FEW[..5], noise, seed),
};
pub const ONE_ROW_MORE: Case = Case {
    name: "p+1-rows",
    tell: |noise, seed| told(&FEW[..6], noise, seed),
};
pub const TWO_ROWS_MORE: Case = Case {
    name: "p+2-rows",
    tell: |noise, seed| told(&FEW[..7], noise, seed),
};
pub const THREE_ROWS_MORE: Case = Case {
    name: "p+3-rows",
    tell: |noise, seed| told(&FEW[..8], noise, seed),
};
pub const TWO_SIZES: Case = Case {
    name: "two-sizes",
    tell: |noise, seed| told(&lengths(&[5e7, 1e9]), noise, seed),
};
pub const THREE_SIZES: Case = Case {
    name: "three-sizes",
    tell: |noise, seed| told(&lengths(&[5e7, 2e8, 1e9]), noise, seed),
};
/// Eight sizes that are two to the eye.
pub const TWO_CLUSTERS: Case = Case {
    name: "two-clusters",
    tell: |noise, seed| told(&clustered(&[5e7, 1e9]), noise, seed),
};
pub const THREE_CLUSTERS: Case = Case {
    name: "three-clusters",
    tell: |noise, seed| told(&clustered(&[5e7, 2e8, 1e9]), noise, seed),
};

/// Five runs as of a small survey, then others between them.
const FEW: [(f64, f64); 8] = [
    (2e7, 4e8),
    (5e7, 4e9),
    (1.25e8, 1e9),
    (3.5e8, 2e10),
    (7.6e8, 5e9),
    (2e7, 4e9),
    (7.6e8, 2e10),
    (1.25e8, 8e9),
];

fn spread(low: f64, high: f64, count: i32) -> Vec<f64> {
    let step = |at: i32| low * (high / low).powf(f64::from(at) / f64::from(count - 1));
    (0..count).map(step).collect()
}

/// Every size at every number of tokens a parameter.
fn grid(sizes: &[f64], ratios: &[f64]) -> Vec<(f64, f64)> {
    let of = |size: &f64| {
        let size = *size;
        ratios.iter().map(move |ratio| (size, ratio * size))
    };
    sizes.iter().flat_map(of).collect()
}

/// Every size at four lengths.
fn lengths(sizes: &[f64]) -> Vec<(f64, f64)> {
    let of = |size: &f64| [1e9, 4e9, 1e10, 2e10].map(|tokens| (*size, tokens));
    sizes.iter().flat_map(of).collect()
}

/// Four sizes within three percent around each, at four lengths.
fn clustered(sizes: &[f64]) -> Vec<(f64, f64)> {
    let near = |size: &f64| [0.985, 0.995, 1.005, 1.015].map(|share| share * size);
    let sizes: Vec<f64> = sizes.iter().flat_map(near).collect();
    lengths(&sizes)
}

fn told(design: &[(f64, f64)], noise: f64, seed: u64) -> Vec<Told> {
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 300,
        holdout: HeldOut::None,
        seed,
        ..FitOptions::default()
    };
    let truths = [
        ("E", TRUTH.E),
        ("A", TRUTH.A),
        ("B", TRUTH.B),
        ("alpha", TRUTH.alpha),
        ("beta", TRUTH.beta),
    ];
    let fitted = fit(&ChinchillaForm, &runs(design, noise, seed), &options).ok();
    let mut told: Vec<Told> = truths
        .map(|(name, truth)| match &fitted {
            Some(fit) => Told::estimate(name, truth, &fit.parameters[name].estimate),
            None => Told::refused(name),
        })
        .to_vec();
    let largest = design
        .iter()
        .map(|(n, d)| FLOPS_PER_PARAM_TOKEN * n * d)
        .fold(0.0, f64::max);
    let mut stream = Stream::new(seed, "new run", 0);
    for times in BEYOND {
        let best = TRUTH.optimum(times * largest, FLOPS_PER_PARAM_TOKEN).unwrap();
        let law = TRUTH.loss(best.params, best.tokens);
        let measured = law * (noise * stream.normal()).exp();
        let said = fitted
            .as_ref()
            .map(|fit| predict(&ChinchillaForm, fit, &[best.params, best.tokens]).unwrap());
        let (run, of_law) = (format!("run at {times} C"), format!("law at {times} C"));
        told.push(Told::interval(
            &run,
            measured,
            said.as_ref().and_then(|said| said.interval),
        ));
        told.push(Told::interval(&of_law, law, said.and_then(|said| said.law)));
    }
    told
}
