//! Coverage at 10,000 samples from 100 samples a problem, on published counts and on simulated problems.
//!
//! Run: `cargo bench -p triaxis-laws --bench coverage -- [published | simulated] [REPEATS]`; by default both, 20
//! draws of each model and 100 simulations of each truth. Published counts are read from
//! `../shared/published-runs/test-time-coverage` beside the repository (Brown et al. 2024, Schaeffer et al. 2025:
//! Pythia models on 128 problems of GSM8K).
//!
//! Every law alone and their average stand beside the same fitted to all 10,000 samples, judged in two ways: by
//! the `curve` of the law, and by what is predicted of `these problems`, which their own counts say nearly all of.
//! Beside them stand estimators that know what nobody does ([`oracle`]).

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod oracle;
mod published;
mod simulated;
mod told;

/// Samples of each problem that are seen.
const FEW: u64 = 100;
/// Samples of each problem that are foretold.
const MANY: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let repeats = arguments.iter().find_map(|one| one.parse().ok());
    let only = |part: &str| arguments.iter().any(|one| one == part);
    if !only("simulated") {
        published::run(repeats.unwrap_or(20));
    }
    if !only("published") {
        simulated::run(repeats.unwrap_or(100));
    }
}
