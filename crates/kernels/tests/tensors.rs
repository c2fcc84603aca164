//! The operations on tensors: the kernels and the compositions give the same results and gradients, with
//! and without a gradient's graph, for strided inputs, and inside larger expressions.

mod reference;

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::collection::vec;
use proptest::prelude::*;
use reference::{config, random, random_tokens, relative_error, rounded, wide};
use triaxis_kernels::cpu::{gated_delta, gated_linear, lstm, mamba, mamba2, min_rnn, rg_lru, rwkv7};
use triaxis_kernels::{
    Activation, AttentionHeads, AttentionWeights, Choice, Core, GeluForm, Implementation, Limits, Matrices,
    Moments, MuonParameter, MuonUpdate, Parameter, Precision, RecurrentWeights, Rotation, RouterForm,
    RouterWeighing, Scores, TiedTable, Update, Weighing, activation, adamw_step, attention_half,
    causal_attention, causal_attention_packed, embedding, experts, feed_forward, geglu, gradient_norm,
    head_cross_entropy, head_losses, layer_norm, linear, moved_averages, muon_step, query_key_norm,
    recurrent_half, rms_norm, rotary, rwkv7_mix, sigmoid_mix, swiglu, token_shift, weigh,
    weighted_head_cross_entropy,
};

fn leaf<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    let values = random(seed, shape.iter().product());
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff()).require_grad()
}

fn tokens<const D: usize>(seed: u64, shape: [usize; D], below: usize) -> Tensor<D, Int> {
    let ids: Vec<i64> = random_tokens(seed, shape.iter().product(), below)
        .into_iter()
        .map(i64::from)
        .collect();
    Tensor::from_data(TensorData::new(ids, shape), &Device::flex().autodiff())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32 values")
}

/// The operation's output, and the gradients of its inputs for a random gradient of the output.
fn run<const D: usize>(output: Tensor<D>, inputs: &[Tensor<2>]) -> Vec<Vec<f32>> {
    let shape: [usize; D] = output.dims();
    let direction = Tensor::from_data(
        TensorData::new(random(99, shape.iter().product()), shape),
        &output.device(),
    );
    let gradients = (output.clone() * direction).sum().backward();
    let gradients = inputs
        .iter()
        .map(|input| values(input.grad(&gradients).expect("a gradient")));
    std::iter::once(values(output)).chain(gradients).collect()
}

/// Compares both implementations of `operation` on leaves of the given shapes, and the forward pass outside
/// of any graph.
fn same<const D: usize>(shapes: &[[usize; 2]], operation: impl Fn(&[Tensor<2>]) -> Tensor<D>) {
    let both = [Implementation::Fused, Implementation::Composed].map(|implementation| {
        implementation.run(|| {
            let inputs: Vec<_> = shapes
                .iter()
                .enumerate()
                .map(|(seed, &shape)| leaf(seed as u64 + 1, shape))
                .collect();
            let plain: Vec<_> = inputs.iter().map(|input| input.clone().inner()).collect();
            let outside = values(operation(&plain));
            let all = run(operation(&inputs), &inputs);
            let error = relative_error(&outside, &wide(&all[0]), 0.0);
            // Burn's own softmax rounds differently inside a graph.
            let most = if implementation == Implementation::Fused {
                0.0
            } else {
                1e-6
            };
            assert!(
                error <= most,
                "{implementation:?} outside of a graph: relative error {error:e}"
            );
            all
        })
    });
    let [fused, composed] = both;
    for (index, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
        let error = relative_error(fused, &wide(composed), 0.1);
        assert!(
            error <= 2e-5,
            "output or gradient {index} of shapes {shapes:?}: relative error {error:e}"
        );
    }
}

/// No bounds of scores, or either kind or both, or positions that see those after them.
fn limits() -> impl Strategy<Value = Limits> {
    let window = proptest::option::of(size());
    let soft_cap = proptest::option::of(0.5f32..4.0);
    (window, soft_cap, any::<bool>()).prop_map(|(window, soft_cap, bidirectional)| Limits {
        window: window.filter(|_| !bidirectional),
        soft_cap,
        bidirectional,
    })
}

