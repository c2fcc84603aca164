//! What things cost, how much there is of them, and how sure that is; and what others measured and
//! computed of both, recomputed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod api;
mod catalogue;
mod decide;
mod demand;
mod emit;
#[path = "../../../laws/tests/published/finder.rs"]
mod finder;
mod optima;
mod own_runs;
mod published;
mod quantities;
mod refusals;
mod samples;
mod saved;
mod serving;
mod settings;
// Rows of studies and their page, one piece with those of the laws.
#[allow(dead_code)]
#[path = "../../../laws/tests/published/study.rs"]
mod study;
mod training;
mod wall;

use triaxis_plan::serving::{ModelShape, ServingSetup};
use triaxis_plan::{Catalogue, Price, Share, Uncertain};
use triaxis_units::Dollars;

/// The rows of a published table as maps of its columns; `None` where it is absent.
fn table(file: &str) -> Option<Vec<std::collections::HashMap<String, String>>> {
    let mut reader = csv::Reader::from_path(finder::published(file)?).unwrap();
    Some(reader.deserialize().map(|row| row.unwrap()).collect())
}

fn catalogue() -> Catalogue {
    Catalogue::built_in().unwrap()
}

fn price(dollars: f64) -> Option<Price> {
    Some(Price {
        dollars: Uncertain::certain(Dollars(dollars)),
        date: "2026-05-01".parse().unwrap(),
        source: String::new(),
    })
}

fn share(value: f64) -> Uncertain<Share> {
    Uncertain::certain(Share(value))
}

/// Llama 3 8B and 70B, Llama 2 7B, as their papers describe them.
fn llama(which: &str) -> ModelShape {
    let (params, layers, hidden, heads, kv) = match which {
        "3-8B" => ("8.03B", 32, 4096, 32, 8),
        "3-70B" => ("70.6B", 80, 8192, 64, 8),
        "3-405B" => ("405B", 126, 16384, 128, 8),
        "2-7B" => ("6.74B", 32, 4096, 32, 32),
        _ => panic!("{which}"),
    };
    ModelShape {
        params: params.parse().unwrap(),
        layers: Some(layers),
        hidden: Some(hidden),
        query_heads: Some(heads),
        kv_heads: Some(kv),
        ..ModelShape::default()
    }
}

fn on(hardware: &str, devices: u64) -> ServingSetup {
    ServingSetup {
        hardware: hardware.to_owned(),
        devices: Some(devices),
        ..ServingSetup::default()
    }
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{value} is not {expected} ± {tolerance}"
    );
}
