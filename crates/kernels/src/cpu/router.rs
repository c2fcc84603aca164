//! Between a router's product and the experts: what their outputs are multiplied by, and what a row adds to what being
//! out of balance costs.

use super::rows::for_each_block;
use crate::parallel::Shared;

/// What a router makes of the numbers that it computes for the experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Shares of one.
    Softmax,
    /// Numbers from 0 to 1, each by itself.
    Sigmoid,
}

/// Added to the sums that scores are divided by, so that scores of nothing are no numbers over nothing.
pub const LEAST_SUM: f64 = 1e-20;

/// How rows weigh the experts that they have chosen.
#[derive(Clone, Debug)]
pub struct Weighing {
    /// What gives experts their scores.
    pub form: Form,
    /// Experts that a row has chosen.
    pub chosen: usize,
    /// Which ones, `rows × chosen`.
    pub choices: Vec<u32>,
    /// Whether their scores are divided by their sum.
    pub renormalised: bool,
    /// What they are multiplied by.
    pub scale: f64,
    /// What a row's share of each expert costs; of none, nothing.
    pub prices: Vec<f64>,
    /// What the square of the logarithm of a row's sum of exponentials costs.
    pub z: f64,
}

impl Weighing {
    /// Whether rows cost anything.
    pub fn costs(&self) -> bool {
        !self.prices.is_empty() || self.z > 0.0
    }

    /// Numbers of a row of the output: a weight for each expert that it has chosen and, if it costs anything, how much.
    pub fn columns(&self) -> usize {
        self.chosen + usize::from(self.costs())
    }

    fn price(&self, expert: usize) -> f64 {
        self.prices.get(expert).copied().unwrap_or(0.0)
    }

    fn chosen_of(&self, row: usize) -> &[u32] {
        &self.choices[row * self.chosen..(row + 1) * self.chosen]
    }
}

/// Writes the scores of experts of a row, and returns the logarithm of the sum of exponentials.
pub fn scores(form: Form, logits: impl Iterator<Item = f64> + Clone, scores: &mut [f64]) -> f64 {
    let most = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.clone().map(|logit| (logit - most).exp()).sum();
    for (score, logit) in scores.iter_mut().zip(logits) {
        *score = match form {
            Form::Softmax => (logit - most).exp() / sum,
            Form::Sigmoid => 1.0 / (1.0 + (-logit).exp()),
        };
    }
    most + sum.ln()
}

/// What scores are divided by to be shares.
fn sum_of(form: Form, scores: &[f64]) -> f64 {
    match form {
        Form::Softmax => 1.0,
        Form::Sigmoid => scores.iter().sum::<f64>() + LEAST_SUM,
    }
}

/// Writes what experts are weighed by into `y` (`rows × columns`), from `logits` (`rows × experts`).
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(weighing: &Weighing, logits: &[f32], experts: usize, y: &mut [f32]) {
    let (rows, columns) = (check(weighing, logits, experts, y), weighing.columns());
    let y = Shared::new(y);
    for_each_block(rows, 40 * rows * experts, |mine| {
        let mut values = vec![0.0; experts];
        for row in mine {
            // SAFETY: blocks of rows do not overlap.
            let y = unsafe { y.part(row * columns..(row + 1) * columns) };
            let of_row = logits[row * experts..(row + 1) * experts].iter();
            let log_sum = scores(weighing.form, of_row.map(|&logit| f64::from(logit)), &mut values);
            let factor = factor(weighing, row, &values);
            for (y, &expert) in y.iter_mut().zip(weighing.chosen_of(row)) {
                *y = (factor * values[expert as usize]) as f32;
            }
            if weighing.costs() {
                let shares = values
                    .iter()
                    .enumerate()
                    .map(|(expert, score)| weighing.price(expert) * score);
                let cost = shares.sum::<f64>() / sum_of(weighing.form, &values);
                y[weighing.chosen] = (cost + weighing.z * log_sum * log_sum) as f32;
            }
        }
    });
}

/// What the scores of a row's experts are multiplied by.
fn factor(weighing: &Weighing, row: usize, scores: &[f64]) -> f64 {
    match weighing.renormalised {
        true => weighing.scale / chosen_sum(weighing, row, scores),
        false => weighing.scale,
    }
}

