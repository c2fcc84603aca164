//! How often 90% intervals hold the truth, for every parameter of every form.
//!
//! Run: `cargo bench -p triaxis-laws --bench intervals -- [FORM]... [REPEATS] [squares]`; by default all
//! forms, 400 times, with the objective that users get. Noise is 0.5% of the response. A line a
//! parameter, as it comes; forms named after others go on where a killed run stopped.

#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use triaxis_laws::calibration::calibrate;
use triaxis_laws::forms::registry;
use triaxis_laws::{FitOptions, HeldOut, Objective, Starts};

const NOISE: f64 = 0.005;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let repeats: usize = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(400);
    let squares = arguments.iter().any(|argument| argument == "squares");
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let any = registry().iter().any(|form| named(form.name()));
    println!(
        "| form | parameter | truth | coverage | above, below | width | bias | identified | by method |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let begin = Instant::now();
    for form in registry().iter().filter(|form| !any || named(form.name())) {
        let form_begin = Instant::now();
        let options = FitOptions {
            objective: squares.then(|| Objective::squares(form.definition().residual)),
            starts: Starts::Projected,
            replicates: 300,
            holdout: HeldOut::None,
            ..FitOptions::default()
        };
        for one in calibrate(*form, NOISE, repeats, &options).unwrap() {
            let methods = one
                .methods
                .iter()
                .map(|(method, share)| format!("{method} {share:.3}"));
            println!(
                "| {} | {} | {:.4} | {:.3} | {:.3}, {:.3} | {:.3} | {:+.4} | {:.3} | {} |",
                form.name(),
                one.name,
                one.truth,
                one.coverage,
                one.missed.0,
                one.missed.1,
                one.width,
                one.bias,
                one.identified,
                methods.collect::<Vec<_>>().join(", ")
            );
        }
        eprintln!("{}: {:.1} s", form.name(), form_begin.elapsed().as_secs_f64());
    }
    println!("\n{repeats} repeats in {:.0} s", begin.elapsed().as_secs_f64());
}
