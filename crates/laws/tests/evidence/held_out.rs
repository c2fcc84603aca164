//! Runs held out, and what a law says of them.

use triaxis_laws::calibration::simulated;
use triaxis_laws::forms::{ChinchillaForm, PowerLawForm};
use triaxis_laws::{FitError, FitOptions, HeldOut, InputError, Observations, Refusal, Warning, compare, fit};

use crate::{holding, power, squares, table};

#[test]
fn the_rows_named_are_left_out_and_predicted() {
    let table = table(1, 0.0, |flops| {
        if flops < 1e21 {
            power(flops)
        } else {
            2.0 * power(flops)
        }
    });
    let out: Vec<bool> = table
        .column("flops")
        .unwrap()
        .iter()
        .map(|flops| *flops > 1e21)
        .collect();
    let expected: Vec<usize> = (0..10).filter(|row| out[*row]).collect();
    let found = fit(&PowerLawForm, &table, &holding(HeldOut::Rows(out.clone()))).unwrap();
    let holdout = found.holdout.unwrap();
    assert_eq!(
        (holdout.rows, holdout.fitted),
        (expected, 10 - holdout.errors.len())
    );
    // What is left follows the law exactly, and what is left out is twice that.
    assert!(
        holdout.errors.iter().all(|error| (error + 0.5).abs() < 1e-6),
        "{:?}",
        holdout.errors
    );
    let compared = compare(&table, "loss", &holding(HeldOut::Rows(out)));
    assert!(
        compared
            .iter()
            .all(|compared| (compared.held_out_error() - 0.5).abs() < 0.05),
        "{compared:?}"
    );
    assert_eq!(
        fit(&PowerLawForm, &table, &holding(HeldOut::None))
            .unwrap()
            .holdout,
        None
    );
}

#[test]
fn a_hold_out_that_cannot_be_is_named() {
    let table = table(1, 0.0, power);
    let of = |out: Vec<bool>| fit(&PowerLawForm, &table, &holding(HeldOut::Rows(out)));
    assert!(matches!(
        of(vec![true; 3]),
        Err(FitError::Input(InputError::Length {
            found: 3,
            expected: 10,
            ..
        }))
    ));
    let error = of(vec![false; 10]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "none of the 10 rows is held out: the condition must be true for one or more of them"
    );
    // The fit itself stands; only its check is missing.
    let fit = of((0..10).map(|row| row > 1).collect()).unwrap();
    let reason = Refusal::TooFewRows {
        rows: 2,
        parameters: 2,
        needed: 3,
    };
    assert_eq!(
        (fit.holdout.clone(), fit.warnings.last().unwrap()),
        (None, &Warning::NoHoldout { reason })
    );
}

#[test]
fn runs_left_must_vary_their_inputs() {
    let sizes = [1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 4e6, 8e6];
    let tokens: Vec<f64> = (0..8).map(|step| 1e8 * 2.0_f64.powi(step)).collect();
    let loss = sizes
        .iter()
        .zip(&tokens)
        .map(|(n, d)| 1.7 + 400.0 / f64::powf(*n, 0.34) + 400.0 / d.powf(0.28));
    let table = Observations::new().with("loss", loss.collect()).unwrap();
    let table = table
        .with("params", sizes.to_vec())
        .unwrap()
        .with("tokens", tokens)
        .unwrap();
    let out = (0..8).map(|row| row > 5).collect();
    let fit = fit(&ChinchillaForm, &table, &holding(HeldOut::Rows(out))).unwrap();
    assert!(
        matches!(
            &fit.warnings.last(),
            Some(Warning::NoHoldout {
                reason: Refusal::Collinear { .. }
            })
        ),
        "{:?}",
        fit.warnings
    );
}

#[test]
fn forms_are_compared_on_the_same_runs() {
    // Compute with more ties than sizes times lengths have, as of budgets that were not met exactly.
    let table = simulated(&ChinchillaForm, 0.005, 1).unwrap();
    let compute = |of: &[f64]| -> Vec<f64> { of.to_vec() };
    let (params, tokens) = (
        compute(table.column("params").unwrap()),
        compute(table.column("tokens").unwrap()),
    );
    let flops = params
        .iter()
        .zip(&tokens)
        .map(|(n, d)| 10.0_f64.powf((6.0 * n * d).log10().round()));
    let table = table.with("flops", flops.collect()).unwrap();
    let compared = compare(&table, "loss", &FitOptions::point_only());
    let held: Vec<&Vec<usize>> = compared
        .iter()
        .filter_map(|compared| Some(&compared.fit.as_ref().ok()?.holdout.as_ref()?.rows))
        .collect();
    assert!(
        held.len() >= 6 && held.iter().all(|rows| *rows == held[0]),
        "{held:?}"
    );
}

#[test]
fn a_law_worse_than_a_mean_is_said_to_be() {
    let bent = table(3, 0.001, power);
    let options = FitOptions {
        holdout: HeldOut::Largest,
        ..squares()
    };
    let fails = |runs: &Observations| {
        let fit = fit(&PowerLawForm, runs, &options).unwrap();
        fit.warnings
            .iter()
            .any(|said| matches!(said, Warning::WorseThanMean { .. }))
    };
    assert!(!fails(&table(3, 0.001, power)));
    let shuffled: Vec<f64> = (0..30)
        .map(|row| match row < 24 {
            true => 3.0 - 0.1 * f64::from(row),
            // Apart, as equal rows are one.
            false => 1.8 + 1e-6 * f64::from(row),
        })
        .collect();
    assert!(fails(&bent.with("loss", shuffled).unwrap()));
}