fn chosen_sum(weighing: &Weighing, row: usize, scores: &[f64]) -> f64 {
    let chosen = weighing.chosen_of(row).iter();
    chosen.map(|&expert| scores[expert as usize]).sum::<f64>() + LEAST_SUM
}

/// From the gradient of `y`, writes that of the logits.
///
/// # Panics
/// As [`forward`].
pub fn backward(weighing: &Weighing, logits: &[f32], experts: usize, dy: &[f32], dlogits: &mut [f32]) {
    let (rows, columns) = (check(weighing, logits, experts, dy), weighing.columns());
    assert_eq!(dlogits.len(), logits.len(), "a gradient for each value");
    let dlogits = Shared::new(dlogits);
    for_each_block(rows, 60 * rows * experts, |mine| {
        let [mut values, mut dscores] = [vec![0.0; experts], vec![0.0; experts]];
        for row in mine {
            let (dy, part) = (
                &dy[row * columns..(row + 1) * columns],
                row * experts..(row + 1) * experts,
            );
            // SAFETY: blocks of rows do not overlap.
            let dlogits = unsafe { dlogits.part(part.clone()) };
            let of_row = logits[part].iter().map(|&logit| f64::from(logit));
            let log_sum = scores(weighing.form, of_row.clone(), &mut values);
            let dcost = if weighing.costs() {
                f64::from(dy[weighing.chosen])
            } else {
                0.0
            };
            let sum = sum_of(weighing.form, &values);
            // A price is of shares, which all scores are divided for.
            let paid = match weighing.form {
                Form::Softmax => 0.0,
                Form::Sigmoid => {
                    let all = values.iter().enumerate();
                    all.map(|(expert, score)| weighing.price(expert) * score / sum)
                        .sum()
                }
            };
            for (expert, dscore) in dscores.iter_mut().enumerate() {
                *dscore = dcost * (weighing.price(expert) - paid) / sum;
            }
            let factor = factor(weighing, row, &values);
            let chosen = || weighing.chosen_of(row).iter().zip(dy);
            let around = match weighing.renormalised {
                true => {
                    let given = chosen().map(|(&expert, &dy)| f64::from(dy) * values[expert as usize]);
                    given.sum::<f64>() / chosen_sum(weighing, row, &values)
                }
                false => 0.0,
            };
            for (&expert, &dy) in chosen() {
                dscores[expert as usize] += factor * (f64::from(dy) - around);
            }
            write(
                weighing,
                dlogits,
                of_row,
                [&values, &dscores],
                dcost * 2.0 * weighing.z * log_sum,
                log_sum,
            );
        }
    });
}

/// From the gradient of the scores of a row and that of the logarithm of its sum, writes that of its logits.
fn write(
    weighing: &Weighing,
    dlogits: &mut [f32],
    logits: impl Iterator<Item = f64>,
    [scores, dscores]: [&[f64]; 2],
    dlog_sum: f64,
    log_sum: f64,
) {
    let mean: f64 = scores.iter().zip(dscores).map(|(score, d)| score * d).sum();
    let rows = dlogits.iter_mut().zip(logits).zip(scores.iter().zip(dscores));
    for ((dlogit, logit), (score, d)) in rows {
        let own = match weighing.form {
            Form::Softmax => score * (d - mean),
            Form::Sigmoid => score * (1.0 - score) * d,
        };
        let of_sum = if dlog_sum == 0.0 {
            0.0
        } else {
            dlog_sum * (logit - log_sum).exp()
        };
        *dlogit = (own + of_sum) as f32;
    }
}

/// The number of rows.
fn check(weighing: &Weighing, logits: &[f32], experts: usize, y: &[f32]) -> usize {
    let rows = y.len() / weighing.columns();
    let fits = logits.len() == rows * experts
        && y.len() == rows * weighing.columns()
        && weighing.choices.len() == rows * weighing.chosen
        && (weighing.prices.is_empty() || weighing.prices.len() == experts)
        && weighing.choices.iter().all(|&expert| (expert as usize) < experts);
    assert!(
        fits,
        "{rows} rows, each of {experts} experts with {} chosen",
        weighing.chosen
    );
    rows
}
