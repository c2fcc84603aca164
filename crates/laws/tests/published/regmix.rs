//! Liu et al. 2024 (RegMix): 512 mixtures of 17 domains at 1M parameters rank those of larger models.

use std::sync::LazyLock;

use triaxis_laws::mixture::{
    MixtureForm, MixtureOptions, Mixtures, Prior, Regressor, SearchOptions, best_mixture, fit_mixture,
    rank_correlation,
};

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Liu et al. 2024 (RegMix): mixtures of 17 domains, ranked",
    files: "regmix/*.csv",
    differs: "Rank correlations of the loss on Pile-CC, fitted to the 512 models of 1M parameters. The linear law is the \
        paper's regression; the forms with logarithms and \
        exponents are not in it. The trees are boosted as LightGBM's, which the paper takes, with its number of leaves and \
        rows in a leaf; the paper stops adding trees where its test set says so, here their number is fixed. The optimum \
        is the mean of the best of 10,000 draws around the Pile's shares of tokens, none above fifteen times its own, with \
        where 20 refits to runs drawn again put it; the published one, of 100,000 draws without caps, has 87% to 89% of \
        Pile-CC and 6% of Ubuntu IRC. With logarithms 0.895 at 1B needs an intercept beside all \
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

/// Shares of the tokens of the Pile's domains, around which Liu et al. drew, in the order of the tables.
const PILE: [f64; 17] = [
    0.113285273,
    0.079608651,
    0.003913491,
    0.185375901,
    0.051081359,
    0.015962925,
    0.101750772,
    0.003707518,
    0.066529351,
    0.001750772,
    0.027085479,
    0.236869207,
    0.01184346,
    0.007929969,
    0.008032956,
    0.038825953,
    0.046446962,
];
/// The place of Pile-CC among them.
const PILE_CC: usize = 11;
/// That of Ubuntu IRC.
const UBUNTU_IRC: usize = 12;
/// How often a domain may be seen, as Liu et al. cap their draws: times its share of the tokens.
const MOST_EPOCHS: f64 = 15.0;

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
            let ours = rank_correlation(&predicted, losses).unwrap();
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
    for ((size, (shares, losses)), least) in sets.iter().zip([0.985, 0.98, 0.96]) {
        let predicted = Regressor::Trees.predicted(&train, shares).unwrap();
        let ours = rank_correlation(&predicted, losses).unwrap();
        rows.push(Row::holds(
            format!("trees: rank correlation at {size} of {least} or more"),
            ours >= least,
            format!("{ours:.3}"),
        ));
    }
    rows.extend(optimum(&train));
    Some(rows)
}

/// The best mixture by their procedure: the mean of the best of draws around the Pile's own shares, by the regressor that
/// predicts mixtures left out best.
fn optimum(train: &Mixtures) -> Vec<Row> {
    let caps = PILE.map(|share| (MOST_EPOCHS * share).min(1.0));
    let prior = Prior::new(&PILE, 1.0, [1.0; 2], &caps).unwrap();
    let options = SearchOptions {
        candidates: 10_000,
        top: 13,
        refits: 20,
        ..SearchOptions::default()
    };
    let best = best_mixture(train, &prior, &PILE, &options).unwrap();
    let share = |domain: usize| {
        let ends = best.shares[domain].interval.unwrap();
        format!(
            "{:.3} ({:.3} to {:.3})",
            best.shares[domain].value, ends.low, ends.high
        )
    };
    let ends = best.shares[PILE_CC].interval.unwrap();
    vec![
        Row::holds(
            "trees predict mixtures left out best".to_owned(),
            best.regressor == Regressor::Trees,
            best.regressor.name().to_owned(),
        ),
        Row::holds(
            "the best mixture's share of Pile-CC within 0.8 to 0.95, with its spread".to_owned(),
            0.8 <= ends.low && ends.high <= 0.95,
            share(PILE_CC),
        ),
        Row::holds(
            "Ubuntu IRC is in it with more than three times its tokens' share".to_owned(),
            best.shares[UBUNTU_IRC].value > 3.0 * PILE[UBUNTU_IRC],
            share(UBUNTU_IRC),
        ),
    ]
}
