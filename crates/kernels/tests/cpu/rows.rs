//! Operations on rows and elements.

use proptest::collection::vec;
use proptest::prelude::*;
use triaxis_kernels::Update;
use triaxis_kernels::cpu::activation::Activation;
use triaxis_kernels::cpu::gelu::Form;
use triaxis_kernels::cpu::layer_norm::Affine;
use triaxis_kernels::cpu::rotary::{Angles, Turn};
use triaxis_kernels::cpu::{activation, adamw, embedding, geglu, layer_norm, norm, rms_norm, rotary, swiglu};

use super::attention::angles;
use super::reference::{self, config, random, random_tokens, wide};
use super::{on_every_level, size, unset};

/// `x`, the weight and the gradient of `y`.
pub(super) fn rms_norm_inputs([rows, width]: [usize; 2]) -> [Vec<f32>; 3] {
    [random(1, rows * width), random(2, width), random(3, rows * width)]
}

pub(super) fn check_rms_norm([rows, width]: [usize; 2], [x, weight, dy]: &[Vec<f32>; 3]) {
    let expected = reference::rms_norm(&wide(x), &wide(weight), 1e-6);
    let [expected_dx, expected_dweight] =
        reference::rms_norm_gradients(&wide(x), &wide(weight), 1e-6, &wide(dy));
    on_every_level(|| {
        let (mut y, mut scales) = (unset(x.len()), unset(rows));
        rms_norm::forward(x, weight, 1e-6, &mut y, &mut scales);
        assert_close!(y, expected);
        let (mut dx, mut dweight) = (unset(x.len()), unset(width));
        rms_norm::backward(x, weight, &scales, dy, &mut dx, &mut dweight);
        assert_close!(dx, expected_dx, 1.0);
        assert_close!(dweight, expected_dweight, 1.0);
    });
}

/// Gates and ups, and the gradient of `y`.
pub(super) fn swiglu_inputs([rows, width]: [usize; 2]) -> [Vec<f32>; 2] {
    let gate_up = random(1, 2 * rows * width).iter().map(|x| 6.0 * x).collect();
    [gate_up, random(2, rows * width)]
}

pub(super) fn check_swiglu([_, width]: [usize; 2], [gate_up, dy]: &[Vec<f32>; 2]) {
    let expected = reference::swiglu(&wide(gate_up), width);
    let expected_gradient = reference::swiglu_gradient(&wide(gate_up), width, &wide(dy));
    on_every_level(|| {
        let (mut y, mut gradient) = (unset(dy.len()), unset(gate_up.len()));
        swiglu::forward(gate_up, width, &mut y);
        assert_close!(y, expected);
        swiglu::backward(gate_up, width, dy, &mut gradient);
        assert_close!(gradient, expected_gradient);
    });
}

/// `x` and the gradient of `y`.
pub(super) fn gelu_inputs(length: usize) -> [Vec<f32>; 2] {
    [
        random(1, length).iter().map(|x| 6.0 * x).collect(),
        random(2, length),
    ]
}

pub(super) fn check_gelu([x, dy]: &[Vec<f32>; 2]) {
    let expected = reference::gelu(&wide(x));
    let expected_dx = reference::gelu_gradient(&wide(x), &wide(dy));
    on_every_level(|| {
        let (mut y, mut dx) = (unset(x.len()), unset(x.len()));
        activation::forward(x, Activation::Gelu(Form::Exact), &mut y);
        assert_close!(y, expected);
        activation::backward(x, dy, Activation::Gelu(Form::Exact), &mut dx);
        assert_close!(dx, expected_dx);
    });
    let expected = reference::gelu_tanh(&wide(x));
    let expected_dx = reference::gelu_tanh_gradient(&wide(x), &wide(dy));
    on_every_level(|| {
        let (mut y, mut dx) = (unset(x.len()), unset(x.len()));
        activation::forward(x, Activation::Gelu(Form::Tanh), &mut y);
        assert_close!(y, expected);
        activation::backward(x, dy, Activation::Gelu(Form::Tanh), &mut dx);
        assert_close!(dx, expected_dx);
    });
}

