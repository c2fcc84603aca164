//! Approaches 1 and 2: the best size and length at a compute, by budgets of few sizes and by loss curves.

use triaxis_laws::approach::{Curve, Frontier, Run};
use triaxis_laws::forms::FLOPS_PER_PARAM_TOKEN;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut};

use crate::case::{Case, TRUTH, Told};

pub const THREE_A_BUDGET: Case = Case {
    name: "three-a-budget",
    tell: |noise, seed| told(Frontier::Budgets(Curve::Parabola), &budgets(3, noise, seed), seed),
};
pub const FOUR_A_BUDGET: Case = Case {
    name: "four-a-budget",
    tell: |noise, seed| told(Frontier::Budgets(Curve::Parabola), &budgets(4, noise, seed), seed),
};
pub const CURVES: Case = Case {
    name: "curves",
    tell: |noise, seed| told(Frontier::Envelope, &curves(noise, seed), seed),
};

fn run(params: f64, tokens: f64, budget: Option<f64>, noise: f64) -> Run {
    Run {
        params,
        tokens,
        flops: FLOPS_PER_PARAM_TOKEN * params * tokens,
        loss: TRUTH.loss(params, tokens) * noise.exp(),
        budget,
    }
}

/// Four budgets of `sizes` around the best, a factor of three apart.
fn budgets(sizes: i32, noise: f64, seed: u64) -> Vec<Run> {
    let mut stream = Stream::new(seed, "budgets", 0);
    let mut runs = Vec::new();
    for budget in [1e18, 1e19, 1e20, 1e21] {
        let best = TRUTH.optimum(budget, FLOPS_PER_PARAM_TOKEN).unwrap();
        for step in 0..sizes {
            let params = best.params * 3.0_f64.powf(f64::from(step) - 0.5 * f64::from(sizes - 1));
            let tokens = budget / (FLOPS_PER_PARAM_TOKEN * params);
            runs.push(run(params, tokens, Some(budget), noise * stream.normal()));
        }
    }
    runs
}

/// Nine sizes, each from 1 to 100 tokens a parameter; half of the noise is the run's, half the checkpoint's.
fn curves(noise: f64, seed: u64) -> Vec<Run> {
    let mut stream = Stream::new(seed, "curves", 0);
    let share = 0.5_f64.sqrt() * noise;
    let mut runs = Vec::new();
    for size in 0..9 {
        let params = 2e7 * 1.8_f64.powi(size);
        let whole = share * stream.normal();
        for step in 0..40 {
            let tokens = params * 100.0_f64.powf(f64::from(step) / 39.0);
            runs.push(run(params, tokens, None, whole + share * stream.normal()));
        }
    }
    runs
}

fn told(frontier: Frontier, runs: &[Run], seed: u64) -> Vec<Told> {
    let options = FitOptions {
        replicates: 300,
        holdout: HeldOut::None,
        seed,
        ..FitOptions::default()
    };
    let found = frontier.fit(runs, &options).ok();
    let (a, b) = TRUTH.optimum_exponents();
    let largest = runs.iter().map(|run| run.flops).fold(0.0, f64::max);
    let best = TRUTH.optimum(10.0 * largest, FLOPS_PER_PARAM_TOKEN).unwrap();
    let Some(found) = found else {
        return ["a", "b", "N* at 10 C", "D* at 10 C"].map(Told::refused).to_vec();
    };
    let [params, tokens] = frontier.at(&found.fit, 10.0 * largest).unwrap();
    vec![
        Told::estimate("a", a, &found.fit.parameters["a"].estimate),
        Told::estimate("b", b, &found.fit.parameters["b"].estimate),
        Told::interval("N* at 10 C", best.params, params.interval),
        Told::interval("D* at 10 C", best.tokens, tokens.interval),
    ]
}
