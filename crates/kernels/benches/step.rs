//! Training steps of a small decoder made of this crate's operations alone, by kernels and compositions.
//!
//! `cargo bench -p triaxis-kernels --bench step -- tiny small` measures sizes by name, in both precisions or
//! those named (`f32`, `bf16`), with the head's weight of its own if `untied` is named, and by compositions,
//! too, if `composed` is; `RAYON_NUM_THREADS` sets the threads.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use triaxis_kernels::{
    AttentionHeads, AttentionWeights, Implementation, Moments, Parameter, Precision, Rotation, Scores,
    TiedTable, Update, adamw_step, attention_half, feed_forward, head_cross_entropy, parallel, rms_norm,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Size {
    name: &'static str,
    width: usize,
    layers: usize,
    heads: usize,
    vocabulary: usize,
    length: usize,
    batch: usize,
}

const SIZES: [Size; 5] = [
    Size {
        name: "tiny",
        width: 32,
        layers: 2,
        heads: 2,
        vocabulary: 512,
        length: 128,
        batch: 8,
    },
    Size {
        name: "quickstart",
        width: 48,
        layers: 2,
        heads: 3,
        vocabulary: 512,
        length: 128,
        batch: 3,
    },
    Size {
        name: "quick",
        width: 96,
        layers: 4,
        heads: 3,
        vocabulary: 1024,
        length: 256,
        batch: 8,
    },
    Size {
        name: "small",
        width: 128,
        layers: 4,
        heads: 4,
        vocabulary: 4096,
        length: 256,
        batch: 8,
    },
    Size {
        name: "medium",
        width: 384,
        layers: 6,
        heads: 6,
        vocabulary: 8192,
        length: 256,
        batch: 8,
    },
];

/// Added to the mean square before its root.
const EPSILON: f64 = 1e-5;

/// A weight as a matrix, and its moments.
struct Weight {
    value: Tensor<2>,
    moments: Moments,
}

impl Weight {
    fn new(shape: [usize; 2], device: &Device) -> Self {
        let deviation = (shape[0] as f64).sqrt().recip();
        let value = Tensor::<2>::random(shape, Distribution::Normal(0.0, deviation), device);
        Self {
            moments: Moments::zeros_like(&value.clone().inner().flatten(0, 1)),
            value: value.require_grad(),
        }
    }
}

/// The embedding, six weights a layer, the last norm's, and the head's if it has one of its own.
fn weights(size: &Size, untied: bool, device: &Device) -> Vec<Weight> {
    let (width, inner) = (size.width, (size.width * 8 / 3).next_multiple_of(8));
    let layer = [
        [1, width],
        [width, 3 * width],
        [width, width],
        [1, width],
        [width, 2 * inner],
        [inner, width],
    ];
    let table = [size.vocabulary, width];
    let shapes = std::iter::once(table).chain((0..size.layers).flat_map(|_| layer));
    shapes
        .chain([[1, width]])
        .chain(untied.then_some(table))
        .map(|shape| Weight::new(shape, device))
        .collect()
}

fn loss(size: &Size, weights: &[Weight], tokens: Tensor<2, Int>, rotation: &Rotation) -> Tensor<1> {
    let value = |index: usize| weights[index].value.clone();
    let gain = |index: usize| value(index).flatten(0, 1);
    let heads = AttentionHeads {
        query: size.heads,
        key_value: size.heads,
        dimension: size.width / size.heads,
    };
    let last = 1 + 6 * size.layers;
    let (table, own_head) = (TiedTable::new(value(0)), weights.len() > last + 1);
    let mut hidden = table.embedding(tokens.clone());
    for layer in 0..size.layers {
        let first = 1 + 6 * layer;
        let attention = AttentionWeights {
            gain: gain(first),
            query_key_value: value(first + 1),
            output: value(first + 2),
        };
        hidden = attention_half(
            hidden,
            attention,
            heads,
            size.length,
            Scores::turned(Some(rotation)),
            EPSILON,
        );
        let (gate_and_up, down) = (value(first + 4), value(first + 5));
        hidden = feed_forward(hidden, gain(first + 3), gate_and_up, down, EPSILON);
    }
    let (hidden, targets) = (rms_norm(hidden, gain(last), EPSILON), tokens.flatten(0, 1));
    if own_head {
        head_cross_entropy(hidden, value(last + 1), targets)
    } else {
        table.head_cross_entropy(hidden, targets)
    }
}

