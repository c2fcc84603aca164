//! What runs say beyond the fit: those held out, and those that were repeated with other seeds.

#![allow(clippy::unwrap_used)]

use triaxis_laws::calibration::simulated;
use triaxis_laws::form::Residual;
use triaxis_laws::forms::{ChinchillaForm, ErrorFromLoss, PowerLawForm, Restricted};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{
    Fit, FitError, FitOptions, HeldOut, InputError, Objective, Observations, Refusal, Starts, Warning,
    compare, fit, predict,
};

/// `seeds` runs at each of ten budgets of `loss(flops)`, with relative `noise`.
fn table(seeds: usize, noise: f64, loss: fn(f64) -> f64) -> Observations {
    let mut stream = Stream::new(4, "evidence", 0);
    let flops: Vec<f64> = (0..10 * seeds)
        .map(|row| 1e16 * 4.0_f64.powi((row / seeds) as i32))
        .collect();
    let loss = flops
        .iter()
        .map(|flops| loss(*flops) * (noise * stream.normal()).exp())
        .collect();
    let table = Observations::new().with("flops", flops).unwrap();
    table.with("loss", loss).unwrap()
}

fn power(flops: f64) -> f64 {
    25.0 * flops.powf(-0.05)
}

fn squares() -> FitOptions {
    FitOptions {
        objective: Some(Objective::squares(Residual::Log)),
        ..FitOptions::point_only()
    }
}

fn holding(out: HeldOut) -> FitOptions {
    FitOptions {
        holdout: out,
        ..squares()
    }
}

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
fn repeated_seeds_tell_the_noise() {
    let table = table(4, 0.01, power);
    let found = fit(&PowerLawForm, &table, &squares()).unwrap();
    let repeats = found.pure_error.unwrap();
    assert_eq!((repeats.freedom, repeats.settings), (30, 10));
    // By hand: squared distances of log losses from the mean of their four.
    let logs: Vec<f64> = table
        .column("loss")
        .unwrap()
        .iter()
        .map(|loss| loss.ln())
        .collect();
    let squares = logs.chunks(4).flat_map(|seeds| {
        let mean = seeds.iter().sum::<f64>() / 4.0;
        seeds.iter().map(move |value| (value - mean).powi(2))
    });
    let noise = (squares.sum::<f64>() / 30.0).sqrt();
    assert!((repeats.noise - noise).abs() < 1e-12, "{repeats:?} {noise}");
    assert!(
        !repeats.law_lacks_fit() && found.warnings.is_empty(),
        "{:?}",
        found.warnings
    );
    // The interval of a new run is that of Student's t with 30 degrees of freedom: 1.697 at 90%.
    let run = predict(&PowerLawForm, &found, &[1e20]).unwrap();
    let interval = run.interval.unwrap();
    let half = 0.5 * (interval.high / interval.low).ln();
    assert!((half / (1.697 * noise) - 1.0).abs() < 0.06, "{half} {noise}");
}

#[test]
fn a_law_that_misses_the_runs_by_more_than_their_noise_is_reported() {
    let table = table(4, 0.001, |flops| 1.5 + 1e6 * flops.powf(-0.37));
    let found = fit(&PowerLawForm, &table, &squares()).unwrap();
    let repeats = found.pure_error.unwrap();
    assert!(repeats.lack_of_fit.unwrap() < 1e-9, "{repeats:?}");
    assert!(
        found
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::LackOfFit { .. })),
        "{:?}",
        found.warnings
    );
    // Then a new run may miss by as much as these did, not only by the noise.
    let run = predict(&PowerLawForm, &found, &[1e20]).unwrap();
    let interval = run.interval.unwrap();
    assert!(
        (interval.high / interval.low).ln() > 2.0 * found.noise.unwrap()
            && found.noise.unwrap() > 3.0 * repeats.noise,
        "{run:?}"
    );
}

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

#[test]
fn a_run_of_weight_zero_says_nothing() {
    // Forty runs without repeats, so that a new run's noise is drawn from the residuals themselves.
    let mut stream = Stream::new(5, "evidence", 0);
    let flops: Vec<f64> = (0..40).map(|row| 1e16 * 1.4_f64.powi(row)).collect();
    let loss: Vec<f64> = flops
        .iter()
        .map(|flops| power(*flops) * (0.01 * stream.normal()).exp())
        .collect();
    let with = |wild: usize| {
        let weights = [vec![1.0; flops.len()], vec![0.0; wild]].concat();
        let flops = [flops.clone(), vec![1e18; wild]].concat();
        let loss = [loss.clone(), vec![90.0; wild]].concat();
        let table = Observations::new().with("flops", flops).unwrap();
        table.with("loss", loss).unwrap().with_weights(weights).unwrap()
    };
    let options = FitOptions {
        replicates: 100,
        ..FitOptions::default()
    };
    let [alone, beside] = [with(0), with(20)].map(|table| fit(&PowerLawForm, &table, &options).unwrap());
    assert_eq!(
        (&alone.parameters, alone.noise),
        (&beside.parameters, beside.noise)
    );
    let [alone, beside] = [&alone, &beside].map(|fit| predict(&PowerLawForm, fit, &[1e22]).unwrap());
    assert_eq!(alone, beside);
}

