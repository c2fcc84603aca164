//! Logistic regression on the mean of the numbers of a text's words and pairs of words.

use triaxis_random::key;

use super::calibration::Line;
use super::{Rows, Settings, logistic};

/// How far a number moves at the first step.
const RATE: f32 = 0.5;
/// What is known so well teaches nothing, and its square is none in single precision.
const LEAST: f32 = 1e-12;

/// The numbers, Platt's line for their means, and how often the examples were learnt from: where those held out for it
/// were told best. One example after another, by AdaGrad (Duchi et al. 2011), which gives rare words large steps.
pub(super) fn train(
    examples: &[Rows],
    held_out: &[Rows],
    rows: usize,
    settings: &Settings,
) -> (Vec<f32>, Line, u32) {
    let (mut weights, mut squares) = (vec![0f32; rows], vec![0f32; rows]);
    let mut best: Option<(Vec<f32>, Line, u32)> = None;
    let mut order: Vec<usize> = (0..examples.len()).collect();
    for epoch in 1..=settings.epochs {
        order.sort_by_cached_key(|place| {
            key(
                settings.seed,
                "quality order",
                ((*place as u64) << 16) | u64::from(epoch),
            )
        });
        for place in &order {
            learn(&examples[*place], &mut weights, &mut squares);
        }
        let means: Vec<(f64, bool)> = held_out
            .iter()
            .map(|(rows, is_good)| (mean(rows, &weights), *is_good))
            .collect();
        let line = Line::fit(&means);
        match &best {
            Some((_, least, _)) if least.loss <= line.loss => break,
            _ => best = Some((weights.clone(), line, epoch)),
        }
    }
    best.unwrap_or((weights, Line::default(), 0))
}

fn mean(rows: &[u32], weights: &[f32]) -> f64 {
    let sum: f64 = rows.iter().map(|row| f64::from(weights[*row as usize])).sum();
    sum / rows.len().max(1) as f64
}

fn learn((rows, is_good): &Rows, weights: &mut [f32], squares: &mut [f32]) {
    let wrong = logistic(mean(rows, weights)) - f64::from(u8::from(*is_good));
    let gradient = (wrong / rows.len().max(1) as f64) as f32;
    if gradient.abs() < LEAST {
        return;
    }
    for row in rows {
        let square = &mut squares[*row as usize];
        *square += gradient * gradient;
        weights[*row as usize] -= RATE * gradient / square.sqrt();
    }
}
