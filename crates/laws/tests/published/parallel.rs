//! Chen et al. 2025 (ParScale): parallel streams in place of parameters.

use std::sync::LazyLock;

use triaxis_laws::forms::Parallel;
use triaxis_laws::{FitOptions, Observations, fit};

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Chen et al. 2025 (ParScale): parallel streams",
    files: "parscale/parscale_losses.csv",
    differs: "No difference to four digits. The published R squared is of the loss, not of the logarithm that the fit \
        minimises, and is computed so here.",
    rows: LazyLock::new(|| {
        let published = [
            ("the Pile", "pile_loss", 1.2886, 0.1963, 0.3344, 0.9987),
            ("Stack", "stackv2_python_loss", 0.6912, 0.1894, 0.3935, 0.9978),
        ];
        let mut rows = Vec::new();
        for (corpus, loss, irreducible, alpha, k, explained) in published {
            let runs = runs(loss)?;
            let fit = fit(&Parallel, &runs, &FitOptions::point_only()).unwrap();
            for (name, published) in [("E", irreducible), ("alpha", alpha), ("k", k)] {
                rows.push(Row::near(
                    format!("{corpus}: {name}"),
                    fit.parameter(name).unwrap(),
                    published,
                    1e-4,
                ));
            }
            let explained_here = r_squared(runs.column("loss").unwrap(), &fit.residuals);
            rows.push(Row::near(
                format!("{corpus}: R squared"),
                explained_here,
                explained,
                1e-4,
            ));
        }
        Some(rows)
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}

pub(crate) fn runs(loss: &str) -> Option<Observations> {
    let table = csv("parscale/parscale_losses.csv")?;
    Some(table.observations(&[("params", "params"), ("streams", "streams_P"), ("loss", loss)]))
}

/// Of the loss, out of the residuals of its logarithm.
fn r_squared(observed: &[f64], residuals: &[f64]) -> f64 {
    let mean = observed.iter().sum::<f64>() / observed.len() as f64;
    let (mut unexplained, mut all) = (0.0, 0.0);
    for (value, residual) in observed.iter().zip(residuals) {
        unexplained += (value - value / residual.exp()).powi(2);
        all += (value - mean).powi(2);
    }
    1.0 - unexplained / all
}
