//! Brown et al. 2020 (GPT-3): loss curves of eight sizes. The largest from the others.

use std::sync::LazyLock;

use triaxis_laws::form::Residual;
use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::{
    Fit, FitOptions, Objective, Observations, Prediction, Reduction, Robust, Warning, fit, predict,
};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

/// From the smallest on.
const SIZES: [&str; 8] = ["small", "medium", "large", "xl", "2.7b", "6.7b", "13b", "175b"];

pub(crate) static STUDY: Study = Study {
    title: "Brown et al. 2020 (GPT-3): loss curves, and which of them a prediction needs",
    files: "gpt3-curves/gpt3_val_curves.csv",
    differs: "The curves are digitised from the paper's figure by Choshen et al. 2024; the last 30% of each is used. \
        Rows of one model are one run, so that three models tell of no noise: the prediction from them has no interval, \
        and is refused as an extrapolation.",
    rows: LazyLock::new(rows),
};

#[test]
fn reproduces() {
    STUDY.check();
}

/// The last 30% of a model's curve, or its end alone.
fn last(table: &Table, model: &str, end_alone: bool) -> Vec<[f64; 3]> {
    let of_model = table.only("model", model);
    let columns = ["N", "D", "val_loss"].map(|name| of_model.numbers(name));
    let mut rows: Vec<[f64; 3]> = (0..columns[0].len())
        .map(|at| [columns[0][at], columns[1][at], columns[2][at]])
        .collect();
    rows.sort_by(|one, other| one[1].total_cmp(&other[1]));
    let kept = if end_alone { 1 } else { 3 * rows.len() / 10 };
    rows.split_off(rows.len() - kept)
}

fn fitted(table: &Table, models: &[&str], ends_alone: bool) -> Fit {
    let rows: Vec<(usize, [f64; 3])> = models
        .iter()
        .enumerate()
        .flat_map(|(model, name)| {
            last(table, name, ends_alone)
                .into_iter()
                .map(move |row| (model, row))
        })
        .collect();
    let column = |at: usize| rows.iter().map(|(_, row)| row[at]).collect::<Vec<f64>>();
    let labels: Vec<usize> = rows.iter().map(|(model, _)| *model).collect();
    let names = ["params", "tokens", "loss"].into_iter().enumerate();
    let runs = names.fold(Observations::new(), |table, (at, name)| {
        table.with(name, column(at)).unwrap()
    });
    let runs = runs.with_groups(&labels).unwrap();
    let options = FitOptions {
        objective: Some(Objective {
            residual: Residual::Log,
            robust: Robust::Huber { delta: 1e-2 },
            reduction: Reduction::Sum,
            weight_above: 1.0,
        }),
        replicates: 40,
        profile: false,
        ..FitOptions::point_only()
    };
    fit(&ChinchillaForm, &runs, &options).unwrap()
}

/// What a fit says of the end of the largest model's curve, its error there, and its mean error over the last 30%, in
/// percent.
fn of_largest(table: &Table, fit: &Fit) -> (Prediction, f64, f64) {
    let rows = last(table, SIZES[7], false);
    let said = |row: &[f64; 3]| predict(&ChinchillaForm, fit, &row[..2]).unwrap();
    let errors = rows.iter().map(|row| (said(row).value / row[2] - 1.0).abs());
    let mean = errors.sum::<f64>() / rows.len() as f64;
    let end = &rows[rows.len() - 1];
    let at_end = (said(end).value / end[2] - 1.0).abs();
    (said(end), 100.0 * at_end, 100.0 * mean)
}

fn rows() -> Option<Vec<Row>> {
    let table = csv("gpt3-curves/gpt3_val_curves.csv")?;
    let seven = fitted(&table, &SIZES[..7], false);
    let three = fitted(&table, &SIZES[..3], false);
    let ends = fitted(&table, &SIZES[..7], true);
    let (said, at_end, error) = of_largest(&table, &seven);
    let (_, of_ends, _) = of_largest(&table, &ends);
    let (far, _, of_three) = of_largest(&table, &three);
    let few = three
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::FewRuns { runs: 3, .. }));
    let percent = |error: f64| format!("{error:.2}%");
    Some(vec![
        Row::holds(
            "seven sizes predict 175B within 1.5%",
            error <= 1.5,
            percent(error),
        ),
        Row::holds(
            "and that is trusted: a prediction with its interval",
            said.interval.is_some() && said.extrapolation().is_none(),
            said.interval.map_or("none".into(), |ends| {
                format!("{:.3} to {:.3}", ends.low, ends.high)
            }),
        ),
        Row::holds(
            "the ends of their curves alone do worse at the end of 175B's",
            of_ends > at_end,
            format!("{} against {}", percent(of_ends), percent(at_end)),
        ),
        Row::holds(
            "the three smallest miss it by more than 10%",
            of_three > 10.0,
            percent(of_three),
        ),
        Row::holds(
            "and that is flagged: too few runs, no interval, an extrapolation",
            few && far.interval.is_none() && far.extrapolation().is_some(),
            far.extrapolation().unwrap_or_default(),
        ),
    ])
}
