//! The three approaches on ladders simulated from a known law, and what they refuse.

#![allow(clippy::unwrap_used)]

use triaxis_laws::approach::{
    Curve, JOINT_FORMS, Run, Unfitted, approach1, approach2, approach3, joint_laws,
};
use triaxis_laws::forms::{Chinchilla, Coupled, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitError, FitOptions, InputError, Refusal, Warning};

/// A law like that of a tiny ladder: bits per byte, optimum exponents (0.5, 0.5).
const TRUTH: Chinchilla = Chinchilla {
    E: 0.9,
    A: 25.0,
    B: 60.0,
    alpha: 0.34,
    beta: 0.34,
};

/// `sizes` runs around the optimum of each budget, with relative `noise` in the loss.
fn ladder(budgets: &[f64], sizes: i32, noise: f64, seed: u64) -> Vec<Run> {
    let mut stream = Stream::new(seed, "ladder", 0);
    let mut runs = Vec::new();
    for budget in budgets {
        let best = TRUTH.optimum(*budget, FLOPS_PER_PARAM_TOKEN).unwrap();
        for step in 0..sizes {
            let params = best.params * 2.0_f64.powf(f64::from(step) - 0.5 * f64::from(sizes - 1));
            let tokens = budget / (6.0 * params);
            let loss = TRUTH.loss(params, tokens) * (noise * stream.normal()).exp();
            runs.push(Run {
                params,
                tokens,
                flops: *budget,
                loss,
                budget: Some(*budget),
            });
        }
    }
    runs
}

const BUDGETS: [f64; 4] = [1e12, 4e12, 1.6e13, 6.4e13];

#[test]
fn approach2_recovers_exponents_and_minima() {
    let result = approach2(
        &ladder(&BUDGETS, 5, 0.0, 0),
        Curve::Parabola,
        &FitOptions::default(),
    )
    .unwrap();
    assert!(result.refusals.is_empty(), "{:?}", result.refusals);
    let (params, tokens) = (result.params.unwrap(), result.tokens.unwrap());
    assert!((params.exponent.value - 0.5).abs() < 1e-3, "{params:?}");
    assert!((tokens.exponent.value - 0.5).abs() < 1e-3, "{tokens:?}");
    for budget in &result.budgets {
        let (found, truth) = (
            budget.optimum.unwrap(),
            TRUTH.optimum(budget.budget, 6.0).unwrap(),
        );
        assert!((found.params / truth.params - 1.0).abs() < 0.02);
        assert!((found.loss / TRUTH.loss(truth.params, truth.tokens) - 1.0).abs() < 1e-3);
    }
    let akima = approach2(&ladder(&BUDGETS, 5, 0.0, 0), Curve::Akima, &FitOptions::default()).unwrap();
    assert!((akima.params.unwrap().exponent.value - 0.5).abs() < 1e-2);
}

#[test]
fn approach2_intervals_hold_the_truth_under_noise() {
    let covered = (0..40)
        .filter(|seed| {
            let options = FitOptions {
                replicates: 200,
                ..FitOptions::default()
            };
            let result = approach2(&ladder(&BUDGETS, 6, 0.003, *seed), Curve::Parabola, &options).unwrap();
            result.params.unwrap().exponent.covers(0.5)
        })
        .count();
    assert!(
        (31..=40).contains(&covered),
        "{covered} of 40 intervals at 90% hold the truth"
    );
}

#[test]
fn approach2_keeps_near_budgets_apart() {
    let result = approach2(
        &ladder(&[1.5e13, 2e13], 5, 0.0, 0),
        Curve::Parabola,
        &FitOptions::default(),
    )
    .unwrap();
    assert_eq!(
        result
            .budgets
            .iter()
            .map(|budget| budget.budget)
            .collect::<Vec<_>>(),
        [1.5e13, 2e13]
    );
}

#[test]
fn approach2_counts_a_run_given_twice_once() {
    let once = ladder(&[1e18, 1e19, 1e20], 3, 0.0, 1);
    let mut twice = once.clone();
    twice.extend(&once);
    let options = FitOptions::default();
    let rows = once.len();
    let [alone, twice] = [once, twice].map(|runs| approach2(&runs, Curve::Parabola, &options).unwrap());
    assert_eq!((alone.budgets, alone.freedom), (twice.budgets, twice.freedom));
    assert_eq!(twice.params, alone.params);
    assert_eq!(twice.warnings[0], Warning::DuplicatedRows { rows });
    assert_eq!(twice.warnings[1..], alone.warnings[..]);
}

