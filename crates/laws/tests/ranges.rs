//! What is beyond the range of a parameter, and beyond the runs fitted.

#![allow(clippy::unwrap_used)]

use triaxis_laws::calibration::simulated;
use triaxis_laws::forms::{ChinchillaForm, CoupledForm, DataConstrained};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, Observations, Reach, Warning, fit, predict};

/// Six sizes by three budgets of a loss whose floor is zero or hard to tell from it.
fn small_ladder(floor: f64) -> Observations {
    let mut stream = Stream::new(11, "small ladder", 0);
    let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
    for budget in [3e11, 6e11, 1.2e12] {
        for n in [26e3, 42e3, 60e3, 80e3, 105e3, 133e3] {
            let d: f64 = budget / (6.0 * n);
            let sum = 2896.0 / n.powf(0.556) + 4895.0 / d.powf(0.469);
            params.push(n);
            tokens.push(d);
            loss.push((floor + sum.powf(0.45)) * (0.01 * stream.normal()).exp());
        }
    }
    let table = Observations::new().with("params", params).unwrap();
    let table = table.with("tokens", tokens).unwrap();
    table.with("loss", loss).unwrap()
}

#[test]
fn a_floor_of_zero_is_open_below_and_bounded_above() {
    let fit = fit(&CoupledForm, &small_ladder(0.0), &FitOptions::default()).unwrap();
    let floor = &fit.parameters["E"].estimate;
    assert!(
        floor.open_below && !floor.open_above && !floor.identified,
        "{floor:?}"
    );
    assert!(
        floor
            .interval
            .is_some_and(|of| (of.low / 1e-4 - 1.0).abs() < 1e-9 && floor.value >= of.low),
        "{floor:?}"
    );
    // As far as fits with the floor held there are about as good.
    let interval = floor.interval.unwrap();
    assert!(interval.high > 0.5 && interval.high < 3.0, "{floor:?}");
    let replicates = fit.derived(|parameters| parameters[0]);
    assert!(replicates.interval.unwrap().high > 0.5, "{replicates:?}");
    let said = fit
        .warnings
        .iter()
        .find(|said| matches!(said, Warning::Unidentified { parameter, .. } if parameter == "E"));
    let said = said.map(ToString::to_string).unwrap_or_default();
    assert!(
        said.starts_with("E is unidentified from below: the data allow 1.0000e-4"),
        "{said}"
    );
}

#[test]
fn a_parameter_without_end_is_brought_back_to_its_range() {
    // Without repeats nothing tells how fast they lose their worth.
    let table = simulated(&ChinchillaForm, 0.005, 1).unwrap();
    let tokens = table.column("tokens").unwrap().to_vec();
    let unique = tokens.iter().enumerate().map(|(row, tokens)| match row % 7 {
        0 => tokens / 1.5,
        _ => *tokens,
    });
    let table = table.with("unique_tokens", unique.collect()).unwrap();
    let fit = fit(&DataConstrained, &table, &FitOptions::default()).unwrap();
    for (name, found) in &fit.parameters {
        let estimate = found.estimate;
        assert!(estimate.covers(estimate.value), "{name} {estimate:?}");
        assert!(
            estimate.interval.unwrap().high <= 1.000_001e20,
            "{name} {estimate:?}"
        );
        for (low, high) in found.intervals.values() {
            assert!(low <= high, "{name} {found:?}");
        }
    }
    let worth = &fit.parameters["R_D"].estimate;
    assert!(
        worth.open_above && (worth.interval.unwrap().high / 1e4 - 1.0).abs() < 1e-9,
        "{worth:?}"
    );
}

#[test]
fn a_prediction_knows_how_far_it_reaches_in_every_input() {
    let table = simulated(&ChinchillaForm, 0.005, 1).unwrap();
    let fit = fit(&ChinchillaForm, &table, &FitOptions::point_only()).unwrap();
    // Sizes of 5e7 to 1.5e10, tokens of 1e9 to 3e11.
    let reach = predict(&ChinchillaForm, &fit, &[1e6, 3e13]).unwrap().reach;
    for (name, expected) in [
        ("params", 0.02),
        ("tokens", 100.0),
        ("tokens/params", 5000.0),
        ("compute", 1.0),
    ] {
        assert!((reach[name].factor / expected - 1.0).abs() < 1e-9, "{reach:?}");
    }
    let within = predict(&ChinchillaForm, &fit, &[1.5e10, 1e9]).unwrap().reach;
    assert!(within.values().all(Reach::is_within), "{within:?}");
}

#[test]
fn a_run_between_others_in_each_input_may_be_beyond_them_in_both() {
    // 5 to 120 tokens a parameter; sizes from 1e7 to 1e9.
    let (mut params, mut tokens) = (vec![], vec![]);
    for size in [1e7, 1e8, 1e9] {
        for ratio in [5.0, 20.0, 120.0] {
            params.push(size);
            tokens.push(ratio * size);
        }
    }
    let loss = params
        .iter()
        .zip(&tokens)
        .map(|(n, d): (&f64, &f64)| 1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37));
    let table = Observations::new().with("loss", loss.collect()).unwrap();
    let table = table
        .with("params", params)
        .unwrap()
        .with("tokens", tokens)
        .unwrap();
    let fit = fit(&ChinchillaForm, &table, &FitOptions::point_only()).unwrap();
    let at = |params: f64, tokens: f64| predict(&ChinchillaForm, &fit, &[params, tokens]).unwrap();
    let beyond = at(1e7, 4.56e10);
    assert!(beyond.reach["params"].is_within() && beyond.reach["tokens"].is_within());
    assert!(
        (beyond.reach["tokens/params"].factor - 38.0).abs() < 1e-9,
        "{beyond:?}"
    );
    assert_eq!(beyond.extrapolation(), None);
    // Beyond a hundred times in an input or ratio, and ten thousand in compute, it is no prediction.
    let said = at(1e7, 1.3e11).extrapolation().unwrap();
    assert!(
        said.starts_with("tokens/params is 108 times above all that was fitted"),
        "{said}"
    );
    let said = at(2e11, 4e12).extrapolation().unwrap();
    assert!(said.starts_with("params is 200 times above"), "{said}");
    let said = at(1e12, 2e13).extrapolation().unwrap();
    assert!(said.starts_with("compute is 166667 times above"), "{said}");
    assert_eq!(at(9e10, 2e12).extrapolation(), None);
}
