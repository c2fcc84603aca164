//! Kim et al. 2025: pre-training with endless compute on 200M tokens.

use std::sync::LazyLock;

use triaxis_laws::data_multiplier;

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Kim et al. 2025: what 200M tokens are worth with endless compute",
    files: "kim-infinite-compute/losses_200m_tokens.csv",
    differs: "The multipliers follow from the standard recipe's best loss and its data law, of which only a range of \
        constants is published: its ends are given. The limits behind them are extrapolated from four models each, \
        three times over, so 4 to 6 times is all that can be said. The text of a plan takes such losses as its worth: \
        `worth = { standard = 3.75, loss = 3.43, floor = 1.89, exponent = 0.23 }`.",
    rows: LazyLock::new(rows),
};

#[test]
fn reproduces() {
    STUDY.check();
}

fn rows() -> Option<Vec<Row>> {
    let table = csv("kim-infinite-compute/losses_200m_tokens.csv")?;
    let losses = table.numbers("loss");
    let recipe = table.at("recipe");
    let of = |name: &str| {
        let named = table.rows.iter().position(|row| row[recipe].starts_with(name));
        losses[named.unwrap()]
    };
    let standard = losses[..4].iter().copied().fold(f64::INFINITY, f64::min);
    let multiplier = |loss, (floor, exponent)| data_multiplier(standard, loss, floor, exponent).unwrap();
    let (low, high) = ((1.89, 0.23), (1.96, 0.24));
    let (one, all) = (of("regularised N to infinity"), of("joint N and K to infinity"));
    let row = |what: &str, ours, expected, published: &str| {
        Row::near(what, ours, expected, 0.01).published(published)
    };
    Some(vec![
        row(
            "one regularised model without end, E = 1.89, alpha = 0.23",
            multiplier(one, low),
            2.27,
            "2.29",
        ),
        row(
            "the same, E = 1.96, alpha = 0.24",
            multiplier(one, high),
            2.27,
            "2.29",
        ),
        row(
            "models and ensembles without end, E = 1.89, alpha = 0.23",
            multiplier(all, low),
            5.07,
            "5.17",
        ),
        row(
            "the same, E = 1.96, alpha = 0.24",
            multiplier(all, high),
            5.11,
            "5.17",
        ),
    ])
}