/// Sizes around those of vectors and tiles.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), Just(15), Just(16), Just(17), Just(257), 2usize..70]
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn linear_is_the_same(rows in size(), inputs in size(), outputs in size()) {
        same(&[[rows, inputs], [inputs, outputs]], |x| linear(x[0].clone(), x[1].clone()));
        // Operands that are views of other tensors.
        same(&[[inputs, rows], [outputs, inputs]], |x| linear(x[0].clone().transpose(), x[1].clone().transpose()));
    }

    #[test]
    fn rms_norm_is_the_same(rows in size(), width in size()) {
        same(&[[rows, width], [1, width]], |x| rms_norm(x[0].clone(), x[1].clone().reshape([width]), 1e-5));
    }

    #[test]
    fn feed_forward_is_the_same(rows in size(), width in size(), inner in size()) {
        same(&[[rows, width], [1, width], [width, 2 * inner], [inner, width]], |x| {
            feed_forward(x[0].clone(), x[1].clone().reshape([width]), x[2].clone(), x[3].clone(), 1e-5)
        });
    }

    #[test]
    fn experts_are_the_same(
        rows in size(), width in size(), inner in 1usize..40, count in 1usize..6, most in 1usize..4,
    ) {
        let chosen = most.min(count);
        let choices = reference::experts::choices(5, [rows, width, inner, count, chosen]);
        let choice = Arc::new(Choice::new(count, chosen, choices));
        let shapes =
            [[rows, width], [rows, width], [rows, chosen], [count * width, 2 * inner], [count * inner, width]];
        same(&shapes, |x| {
            experts(x[0].clone(), x[1].clone(), x[2].clone(), x[3].clone(), x[4].clone(), &choice)
        });
    }

    #[test]
    fn weighing_is_the_same(
        rows in size(), count in 1usize..12, most in 1usize..5, is_softmax in any::<bool>(),
        renormalised in any::<bool>(), is_priced in any::<bool>(), z in 0usize..2,
    ) {
        let chosen = most.min(count);
        let weighing = Arc::new(RouterWeighing {
            form: if is_softmax { RouterForm::Softmax } else { RouterForm::Sigmoid },
            chosen,
            choices: reference::experts::choices(5, [rows, 1, 1, count, chosen]),
            renormalised,
            scale: 1.5,
            prices: random(8, if is_priced { count } else { 0 }).into_iter().map(f64::from).collect(),
            z: 0.2 * z as f64,
        });
        same(&[[rows, count]], |x| weigh(x[0].clone().mul_scalar(3.0), &weighing));
    }

    #[test]
    fn attention_half_is_the_same(
        batch in 1usize..3, length in size(), width in size(), key_value in 1usize..3, group in 1usize..3,
        half in 1usize..10, limits in limits(),
    ) {
        let (query, dimension) = (key_value * group, 2 * half);
        let heads = AttentionHeads { query, key_value, dimension };
        let rotation = Rotation::new(length, dimension, 10_000.0, &Device::flex().autodiff());
        let (rows, columns) = (batch * length, (query + 2 * key_value) * dimension);
        same(&[[rows, width], [1, width], [width, columns], [query * dimension, width]], |x| {
            let weights = AttentionWeights {
                gain: x[1].clone().reshape([width]),
                // Small scores, whose exponentials forgive rounding.
                query_key_value: x[2].clone().mul_scalar(0.2),
                output: x[3].clone(),
            };
            attention_half(x[0].clone(), weights, heads, length, Scores { rotation: Some(&rotation), limits }, 1e-5)
        });
    }

    #[test]
    fn recurrent_halves_are_the_same(
        batch in 1usize..3, length in 1usize..40, width in size(), groups in 1usize..3, in_group in 1usize..3,
        sizes in (1usize..9, 1usize..9, 1usize..20, 2usize..5), negative: bool,
    ) {
        let (dimension, state, chunk, taps) = sizes;
        let heads = groups * in_group;
        let norm_groups = if negative { groups } else { 1 };
        let mamba2 = mamba2::Shape {
            batch, length, heads, groups, dimension, state, chunk, taps, norm_groups,
            least_step: if negative { 0.6 } else { 0.0 },
        };
        let delta = gated_delta::Shape {
            batch, length, heads, key_heads: groups, key: state, value: dimension, chunk, taps, negative,
        };
        let mamba = mamba::Shape {
            batch, length, inner: heads * dimension, state, rank: chunk, taps, normed: negative,
        };
        let linear = gated_linear::Shape {
            batch, length, heads, key: state, value: dimension, rank: taps, divisor: groups,
        };
        let kind = if negative { min_rnn::Kind::Lstm } else { min_rnn::Kind::Gru };
        let min_rnn = min_rnn::Shape { batch, length, inner: state * dimension, taps, kind };
        let lstm = lstm::Shape { batch, length, inner: state };
        let rg_lru = rg_lru::Shape { batch, length, inner: heads * dimension, heads, taps };
        let cores = [
            Core::Mamba2(mamba2), Core::GatedDelta(delta), Core::Mamba(mamba), Core::GatedLinear(linear),
            Core::MinRnn(min_rnn), Core::Lstm(lstm), Core::RgLru(rg_lru),
        ];
        for core in cores {
            let small = core.small();
            let most = small.iter().copied().max().expect("some").max(width);
            let shapes = [[batch * length, width], [width, core.columns()], [core.inner(), width], [9, most]];
            same(&shapes, |x| {
                let vector = |row: usize, count: usize| {
                    x[3].clone().slice([row..row + 1, 0..count]).reshape([count])
                };
                let weights = RecurrentWeights {
                    gain: vector(8, width),
                    // Small, so that steps and what rounds in their exponentials are, too.
                    projection: x[1].clone().mul_scalar(0.2),
                    small: small.iter().enumerate().map(|(row, &count)| vector(row, count)).collect(),
                    output: x[2].clone(),
                };
                recurrent_half(x[0].clone(), weights, core, 1e-5)
            });
        }
    }

    #[test]
    fn rwkv7_mix_is_the_same(
        batch in 1usize..3, length in 1usize..40, heads in 1usize..3, size in 2usize..30,
    ) {
        let shape = rwkv7::Shape { batch, length, heads, size };
        let rows = [batch * length, shape.inner()];
        same(&[rows, rows, rows, rows, rows, rows, [1, rwkv7::VECTORS * shape.inner()]], |x| {
            let rows = [0, 1, 2, 3, 4, 5].map(|index: usize| x[index].clone());
            rwkv7_mix(rows, x[6].clone().reshape([rwkv7::VECTORS * shape.inner()]), shape)
        });
    }

    #[test]
    fn token_shift_is_the_same(batch in 1usize..3, length in size(), width in size()) {
        same(&[[batch * length, width], [1, width]], |x| {
            token_shift(x[0].clone(), x[1].clone().reshape([width]), length, None)
        });
        let last = || leaf(7, [batch, width]).inner();
        let [x, share] = [leaf(1, [batch * length, width]).inner(), leaf(2, [1, width]).inner()];
        let [fused, composed] = [Implementation::Fused, Implementation::Composed].map(|which| {
            let (x, share) = (x.clone(), share.clone().reshape([width]));
            which.run(|| values(token_shift(x, share, length, Some(last()))))
        });
        prop_assert!(relative_error(&fused, &wide(&composed), 1.0) < 1e-6);
    }

    #[test]
    fn sigmoid_mix_is_the_same(rows in size(), width in size()) {
        let shape = [rows, width];
        same(&[shape, shape, shape, [1, width]], |x| {
            sigmoid_mix(x[0].clone(), x[1].clone(), x[2].clone(), x[3].clone().reshape([width]))
        });
    }

    #[test]
    fn activation_is_the_same(rows in size(), width in size()) {
        for which in [Activation::Sigmoid, Activation::SquaredRelu, Activation::Tanh] {
            same(&[[rows, width]], |x| activation(x[0].clone().mul_scalar(4.0), which));
        }
    }

    #[test]
    fn swiglu_is_the_same(rows in size(), width in size()) {
        same(&[[rows, 2 * width]], |x| swiglu(x[0].clone()));
    }

    #[test]
    fn geglu_is_the_same(rows in size(), width in size()) {
        same(&[[rows, 2 * width], [1, 2 * width]], |x| geglu(x[0].clone(), x[1].clone().reshape([2 * width])));
    }

    #[test]
    fn gelu_is_the_same(rows in size(), width in size()) {
        for form in [GeluForm::Exact, GeluForm::Tanh] {
            same(&[[rows, width]], |x| activation(x[0].clone().mul_scalar(4.0), Activation::Gelu(form)));
            same(&[[width, rows]], |x| activation(x[0].clone().transpose(), Activation::Gelu(form)));
        }
    }

    #[test]
    fn layer_norm_is_the_same(rows in size(), width in 2usize..70) {
        same(&[[rows, width], [1, width], [1, width]], |x| {
            let [gain, bias] = [1, 2].map(|index: usize| x[index].clone().reshape([width]));
            layer_norm(x[0].clone(), gain, bias, 1e-5)
        });
    }

    #[test]
    fn embedding_is_the_same(vocabulary in size(), width in size(), batch in 1usize..4, length in size()) {
        same(&[[vocabulary, width]], |x| {
            let tokens = tokens(7, [batch, length], vocabulary);
            embedding(x[0].clone(), tokens)
        });
    }

    #[test]
    fn attention_is_the_same(
        batch in 1usize..3, length in 1usize..40, key_value in 1usize..3, group in 1usize..3, half in 1usize..10,
        rotate: bool, limits in limits(),
    ) {
        let (query, dimension) = (key_value * group, 2 * half);
        let heads = AttentionHeads { query, key_value, dimension };
        // All of a head turns, or a part of it.
        let turning = 2 * half.div_ceil(1 + length % 2);
        let rotation = Rotation::new(length, turning, 10_000.0, &Device::flex().autodiff());
        let scores = Scores { rotation: rotate.then_some(&rotation), limits };
        let rows = batch * length;
        same(&[[rows, (query + 2 * key_value) * dimension]], |x| {
            causal_attention_packed(x[0].clone(), heads, length, scores)
        });
        same(&[[rows, query * dimension], [rows, key_value * dimension], [rows, key_value * dimension]], |x| {
            let part = |index: usize, heads: usize| x[index].clone().reshape([batch, length, heads, dimension]);
            causal_attention(part(0, query), part(1, key_value), part(2, key_value), scores)
        });
        // Values of another width than keys.
        for values in [1, dimension + 3] {
            let shapes = [query * dimension, key_value * dimension, key_value * values];
            same(&shapes.map(|columns| [rows, columns]), |x| {
                let part = |index: usize, heads: usize, columns: usize| {
                    x[index].clone().reshape([batch, length, heads, columns])
                };
                let keys = part(1, key_value, dimension);
                causal_attention(part(0, query, dimension), keys, part(2, key_value, values), scores)
            });
        }
    }

    #[test]
    fn query_key_norm_is_the_same(rows in size(), key_value in 1usize..3, group in 1usize..3, dimension in 1usize..40) {
        let heads = AttentionHeads { query: key_value * group, key_value, dimension };
        same(&[[rows, (heads.query + 2 * key_value) * dimension], [2, dimension]], |x| {
            query_key_norm(x[0].clone(), x[1].clone(), heads, 1e-5)
        });
    }

    #[test]
    fn rotary_is_the_same(batch in 1usize..3, length in size(), heads in 1usize..4, half in 1usize..20) {
        let rotation = Rotation::new(length + 3, 2 * half, 100.0, &Device::flex());
        for dimension in [2 * half, 2 * half + 5] {
            same(&[[batch * length, heads * dimension]], |x| {
                rotary(x[0].clone().reshape([batch, length, heads, dimension]), &rotation, 0)
            });
        }
    }

    #[test]
    fn cross_entropy_is_the_same(rows in size(), width in size(), vocabulary in size()) {
        let targets = || tokens(8, [rows], vocabulary);
        same(&[[rows, width], [vocabulary, width]], |x| head_cross_entropy(x[0].clone(), x[1].clone(), targets()));
        let weighing = || {
            let weights = random(9, rows);
            Weighing { weights: weights.iter().map(|weight| weight + 1.5).collect(), answers: vocabulary }
        };
        same(&[[rows, width], [vocabulary + 2, width]], |x| {
            weighted_head_cross_entropy(x[0].clone(), x[1].clone(), targets(), weighing())
        });
        same(&[[vocabulary + 1, width]], |x| {
            let table = TiedTable::new(x[0].clone());
            table.weighted_head_cross_entropy(table.embedding(tokens(7, [1, rows], vocabulary + 1)), targets(), weighing())
        });
        let (x, head) = (leaf(1, [rows, width]).inner(), leaf(2, [vocabulary, width]).inner());
        let losses = |which: Implementation| which.run(|| values(head_losses(x.clone(), head.clone(), targets())));
        prop_assert!(relative_error(&losses(Implementation::Fused), &wide(&losses(Implementation::Composed)), 1.0) < 1e-5);
    }

    /// However often a table embeds and is the head, and in whatever is a part of the loss.
    #[test]
    fn a_tied_table_is_the_same(vocabulary in size(), width in size(), batch in 1usize..4, length in 1usize..40) {
        let (inputs, targets) = (|seed| tokens(seed, [batch, length], vocabulary), || tokens(8, [batch * length], vocabulary));
        let shapes = [[vocabulary, width], [batch * length, width]];
        same(&shapes, |x| {
            let table = TiedTable::new(x[0].clone());
            table.head_cross_entropy(table.embedding(inputs(7)) * x[1].clone(), targets())
        });
        same(&shapes, |x| {
            let table = TiedTable::new(x[0].clone());
            let hidden = table.embedding(inputs(7)) * table.embedding(inputs(9)) + x[1].clone();
            table.head_cross_entropy(hidden.clone(), targets()) + table.head_cross_entropy(hidden, targets()) * 3.0
        });
        same(&shapes, |x| TiedTable::new(x[0].clone()).head_cross_entropy(x[1].clone(), targets()));
        same(&shapes, |x| TiedTable::new(x[0].clone()).embedding(inputs(7)) * x[1].clone());
    }

    #[test]
    fn adamw_is_the_same(lengths in vec(size(), 1..4)) {
        let tensors = |seed: u64| -> Vec<Tensor<1>> {
            let shapes = lengths.iter().map(|&length| [length]);
            (seed..).zip(shapes).map(|(seed, shape)| leaf(seed, shape).inner()).collect()
        };
        let (start, gradients) = (tensors(1), tensors(11));
        let both = [Implementation::Fused, Implementation::Composed].map(|implementation| {
            implementation.run(|| {
                let mut all: Vec<_> = start.iter().map(|start| (start.clone(), Moments::zeros_like(start))).collect();
                for step in 1..=10 {
                    let update = Update {
                        learning_rate: 0.01, beta_1: 0.9, beta_2: 0.95, epsilon: 1e-8, gradient_scale: 0.7, step,
                    };
                    let parameters = all.into_iter().zip(&gradients).zip([0.1, 0.0, 0.2]);
                    let parameters = parameters.map(|(((value, moments), gradient), weight_decay)| {
                        Parameter { value, gradient: gradient.clone(), moments, weight_decay }
                    });
                    all = adamw_step(parameters.collect(), &update);
                }
                let values = |(value, moments): (_, Moments)| [value, moments.first, moments.second].map(values);
                all.into_iter().flat_map(values).collect::<Vec<_>>()
            })
        });
        for (fused, composed) in both[0].iter().zip(&both[1]) {
            prop_assert!(relative_error(fused, &wide(composed), 0.0) < 1e-5);
        }
        for (seed, start) in (1..).zip(start) {
            prop_assert_eq!(&random(seed, start.dims()[0]), &values(start), "a shared tensor was changed");
        }
    }

    #[test]
    fn averages_are_the_same(lengths in vec(size(), 1..4)) {
        let tensors = |seed: u64| -> Vec<Tensor<1>> {
            let shapes = lengths.iter().map(|&length| [length]);
            (seed..).zip(shapes).map(|(seed, shape)| leaf(seed, shape).inner()).collect()
        };
        let (start, weights) = (tensors(1), tensors(11));
        let [fused, composed] = [Implementation::Fused, Implementation::Composed].map(|implementation| {
            implementation.run(|| {
                let mut all = start.clone();
                for decay in [0.5, 0.9, 0.0, 0.9999] {
                    all = moved_averages(all.into_iter().zip(weights.clone()).collect(), decay);
                }
                all.into_iter().map(values).collect::<Vec<_>>()
            })
        });
        prop_assert_eq!(fused, composed);
        for (seed, start) in (1..).zip(start) {
            prop_assert_eq!(&random(seed, start.dims()[0]), &values(start), "a shared tensor was changed");
        }
    }

    #[test]
    fn muon_is_the_same(weights in vec((1usize..30, vec(1usize..30, 1..3), 1usize..3), 1..3)) {
        let tensor = |seed: u64, length: usize| leaf(seed, [length]).inner();
        let weights: Vec<_> = weights.into_iter().map(|(rows, columns, bands)| {
            let matrices = Matrices { rows, columns };
            let length = bands * rows * matrices.stride();
            (matrices, length)
        }).collect();
        let both = [Implementation::Fused, Implementation::Composed].map(|implementation| {
            implementation.run(|| {
                let start = (1..).zip(&weights).map(|(seed, &(_, length))| (tensor(seed, length), tensor(seed + 9, length)));
                let mut all: Vec<_> = start.collect();
                for step in 1..=3 {
                    let update = MuonUpdate { learning_rate: 0.1, momentum: 0.9, gradient_scale: 0.7 };
                    let parameters = (100 * step..).zip(all.into_iter().zip(&weights));
                    let parameters = parameters.map(|(seed, ((value, momentum), (matrices, length)))| MuonParameter {
                        value, gradient: tensor(seed, *length), momentum, matrices: matrices.clone(), weight_decay: 0.1,
                    });
                    all = muon_step(parameters.collect(), &update);
                }
                let values = |(value, momentum)| [value, momentum].map(values);
                all.into_iter().flat_map(values).collect::<Vec<_>>()
            })
        });
        for (fused, composed) in both[0].iter().zip(&both[1]) {
            prop_assert!(relative_error(fused, &wide(composed), 0.0) < 1e-4);
        }
    }
}