#[test]
fn approach2_refuses_with_the_reason() {
    let curved = |losses: [f64; 4]| -> Vec<Run> {
        let runs = losses.into_iter().enumerate().map(|(step, loss)| {
            let params = 1e4 * 2.0_f64.powi(step as i32);
            Run {
                params,
                tokens: 1e12 / (6.0 * params),
                flops: 1e12,
                loss,
                budget: Some(1e12),
            }
        });
        runs.collect()
    };
    let refusals = |runs: &[Run]| {
        approach2(runs, Curve::Parabola, &FitOptions::default())
            .unwrap()
            .refusals
    };
    assert!(matches!(
        refusals(&curved([2.0, 2.2, 2.2, 2.0]))[0],
        Refusal::NoInteriorMinimum { .. }
    ));
    assert!(matches!(
        refusals(&curved([3.0, 2.5, 2.1, 1.8]))[0],
        Refusal::OptimumOutOfRange { .. }
    ));
    assert!(matches!(
        refusals(&curved([3.0, 2.5, 2.1, 1.8])[..2])[0],
        Refusal::TooFewPoints { points: 2, .. }
    ));
    assert!(matches!(
        refusals(&curved([2.3, 2.1, 2.1, 2.3]))[0],
        Refusal::TooFewBudgets { budgets: 1, .. }
    ));
    assert!(matches!(
        refusals(&[])[0],
        Refusal::TooFewBudgets { budgets: 0, .. }
    ));
}

#[test]
fn approach1_follows_the_envelope() {
    let mut runs = Vec::new();
    for size in 0..9 {
        let params = 1e4 * 2.0_f64.powi(size);
        for step in 0..30 {
            let tokens = 1e5 * 2.0_f64.powf(0.5 * f64::from(step));
            let flops = 6.0 * params * tokens;
            runs.push(Run {
                params,
                tokens,
                flops,
                loss: TRUTH.loss(params, tokens),
                budget: None,
            });
        }
    }
    let result = approach1(&runs, &FitOptions::default()).unwrap();
    let (params, tokens) = (result.params.unwrap(), result.tokens.unwrap());
    // By the best of the sizes trained it is 0.488: these are steps.
    assert!((params.exponent.value - 0.5).abs() < 0.003, "{params:?}");
    assert!((tokens.exponent.value - 0.5).abs() < 0.003, "{tokens:?}");
    assert_eq!(params.exponent.interval, None);
    assert_eq!(result.warnings, [Warning::NoIntervalOfEnvelope]);
    assert!(
        result
            .envelope
            .windows(2)
            .all(|pair| pair[0].flops < pair[1].flops && pair[0].loss > pair[1].loss)
    );
}

#[test]
fn approach1_refuses_a_thin_envelope() {
    let result = approach1(&ladder(&BUDGETS[..1], 5, 0.0, 0), &FitOptions::default()).unwrap();
    assert!(matches!(
        result.refusals[0],
        Refusal::ThinEnvelope { sizes: 1, .. }
    ));
    assert!(result.params.is_none());
}

#[test]
fn approach3_predicts_a_larger_run() {
    let runs = ladder(&BUDGETS, 5, 0.004, 3);
    let options = FitOptions {
        replicates: 300,
        ..FitOptions::default()
    };
    let result = approach3(&runs, &options).unwrap();
    let flops = 4.0 * BUDGETS[3];
    let best = TRUTH.optimum(flops, 6.0).unwrap();
    let truth = TRUTH.loss(best.params, best.tokens);
    let prediction = result.predict(best.params, best.tokens).unwrap();
    assert!(
        (prediction.value / truth - 1.0).abs() < 0.02,
        "{prediction:?} {truth}"
    );
    let (run, law) = (prediction.interval.unwrap(), prediction.law.unwrap());
    assert!(run.holds(truth), "{prediction:?} {truth}");
    assert!(run.holds(law.low) && run.holds(law.high), "{prediction:?}");
    assert!(
        (prediction.reach["compute"].factor - 4.0).abs() < 0.1,
        "{prediction:?}"
    );
    assert!(result.params_exponent.covers(0.5), "{:?}", result.params_exponent);
    assert!(result.fit.holdout.as_ref().unwrap().mean_absolute < 0.02);
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(
        serde_json::from_str::<triaxis_laws::approach::Approach3>(&text).unwrap(),
        result
    );
}

