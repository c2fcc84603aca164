//! The noise of one run, as repeats and residuals tell it.

use triaxis_laws::forms::PowerLawForm;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, Observations, Resampling, Warning, fit, predict};

use crate::{power, squares, table};

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
fn a_chance_is_never_said_to_be_none() {
    let bent = table(20, 1e-6, |flops| {
        power(flops) * (1.0 + 0.3 * (flops.ln() / 3.0).sin())
    });
    let fit = fit(&PowerLawForm, &bent, &squares()).unwrap();
    let chance = fit.pure_error.unwrap().lack_of_fit.unwrap();
    assert!(chance > 0.0 && chance < 1e-30, "{chance}");
}

#[test]
fn rows_too_few_to_be_drawn_are_said_not_to_be() {
    let options = FitOptions {
        resampling: Some(Resampling::Case),
        replicates: 50,
        ..squares()
    };
    let of = |rows: usize| {
        let table = table(2, 0.01, power);
        let few: Vec<bool> = (0..table.rows()).map(|row| row < rows).collect();
        fit(&PowerLawForm, &table.filtered(&few), &options).unwrap()
    };
    let (few, enough) = (of(11), of(12));
    let said = Warning::FewForCases {
        freedom: 9,
        needed: 10,
    };
    assert_eq!(
        (few.resampling, enough.resampling),
        (Resampling::Residual, Resampling::Case)
    );
    assert!(few.warnings.contains(&said), "{:?}", few.warnings);
    let over = |warning: &Warning| matches!(warning, Warning::FewForCases { .. });
    assert!(!enough.warnings.iter().any(over), "{:?}", enough.warnings);
}
