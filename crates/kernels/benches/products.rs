//! Products in `f32` beside those of the `gemm` crate, in turn: the median rate of each, and of their ratios.
//!
//! `cargo bench -p triaxis-kernels --bench products`, with a number for the first shapes alone; `RAYON_NUM_THREADS` sets the threads of both,
//! `TRIAXIS_INSTRUCTIONS` what the kernels use (the crate chooses for itself).
#![allow(clippy::print_stdout)]
#![allow(unsafe_code)] // The crate takes pointers.

use std::time::Instant;

use triaxis_kernels::Precision;
use triaxis_kernels::cpu::matrix::Matrix;

/// Rows, depth and columns.
const SHAPES: [[usize; 3]; 9] = [
    [2048, 384, 1536],
    [2048, 384, 8192],
    [384, 2048, 1536],
    [1024, 1024, 1024],
    [2048, 128, 512],
    [2048, 2048, 2048],
    [384, 48, 144],
    [384, 144, 48],
    [384, 48, 512],
];

/// Times both are measured.
const TURNS: usize = 15;

/// Least operations of a measurement.
const WORK: usize = 1 << 28;

fn values(count: usize) -> Vec<f32> {
    (0..count)
        .map(|index| ((index * 7919) % 1013) as f32 / 1013.0 - 0.5)
        .collect()
}

/// Which operand is stored transposed.
#[derive(Clone, Copy, Debug)]
enum Stored {
    Plain,
    LeftTurned,
    RightTurned,
}

impl Stored {
    /// Steps from a row to the next and from a column to the next, of both operands.
    fn strides(self, [rows, depth, columns]: [usize; 3]) -> [[usize; 2]; 2] {
        match self {
            Self::Plain => [[depth, 1], [columns, 1]],
            Self::LeftTurned => [[1, rows], [columns, 1]],
            Self::RightTurned => [[depth, 1], [1, depth]],
        }
    }
}

struct Product {
    sizes: [usize; 3],
    stored: Stored,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Product {
    fn new(sizes: [usize; 3], stored: Stored) -> Self {
        let [rows, depth, columns] = sizes;
        Self {
            sizes,
            stored,
            a: values(rows * depth),
            b: values(depth * columns),
            c: values(rows * columns),
        }
    }

    fn by_kernels(&mut self) {
        let [rows, depth, columns] = self.sizes;
        let (a, b) = match self.stored {
            Stored::Plain => (
                Matrix::new(&self.a, rows, depth),
                Matrix::new(&self.b, depth, columns),
            ),
            Stored::LeftTurned => (
                Matrix::new(&self.a, depth, rows).transposed(),
                Matrix::new(&self.b, depth, columns),
            ),
            Stored::RightTurned => (
                Matrix::new(&self.a, rows, depth),
                Matrix::new(&self.b, columns, depth).transposed(),
            ),
        };
        Precision::Float32.multiply(a, b, &mut self.c, columns, false);
    }

    fn by_gemm(&mut self) {
        let [rows, depth, columns] = self.sizes;
        let [[a_row, a_column], [b_row, b_column]] = self
            .stored
            .strides(self.sizes)
            .map(|strides| strides.map(|stride| stride as isize));
        let threads = rayon::current_num_threads();
        let parallelism = if threads > 1 {
            gemm::Parallelism::Rayon(threads)
        } else {
            gemm::Parallelism::None
        };
        // SAFETY: the strides are those of matrices that fill the operands.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                depth,
                self.c.as_mut_ptr(),
                1,
                columns as isize,
                false,
                self.a.as_ptr(),
                a_column,
                a_row,
                self.b.as_ptr(),
                b_column,
                b_row,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
    }

    /// Operations a second.
    fn rate(&mut self, multiply: fn(&mut Self)) -> f64 {
        let operations = 2 * self.sizes.iter().product::<usize>();
        let times = WORK.div_ceil(operations).min(200);
        let start = Instant::now();
        (0..times).for_each(|_| multiply(self));
        (times * operations) as f64 / start.elapsed().as_secs_f64()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!(
        "{} on {} threads, GFLOP/s: kernels, gemm, ratio",
        Precision::Float32.unit(),
        rayon::current_num_threads()
    );
    let most = std::env::args().filter_map(|text| text.parse().ok()).next();
    for &sizes in SHAPES.iter().take(most.unwrap_or(SHAPES.len())) {
        for stored in [Stored::Plain, Stored::LeftTurned, Stored::RightTurned] {
            let mut product = Product::new(sizes, stored);
            let [first, second] = [Product::by_kernels, Product::by_gemm].map(|multiply| {
                multiply(&mut product);
                product.c.clone()
            });
            let most = first
                .iter()
                .zip(&second)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(most < 1e-3, "they differ by {most}");
            let turns: Vec<[f64; 2]> = (0..TURNS)
                .map(|_| [product.rate(Product::by_kernels), product.rate(Product::by_gemm)])
                .collect();
            let [kernels, gemm] = [0, 1].map(|side| median(turns.iter().map(|turn| turn[side]).collect()));
            let ratio = median(turns.iter().map(|turn| turn[0] / turn[1]).collect());
            let [rows, depth, columns] = sizes;
            let name = format!("{rows}×{depth}×{columns} {stored:?}");
            println!("{name:28} {:7.1} {:7.1} {ratio:6.2}", kernels / 1e9, gemm / 1e9);
        }
    }
}
