//! The published numbers of Sardana et al. 2023, and what rounding makes of them.

use std::sync::LazyLock;

use triaxis_laws::forms::{Allocation, Coupled};
use triaxis_plan::allocate::{Expense, least_expense};
use triaxis_plan::published;

use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Sardana et al. 2023: training and serving together",
    files: "no file: constants of laws as printed",
    differs: "The least lifetime operations for the loss of a Chinchilla-optimal model, by the paper's law with its exponents \
        of three digits. With Chinchilla's as they are mostly quoted, rounded to two, only 10.1% are saved, and at Gopher's \
        budget a parameter has 92.6 tokens, where the refit of the same runs has 18.4.",
    rows: LazyLock::new(|| Some(rows())),
};

#[test]
fn reproduces() {
    STUDY.check();
}

/// The Chinchilla-optimal run of `params` parameters, the least lifetime operations for its loss with `served` tokens, and
/// the operations saved, with their share.
fn against_optimal(law: &Coupled, params: f64, served: f64) -> (Allocation, Allocation, f64, f64) {
    // Where alpha A / N^alpha = beta B / D^beta.
    let tokens = (law.beta * law.B / (law.alpha * law.A) * params.powf(law.alpha)).powf(law.beta.recip());
    let optimal = Allocation { params, tokens };
    let expense = Expense::flops(served);
    let chosen = least_expense(law, law.loss(params, tokens), expense).unwrap();
    let saved = expense.of(optimal) - expense.of(chosen);
    (optimal, chosen, saved, saved / expense.of(optimal))
}

fn rows() -> Vec<Row> {
    let law = |name: &str| Coupled::from(published::find(name).unwrap().law);
    let (paper, rounded) = (law("sardana-2023"), law("hoffmann-2022"));
    let (_, large, saved, share) = against_optimal(&paper, 13e9, 2e12);
    let (seven, small, ..) = against_optimal(&paper, 7e9, 1e11);
    // Section 2 of the paper: 28% fewer operations from a 13.6B model on 2.84 times the data.
    let (thirty, less, _, third) = against_optimal(&paper, 30e9, 1e13);
    let by_rounded = against_optimal(&rounded, 13e9, 2e12).3;
    let at_gopher = |name: &str| {
        let best = published::find(name).unwrap().law.optimum(5.76e23, 6.0).unwrap();
        best.tokens / best.params
    };
    vec![
        Row::near(
            "13B's quality, 2T tokens served: parameters, B",
            large.params / 1e9,
            6.97,
            0.005,
        ),
        Row::near("the same: operations saved, 1e22", saved / 1e22, 1.69, 0.005),
        Row::near("the same: of all, %", 100.0 * share, 17.4, 0.05),
        Row::near(
            "7B's quality, 100B tokens served: parameters, B",
            small.params / 1e9,
            6.00,
            0.005,
        ),
        Row::near(
            "the same: times the data",
            small.tokens / seven.tokens,
            1.18,
            0.005,
        ),
        Row::near(
            "30B's quality, 10T tokens served: parameters, B",
            less.params / 1e9,
            13.6,
            0.05,
        ),
        Row::near(
            "the same: times the data",
            less.tokens / thirty.tokens,
            2.84,
            0.006,
        ),
        Row::near("the same: operations saved, %", 100.0 * third, 28.0, 0.5),
        Row::near(
            "13B's quality by rounded exponents: operations saved, %",
            100.0 * by_rounded,
            10.1,
            0.05,
        )
        .published("–"),
        Row::near(
            "tokens a parameter at 5.76e23, constants as printed",
            at_gopher("hoffmann-2022"),
            92.6,
            0.05,
        )
        .published("–"),
        Row::near(
            "the same, refitted (Besiroglu et al. 2024)",
            at_gopher("besiroglu-2024"),
            18.4,
            0.05,
        )
        .published("–"),
    ]
}
