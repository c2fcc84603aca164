//! Clark et al. 2022 and Chen et al. 2025: more experts, or more streams, in place of more parameters.

use triaxis_laws::form::Residual;
use triaxis_laws::forms::{Parallel, Routed};
use triaxis_laws::{FitOptions, Objective, fit};

use crate::files::{csv, reproduces};

#[test]
fn routed_by_reinforcement() {
    let Some(table) = csv("routed-clark/final_step.csv") else {
        return;
    };
    let kept = table.only("k", "1").only("routing_frequency", "0.5");
    let routers = ["RL-R", "Dense"];
    let rows = kept
        .rows
        .iter()
        .filter(|row| routers.contains(&row[kept.at("router_type")].as_str()));
    let kept = crate::files::Table {
        rows: rows.cloned().collect(),
        header: kept.header.clone(),
    };
    let columns = [
        ("params", "dense_parameter_count"),
        ("experts", "num_experts"),
        ("loss", "loss_validation"),
    ];
    let options = FitOptions {
        objective: Some(Objective::squares(Residual::Log)),
        ..FitOptions::point_only()
    };
    let fit = fit(&Routed, &kept.observations(&columns), &options).unwrap();
    println!(
        "{} rows, E_start {:?}, E_max {:?}",
        fit.rows,
        fit.parameter("E_start"),
        fit.parameter("E_max")
    );
    // All seeds of the dense models are kept; the fit has no weights.
    assert_eq!(fit.rows, 62);
    for (name, published) in [("a", -0.083), ("b", -0.126), ("c", 0.012), ("d", 1.111)] {
        reproduces(name, fit.parameter(name).unwrap(), published, 0.004);
    }
    for (name, reference) in [("a", -0.0835), ("b", -0.1279), ("c", 0.0117), ("d", 1.1143)] {
        reproduces(name, fit.parameter(name).unwrap(), reference, 1e-4);
    }
}

#[test]
fn parallel_streams() {
    let Some(table) = csv("parscale/parscale_losses.csv") else {
        return;
    };
    let published = [
        ("pile_loss", 1.2886, 0.1963, 0.3344, 0.9987),
        ("stackv2_python_loss", 0.6912, 0.1894, 0.3935, 0.9978),
    ];
    for (loss, irreducible, alpha, k, explained) in published {
        let runs = table.observations(&[("params", "params"), ("streams", "streams_P"), ("loss", loss)]);
        let fit = fit(&Parallel, &runs, &FitOptions::point_only()).unwrap();
        reproduces(
            &format!("{loss} E"),
            fit.parameter("E").unwrap(),
            irreducible,
            1e-4,
        );
        reproduces(
            &format!("{loss} alpha"),
            fit.parameter("alpha").unwrap(),
            alpha,
            1e-4,
        );
        reproduces(&format!("{loss} k"), fit.parameter("k").unwrap(), k, 1e-4);
        // The published one is of the loss, not of its logarithm.
        let observed = runs.column("loss").unwrap();
        let mean = observed.iter().sum::<f64>() / observed.len() as f64;
        let (mut unexplained, mut all) = (0.0, 0.0);
        for (value, residual) in observed.iter().zip(&fit.residuals) {
            unexplained += (value - value / residual.exp()).powi(2);
            all += (value - mean).powi(2);
        }
        reproduces(
            &format!("{loss} R squared"),
            1.0 - unexplained / all,
            explained,
            1e-4,
        );
    }
}
