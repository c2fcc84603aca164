//! Very many rows: all of them fit, some of them give the intervals.

#![allow(clippy::unwrap_used)]

use triaxis_laws::form::Residual;
use triaxis_laws::forms::PowerLawForm;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Objective, Observations, Warning, fit};

/// `rows` runs of the first of one and the same sequence.
fn table(rows: usize) -> Observations {
    let mut stream = Stream::new(9, "many rows", 0);
    let flops: Vec<f64> = (0..rows).map(|_| 1e17 * 1e4_f64.powf(stream.uniform())).collect();
    let loss = flops
        .iter()
        .map(|flops| 25.0 * flops.powf(-0.05) * (0.01 * stream.normal()).exp());
    let loss = loss.collect();
    Observations::new()
        .with("flops", flops)
        .unwrap()
        .with("loss", loss)
        .unwrap()
}

#[test]
fn intervals_of_some_rows_are_those_of_all() {
    let options = FitOptions {
        objective: Some(Objective::squares(Residual::Log)),
        replicates: 200,
        holdout: HeldOut::None,
        ..FitOptions::default()
    };
    let rows = 60_000;
    let found = fit(&PowerLawForm, &table(rows), &options).unwrap();
    assert_eq!(
        found.warnings,
        [Warning::ThinnedRows {
            rows: 20_000,
            of: rows
        }]
    );
    let alpha = found.parameters["alpha"].estimate;
    assert!(alpha.covers(0.05) && alpha.identified, "{alpha:?}");
    // By least squares: noise over the root of the rows times the deviation of ln flops, uniform over ln 1e4.
    let error = 0.01 / ((rows as f64).sqrt() * 1e4_f64.ln() / 12.0_f64.sqrt());
    for (method, (low, high)) in &found.parameters["alpha"].intervals {
        let half = 0.5 * (high - low);
        assert!(
            (half / (1.645 * error) - 1.0).abs() < 0.15,
            "{method}: {half} {error}"
        );
    }
}
