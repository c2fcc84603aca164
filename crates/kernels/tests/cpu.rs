//! The slice kernels against plain loops in double precision, on every instruction set of the processor,
//! over the sizes where tiles and vectors end.

mod reference;

use proptest::prelude::*;
use reference::{config, random, random_tokens, relative_error, wide};
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::attention::{self, Heads, HeadsOut, Saved, Shape};
use triaxis_kernels::cpu::cross_entropy::Head;
use triaxis_kernels::cpu::matrix::Matrix;
use triaxis_kernels::cpu::rotary::{Angles, Turn};
use triaxis_kernels::cpu::{adamw, cross_entropy, embedding, norm, rms_norm, rotary, swiglu};
use triaxis_kernels::parallel::Shared;
use triaxis_kernels::simd::Level;

const TOLERANCE: f64 = 1e-5;

/// Sizes around those of vectors, tiles and blocks.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), Just(15), Just(16), Just(17), Just(257), 1usize..70]
}

/// Runs a check on every instruction set. Tests run side by side, so another may change the level in the
/// middle of a check: all levels must pass all checks, so no failure is hidden and none is made up.
fn on_every_level(check: impl Fn()) {
    // The level is the whole process's: tests that change it take turns.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for level in Level::available() {
        level.make_default();
        check();
    }
}

macro_rules! assert_close {
    ($actual:expr, $expected:expr) => {
        assert_close!($actual, $expected, 0.0)
    };
    ($actual:expr, $expected:expr, $terms:expr) => {
        let error = relative_error(&$actual, &$expected, $terms);
        assert!(
            error <= TOLERANCE,
            "{}: relative error {error:e}",
            stringify!($actual)
        );
    };
}

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
        for (row, expected) in c.chunks(columns + 2).zip(expected.chunks(columns)) {
            let difference = expected
                .iter()
                .zip(row)
                .map(|(e, c)| e - f64::from(*c) + if accumulate { 0.5 } else { 0.0 });
            // Of a sum of up to 1,000 products below one.
            assert!(difference.fold(0.0, |worst: f64, d| worst.max(d.abs())) < 2e-5);
            assert!(
                row[columns..].iter().all(|gap| gap.to_bits() == start.to_bits()),
                "wrote between the rows"
            );
        }
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

struct Case {
    shape: Shape,
    angles: Option<Vec<f64>>,
}

