//! Porian et al. 2024: why Kaplan's and Chinchilla's exponents differ.

use std::sync::LazyLock;

use triaxis_laws::FitOptions;
use triaxis_laws::approach::{Curve, Frontier, PowerLaw, Run};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Porian et al. 2024: from Kaplan's exponent to Chinchilla's",
    files: "porian/optimal_pairs.csv, porian/isoflop_points.csv, porian/published_fits.csv",
    differs: "The exponent of N*(C), step by step from Kaplan's way of counting and training to Chinchilla's, by plain \
        least squares in logarithms through the published optima: no difference. Budgets without a published optimum \
        are left out, as there. Then from the runs themselves, an Akima curve a budget: the published optima are means \
        over draws of seed noise, ours the minima of the curves, so the exponents differ in the third digit.",
    rows: LazyLock::new(|| {
        let (pairs, points, published) = (
            csv("porian/optimal_pairs.csv")?,
            csv("porian/isoflop_points.csv")?,
            csv("porian/published_fits.csv")?,
        );
        let keys = ["dataset", "hparams", "warmup", "decay", "param_count", "val"];
        let series = |table: &Table, labels: [&str; 6]| {
            let labelled = keys.iter().zip(labels);
            labelled.fold(table.only(keys[0], labels[0]), |table, (key, label)| {
                table.only(key, label)
            })
        };
        let mut rows = Vec::new();
        for from_runs in [false, true] {
            for (row, exponent) in published.rows.iter().zip(published.numbers("n_exponent")) {
                let labels = keys.map(|key| row[published.at(key)].as_str());
                rows.push(match from_runs {
                    false => {
                        let ours = of_optima(&series(&pairs, labels));
                        Row::near(labels.join(", "), ours, exponent, 1e-13)
                    }
                    true => {
                        let ours = of_runs(&series(&points, labels));
                        Row::near(
                            format!("from the runs: {}", labels.join(", ")),
                            ours,
                            exponent,
                            4e-3,
                        )
                    }
                });
            }
        }
        Some(rows)
    }),
};

/// The exponent through published optima.
fn of_optima(pairs: &Table) -> f64 {
    let pairs = pairs.numbers("flops").into_iter().zip(pairs.numbers("n_opt"));
    let (flops, params): (Vec<f64>, Vec<f64>) = pairs.filter(|(_, params)| params.is_finite()).unzip();
    PowerLaw::through(&flops, &params).unwrap().exponent.value
}

/// The exponent through the optima of the runs.
fn of_runs(points: &Table) -> f64 {
    let [flops, params, tokens, loss] =
        ["flops", "params", "tokens", "loss"].map(|name| points.numbers(name));
    let runs: Vec<Run> = (0..flops.len())
        .map(|row| Run {
            params: params[row],
            tokens: tokens[row],
            flops: flops[row],
            loss: loss[row],
            budget: Some(flops[row]),
        })
        .collect();
    let found = Frontier::Budgets(Curve::Akima)
        .fit(&runs, &FitOptions::point_only())
        .unwrap();
    found.fit.parameter("a").unwrap()
}

#[test]
fn reproduces() {
    STUDY.check();
}
