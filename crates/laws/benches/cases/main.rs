//! How often 90% intervals hold the truth where it is hard: few rows, ridges, far predictions.
//!
//! Run: `cargo bench -p triaxis-laws --bench cases -- [CASE]... [REPEATS] [noise=SHARE]`; by default every case,
//! 400 times, with noise of 0.5% and of 2%. A line a quantity, with the simulation's own standard error. A case
//! misses when the share of intervals that hold the truth is more than two of these outside 85% to 95%; where none
//! was given that often, it was refused, and where an end was open, said to be.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod case;
mod registry;

use std::time::Instant;

use case::Case;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let repeats = arguments.iter().find_map(|argument| argument.parse().ok());
    let noise = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("noise=")?.parse().ok());
    let noises = noise.map_or_else(|| vec![0.005, 0.02], |noise: f64| vec![noise]);
    let named = |case: &&Case| arguments.iter().any(|argument| argument == case.name);
    let any = registry::ALL.iter().any(|case| named(&case));
    println!("| case | noise | quantity | held | s.e. | open | refused | width / truth | verdict |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for case in registry::ALL.iter().filter(|case| !any || named(case)) {
        for noise in &noises {
            let begin = Instant::now();
            for told in case.told(*noise, repeats.unwrap_or(400)) {
                println!("| {} | {:.1}% | {told} |", case.name, 100.0 * noise);
            }
            println!(
                "| {} | {:.1}% | {:.1} s | | | | | | |",
                case.name,
                100.0 * noise,
                begin.elapsed().as_secs_f64()
            );
        }
    }
}
