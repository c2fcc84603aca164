//! Tokens a second of a GGUF file's model: `speed FILE THREADS`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool of developers")]

use std::time::Instant;

use triaxis_infer::{Engine, Options, Reading, Sequence, Wanted};
use triaxis_model::Published;

fn read(engine: &mut Engine, sequences: &mut [Sequence], tokens: &[u32], wanted: Wanted) -> f64 {
    let mut readings: Vec<Reading<'_>> = sequences
        .iter_mut()
        .map(|sequence| Reading {
            sequence,
            tokens,
            wanted,
        })
        .collect();
    let start = Instant::now();
    engine.read(&mut readings).unwrap();
    start.elapsed().as_secs_f64()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let start = Instant::now();
    let model = Published::open(arguments[1].as_ref()).unwrap();
    let options = Options {
        threads: arguments[2].parse().unwrap(),
        ..Options::default()
    };
    let mut engine = Engine::new(&model, options).unwrap();
    println!("loaded in {:.2} s", start.elapsed().as_secs_f64());
    let prompt: Vec<u32> = (0..512).map(|index| 1000 + index * 7).collect();
    for round in 0..3 {
        let mut sequences = vec![engine.sequence()];
        let prefill = 512.0 / read(&mut engine, &mut sequences, &prompt, Wanted::Last);
        let mut empty = vec![engine.sequence()];
        let seconds: f64 = (0..128)
            .map(|token| read(&mut engine, &mut empty, &[token + 500], Wanted::Last))
            .sum();
        let mut long = vec![engine.sequence()];
        for _ in 0..4 {
            read(&mut engine, &mut long, &prompt, Wanted::None);
        }
        let after: f64 = (0..64)
            .map(|token| read(&mut engine, &mut long, &[token + 500], Wanted::Last))
            .sum();
        let mut eight = vec![engine.sequence(); 8];
        let batch: f64 = (0..64)
            .map(|token| read(&mut engine, &mut eight, &[token + 500], Wanted::Last))
            .sum();
        println!(
            "{round}: prefill {prefill:.0}, decode {:.1}, at 2,048 {:.1}, eight {:.1}",
            128.0 / seconds,
            64.0 / after,
            8.0 * 64.0 / batch
        );
    }
}
