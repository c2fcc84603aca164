//! What runs say beyond the fit: those held out, and those that were repeated with other seeds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod compound;
mod emergence;
mod experts;
mod held_out;
mod independence;
mod noise;
#[path = "../../benches/worth/study.rs"]
#[allow(dead_code)]
mod study;
mod values;
mod worth;

use triaxis_laws::form::Residual;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Objective, Observations};

/// `seeds` runs at each of ten budgets of `loss(flops)`, with relative `noise`.
fn table(seeds: usize, noise: f64, loss: fn(f64) -> f64) -> Observations {
    let mut stream = Stream::new(4, "evidence", 0);
    let flops: Vec<f64> = (0..10 * seeds)
        .map(|row| 1e16 * 4.0_f64.powi((row / seeds) as i32))
        .collect();
    let loss = flops
        .iter()
        .map(|flops| loss(*flops) * (noise * stream.normal()).exp())
        .collect();
    let table = Observations::new().with("flops", flops).unwrap();
    table.with("loss", loss).unwrap()
}

fn power(flops: f64) -> f64 {
    25.0 * flops.powf(-0.05)
}

fn squares() -> FitOptions {
    FitOptions {
        objective: Some(Objective::squares(Residual::Log)),
        ..FitOptions::point_only()
    }
}

fn holding(out: HeldOut) -> FitOptions {
    FitOptions {
        holdout: out,
        ..squares()
    }
}
