//! Liu et al. 2024 (RegMix): 512 mixtures of 17 domains at 1M parameters rank those of larger models.

use std::sync::LazyLock;

use triaxis_laws::mixture::{MixtureForm, MixtureOptions, Mixtures, fit_mixture};

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Liu et al. 2024 (RegMix): mixtures of 17 domains, ranked",
    files: "regmix/*.csv",
    differs: "Rank correlations of the loss on Pile-CC, fitted to the 512 models of 1M parameters. The linear law is the \
        paper's regression; the others are not in the paper. With logarithms 0.895 at 1B needs an intercept beside all \
        shares, which only the rounding of their sum to 1 tells from them.",
    rows: LazyLock::new(rows),
};

#[test]
fn reproduces() {
    STUDY.check();
}

/// Mixtures and their loss on Pile-CC.
fn runs(mixtures: &str, losses: &str) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let (mixtures, losses) = (
        csv(&format!("regmix/{mixtures}.csv"))?,
        csv(&format!("regmix/{losses}.csv"))?,
    );
    assert_eq!(mixtures.numbers("index"), losses.numbers("index"));
    let domains = mixtures.header.iter().filter(|name| *name != "index");
    let shares: Vec<Vec<f64>> = domains.map(|name| mixtures.numbers(name)).collect();
    let row = |at: usize| shares.iter().map(|column| column[at]).collect();
    let rows = (0..mixtures.rows.len()).map(row).collect();
    Some((rows, losses.numbers("metric/the_pile_pile_cc_val_loss")))
}

/// The rank of each value; equal ones share theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |value: f64| values.iter().filter(|other| **other < value).count() as f64;
    let equal = |value: f64| values.iter().filter(|other| **other == value).count() as f64;
    values
        .iter()
        .map(|value| below(*value) + 0.5 * (equal(*value) - 1.0))
        .collect()
}

/// Spearman's rank correlation.
fn spearman(one: &[f64], other: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let ranks = ranks(values);
        let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
        ranks.iter().map(|rank| rank - mean).collect::<Vec<f64>>()
    };
    let (one, other) = (centred(one), centred(other));
    let product =
        |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt()
}

fn rows() -> Option<Vec<Row>> {
    let (shares, losses) = runs("train_mixture_1m", "train_pile_loss_1m")?;
    let train = Mixtures::new(&shares, &losses).unwrap();
    let tests = [("1M", "1m"), ("60M", "60m"), ("1B", "1B")];
    let sets: Option<Vec<_>> = tests
        .iter()
        .map(|(name, file)| {
            let runs = runs(&format!("test_mixture_{file}"), &format!("test_pile_loss_{file}"))?;
            Some((*name, runs))
        })
        .collect();
    let sets = sets?;
    let options = MixtureOptions {
        replicates: 0,
        ..MixtureOptions::default()
    };
    let mut rows = Vec::new();
    for form in MixtureForm::ALL {
        let fit = fit_mixture(form, &train, &options).unwrap();
        for (at, (size, (shares, losses))) in sets.iter().enumerate() {
            let predicted: Vec<f64> = shares.iter().map(|row| fit.predict(row).unwrap().value).collect();
            let ours = spearman(&predicted, losses);
            rows.push(match form {
                MixtureForm::Linear => Row::near(
                    format!("linear law: rank correlation at {size}"),
                    ours,
                    [0.902, 0.893, 0.879][at],
                    0.001,
                )
                .published(["0.9008", "0.8926", "0.8801"][at]),
                MixtureForm::Logarithmic => Row::near(
                    format!("with logarithms: rank correlation at {size}"),
                    ours,
                    [0.987, 0.982, 0.893][at],
                    0.001,
                )
                .published(["0.987", "0.982", "0.895"][at]),
                MixtureForm::Exponential => {
                    let least = [0.95, 0.95, 0.97][at];
                    Row::holds(
                        format!("Ye's law: rank correlation at {size} of {least} or more"),
                        ours >= least,
                        format!("{ours:.3}"),
                    )
                }
            });
        }
    }
    Some(rows)
}
