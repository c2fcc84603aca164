//! Each operation as its definition says, in double precision, one loop an index.
//!
//! Gradients are written out as well; `reference_gradients_match_finite_differences` in `cpu/rows.rs` proves them.
#![allow(dead_code)]

pub(crate) mod experts;
mod gated_delta;
mod gated_linear;
mod lstm;
mod mamba;
mod mamba2;
mod min_rnn;
pub(crate) mod muon;
pub(crate) mod recurrent;
mod rg_lru;

use std::io::Write;

use proptest::test_runner::{Config, RngSeed};
use triaxis_kernels::cpu::bf16::Unit;
use triaxis_kernels::{Precision, Update};

/// The same cases on every run.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    }
}

/// [`Precision::BFloat16`]. Where the processor computes it in `f32`, so that tests of it prove nothing, this says so
/// past the capture of what passing tests print.
pub(crate) fn rounded() -> Precision {
    static SAID: std::sync::Once = std::sync::Once::new();
    if Unit::available().is_empty() {
        SAID.call_once(|| {
            let _ = writeln!(std::io::stderr(), "no bf16 here: its tests compare f32 with f32");
        });
    }
    Precision::BFloat16
}

/// Whether [`Precision::BFloat16`] rounds on the instruction sets in use.
pub(crate) fn rounds() -> bool {
    Precision::BFloat16.unit() != Precision::Float32.unit()
}

/// An output that no kernel may read.
pub(crate) fn unset(count: usize) -> Vec<f32> {
    vec![f32::NAN; count]
}

/// A stream of values in -1..1 that depends on the seed alone.
pub(crate) fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Numbers in `0..below`.
pub(crate) fn random_tokens(seed: u64, count: usize, below: usize) -> Vec<u32> {
    random(seed, count)
        .iter()
        .map(|x| (((x + 1.0) / 2.0 * below as f32) as usize).min(below - 1) as u32)
        .collect()
}

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// The largest difference, as a share of the largest expected value, or of `terms`, the size of the terms
/// that are summed, where that is larger because they cancel.
///
/// # Panics
/// If one of a pair is NaN or infinite and the other is not the same.
pub(crate) fn relative_error(actual: &[f32], expected: &[f64], terms: f64) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let finite = expected.iter().filter(|x| x.is_finite());
    let scale = finite.fold(terms.max(1e-30), |scale, x| scale.max(x.abs()));
    let mut worst = 0.0f64;
    for (index, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        let a = f64::from(a);
        if a.is_finite() && e.is_finite() {
            worst = worst.max((a - e).abs() / scale);
        } else {
            assert!(
                a == e || a.is_nan() && e.is_nan(),
                "{a} instead of {e} at {index}"
            );
        }
    }
    worst
}

/// `a (rows × depth) × b (depth × columns)`
pub(crate) fn multiply(a: &[f64], b: &[f64], rows: usize, depth: usize, columns: usize) -> Vec<f64> {
    let mut c = vec![0.0; rows * columns];
    for i in 0..rows {
        for k in 0..depth {
            for j in 0..columns {
                c[i * columns + j] += a[i * depth + k] * b[k * columns + j];
            }
        }
    }
    c
}

pub(crate) fn transpose(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns)
        .map(|index| a[index % rows * columns + index / rows])
        .collect()
}

/// `x × weight` and, from the gradient of the product, those of both.
pub(crate) struct Product {
    pub(crate) y: Vec<f64>,
    pub(crate) dx: Vec<f64>,
    pub(crate) dweight: Vec<f64>,
}

impl Product {
    pub(crate) fn new(x: &[f64], weight: &[f64], dy: &[f64], [rows, depth, columns]: [usize; 3]) -> Self {
        Self {
            y: multiply(x, weight, rows, depth, columns),
            dx: multiply(dy, &transpose(weight, depth, columns), rows, columns, depth),
            dweight: multiply(&transpose(x, rows, depth), dy, depth, rows, columns),
        }
    }
}

pub(crate) fn rms_norm(x: &[f64], weight: &[f64], epsilon: f64) -> Vec<f64> {
    let rows = x.chunks(weight.len());
    rows.flat_map(|x| {
        let scale = rms_scale(x, epsilon);
        x.iter().zip(weight).map(move |(x, w)| x * scale * w)
    })
    .collect()
}

