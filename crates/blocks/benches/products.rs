//! Multiplications a second of products in eight bits, by format and columns, on one thread, with rows in the cache and
//! with rows that come from memory: `cargo bench -p triaxis-blocks --bench products`.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use triaxis_blocks::{Activations, Format, Matrix, Precision, Rows, STRIP};
use triaxis_kernels::simd::Level;

fn main() {
    let level = Level::available()[0];
    println!("format\trows\tcolumns\tbillion products/s\tGB/s of rows");
    for (rows, count) in [(64, 400), (65_536, 2)] {
        for format in [
            Format::Q4_0,
            Format::Q4_1,
            Format::Q5_0,
            Format::Q5_1,
            Format::Q8_0,
            Format::Q4K,
            Format::Q5K,
            Format::Q6K,
        ] {
            let inputs = 1536;
            let values: Vec<f32> = (0..rows * inputs)
                .map(|index| (index % 1009) as f32 / 504.5 - 1.0)
                .collect();
            let matrix = Matrix::pack(&[Rows::quantised(&values, inputs, format)]).expect("memory");
            for columns in [1, 8, 64, 512] {
                let mut x = Activations::default();
                x.resize(inputs, columns, Precision::Eight);
                for mut panel in x.panels_mut(level) {
                    for column in 0..panel.columns.len() {
                        panel.set(column, &values[..inputs]);
                    }
                }
                let mut out = vec![0.0; matrix.strips() * columns * STRIP];
                let turns = (count / columns).max(2);
                let mut fastest = f64::INFINITY;
                for _ in 0..7 {
                    let start = Instant::now();
                    for _ in 0..turns {
                        matrix.multiply(level, 0..matrix.strips(), &x, false, &mut out);
                    }
                    fastest = fastest.min(start.elapsed().as_secs_f64() / turns as f64);
                }
                let products = (rows * inputs * columns) as f64 / fastest / 1e9;
                let bandwidth = matrix.bytes() as f64 / fastest / 1e9;
                println!(
                    "{}\t{rows}\t{columns}\t{products:.1}\t{bandwidth:.1}",
                    format.name()
                );
            }
        }
    }
}