/// Outputs and gradients with operands rounded to bf16 are those of `f32` within its rounding.
#[test]
fn mixed_precision_is_near() {
    for (rows, inputs, outputs) in [(1, 1, 1), (17, 15, 16), (257, 40, 33), (64, 96, 128)] {
        let both = [Precision::Float32, rounded()].map(|precision| {
            precision.run(|| {
                let x = [
                    leaf(1, [rows, inputs]),
                    leaf(2, [inputs, outputs]),
                    leaf(3, [rows, inputs]),
                    leaf(4, [9, inputs]),
                ];
                let mut all = run(linear(x[0].clone(), x[1].clone()), &x[..2]);
                let loss = head_cross_entropy(x[2].clone(), x[3].clone(), tokens(5, [rows], 9));
                all.extend(run(loss, &x[2..]));
                all.extend(block(rows, inputs, outputs));
                all
            })
        });
        for (index, (exact, rounded)) in both[0].iter().zip(&both[1]).enumerate() {
            let error = relative_error(rounded, &wide(exact), 0.01);
            assert!(
                error <= 2e-2,
                "output or gradient {index} of {rows} rows: relative error {error:e}"
            );
        }
    }
}

/// Both halves of a block, with one head.
fn block(rows: usize, width: usize, inner: usize) -> Vec<Vec<f32>> {
    let shapes = [
        [rows, width],
        [1, width],
        [width, 6 * inner],
        [2 * inner, width],
        [1, width],
        [width, 2 * inner],
        [inner, width],
    ];
    let x: Vec<_> = (6..).zip(shapes).map(|(seed, shape)| leaf(seed, shape)).collect();
    let gain = |index: usize| x[index].clone().reshape([width]);
    let heads = AttentionHeads {
        query: 1,
        key_value: 1,
        dimension: 2 * inner,
    };
    let weights = AttentionWeights {
        gain: gain(1),
        query_key_value: x[2].clone().mul_scalar(0.2),
        output: x[3].clone(),
    };
    let hidden = attention_half(x[0].clone(), weights, heads, rows, Scores::default(), 1e-5).mul_scalar(0.2);
    let y = feed_forward(hidden, gain(4), x[5].clone().mul_scalar(0.1), x[6].clone(), 1e-5);
    run(y, &x)
}