/// `x`, gain and bias, and the gradient of `y`.
pub(super) fn layer_norm_inputs([rows, width]: [usize; 2]) -> [Vec<f32>; 4] {
    [
        random(1, rows * width),
        random(2, width),
        random(4, width),
        random(3, rows * width),
    ]
}

pub(super) fn check_layer_norm([rows, width]: [usize; 2], [x, gain, bias, dy]: &[Vec<f32>; 4]) {
    let expected = reference::layer_norm(&wide(x), &wide(gain), &wide(bias), 1e-6);
    let [expected_dx, expected_daffine] =
        reference::layer_norm_gradients(&wide(x), &wide(gain), 1e-6, &wide(dy));
    on_every_level(|| {
        let (mut y, mut moments) = (unset(x.len()), unset(2 * rows));
        layer_norm::forward(x, Affine { gain, bias }, 1e-6, &mut y, &mut moments);
        assert_close!(y, expected, 1.0);
        let (mut dx, mut daffine) = (unset(x.len()), unset(2 * width));
        layer_norm::backward(x, gain, &moments, dy, &mut dx, &mut daffine);
        assert_close!(dx, expected_dx, 1.0);
        assert_close!(daffine, expected_daffine, 1.0);
    });
}

/// Both ways, of sequences of `length` positions.
pub(super) fn check_rotary([length, heads, half]: [usize; 3], x: &[f32]) {
    let angles = angles(length, half);
    let back: Vec<f64> = angles.iter().map(|angle| -angle).collect();
    let cosines: Vec<f32> = angles.iter().map(|a| a.cos() as f32).collect();
    let sines: Vec<f32> = angles.iter().map(|a| a.sin() as f32).collect();
    let table = Angles {
        cosines: &cosines,
        sines: &sines,
        half,
    };
    // Heads that turn as a whole, and by all but the last coordinates.
    for dimension in [2 * half, 2 * half + 3] {
        let x = &x[..x.len() / (heads * dimension * length) * (heads * dimension * length)];
        let expected =
            [&angles, &back].map(|angles| reference::rotate(&wide(x), length, heads, dimension, angles));
        on_every_level(|| {
            for (turn, expected) in [Turn::Forward, Turn::Back].into_iter().zip(&expected) {
                let mut y = unset(x.len());
                rotary::rotate(x, length, heads, dimension, table, turn, &mut y);
                assert_close!(y, *expected);
            }
        });
    }
}

/// The table, and the gradient of the rows that are chosen.
pub(super) fn embedding_inputs([vocabulary, width, count]: [usize; 3]) -> [Vec<f32>; 2] {
    [random(1, vocabulary * width), random(2, count * width)]
}

pub(super) fn check_embedding([vocabulary, width, count]: [usize; 3], [table, dy]: &[Vec<f32>; 2]) {
    let tokens = random_tokens(3, count, vocabulary);
    let mut y = unset(count * width);
    embedding::gather(table, width, &tokens, &mut y);
    assert_close!(y, reference::gather(&wide(table), width, &tokens), 0.0, 0.0);
    let mut dtable = unset(table.len());
    embedding::scatter(dy, width, &tokens, &mut dtable, false);
    assert_close!(
        dtable,
        reference::scatter(&wide(dy), width, &tokens, vocabulary),
        1.0
    );
}

/// The parameters, their gradient and both moments.
pub(super) fn adamw_inputs(seed: u64, length: usize) -> [Vec<f32>; 4] {
    let [start, gradient, first, second] = [0, 1, 2, 3].map(|part| random(4 * seed + part, length));
    [start, gradient, first, second.iter().map(|x| x * x).collect()]
}