impl Case {
    /// Outputs and gradients against the reference, with q, k and v in one tensor as the model packs them.
    fn check(&self) {
        let Shape {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
        } = self.shape;
        let (q, k, v) = (
            random(3, batch * queries * query_heads * dimension),
            random(4, batch * keys * key_heads * dimension),
            random(5, batch * keys * key_heads * dimension),
        );
        let dy = random(6, q.len());
        let plain = reference::Attention {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
        };
        let half = dimension / 2;
        let late = |angles: &Vec<f64>| angles[(keys - queries) * half..].to_vec();
        let back = |angles: &Vec<f64>| angles.iter().map(|a| -a).collect::<Vec<_>>();
        let turn = |x: &[f64], heads, angles: Option<Vec<f64>>, length| match angles {
            Some(angles) => reference::rotate(x, length, heads, dimension, &angles),
            None => x.to_vec(),
        };
        let turned_q = turn(&wide(&q), query_heads, self.angles.as_ref().map(late), queries);
        let turned_k = turn(&wide(&k), key_heads, self.angles.clone(), keys);
        let (y, [dq, dk, dv]) = plain.run(&turned_q, &turned_k, &wide(&v), &wide(&dy));
        let dq = turn(
            &dq,
            query_heads,
            self.angles.as_ref().map(|a| back(&late(a))),
            queries,
        );
        let dk = turn(&dk, key_heads, self.angles.as_ref().map(back), keys);
        let tables: Option<(Vec<f32>, Vec<f32>)> = self.angles.as_ref().map(|angles| {
            (
                angles.iter().map(|a| a.cos() as f32).collect(),
                angles.iter().map(|a| a.sin() as f32).collect(),
            )
        });
        let angles = tables.as_ref().map(|(cosines, sines)| Angles { cosines, sines });
        fn heads(values: &[f32], stride: usize) -> Heads<'_> {
            Heads {
                values,
                start: 0,
                stride,
            }
        }
        let (nq, nk) = (query_heads * dimension, key_heads * dimension);
        let stride = nq;
        on_every_level(|| {
            let (mut actual, mut log_sums) = (
                vec![f32::NAN; q.len()],
                vec![f32::NAN; batch * query_heads * queries],
            );
            let output = HeadsOut {
                values: Shared::new(&mut actual),
                start: 0,
                stride,
            };
            let (hq, hk, hv) = (heads(&q, stride), heads(&k, nk), heads(&v, nk));
            attention::forward(self.shape, hq, hk, hv, angles, output, &mut log_sums);
            assert_close!(actual, y);
            let (output, doutput) = (heads(&actual, stride), heads(&dy, stride));
            let saved = Saved {
                q: hq,
                k: hk,
                v: hv,
                angles,
                output,
                log_sums: &log_sums,
                doutput,
            };
            // One tensor for the three gradients, the way q, k and v come out of one product.
            if queries == keys {
                let mut gradient = vec![f32::NAN; batch * keys * (nq + 2 * nk)];
                let values = Shared::new(&mut gradient);
                let part = |start| HeadsOut {
                    values,
                    start,
                    stride: nq + 2 * nk,
                };
                attention::backward(self.shape, saved, part(0), part(nq), part(nq + nk));
                let column = |start: usize, width: usize| {
                    let rows = gradient.chunks(nq + 2 * nk);
                    rows.flat_map(|row| row[start..start + width].to_vec())
                        .collect::<Vec<_>>()
                };
                let (query_gradient, key_gradient, value_gradient) =
                    (column(0, nq), column(nq, nk), column(nq + nk, nk));
                assert_close!(query_gradient, dq, 0.1);
                assert_close!(key_gradient, dk, 0.1);
                assert_close!(value_gradient, dv, 0.1);
            }
        });
    }
}

fn angles(positions: usize, half: usize) -> Vec<f64> {
    (0..positions * half)
        .map(|i| (i / half) as f64 * 10_000f64.powf(-((i % half) as f64) / half as f64))
        .collect()
}

#[test]
fn attention_over_lengths_and_tiles() {
    for length in [1, 15, 16, 17, 56, 57, 257, 530] {
        let shape = Shape {
            batch: 1,
            queries: length,
            keys: length,
            query_heads: 2,
            key_heads: 1,
            dimension: 16,
        };
        Case {
            shape,
            angles: Some(angles(length, 8)),
        }
        .check();
    }
}

#[test]
fn attention_of_late_queries_sees_all_earlier_keys() {
    for (queries, keys) in [(1, 300), (17, 40), (60, 260)] {
        let shape = Shape {
            batch: 2,
            queries,
            keys,
            query_heads: 2,
            key_heads: 2,
            dimension: 6,
        };
        Case {
            shape,
            angles: Some(angles(keys, 3)),
        }
        .check();
    }
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
        let mut c = vec![f32::NAN; rows * columns];
        Precision::BFloat16.multiply(view(&x, rows, depth), view(&y, depth, columns), &mut c, columns, false);
        let error = relative_error(&c, &expected, 0.1);
        prop_assert!(error <= 2e-2, "relative error {error:e}");
    }

    #[test]
    fn attention_of_any_shape(
        batch in 1usize..3, length in prop_oneof![Just(1), Just(15), Just(16), Just(17), 2usize..130],
        key_heads in 1usize..3, group in 1usize..4, half in 1usize..20, rotary: bool,
    ) {
        let shape = Shape {
            batch, queries: length, keys: length, query_heads: key_heads * group, key_heads, dimension: 2 * half,
        };
        Case { shape, angles: rotary.then(|| angles(length, half)) }.check();
    }

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
