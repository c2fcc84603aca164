//! Operations on rows and elements.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::cross_entropy::Head;
use triaxis_kernels::cpu::rotary::{Angles, Turn};
use triaxis_kernels::cpu::{adamw, cross_entropy, embedding, gelu, norm, rms_norm, rotary, swiglu};

use super::attention::angles;
use super::reference::{self, config, random, random_tokens, rounded, wide};
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
    fn gelu_of_any_length(length in prop_oneof![size(), Just(40_000)]) {
        let x: Vec<f32> = random(1, length).iter().map(|x| 6.0 * x).collect();
        let dy = random(2, length);
        let expected = reference::gelu(&wide(&x));
        let expected_gradient = reference::gelu_gradient(&wide(&x), &wide(&dy));
        on_every_level(|| {
            let (mut y, mut dx) = (vec![f32::NAN; length], vec![f32::NAN; length]);
            gelu::forward(&x, &mut y);
            assert_close!(y, expected);
            gelu::backward(&x, &dy, &mut dx);
            assert_close!(dx, expected_gradient);
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
    fn adamw_and_norm_of_any_length(length in prop_oneof![size(), Just(40_000)]) {
        let (start, gradient) = (random(1, length), random(2, length));
        on_every_level(|| {
            let (mut p, mut m, mut v) = (start.clone(), vec![0.0; length], vec![0.0; length]);
            let (mut wp, mut wm, mut wv) = (wide(&start), vec![0.0f64; length], vec![0.0f64; length]);
            for step in 1..=10 {
                let update = adamw::Update {
                    learning_rate: 0.01, beta_1: 0.9, beta_2: 0.95, epsilon: 1e-8, weight_decay: 0.1,
                    gradient_scale: 0.5, step,
                };
                adamw::step(&mut p, &gradient, &mut m, &mut v, &update);
                for i in 0..length {
                    let g = f64::from(gradient[i]) * 0.5;
                    wm[i] = 0.9 * wm[i] + 0.1 * g;
                    wv[i] = 0.95 * wv[i] + 0.05 * g * g;
                    let (mean, square) = (wm[i] / (1.0 - 0.9f64.powi(step as i32)), wv[i] / (1.0 - 0.95f64.powi(step as i32)));
                    wp[i] -= 0.01 * (0.1 * wp[i] + mean / (square.sqrt() + 1e-8));
                }
            }
            assert_close!(p, wp);
            assert_close!(m, wm);
            assert_close!(v, wv);
            let expected: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
            assert!((norm::sum_of_squares(&gradient) / expected - 1.0).abs() < 1e-6);
        });
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
                precision: rounded(),
            };
            on_every_level(|| {
                let mut losses = vec![f32::NAN; rows];
                let (mut dx, mut dweight) = (vec![f32::NAN; x.len()], vec![f32::NAN; weight.len()]);
                cross_entropy::losses_and_gradients(head, &x, &targets, &mut losses, &mut dx, &mut dweight);
                assert_close!(losses, expected, 1.0, TOLERANCE);
                assert_close!(dx, expected_dx, 1.0 / rows as f64, ROUNDED_TOLERANCE);
                assert_close!(dweight, expected_dweight, 1.0 / rows as f64, ROUNDED_TOLERANCE);
            });
        }
    }
}

/// Each value alone, and not only the largest: the tails are products of ever smaller factors.
#[test]
fn gelu_of_each_value_from_tail_to_tail() {
    let mut x: Vec<f32> = (-15_000..15_000).map(|i| i as f32 / 1000.0).collect();
    x.extend([
        0.0,
        -0.0,
        1e-45,
        -1e-39,
        1e-38,
        -2e-38,
        1e-20,
        -1e-6,
        100.0,
        -100.0,
        1e30,
        -1e30,
        f32::MAX,
        f32::MIN,
    ]);
    let expected = reference::gelu(&wide(&x));
    let gradient = reference::gelu_gradient(&wide(&x), &vec![1.0; x.len()]);
    // Below the normal range there are fewer digits.
    let check = |actual: f32, expected: f64, terms: f64, x: f32| {
        let most = 1e-5 * terms.max(f64::from(f32::MIN_POSITIVE));
        assert!(
            (f64::from(actual) - expected).abs() <= most,
            "{actual:e} instead of {expected:e} at {x}"
        );
    };
    on_every_level(|| {
        let (mut y, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
        gelu::forward(&x, &mut y);
        gelu::backward(&x, &vec![1.0; x.len()], &mut dx);
        for (i, &x) in x.iter().enumerate() {
            check(y[i], expected[i], expected[i].abs(), x);
            // The gradient is zero at -0.75, where its two terms cancel.
            let terms = if x < 0.0 && x > -1.0 {
                0.1
            } else {
                gradient[i].abs()
            };
            check(dx[i], gradient[i], terms, x);
        }
    });
}

/// Values of C's `erf`, by Python 3.11's `x / 2 * math.erfc(-x / math.sqrt(2))`.
#[test]
fn reference_gelu_is_that_of_the_field() {
    let known = [
        (-12.0, -2.1317785344932424e-32),
        (-6.5, -2.6104003795084313e-10),
        (-3.25, -0.001875331387769994),
        (-2.9, -0.005410858571113711),
        (-1.0, -0.15865525393145707),
        (-0.125, -0.056282721896235885),
        (0.5, 0.34573123063700656),
        (1.75, 1.67989647548832),
        (3.5, 3.4991857982233756),
        (8.0, 7.999999999999995),
    ];
    for (x, y) in known {
        let relative = (reference::gelu(&[x])[0] / y - 1.0).abs();
        assert!(relative < 1e-13, "{x}: {relative:e}");
    }
}

#[test]
fn reference_gradients_match_finite_differences() {
    let close = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
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
    let (x, dy) = (
        wide_random(1, 12).iter().map(|x| 5.0 * x).collect::<Vec<_>>(),
        wide_random(2, 12),
    );
    close(
        &reference::gelu_gradient(&x, &dy),
        &reference::finite_differences(&x, &dy, reference::gelu),
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
