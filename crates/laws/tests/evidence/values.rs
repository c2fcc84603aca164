//! Values at the ends of their ranges, and beyond use.

use triaxis_laws::calibration::simulated;
use triaxis_laws::forms::{ChinchillaForm, ErrorFromLoss, PowerLawForm, Restricted};
use triaxis_laws::{FitError, FitOptions, InputError, Observations, Refusal, fit, predict};

use crate::{power, table};

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