#[test]
fn approach3_says_what_it_cannot_know() {
    // One size only at each token count: N and D move together, so the two terms cannot be told apart.
    let runs: Vec<Run> = (0..12)
        .map(|step| {
            let params = 1e4 * 1.5_f64.powi(step);
            let tokens = 20.0 * params;
            Run {
                params,
                tokens,
                flops: 6.0 * params * tokens,
                loss: TRUTH.loss(params, tokens),
                budget: None,
            }
        })
        .collect();
    let options = FitOptions {
        replicates: 50,
        ..FitOptions::default()
    };
    let result = approach3(&runs, &options).unwrap();
    assert!(
        !result.fit.parameters["A"].estimate.identified || !result.fit.parameters["B"].estimate.identified
    );
    let prediction = result.predict(2e6, 4e7).unwrap();
    assert!(
        (prediction.value / TRUTH.loss(2e6, 4e7) - 1.0).abs() < 0.01,
        "{prediction:?}"
    );
}

#[test]
fn unusable_runs_are_named() {
    let mut runs = ladder(&BUDGETS, 5, 0.0, 0);
    runs[7].loss = f64::NAN;
    assert!(matches!(
        approach3(&runs, &FitOptions::default()),
        Err(FitError::Input(InputError::NotFinite { row: 7, .. }))
    ));
    runs[7].loss = 2.0;
    runs[3].flops = -1.0;
    let error = approach2(&runs, Curve::Parabola, &FitOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `flops` row 4 is -1: it must be above zero; drop the row or correct it"
    );
    assert!(matches!(
        approach3(&runs[..4], &FitOptions::default()),
        Err(FitError::Refused(Refusal::TooFewRows {
            rows: 4,
            parameters: 5,
            needed: 5
        }))
    ));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let runs = ladder(&BUDGETS, 4, 0.004, 1);
    let options = FitOptions {
        replicates: 60,
        ..FitOptions::default()
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| approach3(&runs, &options).unwrap())
    };
    assert_eq!(with(1), with(3));
}

/// Terms that matter less where the other is large, as in trials that are still near their start.
const COUPLED: Coupled = Coupled {
    E: 0.6,
    A: 40.0,
    B: 4000.0,
    alpha: 0.5,
    beta: 0.7,
    gamma: 0.45,
};

fn coupled_ladder(noise: f64, seed: u64) -> Vec<Run> {
    let mut stream = Stream::new(seed, "coupled ladder", 0);
    let mut runs = ladder(&BUDGETS, 6, 0.0, seed);
    for run in &mut runs {
        run.loss = COUPLED.loss(run.params, run.tokens) * (noise * stream.normal()).exp();
    }
    runs
}

#[test]
fn the_law_that_predicts_the_largest_budget_best_comes_first() {
    let (params, tokens) = (4e6, 16e6);
    let truth = COUPLED.loss(params, tokens);
    let (laws, unfitted) = joint_laws(&coupled_ladder(1e-3, 3), &FitOptions::default()).unwrap();
    assert!(unfitted.is_empty() && laws.len() == JOINT_FORMS.len());
    assert_eq!(laws[0].fit.form, "coupled");
    let prediction = laws[0].predict(params, tokens).unwrap();
    assert!(
        (prediction.value / truth - 1.0).abs() < 0.01,
        "{prediction:?} {truth}"
    );
    assert!(prediction.interval.unwrap().holds(truth), "{prediction:?}");
    assert_eq!(laws[0].replicates().count(), 1000);
    for pair in laws.windows(2) {
        assert!(pair[0].fit.held_out_error() <= pair[1].fit.held_out_error());
    }
    // The largest budget is held out, all of it and nothing else.
    let held_out = &laws[0].fit.holdout.as_ref().unwrap().rows;
    assert_eq!(*held_out, (18..24).collect::<Vec<usize>>());
}

#[test]
fn joint_laws_refuse_what_every_fit_refuses() {
    let few = ladder(&BUDGETS[..1], 3, 0.0, 0);
    let (laws, unfitted) = joint_laws(&few, &FitOptions::default()).unwrap();
    assert!(laws.is_empty());
    let too_few =
        |law: &Unfitted| matches!(law.reason, FitError::Refused(Refusal::TooFewRows { rows: 3, .. }));
    assert!(unfitted.iter().all(too_few), "{unfitted:?}");
    let mut broken = ladder(&BUDGETS, 5, 0.0, 0);
    broken[2].loss = f64::NAN;
    let (laws, unfitted) = joint_laws(&broken, &FitOptions::default()).unwrap();
    assert!(laws.is_empty() && unfitted.len() == JOINT_FORMS.len());
}
