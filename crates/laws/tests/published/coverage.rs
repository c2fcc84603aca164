//! Brown et al. 2024 on GSM8K: laws of up to 100 samples against 10,000.

use std::sync::LazyLock;

use triaxis_laws::coverage::{self, Coverage, Problem, coverage, thinned};
use triaxis_laws::forms::{CoverageBeta, CoveragePower};
use triaxis_laws::{FitOptions, HeldOut, Observations, fit, predict};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Brown et al. 2024: coverage of GSM8K by repeated sampling",
    files: "test-time-coverage/counts_gsm8k.csv",
    differs: "Ten models have 10,000 samples of every problem. The exponentiated power law of the paper, fitted to at \
        most 100 samples, is far off at 10,000; the expectation over a Beta distribution of difficulty, fitted to the \
        same points, is nearer. Of 100 samples drawn of each problem few are correct, 8 of 12,800 of one model, so a law \
        of them is an order of magnitude farther off than one of all 10,000; its 90% intervals say so.",
    rows: LazyLock::new(|| Some(laws(&csv("test-time-coverage/counts_gsm8k.csv")?))),
};

#[test]
fn reproduces() {
    STUDY.check();
}

const MOST: u64 = 10_000;

/// The ten models that have 10,000 samples of every problem and solve at least 2% with 100.
const MODELS: [&str; 10] = [
    "1.4B_2B", "160M_2B", "160M_6B", "1B_2B", "410M_2B", "410M_6B", "70M_200B", "70M_20B", "70M_2B", "70M_6B",
];

fn problems(table: &Table, model: &str) -> Vec<Problem> {
    let chosen = table.only("Model Nickname", &format!("Pythia_{model}"));
    let counts = chosen
        .numbers("Num. Samples")
        .into_iter()
        .zip(chosen.numbers("Num. Samples Correct"));
    counts
        .map(|(samples, correct)| Problem {
            samples: samples as u64,
            correct: correct as u64,
        })
        .collect()
}

/// Coverage at 14 numbers of samples up to 100.
pub(crate) fn small(table: &Table, model: &str) -> Observations {
    let problems = problems(table, model);
    let ks: Vec<u64> = (0..14)
        .map(|step| (100.0_f64.powf(f64::from(step) / 13.0)).round() as u64)
        .collect();
    let seen: Vec<f64> = ks.iter().map(|k| coverage(&problems, *k).unwrap()).collect();
    let law = Observations::new()
        .with("samples", ks.iter().map(|k| *k as f64).collect())
        .unwrap();
    law.with("coverage", seen).unwrap()
}

/// Draws of 100 samples of each problem.
const DRAWS: u64 = 3;

fn laws(table: &Table) -> Vec<Row> {
    let (mut power_error, mut beta_error, mut all_error) = (0.0, 0.0, 0.0);
    let (mut few_error, mut covered) = (0.0, 0);
    let share = 1.0 / MODELS.len() as f64;
    for model in MODELS {
        let problems = problems(table, model);
        assert_eq!(problems.len(), 128);
        let law = small(table, model);
        let power = fit(&CoveragePower, &law, &FitOptions::point_only()).unwrap();
        let beta = fit(&CoverageBeta, &law, &FitOptions::point_only()).unwrap();
        let truth = coverage(&problems, MOST).unwrap();
        let power = predict(&CoveragePower, &power, &[MOST as f64]).unwrap().value;
        let beta = predict(&CoverageBeta, &beta, &[MOST as f64]).unwrap().value;
        power_error += share * (power - truth).abs();
        beta_error += share * (beta - truth).abs();
        let counted = |problems: &[Problem], seed: u64| {
            let options = FitOptions {
                replicates: 300,
                seed,
                holdout: HeldOut::None,
                ..FitOptions::default()
            };
            let fitted = Coverage::of_counts(problems, &coverage::laws(), &options).unwrap();
            fitted.predict(MOST as f64).unwrap()
        };
        all_error += share * (counted(&problems, 0).value - truth).abs();
        for seed in 0..DRAWS {
            let few = counted(&thinned(&problems, 100, seed), seed);
            few_error += share * (few.value - truth).abs() / DRAWS as f64;
            covered += u64::from(few.interval.unwrap().holds(truth));
        }
    }
    let draws = DRAWS * MODELS.len() as u64;
    vec![
        Row::holds(
            "power law of k ≤ 100: mean error of coverage at 10,000 below 0.5",
            power_error < 0.5,
            format!("{power_error:.3}"),
        ),
        Row::holds(
            "Beta law of k ≤ 100: mean error of coverage at 10,000 below 0.2",
            beta_error < 0.2,
            format!("{beta_error:.3}"),
        ),
        Row::holds(
            "laws averaged by the likelihood of all counts: mean error of coverage at 10,000 below 0.02",
            all_error < 0.02,
            format!("{all_error:.3}"),
        ),
        Row::holds(
            "the same of 100 samples a problem, drawn 3 times: mean error below 0.15",
            few_error < 0.15,
            format!("{few_error:.3}"),
        ),
        Row::holds(
            "and their 90% intervals that hold the coverage at 10,000: 85% or more",
            100 * covered >= 85 * draws,
            format!("{covered} of {draws}"),
        ),
    ]
}
