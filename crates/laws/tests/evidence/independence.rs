//! Rows that are not independent: checkpoints of one run, runs given twice.

use triaxis_laws::calibration::simulated;
use triaxis_laws::forms::{ChinchillaForm, PowerLawForm};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{Fit, FitOptions, Observations, Starts, Warning, fit};

use crate::{power, squares, table};

#[test]
fn the_same_row_twice_is_no_repeat() {
    let once = table(1, 0.01, power);
    let twice = |name: &str| [once.column(name).unwrap(), once.column(name).unwrap()].concat();
    let table = Observations::new().with("flops", twice("flops")).unwrap();
    let table = table.with("loss", twice("loss")).unwrap();
    let found = fit(&PowerLawForm, &table, &squares()).unwrap();
    assert_eq!(found.pure_error, None);
    assert_eq!(found.warnings, [Warning::DuplicatedRows { rows: 10 }]);
}

/// Checkpoints of eight runs whose luck is 0.5%, and the run that each row is of.
fn checkpoints(luck: f64, own: f64) -> (Observations, Vec<usize>) {
    let mut stream = Stream::new(8, "checkpoints", 0);
    let (mut params, mut tokens, mut loss, mut runs) = (vec![], vec![], vec![], vec![]);
    for run in 0..8 {
        let size = 2e7 * 1.7_f64.powi(run);
        let off = luck * stream.normal();
        for step in 0..20 {
            let length = size * 5.0 * 1.2_f64.powi(step);
            let law = 1.8 + 480.0 / size.powf(0.35) + 2100.0 / length.powf(0.37);
            params.push(size);
            tokens.push(length);
            loss.push(law * (off + own * stream.normal()).exp());
            runs.push(run as usize);
        }
    }
    let table = Observations::new().with("params", params).unwrap();
    (
        table.with("tokens", tokens).unwrap().with("loss", loss).unwrap(),
        runs,
    )
}

#[test]
fn checkpoints_of_one_run_are_one_piece_of_evidence() {
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 200,
        ..FitOptions::default()
    };
    let (table, runs) = checkpoints(0.005, 0.0005);
    let rows = fit(&ChinchillaForm, &table, &options).unwrap();
    let looks = |warning: &Warning| {
        matches!(
            warning,
            Warning::Checkpoints {
                rows: 160,
                runs: 8,
                ..
            }
        )
    };
    assert!(rows.warnings.iter().any(looks), "{:?}", rows.warnings);
    let (independent, _) = checkpoints(0.0, 0.005);
    let warnings = fit(&ChinchillaForm, &independent, &options).unwrap().warnings;
    assert!(
        !warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Checkpoints { .. })),
        "{warnings:?}"
    );

    let named = table.clone().with_groups(&runs).unwrap();
    let grouped = fit(&ChinchillaForm, &named, &options).unwrap();
    assert_eq!((grouped.runs, grouped.freedom), (Some(8), 7));
    assert!(!grouped.warnings.iter().any(looks), "{:?}", grouped.warnings);
    let width = |fit: &Fit, name: &str| fit.parameters[name].estimate.interval.unwrap().width();
    assert!(
        width(&grouped, "alpha") > 3.0 * width(&rows, "alpha"),
        "{:?} {:?}",
        grouped.parameters,
        rows.parameters
    );
    // All checkpoints of the largest run are held out, the small ones too.
    let holdout = grouped.holdout.unwrap();
    assert_eq!(holdout.rows, (140..160).collect::<Vec<usize>>());
    assert!(holdout.runs.iter().all(|run| *run == 7));
    // Four runs tell nothing of how runs differ.
    let few: Vec<bool> = runs.iter().map(|run| *run < 4).collect();
    let few = fit(&ChinchillaForm, &named.filtered(&few), &options).unwrap();
    assert!(
        few.warnings.contains(&Warning::FewRuns { runs: 4, needed: 5 }),
        "{:?}",
        few.warnings
    );
    assert!(
        few.parameters
            .values()
            .all(|parameter| parameter.estimate.interval.is_none())
    );
    assert!(table.with_groups(&["a"]).is_err());
}

#[test]
fn a_run_given_five_times_counts_once() {
    let once = simulated(&ChinchillaForm, 0.005, 3).unwrap();
    let repeated = |times: usize| {
        once.names().fold(Observations::new(), |table, name| {
            table
                .with(name, once.column(name).unwrap().repeat(times))
                .unwrap()
        })
    };
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 100,
        ..FitOptions::default()
    };
    let of = |table: &Observations| fit(&ChinchillaForm, table, &options).unwrap();
    let (alone, five) = (of(&once), of(&repeated(5)));
    let rows = 4 * once.rows();
    assert!(
        five.warnings.contains(&Warning::DuplicatedRows { rows }),
        "{:?}",
        five.warnings
    );
    assert_eq!((&alone.parameters, alone.rows), (&five.parameters, five.rows));
    assert_eq!(alone.holdout, five.holdout);
    // What differs in any column is another run.
    let seeds = (0..5 * once.rows())
        .map(|row| (row / once.rows()) as f64)
        .collect();
    let seeded = of(&repeated(5).with("seed", seeds).unwrap());
    assert_eq!(seeded.rows, 5 * once.rows());
}

#[test]
fn weights_of_runs_count_by_their_shares() {
    let (table, runs) = checkpoints(0.005, 0.0005);
    let options = FitOptions {
        replicates: 20,
        starts: Starts::Projected,
        ..squares()
    };
    let options = FitOptions {
        profile: true,
        ..options
    };
    let of = |unit: f64| {
        let weights = runs.iter().map(|run| unit * (1.0 + (run % 2) as f64)).collect();
        let table = table
            .clone()
            .with_groups(&runs)
            .unwrap()
            .with_weights(weights)
            .unwrap();
        fit(&ChinchillaForm, &table, &options).unwrap()
    };
    let (one, many) = (of(1.0), of(50.0));
    for (name, found) in &one.parameters {
        let (low, high) = found.intervals["profile"];
        let (other_low, other_high) = many.parameters[name].intervals["profile"];
        let near = |one: f64, other: f64| (one / other - 1.0).abs() < 0.02;
        assert!(
            near(low, other_low) && near(high, other_high),
            "{name}: {found:?} {many:?}"
        );
    }
}

#[test]
fn rows_that_are_all_the_same_are_one() {
    let once = simulated(&ChinchillaForm, 0.005, 3).unwrap();
    let twelve = |differ: usize| {
        once.names().fold(Observations::new(), |table, name| {
            let values = once.column(name).unwrap();
            table
                .with(name, (0..12).map(|row| values[row % differ]).collect())
                .unwrap()
        })
    };
    let said = |differ: usize| {
        let refused = fit(&ChinchillaForm, &twelve(differ), &FitOptions::point_only()).unwrap_err();
        refused.to_string()
    };
    assert!(
        said(1).starts_with("of 12 rows 1 differs, the others repeat it")
            && said(1).contains("1 row cannot determine 5"),
        "{}",
        said(1)
    );
    assert!(
        said(4).starts_with("of 12 rows 4 differ, the others repeat them")
            && said(4).contains("4 rows cannot determine 5"),
        "{}",
        said(4)
    );
}