/// A backward pass multiplies in what its forward pass did, wherever it is called.
#[test]
fn gradients_keep_the_precision_of_their_forward_pass() {
    let gradients = |inside: bool| -> Vec<f32> {
        let [x, gain, first, second] = [[40, 32], [1, 32], [32, 64], [32, 32]].map(|shape| leaf(3, shape));
        let gain = gain.reshape([32]);
        let loss = rounded().run(|| {
            let down = second.clone();
            feed_forward(x.clone(), gain, first.clone(), down, 1e-5).sum()
        });
        let backward = || loss.backward();
        let gradients = if inside {
            rounded().run(backward)
        } else {
            backward()
        };
        [x, first, second]
            .into_iter()
            .flat_map(|input| values(input.grad(&gradients).expect("a gradient")))
            .collect()
    };
    assert_eq!(gradients(true), gradients(false));
}

/// A loss of two layers that share one weight: gradients add up through burn's own graph.
#[test]
fn gradients_flow_through_a_tied_network() {
    same(&[[11, 6], [1, 6], [6, 16]], |x| {
        let hidden = embedding(x[0].clone(), tokens(4, [2, 5], 11));
        let normal = rms_norm(hidden.clone(), x[1].clone().reshape([6]), 1e-5);
        let gated = swiglu(linear(normal, x[2].clone()));
        let hidden = hidden + gated.slice([0..10, 0..6]);
        head_cross_entropy(hidden, x[0].clone(), tokens(5, [10], 11)).mul_scalar(3.0)
    });
}