#[test]
fn a_law_of_one_parameter_has_a_profile() {
    let table = table(2, 0.01, power);
    let form = Restricted::new(&PowerLawForm).fix("alpha", 0.05).unwrap();
    let fit = fit(&form, &table, &FitOptions::default()).unwrap();
    let found = &fit.parameters["A"];
    assert!(
        found.estimate.identified && found.estimate.covers(25.0),
        "{found:?}"
    );
}

#[test]
fn a_parameter_that_the_data_put_outside_its_range_is_named() {
    let rising = table(3, 0.001, |flops| 2.0 * flops.powf(0.03));
    let fit = fit(&PowerLawForm, &rising, &FitOptions::default()).unwrap();
    let exponent = &fit.parameters["alpha"].estimate;
    assert!(exponent.covers(-0.03) && exponent.identified, "{exponent:?}");
    let said = fit.warnings.iter().map(ToString::to_string).collect::<String>();
    assert!(
        said.contains("alpha is -3.0") && said.contains("outside the 0 to 3"),
        "{said}"
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
fn too_few_replicates_are_refused_and_none_are_said_to_be_none() {
    let table = table(2, 0.01, power);
    let options = |replicates| FitOptions {
        replicates,
        ..FitOptions::default()
    };
    for few in [1, 19] {
        let refused = fit(&PowerLawForm, &table, &options(few)).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("must be 0 for no bootstrap, or 20 and more"),
            "{refused}"
        );
    }
    let without = fit(&PowerLawForm, &table, &options(0)).unwrap();
    assert!(
        without.warnings.contains(&Warning::NoBootstrap),
        "{:?}",
        without.warnings
    );
    let with = fit(&PowerLawForm, &table, &options(20)).unwrap();
    assert!(!with.warnings.contains(&Warning::NoBootstrap));
}

#[test]
fn numbers_beyond_use_are_refused() {
    let table = simulated(&ChinchillaForm, 0.005, 1).unwrap();
    let fitted = fit(&ChinchillaForm, &table, &FitOptions::point_only()).unwrap();
    let refused = predict(&ChinchillaForm, &fitted, &[1e308, 1e308]).unwrap_err();
    assert!(matches!(refused, InputError::OutOfRange { .. }), "{refused}");
    let rows = table.rows();
    let huge = table.clone().with(
        "params",
        (0..rows).map(|row| 1e300 * (1.0 + row as f64)).collect(),
    );
    let refused = fit(&ChinchillaForm, &huge.unwrap(), &FitOptions::point_only()).unwrap_err();
    assert!(
        refused.to_string().contains("between 1e-100 and 1e100"),
        "{refused}"
    );
    let constant = table.with("loss", vec![3.0; rows]).unwrap();
    let refused = fit(&ChinchillaForm, &constant, &FitOptions::point_only()).unwrap_err();
    assert!(
        matches!(refused, FitError::Refused(Refusal::Constant { .. })),
        "{refused}"
    );
}

#[test]
fn a_chance_is_never_said_to_be_none() {
    let bent = table(20, 1e-6, |flops| {
        power(flops) * (1.0 + 0.3 * (flops.ln() / 3.0).sin())
    });
    let fit = fit(&PowerLawForm, &bent, &squares()).unwrap();
    let chance = fit.pure_error.unwrap().lack_of_fit.unwrap();
    assert!(chance > 0.0 && chance < 1e-30, "{chance}");
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
fn a_share_stays_between_0_and_1_or_is_refused() {
    let loss = vec![3.5, 3.2, 3.0, 2.8, 2.6, 2.4];
    let error = vec![0.62, 0.58, 0.54, 0.50, 0.46, 0.41];
    let table = Observations::new().with("loss", loss).unwrap();
    let fit_of = |error: Vec<f64>| {
        fit(
            &ErrorFromLoss,
            &table.clone().with("error", error).unwrap(),
            &FitOptions::default(),
        )
    };
    let found = fit_of(error.clone()).unwrap();
    let near = predict(&ErrorFromLoss, &found, &[2.0]).unwrap();
    let interval = near.interval.unwrap();
    assert!(
        near.value > 0.2 && near.value < 0.41 && interval.low >= 0.0 && interval.high <= 1.0,
        "{near:?}"
    );
    let far = predict(&ErrorFromLoss, &found, &[0.5]).unwrap_err();
    assert!(
        matches!(&far, InputError::NoShare { column, value } if column == "error" && *value < 0.0),
        "{far}"
    );
    let percent = fit_of(error.iter().map(|share| 100.0 * share).collect());
    assert!(
        matches!(
            percent,
            Err(FitError::Input(InputError::OutOfRange { row: 0, .. }))
        ),
        "{percent:?}"
    );
}
