//! Approach 3 on the 245 published runs: full grid of 4,500 starts and 4,000 bootstrap samples, timed.
//!
//! Run: `cargo bench -p triaxis-laws --bench approach3`; `benches/approach3.sh` runs it
//! beside `benches/approach3.py`, which does the same with SciPy, and prints the ratio.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::{FitOptions, Observations, fit};

const REPEATS: usize = 5;

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
        let mut seconds: Vec<f64> = (0..REPEATS)
            .map(|_| {
                let begin = Instant::now();
                fit(&ChinchillaForm, &table, &options).unwrap();
                begin.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        println!("{what}: {:.3} s, the median of {REPEATS}", seconds[REPEATS / 2]);
        seconds[REPEATS / 2]
    };
    let samples = FitOptions {
        replicates: 4000,
        ..FitOptions::point_only()
    };
    let all = FitOptions {
        replicates: 4000,
        ..FitOptions::default()
    };
    time("4,500 starts", FitOptions::point_only());
    time("4,500 starts, 4,000 samples, profiles, hold-out", all);
    let total = time("4,500 starts, 4,000 samples", samples);
    println!("total {total:.3}");
}