fn rms_scale(x: &[f64], epsilon: f64) -> f64 {
    1.0 / (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64 + epsilon).sqrt()
}

/// Gradients of `x` and the weight.
pub(crate) fn rms_norm_gradients(x: &[f64], weight: &[f64], epsilon: f64, dy: &[f64]) -> [Vec<f64>; 2] {
    let width = weight.len();
    let (mut dx, mut dweight) = (Vec::new(), vec![0.0; width]);
    for (x, dy) in x.chunks(width).zip(dy.chunks(width)) {
        let s = rms_scale(x, epsilon);
        let mean: f64 = (0..width).map(|i| dy[i] * weight[i] * x[i]).sum::<f64>() / width as f64;
        for i in 0..width {
            dx.push(s * dy[i] * weight[i] - x[i] * s * s * s * mean);
            dweight[i] += dy[i] * x[i] * s;
        }
    }
    [dx, dweight]
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub(crate) fn swiglu(gate_up: &[f64], width: usize) -> Vec<f64> {
    let rows = gate_up.chunks(2 * width);
    rows.flat_map(|row| (0..width).map(|i| row[i] * sigmoid(row[i]) * row[width + i]))
        .collect()
}

pub(crate) fn swiglu_gradient(gate_up: &[f64], width: usize, dy: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; gate_up.len()];
    for (row, (x, dy)) in gate_up.chunks(2 * width).zip(dy.chunks(width)).enumerate() {
        for i in 0..width {
            let (gate, up, s) = (x[i], x[width + i], sigmoid(x[i]));
            gradient[row * 2 * width + i] = dy[i] * up * (s + gate * s * (1.0 - s));
            gradient[row * 2 * width + width + i] = dy[i] * gate * s;
        }
    }
    gradient
}

/// The normal distribution function, and the density. The tail is a series around zero (Marsaglia 2004, equation 2) or
/// Laplace's continued fraction.
fn normal(x: f64) -> [f64; 2] {
    let z = x.abs();
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let tail = if z < 3.0 {
        let series = (1..100)
            .rev()
            .fold(1.0, |rest, i| 1.0 + z * z / f64::from(2 * i + 1) * rest);
        0.5 - density * z * series
    } else {
        density / (1..200).rev().fold(z, |rest, i| z + f64::from(i) / rest)
    };
    [if x < 0.0 { tail } else { 1.0 - tail }, density]
}

pub(crate) fn gelu(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| x * normal(x)[0]).collect()
}

pub(crate) fn gelu_gradient(x: &[f64], dy: &[f64]) -> Vec<f64> {
    let gradient = |(&x, dy): (&f64, &f64)| {
        let [distribution, density] = normal(x);
        dy * (distribution + x * density)
    };
    x.iter().zip(dy).map(gradient).collect()
}

/// `2u` with `tanh(u)` in the approximation of Φ, and its derivative.
fn tanh_argument(x: f64) -> [f64; 2] {
    let slope = (8.0 / std::f64::consts::PI).sqrt();
    [
        slope * (x + 0.044_715 * x * x * x),
        slope * (1.0 + 3.0 * 0.044_715 * x * x),
    ]
}

pub(crate) fn gelu_tanh(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| x * sigmoid(tanh_argument(x)[0])).collect()
}

pub(crate) fn gelu_tanh_gradient(x: &[f64], dy: &[f64]) -> Vec<f64> {
    let gradient = |(&x, dy): (&f64, &f64)| {
        let [twice, slope] = tanh_argument(x);
        let s = sigmoid(twice);
        dy * (s + x * s * (1.0 - s) * slope)
    };
    x.iter().zip(dy).map(gradient).collect()
}

fn moments(x: &[f64], epsilon: f64) -> [f64; 2] {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
    [mean, 1.0 / (variance + epsilon).sqrt()]
}

pub(crate) fn layer_norm(x: &[f64], gain: &[f64], bias: &[f64], epsilon: f64) -> Vec<f64> {
    let rows = x.chunks(gain.len());
    rows.flat_map(|x| {
        let [mean, scale] = moments(x, epsilon);
        let shifted = x.iter().map(move |x| (x - mean) * scale);
        shifted
            .zip(gain)
            .zip(bias)
            .map(|((x, gain), bias)| x * gain + bias)
    })
    .collect()
}

