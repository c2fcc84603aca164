//! Products of matrices in both precisions.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::matrix::Matrix;

use super::reference::{self, config, random, rounded, rounds, wide};
use super::{ROUNDED_TOLERANCE, on_every_level, size};

/// A third of the operands is stored transposed, a third with gaps between the rows.
fn stored(values: &[f32], rows: usize, columns: usize, storage: u8) -> (Vec<f32>, bool, usize) {
    match storage {
        0 => (values.to_vec(), false, columns),
        1 => (
            (0..rows * columns)
                .map(|i| values[i % rows * columns + i / rows])
                .collect(),
            true,
            rows,
        ),
        _ => {
            let mut gaps = vec![f32::NAN; rows * (columns + 3)];
            for (row, from) in gaps.chunks_mut(columns + 3).zip(values.chunks(columns)) {
                row[..columns].copy_from_slice(from);
            }
            (gaps, false, columns + 3)
        }
    }
}

fn view(stored: &(Vec<f32>, bool, usize), rows: usize, columns: usize) -> Matrix<'_> {
    match stored {
        (values, true, stride) => Matrix::strided(values, columns, rows, *stride).transposed(),
        (values, false, stride) => Matrix::strided(values, rows, columns, *stride),
    }
}

fn check_product(rows: usize, depth: usize, columns: usize, storage: [u8; 2], accumulate: bool) {
    let (a, b) = (random(1, rows * depth), random(2, depth * columns));
    let expected = reference::multiply(&wide(&a), &wide(&b), rows, depth, columns);
    let start = if accumulate { 0.5 } else { f32::NAN };
    let expected: Vec<f64> = expected
        .iter()
        .map(|e| e + if accumulate { 0.5 } else { 0.0 })
        .collect();
    let absolute = |x: &[f32]| wide(x).iter().map(|x| x.abs()).collect::<Vec<_>>();
    let terms = reference::multiply(&absolute(&a), &absolute(&b), rows, depth, columns);
    let terms = terms.iter().copied().fold(0.0, f64::max);
    let (a, b) = (
        stored(&a, rows, depth, storage[0]),
        stored(&b, depth, columns, storage[1]),
    );
    on_every_level(|| {
        let mut c = vec![start; rows * (columns + 2)];
        Precision::Float32.multiply(
            view(&a, rows, depth),
            view(&b, depth, columns),
            &mut c,
            columns + 2,
            accumulate,
        );
        let (rows, gaps): (Vec<_>, Vec<_>) = c.chunks(columns + 2).map(|row| row.split_at(columns)).unzip();
        let product = rows.concat();
        assert_close!(product, expected, terms);
        assert!(
            gaps.concat().iter().all(|gap| gap.to_bits() == start.to_bits()),
            "wrote between the rows"
        );
    });
}

#[test]
fn products_of_every_edge() {
    for (rows, depth, columns) in [
        (1, 1, 1),
        (1, 257, 17),
        (14, 16, 32),
        (15, 300, 33),
        (57, 513, 1),
        (257, 17, 257),
        (600, 2, 16),
        (3, 1, 1100),
    ] {
        check_product(rows, depth, columns, [0, 0], false);
        check_product(rows, depth, columns, [1, 2], true);
        check_product(rows, depth, columns, [2, 1], false);
    }
    let mut c = [f32::NAN; 6];
    Precision::Float32.multiply(Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 3), &mut c, 3, false);
    assert_eq!(c, [0.0; 6]);
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn products(rows in size(), depth in size(), columns in size(), a in 0u8..3, b in 0u8..3, accumulate: bool) {
        check_product(rows, depth, columns, [a, b], accumulate);
    }

    #[test]
    fn rounded_products(rows in size(), depth in size(), columns in size(), a in 0u8..3, b in 0u8..3) {
        let (x, y) = (random(1, rows * depth), random(2, depth * columns));
        let expected = reference::multiply(&wide(&x), &wide(&y), rows, depth, columns);
        let (x, y) = (stored(&x, rows, depth, a), stored(&y, depth, columns, b));
        on_every_level(|| {
            let [single, half] = [Precision::Float32, rounded()].map(|precision| {
                let mut c = vec![f32::NAN; rows * columns];
                precision.multiply(view(&x, rows, depth), view(&y, depth, columns), &mut c, columns, false);
                c
            });
            assert_close!(half, expected, 0.1, ROUNDED_TOLERANCE);
            if !rounds() {
                assert_eq!(single, half);
            }
        });
    }
}
