//! Each slice kernel at the sizes of a decoder's training step: the best time of twelve, its rate, and what it
//! takes of a step; and alone, the products inside the layers and the activations.
//!
//! `cargo bench -p triaxis-kernels --bench operations -- small` (or `tiny`, `quickstart`, `quick`, `medium`);
//! `RAYON_NUM_THREADS` sets the threads.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use triaxis_kernels::Precision;
use triaxis_kernels::cpu::activation::Activation;
use triaxis_kernels::cpu::attention::{self, Heads, HeadsOut, Limits, Saved, Shape};
use triaxis_kernels::cpu::cross_entropy::{Head, losses_and_gradients};
use triaxis_kernels::cpu::feed_forward::{self, FeedForward};
use triaxis_kernels::cpu::gelu::Form;
use triaxis_kernels::cpu::matrix::Matrix;
use triaxis_kernels::cpu::norm_linear::{self, NormLinear};
use triaxis_kernels::cpu::rotary::Angles;
use triaxis_kernels::cpu::{activation, adamw, embedding, linear, norm, rms_norm, swiglu};

/// Name, width, layers, heads, vocabulary, length, sequences.
const SIZES: [(&str, [usize; 6]); 5] = [
    ("tiny", [32, 2, 2, 512, 128, 8]),
    ("quickstart", [48, 2, 3, 512, 128, 3]),
    ("quick", [96, 4, 3, 1024, 256, 8]),
    ("small", [128, 4, 4, 4096, 256, 8]),
    ("medium", [384, 6, 6, 8192, 256, 8]),
];

fn values(count: usize) -> Vec<f32> {
    (0..count)
        .map(|index| ((index * 7919) % 1013) as f32 / 1013.0 - 0.5)
        .collect()
}

/// Lines of the table.
struct Table {
    total: f64,
}

impl Table {
    /// Measures `work`, which a step does `times` times with `operations` floating-point operations each.
    fn line(&mut self, name: &str, times: usize, operations: usize, mut work: impl FnMut()) {
        let mut seconds: Vec<f64> = (0..12)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let best = seconds[0];
        let step = best * times as f64 * 1e3;
        self.total += step;
        let rate = operations as f64 / best / 1e9;
        println!(
            "{name:28} {:9.1} µs × {times:2} = {step:8.2} ms {rate:8.1} GFLOP/s",
            best * 1e6
        );
    }

    fn product(
        &mut self,
        precision: Precision,
        name: &str,
        times: usize,
        [rows, depth, columns]: [usize; 3],
    ) {
        let (x, w, dy) = (
            values(rows * depth),
            values(depth * columns),
            values(rows * columns),
        );
        let (x, w, dy) = (
            Matrix::new(&x, rows, depth),
            Matrix::new(&w, depth, columns),
            Matrix::new(&dy, rows, columns),
        );
        let (mut y, mut dx, mut dw) = (
            values(rows * columns),
            values(rows * depth),
            values(depth * columns),
        );
        let work = 2 * rows * depth * columns;
        let name = |part: &str| format!("{name} {part} {precision:?}");
        self.line(&name("y"), times, work, || {
            precision.multiply(x, w, &mut y, columns, false)
        });
        self.line(&name("dx"), times, work, || {
            precision.multiply(dy, w.transposed(), &mut dx, depth, false)
        });
        self.line(&name("dw"), times, work, || {
            precision.multiply(x.transposed(), dy, &mut dw, columns, false)
        });
    }
}

/// The products of a block, which its layers contain.
fn products([width, layers, _, _, length, batch]: [usize; 6], precision: Precision) {
    let (rows, inner) = (batch * length, (width * 8 / 3).next_multiple_of(8));
    let mut table = Table { total: 0.0 };
    table.product(precision, "q, k, v", layers, [rows, width, 3 * width]);
    table.product(precision, "attention output", layers, [rows, width, width]);
    table.product(precision, "gate and up", layers, [rows, width, 2 * inner]);
    table.product(precision, "down", layers, [rows, inner, width]);
    println!("{:28} {:30.2} ms", "in all", table.total);
}