/// Gradients of `x`, and of gain and bias.
pub(crate) fn layer_norm_gradients(x: &[f64], gain: &[f64], epsilon: f64, dy: &[f64]) -> [Vec<f64>; 2] {
    let width = gain.len();
    let (mut dx, mut daffine) = (Vec::new(), vec![0.0; 2 * width]);
    for (x, dy) in x.chunks(width).zip(dy.chunks(width)) {
        let [mean, s] = moments(x, epsilon);
        let normed = |i: usize| (x[i] - mean) * s;
        let over = |of: &dyn Fn(usize) -> f64| (0..width).map(of).sum::<f64>() / width as f64;
        let straight = over(&|i| dy[i] * gain[i]);
        let along = over(&|i| dy[i] * gain[i] * normed(i));
        for i in 0..width {
            dx.push(s * (dy[i] * gain[i] - straight - normed(i) * along));
            daffine[i] += dy[i] * normed(i);
            daffine[width + i] += dy[i];
        }
    }
    [dx, daffine]
}

/// Turns the first coordinates of every head of `batch × length × heads × dimension`, each of the first half of them with
/// one of the second, as many pairs as there are angles for a position.
pub(crate) fn rotate(x: &[f64], length: usize, heads: usize, dimension: usize, angles: &[f64]) -> Vec<f64> {
    let half = angles.len() / length;
    let mut y = x.to_vec();
    for (index, (x, y)) in x.chunks(dimension).zip(y.chunks_mut(dimension)).enumerate() {
        let position = index / heads % length;
        for i in 0..half {
            let angle = angles[position * half + i];
            y[i] = x[i] * angle.cos() - x[half + i] * angle.sin();
            y[half + i] = x[i] * angle.sin() + x[half + i] * angle.cos();
        }
    }
    y
}

/// The rows of a table that tokens choose.
pub(crate) fn gather(table: &[f64], width: usize, tokens: &[u32]) -> Vec<f64> {
    let rows = tokens
        .iter()
        .map(|&token| &table[token as usize * width..][..width]);
    rows.flatten().copied().collect()
}

/// The gradient of the table, of `vocabulary` rows.
pub(crate) fn scatter(dy: &[f64], width: usize, tokens: &[u32], vocabulary: usize) -> Vec<f64> {
    let mut dtable = vec![0.0; vocabulary * width];
    for (i, &token) in tokens.iter().enumerate() {
        for c in 0..width {
            dtable[token as usize * width + c] += dy[i * width + c];
        }
    }
    dtable
}

/// An AdamW step (Loshchilov and Hutter 2019, algorithm 2) of a parameter and its two moments.
pub(crate) fn adamw([p, m, v]: [f64; 3], gradient: f64, weight_decay: f64, update: &Update) -> [f64; 3] {
    let (g, step) = (gradient * update.gradient_scale, update.step as i32);
    let m = update.beta_1 * m + (1.0 - update.beta_1) * g;
    let v = update.beta_2 * v + (1.0 - update.beta_2) * g * g;
    let (mean, square) = (
        m / (1.0 - update.beta_1.powi(step)),
        v / (1.0 - update.beta_2.powi(step)),
    );
    let decayed = p * (1.0 - update.learning_rate * weight_decay);
    [
        decayed - update.learning_rate * mean / (square.sqrt() + update.epsilon),
        m,
        v,
    ]
}

/// The value that bf16 has nearest to each, of two the even one.
pub(crate) fn round_to_bf16(values: &[f32]) -> Vec<f64> {
    let round = |bits: u32| f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000);
    values.iter().map(|x| f64::from(round(x.to_bits()))).collect()
}

/// The mean loss, each row's loss, and the gradients of `x` and the weight (`vocabulary × width`).
pub(crate) fn cross_entropy(
    x: &[f64],
    weight: &[f64],
    width: usize,
    targets: &[u32],
) -> (Vec<f64>, [Vec<f64>; 2]) {
    let (rows, vocabulary) = (targets.len(), weight.len() / width);
    let logits = multiply(x, &transpose(weight, vocabulary, width), rows, width, vocabulary);
    let (mut losses, mut dlogits) = (Vec::new(), Vec::new());
    for (logits, &target) in logits.chunks(vocabulary).zip(targets) {
        let maximum = logits.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = logits.iter().map(|x| (x - maximum).exp()).sum();
        losses.push(total.ln() + maximum - logits[target as usize]);
        dlogits.extend(
            logits
                .iter()
                .enumerate()
                .map(|(i, x)| ((x - maximum).exp() / total - f64::from(i == target as usize)) / rows as f64),
        );
    }
    let dx = multiply(&dlogits, weight, rows, vocabulary, width);
    let dweight = multiply(&transpose(&dlogits, rows, vocabulary), x, vocabulary, rows, width);
    (losses, [dx, dweight])
}