/// Nothing asks for a gradient of the input here, and the weight's alone is right.
#[test]
fn constants_take_no_gradient() {
    let (x, weight) = (leaf(1, [5, 3]), leaf(2, [3, 4]));
    let gradients = linear(x.clone().detach(), weight.clone()).sum().backward();
    assert!(x.grad(&gradients).is_none());
    let expected = values(x.inner().sum_dim(0).reshape([3, 1]).expand([3, 4]));
    assert!(relative_error(&values(weight.grad(&gradients).unwrap()), &wide(&expected), 1.0) < 1e-6);
}

#[test]
fn other_types_are_computed_by_compositions() {
    let double = |seed, shape| leaf(seed, shape).inner().cast(burn::tensor::DType::F64);
    let y = linear(double(1, [5, 3]), double(2, [3, 4]));
    assert_eq!(y.dtype(), burn::tensor::DType::F64);
}

#[test]
fn the_norm_is_over_all_tensors() {
    let tensors = [leaf(1, [3]), leaf(2, [5])].map(|tensor| tensor.inner());
    let expected: f64 = [(1, 3), (2, 5)]
        .iter()
        .flat_map(|&(seed, length)| random(seed, length))
        .map(|x| f64::from(x).powi(2))
        .sum();
    for implementation in [Implementation::Fused, Implementation::Composed] {
        let norm = implementation.run(|| gradient_norm(&tensors));
        assert!((norm / expected.sqrt() - 1.0).abs() < 1e-6, "{implementation:?}");
    }
}

