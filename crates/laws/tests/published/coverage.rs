//! Brown et al. 2024 on GSM8K: laws of up to 100 samples against 10,000.

use triaxis_laws::coverage::{Problem, coverage, fit_beta_coverage};
use triaxis_laws::forms::{CoverageBeta, CoveragePower};
use triaxis_laws::{FitOptions, Observations, fit, predict};

use crate::files::csv;

const MOST: u64 = 10_000;

/// The ten models that have 10,000 samples of every problem and solve at least 2% with 100.
const MODELS: [&str; 10] = [
    "1.4B_2B", "160M_2B", "160M_6B", "1B_2B", "410M_2B", "410M_6B", "70M_200B", "70M_20B", "70M_2B", "70M_6B",
];

#[test]
fn gsm8k_from_100_samples_to_10_000() {
    let Some(table) = csv("test-time-coverage/counts_gsm8k.csv") else {
        return;
    };
    let (mut power_error, mut beta_error, mut covered) = (0.0, 0.0, 0);
    for model in MODELS {
        let chosen = table.only("Model Nickname", &format!("Pythia_{model}"));
        let counts = chosen
            .numbers("Num. Samples")
            .into_iter()
            .zip(chosen.numbers("Num. Samples Correct"));
        let problems: Vec<Problem> = counts
            .map(|(samples, correct)| Problem {
                samples: samples as u64,
                correct: correct as u64,
            })
            .collect();
        assert_eq!(problems.len(), 128);
        let ks: Vec<u64> = (0..14)
            .map(|step| (100.0_f64.powf(f64::from(step) / 13.0)).round() as u64)
            .collect();
        let seen: Vec<f64> = ks.iter().map(|k| coverage(&problems, *k).unwrap()).collect();
        let law = Observations::new()
            .with("samples", ks.iter().map(|k| *k as f64).collect())
            .unwrap();
        let law = law.with("coverage", seen).unwrap();
        let power = fit(&CoveragePower, &law, &FitOptions::point_only()).unwrap();
        let beta = fit(&CoverageBeta, &law, &FitOptions::point_only()).unwrap();
        let counted = fit_beta_coverage(&problems, 100, 0.9, 0).unwrap().at(MOST as f64);
        let truth = coverage(&problems, MOST).unwrap();
        let power = predict(&CoveragePower, &power, &[MOST as f64]).unwrap().value;
        let beta = predict(&CoverageBeta, &beta, &[MOST as f64]).unwrap().value;
        println!(
            "{model}: {truth:.4}; from k <= 100: power {power:.4}, beta {beta:.4}; from all counts {counted:?}"
        );
        power_error += (power - truth).abs() / MODELS.len() as f64;
        beta_error += (beta - truth).abs() / MODELS.len() as f64;
        covered += usize::from(counted.covers(truth));
    }
    println!(
        "mean error of coverage at {MOST}: power {power_error:.4}, beta {beta_error:.4}; covered {covered}"
    );
    assert!(
        covered >= 9,
        "{covered} of 10 intervals of the beta-binomial law hold the coverage seen"
    );
    assert!(
        beta_error < 0.2 && power_error < 0.5,
        "{beta_error} {power_error}"
    );
}