/// Sizes of an attention whose tensors are `batch × length × heads × dimension`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) query_heads: usize,
    pub(crate) key_heads: usize,
    pub(crate) dimension: usize,
    pub(crate) window: usize,
    pub(crate) soft_cap: Option<f64>,
    pub(crate) bidirectional: bool,
}

impl Attention {
    fn query(&self, sequence: usize, position: usize, head: usize) -> usize {
        ((sequence * self.queries + position) * self.query_heads + head) * self.dimension
    }

    fn key(&self, sequence: usize, position: usize, head: usize) -> usize {
        ((sequence * self.keys + position) * self.key_heads + head) * self.dimension
    }

    fn bounded(&self, score: f64) -> f64 {
        self.soft_cap.map_or(score, |cap| cap * (score / cap).tanh())
    }

    /// The output and, for its gradient `dy`, the gradients of queries, keys and values.
    pub(crate) fn run(&self, q: &[f64], k: &[f64], v: &[f64], dy: &[f64]) -> (Vec<f64>, [Vec<f64>; 3]) {
        let (mut y, mut dq, mut dk, mut dv) = (
            vec![0.0; q.len()],
            vec![0.0; q.len()],
            vec![0.0; k.len()],
            vec![0.0; v.len()],
        );
        let (d, scale) = (self.dimension, 1.0 / (self.dimension as f64).sqrt());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for sequence in 0..self.batch {
            for head in 0..self.query_heads {
                let key_head = head / (self.query_heads / self.key_heads);
                for position in 0..self.queries {
                    let qi = self.query(sequence, position, head);
                    let query = &q[qi..qi + d];
                    let seen = match self.bidirectional {
                        true => self.keys,
                        false => position + self.keys - self.queries + 1,
                    };
                    let first = seen.saturating_sub(self.window);
                    let at = |j: usize| self.key(sequence, first + j, key_head);
                    let scores: Vec<f64> = (0..seen - first)
                        .map(|j| self.bounded(scale * dot(query, &k[at(j)..at(j) + d])))
                        .collect();
                    let maximum = scores.iter().copied().fold(f64::MIN, f64::max);
                    let total: f64 = scores.iter().map(|s| (s - maximum).exp()).sum();
                    let p: Vec<f64> = scores.iter().map(|s| (s - maximum).exp() / total).collect();
                    for (j, p) in p.iter().enumerate() {
                        (0..d).for_each(|c| y[qi + c] += p * v[at(j) + c]);
                    }
                    let gradient = &dy[qi..qi + d];
                    // Equal to the sum of p[j] × dp[j] where all are finite.
                    let delta = dot(gradient, &y[qi..qi + d]);
                    for (j, p) in p.iter().enumerate() {
                        let slope = self
                            .soft_cap
                            .map_or(1.0, |cap| 1.0 - (scores[j] / cap) * (scores[j] / cap));
                        let ds = p * (dot(gradient, &v[at(j)..at(j) + d]) - delta) * scale * slope;
                        for c in 0..d {
                            dv[at(j) + c] += p * gradient[c];
                            dq[qi + c] += ds * k[at(j) + c];
                            dk[at(j) + c] += ds * query[c];
                        }
                    }
                }
            }
        }
        (y, [dq, dk, dv])
    }
}

/// The gradient of `Σ f(x) × direction` by central differences.
pub(crate) fn finite_differences(x: &[f64], direction: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let step = 1e-5;
    let project = |x: &[f64]| f(x).iter().zip(direction).map(|(y, d)| y * d).sum::<f64>();
    (0..x.len())
        .map(|i| {
            let mut moved = x.to_vec();
            moved[i] = x[i] + step;
            let above = project(&moved);
            moved[i] = x[i] - step;
            (above - project(&moved)) / (2.0 * step)
        })
        .collect()
}
