//! nanochat's IsoFLOP optima of January 2026, with parameters counted in three ways.

use std::sync::LazyLock;

use triaxis_laws::approach::PowerLaw;

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "nanochat 2026: exponents depend on what is counted",
    files: "nanochat/isoflop_optima_jan2026.csv",
    differs: "The log gives optima at four budgets and no exponents; to be reproduced is the line that NumPy's `polyfit` \
        draws through their logarithms. Which parameters are counted moves the exponent of N*(C) from 0.37 to 0.68.",
    rows: LazyLock::new(|| {
        let table = csv("nanochat/isoflop_optima_jan2026.csv")?;
        let conventions = [
            ("kaplan_style", 0.5240885930867, 0.4785827785651),
            ("chinchilla_style", 0.3660836706587, 0.4901422090712),
            ("transformer_only", 0.6807957536563, 0.3973979213572),
        ];
        let rows = conventions.into_iter().flat_map(|(convention, params, tokens)| {
            let optima = table.only("param_convention", convention);
            let flops = optima.numbers("flops");
            let law = |column: &str| {
                PowerLaw::through(&flops, &optima.numbers(column))
                    .unwrap()
                    .exponent
                    .value
            };
            [
                Row::near(
                    format!("{convention}: exponent of N*"),
                    law("eff_params"),
                    params,
                    1e-12,
                )
                .published("–"),
                Row::near(
                    format!("{convention}: exponent of D*"),
                    law("tokens"),
                    tokens,
                    1e-12,
                )
                .published("–"),
            ]
        });
        Some(rows.collect())
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