/// NaN and both infinities come out of both implementations at the same places.
#[test]
fn what_is_not_finite_passes_through() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let constant = |seed, shape| leaf::<2>(seed, shape).inner();
        let all = |place: usize| {
            let mut x = random(1, 40);
            x[place] = bad;
            let x = || Tensor::<2>::from_data(TensorData::new(x.clone(), [10, 4]), &Device::flex());
            let gain = || constant(3, [1, 4]).reshape([4]);
            let rotation = Rotation::new(5, 4, 100.0, &Device::flex());
            [
                linear(x(), constant(2, [4, 6])),
                rms_norm(x(), gain(), 1e-5),
                swiglu(x()),
                activation(x(), Activation::Gelu(GeluForm::Exact)),
                feed_forward(x(), gain(), constant(4, [4, 10]), constant(5, [5, 4]), 1e-5),
                rotary(x().reshape([2, 5, 1, 4]), &rotation, 0).reshape([10, 4]),
                embedding(x(), Tensor::arange(0..10, &Device::flex()).reshape([2, 5])),
                head_losses(x(), constant(7, [7, 4]), tokens(8, [10], 7)).unsqueeze(),
                head_losses(constant(9, [6, 4]), x(), tokens(8, [6], 10)).unsqueeze(),
            ]
            .map(values)
        };
        for place in [0, 11, 39] {
            let [fused, composed] =
                [Implementation::Fused, Implementation::Composed].map(|which| which.run(|| all(place)));
            for (index, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
                println!("output {index} of {bad} at {place}");
                assert!(relative_error(fused, &wide(composed), 1.0) < 1e-5);
            }
            assert!(
                fused
                    .iter()
                    .all(|values| values.iter().any(|value| !value.is_finite()))
            );
        }
        let rows = |y: Tensor<2>| -> Vec<bool> {
            let columns = y.dims()[1];
            let finite = |row: &[f32]| row.iter().all(|value| value.is_finite());
            values(y).chunks(columns).map(finite).collect()
        };
        // Position 3 of the one sequence: later queries see its key, earlier ones do not.
        let heads = AttentionHeads {
            query: 1,
            key_value: 1,
            dimension: 2,
        };
        let mut projected = random(6, 60);
        projected[3 * 6 + 2] = bad;
        let projected = Tensor::from_data(TensorData::new(projected, [10, 6]), &Device::flex());
        let fused = rows(causal_attention_packed(projected, heads, 10, Scores::default()));
        assert_eq!(fused[..3], [true; 3]);
        assert_eq!(bad.is_nan(), fused[3..] == [false; 7], "{bad}: {fused:?}");
    }
}