/// Ten updates of all tensors together, every other one of which decays, and the norm of their gradients.
pub(super) fn check_adamw(tensors: &[[Vec<f32>; 4]]) {
    let updates = (1..=10).map(|step| Update {
        learning_rate: 0.01,
        beta_1: 0.9,
        beta_2: 0.95,
        epsilon: 1e-8,
        gradient_scale: 0.5,
        step,
    });
    let decay = |index: usize| if index.is_multiple_of(2) { 0.1 } else { 0.0 };
    let after = |(index, [start, gradient, first, second]): (usize, &[Vec<f32>; 4])| {
        let mut state = [start, first, second].map(|values| wide(values));
        let [p, m, v] = &mut state;
        for update in updates.clone() {
            for i in 0..start.len() {
                let one = [p[i], m[i], v[i]];
                [p[i], m[i], v[i]] = reference::adamw(one, gradient[i].into(), decay(index), &update);
            }
        }
        state
    };
    let expected: Vec<_> = tensors.iter().enumerate().map(after).collect();
    let squares: f64 = tensors.iter().flat_map(|[_, g, ..]| wide(g)).map(|g| g * g).sum();
    on_every_level(|| {
        let mut states: Vec<[Vec<f32>; 3]> = tensors
            .iter()
            .map(|[start, _, first, second]| [start, first, second].map(Vec::clone))
            .collect();
        for update in updates.clone() {
            let parameters = states.iter_mut().zip(tensors).enumerate();
            let parameters =
                parameters.map(
                    |(index, ([values, first, second], [_, gradient, ..]))| adamw::Parameter {
                        values,
                        gradient,
                        first,
                        second,
                        weight_decay: decay(index),
                    },
                );
            adamw::step(parameters.collect(), &update);
        }
        for (actual, expected) in states.iter().flatten().zip(expected.iter().flatten()) {
            assert_close!(actual, expected);
        }
        let gradients: Vec<_> = tensors.iter().map(|[_, gradient, ..]| &gradient[..]).collect();
        let norm = [norm::gradient_norm(&gradients) as f32];
        assert_close!(norm, [squares.sqrt()], 0.0, 1e-6);
    });
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn rms_norm_of_any_shape(rows in size(), width in size()) {
        check_rms_norm([rows, width], &rms_norm_inputs([rows, width]));
    }

    #[test]
    fn swiglu_of_any_shape(rows in size(), width in size()) {
        check_swiglu([rows, width], &swiglu_inputs([rows, width]));
    }

    #[test]
    fn geglu_of_any_shape(rows in size(), width in size()) {
        let [gate_up, dy] = swiglu_inputs([rows, width]);
        let bias = random(3, 2 * width);
        let (wide_dy, mut of_gates, mut ups) = (wide(&dy), Vec::new(), Vec::new());
        for (row, gate_up) in gate_up.chunks(2 * width).enumerate() {
            let sum = |column: usize| f64::from(gate_up[column]) + f64::from(bias[column]);
            of_gates.extend((0..width).map(sum));
            ups.extend((width..2 * width).map(sum));
            prop_assert_eq!(of_gates.len(), (row + 1) * width);
        }
        let gates = reference::gelu_tanh(&of_gates);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
        let expected = product(&gates, &ups);
        let dgates = reference::gelu_tanh_gradient(&of_gates, &product(&wide_dy, &ups));
        let dups = product(&wide_dy, &gates);
        let halves = dgates.chunks(width).zip(dups.chunks(width));
        let gradient: Vec<f64> = halves.flat_map(|(gate, up)| [gate, up].concat()).collect();
        let mut of_bias = vec![0.0; 2 * width];
        gradient.iter().enumerate().for_each(|(index, value)| of_bias[index % (2 * width)] += value);
        on_every_level(|| {
            let (mut y, mut found, mut dbias) = (unset(dy.len()), unset(gate_up.len()), unset(2 * width));
            geglu::forward(&gate_up, &bias, &mut y);
            assert_close!(y, expected);
            geglu::backward(&gate_up, &bias, &dy, &mut found, &mut dbias);
            assert_close!(found, gradient);
            assert_close!(dbias, of_bias, 1.0);
        });
    }

    #[test]
    fn layer_norm_of_any_shape(rows in size(), width in 2usize..70) {
        check_layer_norm([rows, width], &layer_norm_inputs([rows, width]));
    }

    #[test]
    fn gelu_of_any_length(length in prop_oneof![size(), Just(40_000)]) {
        check_gelu(&gelu_inputs(length));
    }

    #[test]
    fn rotary_of_any_shape(batch in 1usize..3, length in size(), heads in 1usize..4, half in 1usize..20) {
        check_rotary([length, heads, half], &random(1, batch * length * heads * 2 * half));
    }

    #[test]
    fn embedding_of_any_shape(vocabulary in size(), width in size(), count in size()) {
        let sizes = [vocabulary, width, count];
        check_embedding(sizes, &embedding_inputs(sizes));
    }

    #[test]
    fn adamw_and_norm_of_tensors_of_any_lengths(lengths in vec(prop_oneof![Just(0), size(), Just(40_000)], 0..5)) {
        let tensors: Vec<_> = (1..).zip(lengths).map(|(seed, length)| adamw_inputs(seed, length)).collect();
        check_adamw(&tensors);
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
        activation::forward(&x, Activation::Gelu(Form::Exact), &mut y);
        activation::backward(&x, &vec![1.0; x.len()], Activation::Gelu(Form::Exact), &mut dx);
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
    let dy = wide_random(3, 6);
    let (x, w) = (wide_random(1, 15), wide_random(2, 10));
    let product = reference::Product::new(&x, &w, &dy, [3, 5, 2]);
    close(
        &product.dx,
        &reference::finite_differences(&x, &dy, |x| reference::multiply(x, &w, 3, 5, 2)),
    );
    close(
        &product.dweight,
        &reference::finite_differences(&w, &dy, |w| reference::multiply(&x, w, 3, 5, 2)),
    );
    let (x, dy, angles) = (wide_random(1, 24), wide_random(2, 24), angles(3, 2));
    let back: Vec<f64> = angles.iter().map(|angle| -angle).collect();
    close(
        &reference::rotate(&dy, 3, 2, 4, &back),
        &reference::finite_differences(&x, &dy, |x| reference::rotate(x, 3, 2, 4, &angles)),
    );
    let (table, dy, tokens) = (wide_random(1, 12), wide_random(2, 15), [3, 0, 3, 1, 3]);
    close(
        &reference::scatter(&dy, 3, &tokens, 4),
        &reference::finite_differences(&table, &dy, |table| reference::gather(table, 3, &tokens)),
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
    close(
        &reference::gelu_tanh_gradient(&x, &dy),
        &reference::finite_differences(&x, &dy, reference::gelu_tanh),
    );
    let (gain, bias) = (wide_random(5, 4), wide_random(6, 4));
    let [of_x, of_affine] = reference::layer_norm_gradients(&x[..8], &gain, 1e-6, &dy[..8]);
    close(
        &of_x,
        &reference::finite_differences(&x[..8], &dy[..8], |x| {
            reference::layer_norm(x, &gain, &bias, 1e-6)
        }),
    );
    let affine = [gain, bias].concat();
    close(
        &of_affine,
        &reference::finite_differences(&affine, &dy[..8], |affine| {
            reference::layer_norm(&x[..8], &affine[..4], &affine[4..], 1e-6)
        }),
    );
    let plain = reference::Attention {
        batch: 2,
        queries: 3,
        keys: 4,
        query_heads: 2,
        key_heads: 1,
        dimension: 3,
        window: 4,
        bidirectional: false,
        soft_cap: None,
    };
    let limited = reference::Attention {
        window: 2,
        soft_cap: Some(0.7),
        ..plain
    };
    let both_ways = reference::Attention {
        bidirectional: true,
        ..plain
    };
    let (q, k, v, dy) = (
        wide_random(1, 36),
        wide_random(2, 24),
        wide_random(3, 24),
        wide_random(4, 36),
    );
    for attention in [plain, limited, both_ways] {
        let (_, [dq, dk, dv]) = attention.run(&q, &k, &v, &dy);
        close(
            &dq,
            &reference::finite_differences(&q, &dy, |q| attention.run(q, &k, &v, &dy).0),
        );
        close(
            &dk,
            &reference::finite_differences(&k, &dy, |k| attention.run(&q, k, &v, &dy).0),
        );
        close(
            &dv,
            &reference::finite_differences(&v, &dy, |v| attention.run(&q, &k, v, &dy).0),
        );
    }
}
