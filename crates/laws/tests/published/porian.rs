//! Porian et al. 2024: why Kaplan's and Chinchilla's exponents differ.

use std::sync::LazyLock;

use triaxis_laws::approach::PowerLaw;

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Porian et al. 2024: from Kaplan's exponent to Chinchilla's",
    files: "porian/optimal_pairs.csv, porian/published_fits.csv",
    differs: "The exponent of N*(C), step by step from Kaplan's way of counting and training to Chinchilla's, by plain \
        least squares in logarithms through the published optima. Budgets without a published optimum are left out, as \
        there. No difference.",
    rows: LazyLock::new(|| {
        let (pairs, published) = (
            csv("porian/optimal_pairs.csv")?,
            csv("porian/published_fits.csv")?,
        );
        let keys = ["dataset", "hparams", "warmup", "decay", "param_count", "val"];
        let rows = published.rows.iter().zip(published.numbers("n_exponent"));
        let rows = rows.map(|(row, exponent)| {
            let labels = keys.map(|key| row[published.at(key)].as_str());
            let chosen = keys.iter().zip(labels);
            let chosen = chosen.fold(pairs.only("dataset", labels[0]), |table, (key, label)| {
                table.only(key, label)
            });
            let pairs = chosen.numbers("flops").into_iter().zip(chosen.numbers("n_opt"));
            let (flops, params): (Vec<f64>, Vec<f64>) =
                pairs.filter(|(_, params)| params.is_finite()).unzip();
            let law = PowerLaw::through(&flops, &params).unwrap();
            Row::near(labels.join(", "), law.exponent.value, exponent, 1e-13)
        });
        Some(rows.collect())
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
