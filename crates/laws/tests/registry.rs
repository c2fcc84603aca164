//! What every form owes: documentation, a unique name, a right gradient, and recovery of its parameters.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use std::sync::LazyLock;
use triaxis_laws::calibration::simulated;
use triaxis_laws::form::{BLOCK, Block, LawForm, MOST_PARAMETERS, Scale};

use triaxis_laws::forms::{ChinchillaForm, Grouped, Kaplan, Restricted, SaturatingPowerLaw, find, registry};
use triaxis_laws::{FitOptions, InputError, Objective, fit};

fn all() -> impl Iterator<Item = &'static dyn LawForm> {
    registry().iter().copied()
}

/// Forms that are made for a table, and so no line of the registry.
static MADE: LazyLock<[Grouped; 3]> = LazyLock::new(|| {
    [
        Grouped::new(&ChinchillaForm, 3).unwrap(),
        Grouped::new(&SaturatingPowerLaw::OF_COMPUTE, 16).unwrap(),
        Grouped::of_parts(&[true, false, true]).unwrap(),
    ]
});

/// All forms, those made for a table among them.
fn every() -> impl Iterator<Item = &'static dyn LawForm> {
    all().chain(MADE.iter().map(|form| form as &dyn LawForm))
}

/// Column coordinates of a natural row.
fn coordinates(form: &dyn LawForm, row: &[f64]) -> Vec<f64> {
    form.inputs()
        .iter()
        .zip(row)
        .map(|(column, value)| column.scale.forward(*value))
        .collect()
}

#[test]
fn every_form_is_documented_and_named_once() {
    let mut names = BTreeSet::new();
    for form in all() {
        let definition = form.definition();
        assert!(
            names.insert(form.name().to_string()),
            "two forms are called {}",
            form.name()
        );
        assert!(
            form.name()
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-'),
            "{}",
            form.name()
        );
        assert!(
            definition.source.contains("20"),
            "{}: the source needs a year",
            form.name()
        );
        assert!(form.parameters().len() <= MOST_PARAMETERS);
        for column in form.inputs() {
            assert!(
                definition.equation.contains(column.name.as_ref()),
                "{}: {} is not in the equation",
                form.name(),
                column.name
            );
        }
        assert!(
            definition.equation.contains(form.response().name.as_ref()),
            "{}",
            form.name()
        );
        for parameter in form.parameters() {
            assert!(
                definition.equation.contains(parameter.name.as_ref()),
                "{}: {}",
                form.name(),
                parameter.name
            );
            assert!(
                !parameter.unit.is_empty() && !parameter.meaning.is_empty() && !parameter.starts.is_empty()
            );
            assert!(
                parameter.range.0 < parameter.range.1
                    && (parameter.scale == Scale::Linear || parameter.range.0 > 0.0)
            );
        }
        let written = serde_json::to_value(definition).unwrap();
        assert_eq!(written["name"], form.name());
        assert_eq!(find(form.name()).unwrap().name(), form.name());
    }
    let error = find("chinchila").err().unwrap().to_string();
    assert!(error.contains("did you mean `chinchilla`?"), "{error}");
}

#[test]
fn every_gradient_matches_differences() {
    for form in every() {
        let example = form.example();
        let count = example.parameters.len();
        assert_eq!(count, form.parameters().len(), "{}", form.name());
        let mut gradient = vec![0.0; count];
        let mut unused = vec![0.0; count];
        for row in &example.rows {
            let inputs = coordinates(form, row);
            let value = form.value(&example.parameters, &inputs, &mut gradient);
            assert!(value.is_finite(), "{} at {row:?}", form.name());
            for at in 0..count {
                let step = 1e-5 * example.parameters[at].abs().max(1e-3);
                let mut shifted = example.parameters.clone();
                shifted[at] += step;
                let above = form.value(&shifted, &inputs, &mut unused);
                shifted[at] -= 2.0 * step;
                let below = form.value(&shifted, &inputs, &mut unused);
                let difference = (above - below) / (2.0 * step);
                let tolerance = 1e-5 * gradient[at].abs() + 1e-9 * value.abs() / step;
                assert!(
                    (gradient[at] - difference).abs() <= tolerance,
                    "{} {} at {row:?}: {} against {difference}",
                    form.name(),
                    form.parameters()[at].name,
                    gradient[at]
                );
            }
        }
    }
}

