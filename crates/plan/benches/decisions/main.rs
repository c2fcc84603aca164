//! How often a plan's cost is as it says, and how soon its advice finds the right choice, where the truth is known.
//!
//! Run: `cargo bench -p triaxis-plan --bench decisions -- [coverage | advice] [WORLDS] [DRAWS]`; by default both, 400
//! worlds of 300 draws for the first and 40 of 400 for the second.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod advice;
mod coverage;
mod truth;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let only = |part: &str| arguments.iter().any(|one| one == part);
    let mut numbers = arguments.iter().filter_map(|one| one.parse::<usize>().ok());
    let (worlds, draws) = (numbers.next(), numbers.next());
    if !only("advice") {
        coverage::run(worlds.unwrap_or(400), draws.unwrap_or(300));
    }
    if !only("coverage") {
        advice::run(worlds.unwrap_or(40), draws.unwrap_or(400));
    }
}
