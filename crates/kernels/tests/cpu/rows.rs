//! Operations on rows and elements.

use proptest::collection::vec;
use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::cross_entropy::Head;
use triaxis_kernels::cpu::rotary::{Angles, Turn};
use triaxis_kernels::cpu::{adamw, cross_entropy, embedding, norm, rms_norm, rotary, swiglu};

use super::attention::angles;
use super::reference::{self, config, random, random_tokens, wide};
use super::{ROUNDED_TOLERANCE, TOLERANCE, on_every_level, size};

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn rms_norm_of_any_shape(rows in size(), width in size()) {
        let (x, weight, dy) = (random(1, rows * width), random(2, width), random(3, rows * width));
        let expected = reference::rms_norm(&wide(&x), &wide(&weight), 1e-6);
        let [expected_dx, expected_dweight] =
            reference::rms_norm_gradients(&wide(&x), &wide(&weight), 1e-6, &wide(&dy));
        on_every_level(|| {
            let (mut y, mut scales) = (vec![f32::NAN; x.len()], vec![f32::NAN; rows]);
            rms_norm::forward(&x, &weight, 1e-6, &mut y, &mut scales);
            assert_close!(y, expected);
            let (mut dx, mut dweight) = (vec![f32::NAN; x.len()], vec![f32::NAN; width]);
            rms_norm::backward(&x, &weight, &scales, &dy, &mut dx, &mut dweight);
            assert_close!(dx, expected_dx, 1.0);
            assert_close!(dweight, expected_dweight, 1.0);
        });
    }

    #[test]
    fn swiglu_of_any_shape(rows in size(), width in size()) {
        let x: Vec<f32> = random(1, 2 * rows * width).iter().map(|x| 6.0 * x).collect();
        let dy = random(2, rows * width);
        let expected = reference::swiglu(&wide(&x), width);
        let expected_gradient = reference::swiglu_gradient(&wide(&x), width, &wide(&dy));
        on_every_level(|| {
            let (mut y, mut gradient) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
            swiglu::forward(&x, width, &mut y);
            assert_close!(y, expected);
            swiglu::backward(&x, width, &dy, &mut gradient);
            assert_close!(gradient, expected_gradient);
        });
    }

    #[test]
    fn rotary_of_any_shape(batch in 1usize..3, length in size(), heads in 1usize..4, half in 1usize..20) {
        let (x, angles) = (random(1, batch * length * heads * 2 * half), angles(length, half));
        let expected = reference::rotate(&wide(&x), length, heads, 2 * half, &angles);
        let cosines: Vec<f32> = angles.iter().map(|a| a.cos() as f32).collect();
        let sines: Vec<f32> = angles.iter().map(|a| a.sin() as f32).collect();
        let table = Angles { cosines: &cosines, sines: &sines };
        on_every_level(|| {
            let (mut y, mut back) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            rotary::rotate(&x, length, heads, 2 * half, table, Turn::Forward, &mut y);
            assert_close!(y, expected);
            rotary::rotate(&y, length, heads, 2 * half, table, Turn::Back, &mut back);
            assert_close!(back, wide(&x));
        });
    }

    #[test]
    fn embedding_of_any_shape(vocabulary in size(), width in size(), count in size()) {
        let (table, dy) = (random(1, vocabulary * width), random(2, count * width));
        let tokens = random_tokens(3, count, vocabulary);
        let mut y = vec![f32::NAN; count * width];
        embedding::gather(&table, width, &tokens, &mut y);
        let mut expected = vec![0.0; table.len()];
        for (i, &token) in tokens.iter().enumerate() {
            prop_assert_eq!(&y[i * width..(i + 1) * width], &table[token as usize * width..(token as usize + 1) * width]);
            for c in 0..width {
                expected[token as usize * width + c] += f64::from(dy[i * width + c]);
            }
        }
        let mut dtable = vec![f32::NAN; table.len()];
        embedding::scatter(&dy, width, &tokens, &mut dtable);
        assert_close!(dtable, expected, 1.0);
    }

    #[test]
    fn cross_entropy_of_any_shape(rows in size(), width in size(), vocabulary in size()) {
        let (x, targets) = (random(1, rows * width), random_tokens(3, rows, vocabulary));
        let weight: Vec<f32> = random(2, vocabulary * width).iter().map(|x| 3.0 * x).collect();
        let (expected, [expected_dx, expected_dweight]) =
            reference::cross_entropy(&wide(&x), &wide(&weight), width, &targets);
        on_every_level(|| {
            let head = Head { weight: &weight, width, precision: Precision::Float32 };
            let mut losses = vec![f32::NAN; rows];
            let (mut dx, mut dweight) = (vec![f32::NAN; x.len()], vec![f32::NAN; weight.len()]);
            cross_entropy::losses(head, &x, &targets, &mut losses);
            let alone = losses.clone();
            cross_entropy::losses_and_gradients(head, &x, &targets, &mut losses, &mut dx, &mut dweight);
            assert_eq!(alone, losses);
            assert_close!(losses, expected, 1.0);
            assert_close!(dx, expected_dx, 1.0 / rows as f64);
            assert_close!(dweight, expected_dweight, 1.0 / rows as f64);
        });
    }

    #[test]
    fn adamw_and_norm_of_tensors_of_any_lengths(lengths in vec(prop_oneof![Just(0), size(), Just(40_000)], 0..5)) {
        let tensors: Vec<_> = (0..).step_by(2).zip(lengths).map(|(seed, length)| AdamW {
            start: random(seed, length),
            gradient: random(seed + 1, length),
            // Every other tensor decays.
            weight_decay: if seed % 4 == 0 { 0.1 } else { 0.0 },
        }).collect();
        let expected: Vec<_> = tensors.iter().map(AdamW::ten_steps).collect();
        let squares: f64 = tensors.iter().flat_map(|tensor| &tensor.gradient).map(|g| f64::from(*g).powi(2)).sum();
        on_every_level(|| {
            let zeros = |tensor: &AdamW| vec![0.0f32; tensor.start.len()];
            let mut updated: Vec<_> =
                tensors.iter().map(|tensor| [tensor.start.clone(), zeros(tensor), zeros(tensor)]).collect();
            for step in 1..=10 {
                let parameters = tensors.iter().zip(&mut updated).map(|(tensor, [values, first, second])| adamw::Parameter {
                    values, gradient: &tensor.gradient, first, second, weight_decay: tensor.weight_decay,
                });
                adamw::step(parameters.collect(), &adamw::Update { step, ..UPDATE });
            }
            for (found, expected) in updated.iter().flatten().zip(expected.iter().flatten()) {
                assert_close!(found, expected);
            }
            let gradients: Vec<_> = tensors.iter().map(|tensor| &tensor.gradient[..]).collect();
            let norm = norm::gradient_norm(&gradients);
            assert!((norm - squares.sqrt()).abs() <= 1e-6 * norm);
        });
    }
}