/// The activations of a block, one of which its feed-forward layer contains.
fn activations([width, layers, _, _, length, batch]: [usize; 6]) {
    let (rows, inner) = (batch * length, (width * 8 / 3).next_multiple_of(8));
    let (x, dy) = (values(2 * rows * inner), values(2 * rows * inner));
    let (mut y, mut dx) = (values(rows * inner), values(x.len()));
    let mut table = Table { total: 0.0 };
    table.line("SwiGLU forward", layers, 24 * y.len(), || {
        swiglu::forward(&x, inner, &mut y)
    });
    table.line("SwiGLU backward", layers, 32 * y.len(), || {
        swiglu::backward(&x, inner, &dy[..y.len()], &mut dx)
    });
    let mut y = values(x.len());
    table.line("GELU forward", layers, 40 * x.len(), || {
        activation::forward(&x, Activation::Gelu(Form::Exact), &mut y)
    });
    table.line("GELU backward", layers, 42 * x.len(), || {
        activation::backward(&x, &dy, Activation::Gelu(Form::Exact), &mut dx)
    });
}

/// The layers of a block but attention.
fn block(table: &mut Table, [width, layers, _, _, length, batch]: [usize; 6], precision: Precision) {
    let (rows, inner) = (batch * length, (width * 8 / 3).next_multiple_of(8));
    let (x, dy, gain) = (values(rows * width), values(rows * width), values(width));
    let [mut y, mut dx] = [values(rows * width), values(rows * width)];
    let (mut scales, mut dgain) = (values(rows), values(width));

    let (weight, dprojected) = (values(width * 3 * width), values(rows * 3 * width));
    let (mut projected, mut dweight) = (values(rows * 3 * width), values(weight.len()));
    let layer = NormLinear {
        precision,
        gain: &gain,
        epsilon: 1e-5,
        weight: &weight,
    };
    let work = 2 * rows * weight.len();
    table.line("norm, q, k, v forward", layers, work, || {
        norm_linear::forward(layer, &x, &mut projected, &mut scales);
    });
    table.line("norm, q, k, v backward", layers, 2 * work, || {
        let gradients = norm_linear::Gradients {
            x: &mut dx,
            gain: &mut dgain,
            weight: &mut dweight,
        };
        norm_linear::backward(layer, &x, &scales, &dprojected, &dy, gradients);
    });

    let output = Matrix::new(&weight[..width * width], width, width);
    let (attended, dattended) = (Matrix::new(&x, rows, width), Matrix::new(&dy, rows, width));
    let work = 2 * rows * width * width;
    table.line("attention output forward", layers, work, || {
        linear::forward(precision, &x, attended, output, &mut y);
    });
    table.line("attention output backward", layers, 2 * work, || {
        let dweight = &mut dweight[..width * width];
        linear::backward(precision, [attended, output], dattended, &mut dx, dweight);
    });

    let [gate_and_up, down] = [2, 1].map(|matrices| values(matrices * width * inner));
    let [mut dgate_and_up, mut ddown] = [&gate_and_up, &down].map(|weight| values(weight.len()));
    let mut gate_up = values(2 * rows * inner);
    let layer = FeedForward {
        precision,
        gain: &gain,
        epsilon: 1e-5,
        gate_and_up: &gate_and_up,
        down: &down,
    };
    let work = 6 * rows * width * inner;
    table.line("feed-forward forward", layers, work, || {
        feed_forward::forward(layer, &x, &mut y, &mut scales, &mut gate_up);
    });
    table.line("feed-forward backward", layers, 2 * work, || {
        let gradients = feed_forward::Gradients {
            x: &mut dx,
            gain: &mut dgain,
            gate_and_up: &mut dgate_and_up,
            down: &mut ddown,
        };
        feed_forward::backward(layer, &x, &scales, &gate_up, &dy, gradients);
    });
}

