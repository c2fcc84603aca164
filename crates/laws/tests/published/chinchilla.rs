//! Besiroglu et al. 2024: the third Chinchilla approach on 245 runs read off the paper's figure.

use triaxis_laws::form::Residual;
use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::{Fit, FitOptions, Objective, Observations, Robust, fit};

use crate::files::{csv, reproduces};

fn runs() -> Option<Observations> {
    let table = csv("chinchilla-epoch/svg_extracted_data.csv")?;
    let flops = table.numbers("Training FLOP");
    let observations = table.observations(&[("params", "Model Size"), ("loss", "loss")]);
    let tokens = flops
        .iter()
        .zip(observations.column("params").unwrap())
        .map(|(flops, params)| flops / (6.0 * params));
    let tokens = tokens.collect();
    Some(observations.with("tokens", tokens).unwrap())
}

fn parameter(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).unwrap()
}

#[test]
fn refit_of_240_runs() {
    let Some(runs) = runs() else { return };
    let runs = runs.drop_largest("loss", 5).unwrap();
    let fit = fit(&ChinchillaForm, &runs, &FitOptions::point_only()).unwrap();
    assert_eq!((fit.rows, fit.starts), (240, 4500));
    reproduces("objective", fit.objective, 1.018274e-3, 1e-8);
    reproduces("A", parameter(&fit, "A"), 477.83, 0.5);
    reproduces("B", parameter(&fit, "B"), 2143.4, 3.0);
    reproduces("E", parameter(&fit, "E"), 1.81722, 1e-4);
    reproduces("alpha", parameter(&fit, "alpha"), 0.34731, 1e-4);
    reproduces("beta", parameter(&fit, "beta"), 0.36717, 1e-4);
}

#[test]
fn least_absolute_deviations_of_240_runs() {
    let Some(runs) = runs() else { return };
    let runs = runs.drop_largest("loss", 5).unwrap();
    let objective = Objective {
        robust: Robust::Absolute,
        residual: Residual::Log,
        ..Objective::log_huber()
    };
    let options = FitOptions {
        objective: Some(objective),
        ..FitOptions::point_only()
    };
    let fit = fit(&ChinchillaForm, &runs, &options).unwrap();
    reproduces("A", parameter(&fit, "A"), 482.0, 0.5);
    reproduces("B", parameter(&fit, "B"), 2085.0, 5.0);
    reproduces("E", parameter(&fit, "E"), 1.8168, 2e-4);
    reproduces("alpha", parameter(&fit, "alpha"), 0.3478, 1e-4);
    reproduces("beta", parameter(&fit, "beta"), 0.3659, 1e-4);
}

#[test]
fn refit_of_all_245_runs() {
    let Some(runs) = runs() else { return };
    let fit = fit(&ChinchillaForm, &runs, &FitOptions::point_only()).unwrap();
    reproduces("beta", parameter(&fit, "beta"), 0.4530, 1e-3);
    reproduces("E", parameter(&fit, "E"), 1.8913, 1e-3);
}

#[test]
fn bootstrap_intervals_of_240_runs() {
    let Some(runs) = runs() else { return };
    let runs = runs.drop_largest("loss", 5).unwrap();
    let options = FitOptions {
        replicates: 4000,
        level: 0.95,
        ..FitOptions::default()
    };
    let fit = fit(&ChinchillaForm, &runs, &options).unwrap();
    assert!(
        fit.holdout.as_ref().unwrap().mean_absolute < 0.015,
        "{:?}",
        fit.holdout
    );
    for (name, low, high) in [("alpha", 0.317, 0.373), ("beta", 0.331, 0.415)] {
        let parameter = &fit.parameters[name];
        println!("{name} {parameter:?}");
        let (ours_low, ours_high) = parameter.intervals["percentile"];
        reproduces(&format!("{name} low"), ours_low, low, 0.01);
        reproduces(&format!("{name} high"), ours_high, high, 0.01);
        assert!(parameter.estimate.identified);
    }
}