const UPDATE: adamw::Update = adamw::Update {
    learning_rate: 0.01,
    beta_1: 0.9,
    beta_2: 0.95,
    epsilon: 1e-8,
    gradient_scale: 0.5,
    step: 1,
};

struct AdamW {
    start: Vec<f32>,
    gradient: Vec<f32>,
    weight_decay: f64,
}

impl AdamW {
    /// Values and moments after ten steps of one gradient, as the paper writes them.
    fn ten_steps(&self) -> [Vec<f64>; 3] {
        let mut p = wide(&self.start);
        let [mut m, mut v] = [(); 2].map(|()| vec![0.0; p.len()]);
        for step in 1..=10 {
            for i in 0..p.len() {
                let g = f64::from(self.gradient[i]) * 0.5;
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.95 * v[i] + 0.05 * g * g;
                let (mean, square) = (
                    m[i] / (1.0 - 0.9f64.powi(step)),
                    v[i] / (1.0 - 0.95f64.powi(step)),
                );
                p[i] -= 0.01 * (self.weight_decay * p[i] + mean / (square.sqrt() + 1e-8));
            }
        }
        [p, m, v]
    }
}

/// Values that bf16 holds exactly, so that only the exponentials are rounded; the logits of the last tokens lie
/// far above those of the first, or not, and all of them are far from zero.
#[test]
fn rounded_cross_entropy_of_low_and_high_logits() {
    for (rows, width, vocabulary) in [(1, 1, 1), (33, 8, 17), (70, 8, 513), (300, 9, 1100)] {
        for late in [1.0, 6.0] {
            let whole = |seed, count, most: f32| -> Vec<f32> {
                random(seed, count).iter().map(|x| (most * x).round()).collect()
            };
            let (x, targets) = (whole(1, rows * width, 3.0), random_tokens(3, rows, vocabulary));
            let mut weight = whole(2, vocabulary * width, 3.0);
            for value in weight.iter_mut().skip(512 * width) {
                *value *= late;
            }
            let (expected, [expected_dx, expected_dweight]) =
                reference::cross_entropy(&wide(&x), &wide(&weight), width, &targets);
            let head = Head {
                weight: &weight,
                width,
                precision: Precision::BFloat16,
            };
            let mut losses = vec![f32::NAN; rows];
            let (mut dx, mut dweight) = (vec![f32::NAN; x.len()], vec![f32::NAN; weight.len()]);
            cross_entropy::losses_and_gradients(head, &x, &targets, &mut losses, &mut dx, &mut dweight);
            assert_close!(losses, expected, 1.0, TOLERANCE);
            assert_close!(dx, expected_dx, 1.0 / rows as f64, ROUNDED_TOLERANCE);
            assert_close!(dweight, expected_dweight, 1.0 / rows as f64, ROUNDED_TOLERANCE);
        }
    }
}

