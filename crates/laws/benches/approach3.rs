//! Approach 3 on the 245 published runs: full grid of 4,500 starts and 4,000 bootstrap samples, timed.
//!
//! Run: `cargo bench -p triaxis-laws --bench approach3`; beside it `benches/approach3.py` does the same with SciPy.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::{FitOptions, HeldOut, Observations, fit};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/published-runs/chinchilla-epoch/svg_extracted_data.csv"
);

fn main() {
    let Ok(mut reader) = csv::Reader::from_path(FILE) else {
        println!("skipped: {FILE} is absent");
        return;
    };
    let (mut params, mut tokens, mut loss) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.unwrap();
        let number = |at: usize| record[at].parse::<f64>().unwrap();
        params.push(number(3));
        tokens.push(number(4) / (6.0 * number(3)));
        loss.push(number(6));
    }
    let table = Observations::new()
        .with("params", params)
        .unwrap()
        .with("tokens", tokens)
        .unwrap();
    let table = table.with("loss", loss).unwrap();
    let time = |what: &str, options: FitOptions| {
        let begin = Instant::now();
        let fit = fit(&ChinchillaForm, &table, &options).unwrap();
        println!(
            "{what}: {:.2} s, objective {:.9e}",
            begin.elapsed().as_secs_f64(),
            fit.objective
        );
    };
    time("4,500 starts", FitOptions::point_only());
    let all = FitOptions {
        replicates: 4000,
        ..FitOptions::default()
    };
    time(
        "4,500 starts, hold-out",
        FitOptions {
            holdout: HeldOut::Largest,
            ..FitOptions::point_only()
        },
    );
    time(
        "4,500 starts, profiles",
        FitOptions {
            profile: true,
            ..FitOptions::point_only()
        },
    );
    time(
        "4,500 starts, 4,000 samples",
        FitOptions {
            replicates: 4000,
            ..FitOptions::point_only()
        },
    );
    time("4,500 starts, 4,000 samples, profiles, hold-out", all);
}
