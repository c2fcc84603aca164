//! Chinchilla's form on a million simulated rows, with everything a fit returns: time and peak memory.
//!
//! Run: `cargo bench -p triaxis-laws --bench million -- [ROWS]`.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use triaxis_laws::forms::{Chinchilla, ChinchillaForm};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, Observations, fit};

fn main() {
    let rows = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000_000);
    let mut stream = Stream::new(0, "million", 0);
    let (mut params, mut tokens, mut loss) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let (n, d) = (
            1e7 * 1e3_f64.powf(stream.uniform()),
            1e9 * 1e3_f64.powf(stream.uniform()),
        );
        params.push(n);
        tokens.push(d);
        loss.push(Chinchilla::REFIT.loss(n, d) * (0.01 * stream.normal()).exp());
    }
    let table = Observations::new()
        .with("params", params)
        .unwrap()
        .with("tokens", tokens)
        .unwrap();
    let table = table.with("loss", loss).unwrap();
    let begin = Instant::now();
    let fit = fit(&ChinchillaForm, &table, &FitOptions::default()).unwrap();
    println!("{rows} rows: {:.1} s", begin.elapsed().as_secs_f64());
    for (name, parameter) in &fit.parameters {
        println!("    {name}: {:?}", parameter.estimate);
    }
    fit.warnings.iter().for_each(|warning| println!("    {warning}"));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmHWM"))
        .for_each(|line| println!("{line}"));
}
