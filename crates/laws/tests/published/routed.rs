//! Clark et al. 2022: more experts in place of more parameters.

use std::sync::LazyLock;

use triaxis_laws::form::Residual;
use triaxis_laws::forms::Routed;
use triaxis_laws::{FitOptions, Objective, Observations, fit};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Clark et al. 2022: routing by reinforcement",
    files: "routed-clark/final_step.csv",
    differs: "To be reproduced is SciPy's fit of the same equation to the 62 dense and RL-R runs with one expert a token. \
        The published constants, rounded, differ in the third digit; all seeds of the dense models are kept here and \
        none is weighted.",
    rows: LazyLock::new(|| {
        let options = FitOptions {
            objective: Some(Objective::squares(Residual::Log)),
            ..FitOptions::point_only()
        };
        let fit = fit(&Routed, &runs()?, &options).unwrap();
        let mut rows = vec![Row::holds("rows fitted", fit.rows == 62, fit.rows.to_string())];
        for (name, published, reference) in [
            ("a", -0.083, -0.0835),
            ("b", -0.126, -0.1279),
            ("c", 0.012, 0.0117),
            ("d", 1.111, 1.1143),
        ] {
            let value = fit.parameter(name).unwrap();
            rows.push(Row::near(
                format!("{name}, as published"),
                value,
                published,
                0.004,
            ));
            rows.push(
                Row::near(format!("{name}, as refitted"), value, reference, 1e-4)
                    .published(published.to_string()),
            );
        }
        Some(rows)
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}

pub(crate) fn runs() -> Option<Observations> {
    let table = csv("routed-clark/final_step.csv")?;
    let kept = table.only("k", "1").only("routing_frequency", "0.5");
    let routers = ["RL-R", "Dense"];
    let rows = kept
        .rows
        .iter()
        .filter(|row| routers.contains(&row[kept.at("router_type")].as_str()));
    let kept = Table {
        rows: rows.cloned().collect(),
        header: kept.header.clone(),
    };
    Some(kept.observations(&[
        ("params", "dense_parameter_count"),
        ("experts", "num_experts"),
        ("loss", "loss_validation"),
    ]))
}