#[test]
fn every_form_recovers_its_parameters_without_noise() {
    for form in every() {
        let truth = form.example().parameters;
        let objective = Objective::squares(form.definition().residual);
        let options = FitOptions {
            objective: Some(objective),
            ..FitOptions::point_only()
        };
        let fit = fit(form, &simulated(form, 0.0, 0).unwrap(), &options).unwrap();
        for ((parameter, truth), found) in form.parameters().iter().zip(&truth).zip(&fit.best) {
            let tolerance = 2e-2 * truth.abs() + 1e-4;
            assert!(
                (found - truth).abs() <= tolerance,
                "{} {}: {found} for {truth}; objective {:e}",
                form.name(),
                parameter.name,
                fit.objective
            );
        }
    }
}

#[test]
fn every_form_tells_a_linear_parameter_by_its_gradient() {
    for form in every() {
        let example = form.example();
        let inputs = coordinates(form, &example.rows[0]);
        let (mut first, mut second) = (
            vec![0.0; example.parameters.len()],
            vec![0.0; example.parameters.len()],
        );
        form.value(&example.parameters, &inputs, &mut first);
        let mut other = example.parameters.clone();
        for at in form.definition().linear.iter() {
            other[*at] *= 1.7;
        }
        form.value(&other, &inputs, &mut second);
        for at in form.definition().linear.iter() {
            assert!(
                (first[*at] - second[*at]).abs() <= 1e-12 * first[*at].abs(),
                "{} {at}",
                form.name()
            );
        }
    }
}

#[test]
fn blocks_of_rows_have_the_values_of_single_rows() {
    for form in every() {
        let example = form.example();
        let (width, count) = (form.inputs().len(), example.parameters.len());
        for rows in example.rows.chunks_exact(BLOCK) {
            let rows: Vec<Vec<f64>> = rows.iter().map(|row| coordinates(form, row)).collect();
            let columns = (0..width).map(|column| std::array::from_fn(|row| rows[row][column]));
            let columns: Vec<[f64; BLOCK]> = columns.collect();
            let mut blocks = [Block::EMPTY];
            form.values(&example.parameters, &columns, &mut blocks);
            for (at, row) in rows.iter().enumerate() {
                let mut gradient = vec![0.0; count];
                let value = form.value(&example.parameters, row, &mut gradient);
                let close = |one: f64, other: f64| (one - other).abs() <= 1e-12 * other.abs();
                assert!(close(blocks[0].values[at], value), "{} at {row:?}", form.name());
                for (slopes, slope) in blocks[0].slopes.iter().zip(&gradient) {
                    assert!(close(slopes[at], *slope), "{} at {row:?}", form.name());
                }
            }
        }
    }
}

#[test]
fn a_group_has_a_floor_and_arms_to_compare() {
    let error = |made: Result<Grouped, InputError>| made.err().unwrap().to_string();
    let of_kaplan = error(Grouped::new(&Kaplan, 2));
    assert!(
        of_kaplan.contains("no parameter `E` in form `kaplan`"),
        "{of_kaplan}"
    );
    for arms in [1, 17] {
        let refused = error(Grouped::new(&ChinchillaForm, arms));
        assert!(
            refused.contains(&format!("arms is {arms}: it must be at least 2")),
            "{refused}"
        );
    }
    assert_eq!(
        MADE[0].definition().equation,
        "loss = E + k (A / params^alpha + B / tokens^beta), k = 1 of arm 0, k_1 of arm 1, k_2 of arm 2"
    );
}

#[test]
fn restrictions_hold_and_tie() {
    let form = Restricted::new(&Kaplan)
        .tie("alpha_D", "alpha_N")
        .unwrap()
        .fix("N_c", 1e13)
        .unwrap();
    let names: Vec<&str> = form
        .parameters()
        .iter()
        .map(|parameter| parameter.name.as_ref())
        .collect();
    assert_eq!(names, ["D_c", "alpha_N"]);
    assert_eq!(form.full(&[1e12, 0.1]), [1e13, 1e12, 0.1, 0.1]);
    assert_eq!(
        form.definition().equation,
        "loss = ((1e13 / params)^(alpha_N / alpha_D) + D_c / tokens)^alpha_D"
    );
    assert_eq!(form.held().collect::<Vec<_>>(), [("N_c", 1e13)]);
    for (name, value, rule) in [("N_c", -1.0, "zero or more"), ("alpha_N", f64::NAN, "finite")] {
        let error = Restricted::new(&Kaplan)
            .fix(name, value)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(rule), "{error}");
    }
    let one = Restricted::new(find("power-law").unwrap()).fix("A", 1.0).unwrap();
    let error = one.fix("alpha", 0.1).err().unwrap().to_string();
    assert!(error.contains("nothing would be left"), "{error}");
    let error = Restricted::new(&Kaplan)
        .fix("alpha", 1.0)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("it has N_c, D_c, alpha_N, alpha_D"), "{error}");
}