fn attention(table: &mut Table, [width, layers, heads, _, length, batch]: [usize; 6], precision: Precision) {
    let rows = batch * length;
    let dimension = width / heads;
    let shape = Shape {
        batch,
        queries: length,
        keys: length,
        query_heads: heads,
        key_heads: heads,
        dimension,
        precision,
        limits: Limits::default(),
    };
    let projected = values(rows * 3 * width);
    let part = |start| Heads {
        values: &projected,
        start,
        stride: 3 * width,
    };
    let (q, k, v) = (part(0), part(width), part(2 * width));
    let (mut output, mut log_sums) = (values(rows * width), values(rows * heads));
    let (cosines, sines) = (values(length * dimension / 2), values(length * dimension / 2));
    let angles = Some(Angles {
        half: dimension / 2,
        cosines: &cosines,
        sines: &sines,
    });
    let half = 2 * batch * heads * length * length / 2 * dimension;
    table.line("attention forward", layers, 2 * half, || {
        let output = HeadsOut::new(&mut output, width);
        attention::forward(shape, q, k, v, angles, output, &mut log_sums);
    });
    let (doutput, mut gradient) = (values(rows * width), values(rows * 3 * width));
    let whole = |values| Heads {
        values,
        start: 0,
        stride: width,
    };
    let saved = Saved {
        q,
        k,
        v,
        angles,
        output: whole(&output),
        log_sums: &log_sums,
        doutput: whole(&doutput),
    };
    table.line("attention backward", layers, 5 * half, || {
        let [dq, dk, dv] = HeadsOut::split(&mut gradient, [width; 3]);
        attention::backward(shape, saved, dq, dk, dv);
    });
}

/// What a step does once: the last norm, the head, the table and the optimiser.
fn once(table: &mut Table, [width, layers, _, vocabulary, length, batch]: [usize; 6], precision: Precision) {
    let (rows, inner) = (batch * length, (width * 8 / 3).next_multiple_of(8));
    let (x, gain, dy) = (values(rows * width), values(width), values(rows * width));
    let (mut y, mut scales, mut dgain) = (values(rows * width), values(rows), values(width));
    table.line("norm forward", 1, 4 * rows * width, || {
        rms_norm::forward(&x, &gain, 1e-5, &mut y, &mut scales);
    });
    table.line("norm backward", 1, 8 * rows * width, || {
        rms_norm::backward(&x, &gain, &scales, &dy, &mut y, &mut dgain);
    });

    let weight = values(vocabulary * width);
    let tokens: Vec<u32> = (0..rows)
        .map(|index| (index * 7919 % vocabulary) as u32)
        .collect();
    let (mut losses, mut dx, mut dweight) = (values(rows), values(rows * width), values(vocabulary * width));
    let head = Head {
        weight: &weight,
        width,
        precision,
    };
    table.line(
        "head and loss, both ways",
        1,
        6 * rows * width * vocabulary,
        || {
            losses_and_gradients(head, &x, &tokens, &mut losses, &mut dx, &mut dweight);
        },
    );
    table.line("embedding", 1, rows * width, || {
        embedding::gather(&weight, width, &tokens, &mut y)
    });
    table.line("embedding backward", 1, rows * width, || {
        embedding::scatter(&dy, width, &tokens, &mut dweight, false)
    });
    let parameters = vocabulary * width + layers * (4 * width * width + 3 * width * inner);
    let (mut p, g, mut m, mut v) = (
        values(parameters),
        values(parameters),
        values(parameters),
        values(parameters),
    );
    v.iter_mut().for_each(|v| *v = v.abs());
    let update = adamw::Update {
        learning_rate: 1e-3,
        beta_1: 0.9,
        beta_2: 0.95,
        epsilon: 1e-8,
        gradient_scale: 1.0,
        step: 10,
    };
    table.line("AdamW", 1, 12 * parameters, || {
        let parameter = adamw::Parameter {
            values: &mut p,
            gradient: &g,
            first: &mut m,
            second: &mut v,
            weight_decay: 0.1,
        };
        adamw::step(vec![parameter], &update)
    });
    table.line("gradient norm", 1, 2 * parameters, || {
        norm::gradient_norm(&[&g]);
    });
}

fn main() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    for (name, size) in SIZES
        .iter()
        .filter(|(name, _)| chosen.iter().any(|chosen| chosen == name))
    {
        println!("{name}, activations alone:");
        activations(*size);
        for precision in [Precision::Float32, Precision::BFloat16] {
            println!("{name} {precision:?}, {} threads", rayon::current_num_threads());
            let mut table = Table { total: 0.0 };
            block(&mut table, *size, precision);
            attention(&mut table, *size, precision);
            once(&mut table, *size, precision);
            println!("{:28} {:30.2} ms", "in all", table.total);
            println!("its products alone:");
            products(*size, precision);
        }
    }
}
