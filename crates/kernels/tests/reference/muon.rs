//! Muon's update as its papers write it: each matrix by itself, iterated on its shorter side.

use triaxis_kernels::cpu::muon::{Matrices, Update};
use triaxis_kernels::cpu::newton_schulz::COEFFICIENTS;

use super::{multiply, transpose};

/// The matrix after five steps of `X ← a X + (b A + c A²) X`, `A = X Xᵀ`, divided by its norm first.
pub(crate) fn orthogonalised(x: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    if rows > columns {
        let turned = orthogonalised(&transpose(x, rows, columns), columns, rows);
        return transpose(&turned, columns, rows);
    }
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-7);
    let mut x: Vec<f64> = x.iter().map(|x| x / norm).collect();
    let [a, b, c] = COEFFICIENTS;
    for _ in 0..5 {
        let gram = multiply(&x, &transpose(&x, rows, columns), rows, columns, rows);
        let square = multiply(&gram, &gram, rows, rows, rows);
        let factor: Vec<f64> = gram
            .iter()
            .zip(&square)
            .map(|(one, two)| b * one + c * two)
            .collect();
        let moved = multiply(&factor, &x, rows, rows, columns);
        x = x.iter().zip(&moved).map(|(x, moved)| a * x + moved).collect();
    }
    x
}

/// The values and the momentum of a weight after an update.
pub(crate) fn step(
    [values, momentum]: [&[f64]; 2],
    gradient: &[f64],
    matrices: &Matrices,
    weight_decay: f64,
    update: &Update,
) -> [Vec<f64>; 2] {
    let share = update.momentum;
    let scaled = |i: usize| gradient[i] * update.gradient_scale;
    let mean: Vec<f64> = (0..values.len())
        .map(|i| share * momentum[i] + (1.0 - share) * scaled(i))
        .collect();
    let mut moved: Vec<f64> = values
        .iter()
        .map(|p| p * (1.0 - update.learning_rate * weight_decay))
        .collect();
    let (rows, stride) = (matrices.rows, matrices.columns.iter().sum::<usize>());
    for band in 0..values.len() / (rows * stride) {
        let mut first = 0;
        for &columns in &matrices.columns {
            let place = |i: usize| (band * rows + i / columns) * stride + first + i % columns;
            let direction = |i: usize| share * mean[place(i)] + (1.0 - share) * scaled(place(i));
            let direction: Vec<f64> = (0..rows * columns).map(direction).collect();
            let size = 0.2 * (rows.max(columns) as f64).sqrt();
            for (i, value) in orthogonalised(&direction, rows, columns).iter().enumerate() {
                moved[place(i)] -= update.learning_rate * size * value;
            }
            first += columns;
        }
    }
    [moved, mean]
}
