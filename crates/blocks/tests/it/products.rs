//! Products against their definition, and their bits against one another.

use triaxis_blocks::{Activations, Format, Matrix, Precision, Rows, STRIP};
use triaxis_kernels::simd::Level;

use crate::numbers;

/// Rows of chance in a format.
fn rows(format: Format, rows: usize, columns: usize) -> Rows {
    Rows::quantised(&numbers(rows * columns, 7 + rows as u64), columns, format)
}

/// A column in eight bits, as numbers.
fn rounded(column: &[f32]) -> Vec<f64> {
    let group = |group: &[f32]| {
        let largest = group.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let scale = largest / 127.0;
        let code =
            move |&value: &f32| f64::from(scale) * f64::from(value * (127.0 / largest)).round_ties_even();
        group.iter().map(code).collect::<Vec<_>>()
    };
    column.chunks(32).flat_map(group).collect()
}

fn multiply(
    matrix: &Matrix,
    level: Level,
    columns: &[Vec<f32>],
    precision: Precision,
    adds: bool,
) -> Vec<f32> {
    let mut x = Activations::default();
    x.resize(matrix.columns(), columns.len(), matrix.precision(precision));
    for mut panel in x.panels_mut(level) {
        for (column, inputs) in panel.columns.clone().zip(&columns[panel.columns.clone()]) {
            panel.set(column - panel.columns.start, inputs);
        }
    }
    let mut out = vec![1.0; matrix.strips() * columns.len() * STRIP];
    matrix.multiply(level, 0..matrix.strips(), &x, adds, &mut out);
    out
}

fn width(format: Format) -> usize {
    match format.values() {
        1 => 70,
        32 => 160,
        values => 2 * values,
    }
}

#[test]
fn products_are_sums_over_the_numbers_that_blocks_are() {
    for &format in Format::ALL {
        let rows = rows(format, 21, width(format));
        let (weights, matrix) = (rows.values(), Matrix::pack(std::slice::from_ref(&rows)).unwrap());
        let columns: Vec<Vec<f32>> = (0..6).map(|column| numbers(rows.columns, 100 + column)).collect();
        for precision in [Precision::Eight, Precision::Single] {
            let inputs = |column: &Vec<f32>| match matrix.precision(precision) {
                Precision::Eight => rounded(column),
                Precision::Single => column.iter().map(|&value| f64::from(value)).collect(),
            };
            let inputs: Vec<Vec<f64>> = columns.iter().map(inputs).collect();
            for level in Level::available() {
                for adds in [false, true] {
                    let out = multiply(&matrix, level, &columns, precision, adds);
                    for (row, weights) in weights.chunks_exact(rows.columns).enumerate() {
                        for (column, inputs) in inputs.iter().enumerate() {
                            let products = weights.iter().zip(inputs).map(|(&w, x)| f64::from(w) * x);
                            let size: f64 = products.clone().map(f64::abs).sum();
                            let expected = products.sum::<f64>() + f64::from(u8::from(adds));
                            let place = (row / STRIP * columns.len() + column) * STRIP + row % STRIP;
                            let found = f64::from(out[place]);
                            assert!(
                                (found - expected).abs() < 2e-6 * size,
                                "{format:?} {precision:?} {level:?}: row {row}, column {column}: {found} is not {expected}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_column_has_the_same_bits_beside_any_others_and_by_any_strips() {
    for &format in Format::ALL {
        let rows = rows(format, 24, width(format));
        let matrix = Matrix::pack(std::slice::from_ref(&rows)).unwrap();
        let columns: Vec<Vec<f32>> = (0..9).map(|column| numbers(rows.columns, 200 + column)).collect();
        for (level, precision) in Level::available()
            .into_iter()
            .flat_map(|level| [Precision::Eight, Precision::Single].map(|precision| (level, precision)))
        {
            let alone: Vec<Vec<f32>> = columns
                .iter()
                .map(|column| multiply(&matrix, level, std::slice::from_ref(column), precision, false))
                .collect();
            for count in 2..=columns.len() {
                let out = multiply(&matrix, level, &columns[..count], precision, false);
                for (place, found) in out.chunks_exact(STRIP).enumerate() {
                    let (strip, column) = (place / count, place % count);
                    let expected = &alone[column][strip * STRIP..][..STRIP];
                    assert_eq!(
                        found.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
                        expected.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
                        "{format:?} {precision:?} {level:?}: strip {strip} of column {column} among {count}"
                    );
                }
            }
        }
    }
}

#[test]
fn rows_of_a_matrix_are_those_it_was_packed_of() {
    for &format in Format::ALL {
        let pieces = [rows(format, 5, width(format)), rows(format, 9, width(format))];
        let matrix = Matrix::pack(&pieces).unwrap();
        let expected: Vec<f32> = pieces.iter().flat_map(Rows::values).collect();
        let mut row = vec![0.0; matrix.columns()];
        for (index, expected) in expected.chunks_exact(matrix.columns()).enumerate() {
            matrix.row(Level::current(), index, &mut row);
            for (found, expected) in row.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
                    "{format:?} {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn numbers_that_are_none_reach_what_they_are_multiplied_with() {
    for &format in Format::ALL {
        let rows = rows(format, 8, width(format));
        let matrix = Matrix::pack(std::slice::from_ref(&rows)).unwrap();
        for bad in [f32::NAN, f32::INFINITY] {
            let mut columns = vec![numbers(rows.columns, 3); 2];
            columns[1][33] = bad;
            for level in Level::available() {
                let out = multiply(&matrix, level, &columns, Precision::Eight, false);
                assert!(out[..STRIP].iter().all(|value| value.is_finite()), "{format:?}");
                assert!(
                    out[STRIP..].iter().all(|value| !value.is_finite()),
                    "{format:?} {bad}"
                );
            }
        }
    }
}

#[test]
fn inputs_that_are_hardly_any_leave_nothing() {
    for &format in Format::ALL {
        let rows = rows(format, 8, width(format));
        let matrix = Matrix::pack(std::slice::from_ref(&rows)).unwrap();
        for small in [0.0, 1e-45, 1e-38, 3e-37] {
            let mut column = vec![0.0; rows.columns];
            column[1] = small;
            for level in Level::available() {
                let out = multiply(
                    &matrix,
                    level,
                    std::slice::from_ref(&column),
                    Precision::Eight,
                    false,
                );
                assert!(
                    out.iter().all(|value| value.abs() < 1e-30),
                    "{format:?} {small}: {out:?}"
                );
            }
        }
    }
}