fn step(
    size: &Size,
    weights: &mut Vec<Weight>,
    tokens: Tensor<2, Int>,
    rotation: &Rotation,
    step: u32,
) -> f32 {
    let loss = loss(size, weights, tokens, rotation);
    let mut gradients = loss.backward();
    let update = Update {
        learning_rate: 1e-3,
        beta_1: 0.9,
        beta_2: 0.95,
        epsilon: 1e-8,
        gradient_scale: 1.0,
        step,
    };
    let shapes: Vec<[usize; 2]> = weights.iter().map(|weight| weight.value.dims()).collect();
    let parameters = weights.drain(..).map(|Weight { value, moments }| {
        let gradient = value.grad_remove(&mut gradients);
        Parameter {
            value: value.inner().flatten(0, 1),
            gradient: gradient.expect("every weight is used").flatten(0, 1),
            moments,
            weight_decay: 0.1,
        }
    });
    let updated = adamw_step(parameters.collect(), &update);
    weights.extend(
        updated
            .into_iter()
            .zip(shapes)
            .map(|((value, moments), shape)| Weight {
                value: Tensor::from_inner(value.reshape(shape)).require_grad(),
                moments,
            }),
    );
    loss.into_scalar()
}

fn run(size: &Size, untied: bool, implementation: Implementation, steps: u32) {
    let device = Device::flex().autodiff();
    device.seed(1);
    let mut weights = weights(size, untied, &device);
    let parameters: usize = weights
        .iter()
        .map(|weight| weight.value.dims().iter().product::<usize>())
        .sum();
    let rotation = Rotation::new(
        size.length,
        size.width / size.heads,
        10_000.0,
        &device.clone().inner(),
    );
    let mut random = 1u64;
    let mut seconds: Vec<(f64, f64)> = Vec::new();
    let mut last = 0.0;
    let mut index = 0;
    // As many steps as asked for, and of small models as many as fill a second.
    while index < steps + 3 || seconds.iter().map(|&(_, seconds)| seconds).sum::<f64>() < 1.0 {
        let ids: Vec<i32> = (0..size.batch * size.length)
            .map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((random >> 33) as usize % size.vocabulary) as i32
            })
            .collect();
        let tokens = Tensor::from_data(TensorData::new(ids, [size.batch, size.length]), &device);
        let (start, busy) = (Instant::now(), processor_seconds());
        last = implementation.run(|| step(size, &mut weights, tokens, &rotation, index + 1));
        index += 1;
        seconds.push((processor_seconds() - busy, start.elapsed().as_secs_f64()));
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (busy, seconds): (Vec<f64>, Vec<f64>) = seconds.split_off(3).into_iter().unzip();
    let (busy, seconds) = (middle(busy), middle(seconds));
    let tokens = (size.batch * size.length) as f64;
    println!(
        "{:10} {implementation:?} {:?}, {parameters} parameters: {:8.2} ms, {:8.2} ms of processors, {:8.0} \
         tokens/s, {:6.1} GFLOP/s, loss {last:.4}, peak {:5.0} MB",
        size.name,
        Precision::current(),
        seconds * 1e3,
        busy * 1e3,
        tokens / seconds,
        operations(size) / seconds * 1e-9,
        peak(),
    );
}

/// Floating-point operations of a step's products, the hidden half of attention not counted: three times
/// those of the forward pass.
fn operations(size: &Size) -> f64 {
    let (width, inner) = (size.width, (size.width * 8 / 3).next_multiple_of(8));
    let layer = 4 * width * width + 3 * width * inner + size.length * width;
    let rows = size.batch * size.length;
    (6 * rows * (size.layers * layer + size.vocabulary * width)) as f64
}

/// The most memory that was ever resident, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

/// What all threads have computed so far: medians of it mean something on a busy machine, too.
fn processor_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() * 1e-9
}

fn main() {
    parallel::inside(run_chosen);
}

fn run_chosen() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let named = |name: &str| chosen.iter().any(|chosen| chosen == name);
    let both = !named("f32") && !named("bf16");
    for size in SIZES.iter().filter(|size| named(size.name)) {
        if both || named("f32") {
            run(size, named("untied"), Implementation::Fused, 9);
        }
        if both || named("bf16") {
            Precision::BFloat16.run(|| run(size, named("untied"), Implementation::Fused, 9));
        }
        if named("composed") {
            run(size, named("untied"), Implementation::Composed, 7);
        }
    }
}
