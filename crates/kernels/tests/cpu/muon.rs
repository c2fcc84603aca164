//! Muon's update, and the iteration within it.

use proptest::collection::vec;
use proptest::prelude::*;
use triaxis_kernels::cpu::muon::{self, Matrices, Update};
use triaxis_kernels::cpu::newton_schulz::{COEFFICIENTS, STEPS, orthogonalise};

use super::on_every_level;
use super::reference::{self, config, random, wide};

/// Small singular values grow five hundredfold, and what rounding did to them does, too.
const TOLERANCE: f64 = 1e-4;

/// Three updates of all weights together, every other one of which decays.
fn check(weights: &[(Matrices, usize)]) {
    let update = |step: u32| Update {
        learning_rate: 0.1 / f64::from(step),
        momentum: 0.9,
        gradient_scale: 0.5,
    };
    let decay = |index: usize| if index.is_multiple_of(2) { 0.1 } else { 0.0 };
    let length = |(matrices, bands): &(Matrices, usize)| bands * matrices.rows * matrices.stride();
    let gradient = |index: usize, step: u32, length| random(100 * index as u64 + u64::from(step), length);
    let start: Vec<[Vec<f32>; 2]> = (1000..)
        .zip(weights)
        .map(|(seed, weight)| {
            [
                random(2 * seed, length(weight)),
                random(2 * seed + 1, length(weight)),
            ]
        })
        .collect();
    let expected = start
        .iter()
        .zip(weights)
        .enumerate()
        .map(|(index, (start, weight))| {
            let mut state = start.each_ref().map(|values| wide(values));
            for step in 1..=3 {
                let gradient = wide(&gradient(index, step, length(weight)));
                let before = state.each_ref().map(Vec::as_slice);
                state = reference::muon::step(before, &gradient, &weight.0, decay(index), &update(step));
            }
            state
        });
    let expected: Vec<_> = expected.collect();
    on_every_level(|| {
        let mut states = start.clone();
        for step in 1..=3 {
            let gradients: Vec<Vec<f32>> = (0..)
                .zip(weights)
                .map(|(index, weight)| gradient(index, step, length(weight)))
                .collect();
            let parameters = states.iter_mut().zip(weights).zip(&gradients).enumerate();
            let parameters =
                parameters.map(
                    |(index, (([values, momentum], (matrices, _)), gradient))| muon::Parameter {
                        values,
                        gradient,
                        momentum,
                        matrices,
                        weight_decay: decay(index),
                    },
                );
            muon::step(parameters.collect(), &update(step));
        }
        for (actual, expected) in states.iter().flatten().zip(expected.iter().flatten()) {
            assert_close!(actual, expected, 0.0, TOLERANCE);
        }
    });
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn muon_of_weights_of_any_matrices(
        weights in vec((1usize..40, vec(1usize..40, 1..4), 1usize..4), 0..4),
    ) {
        let weight = |(rows, columns, bands)| (Matrices { rows, columns }, bands);
        check(&weights.into_iter().map(weight).collect::<Vec<_>>());
    }
}

#[test]
fn muon_of_large_matrices_and_of_none() {
    check(&[
        (
            Matrices {
                rows: 130,
                columns: vec![130, 70],
            },
            1,
        ),
        (
            Matrices {
                rows: 3,
                columns: vec![2],
            },
            0,
        ),
    ]);
}

/// What the iteration makes of one singular value.
fn iterated(value: f64) -> f64 {
    let [a, b, c] = COEFFICIENTS;
    (0..STEPS).fold(value, |x, _| a * x + b * x.powi(3) + c * x.powi(5))
}

#[test]
fn the_iteration_takes_singular_values_near_one_and_leaves_directions() {
    // A diagonal is its own singular values.
    let diagonal = [3.0, 2.0, 1.0, 0.5, 0.0];
    let norm = diagonal.iter().map(|x| x * x).sum::<f64>().sqrt();
    on_every_level(|| {
        for columns in [5, 9] {
            let mut x = vec![0.0; 5 * columns];
            for (row, value) in diagonal.iter().enumerate() {
                x[row * columns + row] = *value as f32;
            }
            orthogonalise(&mut x, 5, columns);
            let mut expected = vec![0.0; x.len()];
            for (row, value) in diagonal.iter().enumerate() {
                expected[row * columns + row] = iterated(value / norm);
            }
            assert_close!(x, expected, 0.0, TOLERANCE);
            let near_one = diagonal[..4].iter().map(|value| iterated(value / norm));
            assert!(near_one.into_iter().all(|value| (0.6..1.3).contains(&value)));
        }
    });
}

#[test]
fn nothing_is_made_of_nothing() {
    let mut zeros = vec![0.0; 12];
    orthogonalise(&mut zeros, 3, 4);
    assert_eq!(zeros, [0.0; 12]);
    orthogonalise(&mut [], 0, 4);
}
