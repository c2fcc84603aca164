//! 90% intervals against a known truth: the smaller version of `benches/intervals.rs`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "../benches/cases/case.rs"]
mod case;
#[path = "../benches/cases/registry/mod.rs"]
mod registry;

use triaxis_laws::approach::{Run, approach3};
use triaxis_laws::calibration::calibrate;
use triaxis_laws::forms::{self, Chinchilla, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Starts};

const TRUTH: Chinchilla = Chinchilla {
    E: 0.9,
    A: 25.0,
    B: 60.0,
    alpha: 0.34,
    beta: 0.34,
};

/// Four budgets of five sizes around the optimum, noise of 0.4%.
fn ladder(seed: u64) -> Vec<Run> {
    let mut stream = Stream::new(seed, "ladder", 0);
    let mut runs = Vec::new();
    for budget in [1e12, 4e12, 1.6e13, 6.4e13] {
        let best = TRUTH.optimum(budget, FLOPS_PER_PARAM_TOKEN).unwrap();
        for step in 0..5 {
            let params = best.params * 2.0_f64.powi(step - 2);
            let tokens = budget / (6.0 * params);
            let loss = TRUTH.loss(params, tokens) * (0.004 * stream.normal()).exp();
            runs.push(Run {
                params,
                tokens,
                flops: budget,
                loss,
                budget: Some(budget),
            });
        }
    }
    runs
}

#[test]
fn a_tiny_ladder_states_honest_intervals() {
    let repeats = 60;
    let (mut new_run, mut exponent) = (0, 0);
    let target = TRUTH.optimum(4.0 * 6.4e13, FLOPS_PER_PARAM_TOKEN).unwrap();
    for seed in 0..repeats {
        let options = FitOptions {
            replicates: 200,
            starts: Starts::Projected,
            profile: false,
            holdout: HeldOut::None,
            ..FitOptions::default()
        };
        let result = approach3(&ladder(seed), &options).unwrap();
        let prediction = result.predict(target.params, target.tokens).unwrap();
        let noise = 0.004 * Stream::new(seed, "new run", 0).normal();
        let measured = TRUTH.loss(target.params, target.tokens) * noise.exp();
        new_run += usize::from(prediction.interval.unwrap().holds(measured));
        exponent += usize::from(result.params_exponent.covers(0.5));
    }
    println!("of {repeats}: new run {new_run}, exponent {exponent}");
    // 90% of 60 is 54; within 2.6 standard deviations of it.
    assert!((48..=60).contains(&new_run), "{new_run} of {repeats}");
    assert!((48..=60).contains(&exponent), "{exponent} of {repeats}");
}

#[test]
fn intervals_of_every_form_hold_the_truth() {
    let repeats = 24;
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 100,
        profile: false,
        holdout: HeldOut::None,
        ..FitOptions::default()
    };
    let (mut coverages, mut wrong) = (Vec::new(), Vec::new());
    for form in forms::registry() {
        for one in calibrate(*form, 0.005, repeats, &options).unwrap() {
            coverages.push(one.coverage);
            // Of 24 intervals at 90% fewer than 16 hold the truth once in two thousand times.
            if one.coverage < 16.0 / 24.0 || one.bias.abs() >= 0.5 * one.width {
                wrong.push(format!("{}: {one:?}", form.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mean = coverages.iter().sum::<f64>() / coverages.len() as f64;
    println!("mean coverage of {} quantities: {mean:.3}", coverages.len());
    assert!((0.85..=0.95).contains(&mean), "{mean}");
}

/// The cases of `benches/cases` whose intervals are refused, and those that must hold the truth.
#[test]
fn what_few_runs_cannot_tell_is_refused_and_the_rest_holds_the_truth() {
    let repeats = 30;
    let case = |name: &str| registry::ALL.iter().find(|case| case.name == name).unwrap();
    for name in ["p-rows", "two-sizes", "three-a-budget", "curves"] {
        for told in case(name).told(0.005, repeats) {
            assert_eq!(told.refused(), repeats, "{name}: {told}");
        }
    }
    let mut shares = Vec::new();
    for name in ["p+1-rows", "p+2-rows", "two-clusters", "four-a-budget"] {
        for told in case(name).told(0.005, repeats) {
            assert_eq!(told.refused(), 0, "{name}: {told}");
            // Of 30 intervals at 90% fewer than 21 hold the truth once in a thousand times.
            assert!(told.held() >= 0.7, "{name}: {told}");
            shares.push(told.held());
        }
    }
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((0.85..=0.96).contains(&mean), "{mean}");
}
