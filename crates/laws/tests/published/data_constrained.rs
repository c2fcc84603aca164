//! Muennighoff et al. 2023: 182 runs with repeated data. The published optimum is a local minimum.

use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{DataConstrained, Restricted};
use triaxis_laws::{FitOptions, HeldOut, Observations, Starts, fit};

use crate::files::{csv, reproduces};

fn runs() -> Option<Observations> {
    let columns = [
        ("params", "params"),
        ("tokens", "tokens"),
        ("unique_tokens", "unique_tokens"),
        ("loss", "val_loss"),
    ];
    Some(csv("datablations/runs_182.csv")?.observations(&columns))
}

/// The published constants of the law without repeats, with R_D and R_N left to fit.
fn published() -> Restricted<'static> {
    let held = [
        ("A", 6.255414_f64.exp()),
        ("B", 7.3049974_f64.exp()),
        ("E", 0.6254804_f64.exp()),
    ];
    let held = held
        .into_iter()
        .chain([("alpha", 0.3526596), ("beta", 0.3526596)]);
    held.fold(Restricted::new(&DataConstrained), |form, (name, value)| {
        form.fix(name, value).unwrap()
    })
}

#[test]
fn published_minimum_from_its_start() {
    let Some(runs) = runs() else { return };
    let form = published();
    let options = FitOptions {
        starts: Starts::Given(vec![vec![13.3, 6.7]]),
        ..FitOptions::point_only()
    };
    let fit = fit(&form, &runs, &options).unwrap();
    reproduces("objective", fit.objective, 0.0158259, 1e-7);
    reproduces("R_D", fit.parameter("R_D").unwrap(), 15.387756, 0.1);
    reproduces("R_N", fit.parameter("R_N").unwrap(), 5.309743, 0.1);
}

#[test]
fn a_better_minimum_exists_and_repeats_are_unidentified() {
    let Some(runs) = runs() else { return };
    let form = published();
    assert_eq!(form.parameters().len(), 2);
    let options = FitOptions {
        replicates: 0,
        holdout: HeldOut::None,
        ..FitOptions::default()
    };
    let fit = fit(&form, &runs, &options).unwrap();
    println!("objective {}, minima {:?}", fit.objective, fit.minima);
    assert!(fit.objective <= 0.0158048, "{}", fit.objective);
    reproduces("R_D", fit.parameter("R_D").unwrap(), 95.4, 2.0);
    reproduces("R_N", fit.parameter("R_N").unwrap(), 1.71, 0.02);
    let repeats = fit.parameters["R_D"].estimate;
    println!("R_D {repeats:?}");
    assert!(
        !repeats.identified && repeats.low < 10.0 && repeats.high >= 1e4,
        "{repeats:?}"
    );
}