#[test]
fn reference_gradients_match_finite_differences() {
    let close = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .for_each(|(a, b)| assert!((a - b).abs() < 1e-8, "{a} {b}"))
    };
    let wide_random = |seed, count| wide(&random(seed, count));
    let (x, w, dy) = (wide_random(1, 15), wide_random(2, 5), wide_random(3, 15));
    let [dx, dw] = reference::rms_norm_gradients(&x, &w, 1e-3, &dy);
    close(
        &dx,
        &reference::finite_differences(&x, &dy, |x| reference::rms_norm(x, &w, 1e-3)),
    );
    close(
        &dw,
        &reference::finite_differences(&w, &dy, |w| reference::rms_norm(&x, w, 1e-3)),
    );
    let (x, dy) = (wide_random(1, 24), wide_random(2, 12));
    close(
        &reference::swiglu_gradient(&x, 4, &dy),
        &reference::finite_differences(&x, &dy, |x| reference::swiglu(x, 4)),
    );
    let (x, w, targets) = (wide_random(1, 12), wide_random(2, 20), [0, 4, 2]);
    let (_, [dx, dw]) = reference::cross_entropy(&x, &w, 4, &targets);
    let mean = [1.0 / 3.0; 3];
    close(
        &dx,
        &reference::finite_differences(&x, &mean, |x| reference::cross_entropy(x, &w, 4, &targets).0),
    );
    close(
        &dw,
        &reference::finite_differences(&w, &mean, |w| reference::cross_entropy(&x, w, 4, &targets).0),
    );
    let plain = reference::Attention {
        batch: 2,
        queries: 3,
        keys: 4,
        query_heads: 2,
        key_heads: 1,
        dimension: 3,
    };
    let (q, k, v, dy) = (
        wide_random(1, 36),
        wide_random(2, 24),
        wide_random(3, 24),
        wide_random(4, 36),
    );
    let (_, [dq, dk, dv]) = plain.run(&q, &k, &v, &dy);
    close(
        &dq,
        &reference::finite_differences(&q, &dy, |q| plain.run(q, &k, &v, &dy).0),
    );
    close(
        &dk,
        &reference::finite_differences(&k, &dy, |k| plain.run(&q, k, &v, &dy).0),
    );
    close(
        &dv,
        &reference::finite_differences(&v, &dy, |v| plain.run(&q, &k, v, &dy).0),
    );
}
