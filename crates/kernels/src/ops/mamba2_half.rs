//! A block of Mamba-2.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, TensorData, activation::silu};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, inner, matrix, tensor, values};
use super::linear::linear;
use super::product::product;
use super::rms_norm::rms_norm;
use crate::Precision;
use crate::cpu::linear as linear_kernel;
use crate::cpu::mamba2::{self, Carried, Gradients, Shape, Weights};
use crate::cpu::norm_linear::{self, NormLinear};
use crate::memory::Buffer;
use crate::profile::{Pass, time};

/// The weights of a block of Mamba-2.
#[derive(Clone, Debug)]
pub struct Mamba2Weights {
    /// The normalisation's gain, `[width]`.
    pub gain: Tensor<1>,
    /// To gate, `x`, `B`, `C` and steps, `[width, columns]`.
    pub projection: Tensor<2>,
    /// `[taps, channels]`
    pub filter: Tensor<2>,
    /// `[channels]`
    pub filter_bias: Tensor<1>,
    /// Added to the steps before softplus, `[heads]`.
    pub step_bias: Tensor<1>,
    /// The logarithm of the rate at which states decay, `[heads]`.
    pub decay_log: Tensor<1>,
    /// How much of `x` goes around the state, `[heads]`.
    pub skip: Tensor<1>,
    /// The gain after the gate, `[inner]`.
    pub inner_gain: Tensor<1>,
    /// `[inner, width]`
    pub output: Tensor<2>,
}

/// What is carried from one piece of a sequence to the next.
#[derive(Clone, Debug)]
pub struct Mamba2Carried {
    /// The last rows of what is convolved, `[batch, taps - 1, channels]`.
    pub window: Tensor<3>,
    /// `[batch, heads, state, dimension]`
    pub state: Tensor<4>,
}

/// `x + mix(rms_norm(x) × projection) × output` with what [`mamba2`] does between the products: `[batch × length, width]`
/// to the same, of sequences that begin.
///
/// # Panics
/// If the sizes do not agree.
pub fn mamba2_half(x: Tensor<2>, weights: Mamba2Weights, shape: Shape, epsilon: f64) -> Tensor<2> {
    if !weights.fused(&x) {
        return composed(x, weights, shape, epsilon, None).0;
    }
    let layer = Layer {
        shape,
        epsilon: epsilon as f32,
        precision: Precision::current(),
    };
    let vectors = weights.vectors().into_dispatch();
    let [x, projection, output] = [x, weights.projection, weights.output].map(Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::mamba2_half(x, projection, output, vectors, layer))
}

/// [`mamba2_half`] of sequences that go on from what was carried, zeros at their beginning, outside of any gradient's graph; and what is
/// carried on.
///
/// # Panics
/// As there.
pub fn mamba2_step(
    x: Tensor<2>,
    weights: Mamba2Weights,
    shape: Shape,
    epsilon: f64,
    before: Mamba2Carried,
) -> (Tensor<2>, Mamba2Carried) {
    if !weights.fused(&x) {
        return composed(x, weights, shape, epsilon, Some(before));
    }
    let layer = Layer {
        shape,
        epsilon: epsilon as f32,
        precision: Precision::current(),
    };
    let buffer = |tensor: FlexTensor| Buffer::copy_of(values(&contiguous(tensor)));
    let before = Carried {
        window: buffer(inner(before.window.into_dispatch())),
        state: buffer(inner(before.state.into_dispatch())),
    };
    let vectors = inner(weights.vectors().into_dispatch());
    let [x, projection, output] =
        [x, weights.projection, weights.output].map(|input| inner(input.into_dispatch()));
    let inputs = [x, projection, output, vectors];
    let (y, saved) = Saved::new(inputs, layer, Some(&before));
    let carried = saved.core.carried(shape, values(&saved.projected), Some(&before));
    let window = [shape.batch, shape.taps - 1, shape.channels()];
    let state = [shape.batch, shape.heads, shape.state, shape.dimension];
    let carried = Mamba2Carried {
        window: Tensor::from_primitive::<Flex>(tensor(carried.window, window)),
        state: Tensor::from_primitive::<Flex>(tensor(carried.state, state)),
    };
    (Tensor::from_primitive::<Flex>(y), carried)
}

impl Mamba2Weights {
    fn fused(&self, x: &Tensor<2>) -> bool {
        let vectors = [
            &self.gain,
            &self.filter_bias,
            &self.step_bias,
            &self.decay_log,
            &self.skip,
            &self.inner_gain,
        ];
        let matrices = [x, &self.projection, &self.filter, &self.output];
        vectors.into_iter().all(fused) && matrices.into_iter().all(fused)
    }

    /// All that is small in one, in the order of [`lengths`].
    fn vectors(&self) -> Tensor<1> {
        let parts = [
            self.gain.clone(),
            self.filter.clone().flatten(0, 1),
            self.filter_bias.clone(),
            self.step_bias.clone(),
            self.decay_log.clone(),
            self.skip.clone(),
            self.inner_gain.clone(),
        ];
        Tensor::cat(parts.into(), 0)
    }
}

/// What is no tensor with a gradient.
#[derive(Clone, Copy, Debug)]
struct Layer {
    shape: Shape,
    epsilon: f32,
    precision: Precision,
}

#[backend_extension(Flex, Autodiff)]
trait Mamba2Half: Backend {
    fn mamba2_half(
        x: FloatTensor<Self>,
        projection: FloatTensor<Self>,
        output: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl Mamba2Half for Flex {
    fn mamba2_half(
        x: FlexTensor,
        projection: FlexTensor,
        output: FlexTensor,
        vectors: FlexTensor,
        layer: Layer,
    ) -> FlexTensor {
        Saved::new([x, projection, output, vectors], layer, None).0
    }
}

impl<C: CheckpointStrategy> Mamba2Half for Autodiff<Flex, C> {
    fn mamba2_half(
        x: FloatTensor<Self>,
        projection: FloatTensor<Self>,
        output: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        record::<C, _, 4>(
            "mamba2_half",
            [x, projection, output, vectors],
            |inputs, _| Saved::new(inputs, layer, None),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, projection, output and the small ones.
    inputs: [FlexTensor; 4],
    layer: Layer,
    scales: FlexTensor,
    projected: FlexTensor,
    mixed: FlexTensor,
    core: Arc<mamba2::Saved>,
}

/// How the small weights lie in one: gain, filter, its bias, steps' bias, decay, skip, inner gain.
fn lengths(width: usize, shape: Shape) -> [usize; 7] {
    let (channels, heads) = (shape.channels(), shape.heads);
    [
        width,
        shape.taps * channels,
        channels,
        heads,
        heads,
        heads,
        shape.inner(),
    ]
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 4], layer: Layer, before: Option<&Carried>) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let Layer { shape, precision, .. } = layer;
        let ([rows, width], columns) = (dimensions(&inputs[0]), shape.columns());
        let [mut projected, mut scales, mut mixed, mut y] =
            [rows * columns, rows, rows * shape.inner(), rows * width].map(Buffer::any);
        let (x, (first, weights)) = (values(&inputs[0]), parts(&inputs, layer));
        time("norm_linear", Pass::Forward, || {
            norm_linear::forward(first, x, &mut projected, &mut scales);
        });
        let core = time("mamba2", Pass::Forward, || {
            mamba2::forward(shape, weights, &projected, before, &mut mixed)
        });
        let mixed = tensor(mixed, [rows, shape.inner()]);
        time("linear", Pass::Forward, || {
            linear_kernel::forward(precision, x, matrix(&mixed), matrix(&inputs[2]), &mut y);
        });
        let saved = Self {
            layer,
            scales: tensor(scales, [rows]),
            projected: tensor(projected, [rows, columns]),
            mixed,
            core: Arc::new(core),
            inputs,
        };
        (tensor(y, [rows, width]), saved)
    }

    fn backward(self, dy: &FlexTensor) -> [FlexTensor; 4] {
        let Layer { shape, precision, .. } = self.layer;
        let [x, projection, output, vectors] = &self.inputs;
        let [mut dx, mut dprojection, mut doutput, mut dvectors] = self
            .inputs
            .each_ref()
            .map(|input| Buffer::any(values(input).len()));
        let mut rest = &mut *dvectors;
        let [gain, filter, filter_bias, step_bias, decay_log, skip, inner_gain] =
            lengths(dimensions::<2>(x)[1], shape).map(|length| {
                let (part, others) = std::mem::take(&mut rest).split_at_mut(length);
                rest = others;
                part
            });
        let (first, weights) = parts(&self.inputs, self.layer);
        let mut dmixed = Buffer::any(values(&self.mixed).len());
        time("linear", Pass::Backward, || {
            let operands = [matrix(&self.mixed), matrix(output)];
            linear_kernel::backward(precision, operands, matrix(dy), &mut dmixed, &mut doutput);
        });
        let projected = values(&self.projected);
        let mut dprojected = Buffer::any(projected.len());
        time("mamba2", Pass::Backward, || {
            let gradients = Gradients {
                projected: &mut dprojected,
                filter,
                filter_bias,
                step_bias,
                decay_log,
                skip,
                gain: inner_gain,
            };
            mamba2::backward(shape, weights, projected, &self.core, &dmixed, gradients);
        });
        time("norm_linear", Pass::Backward, || {
            let gradients = norm_linear::Gradients {
                x: &mut dx,
                gain,
                weight: &mut dprojection,
            };
            let scales = values(&self.scales);
            norm_linear::backward(first, values(x), scales, &dprojected, values(dy), gradients);
        });
        [
            tensor(dx, dimensions::<2>(x)),
            tensor(dprojection, dimensions::<2>(projection)),
            tensor(doutput, dimensions::<2>(output)),
            tensor(dvectors, dimensions::<1>(vectors)),
        ]
    }
}

/// The first product, and the weights between the products.
fn parts(inputs: &[FlexTensor; 4], layer: Layer) -> (NormLinear<'_>, Weights<'_>) {
    let mut rest = values(&inputs[3]);
    let [gain, filter, filter_bias, step_bias, decay_log, skip, inner_gain] =
        lengths(dimensions::<2>(&inputs[0])[1], layer.shape).map(|length| {
            let (part, others) = rest.split_at(length);
            rest = others;
            part
        });
    let first = NormLinear {
        precision: layer.precision,
        gain,
        epsilon: layer.epsilon,
        weight: values(&inputs[1]),
    };
    let weights = Weights {
        filter,
        filter_bias,
        step_bias,
        decay_log,
        skip,
        gain: inner_gain,
        epsilon: layer.epsilon,
    };
    (first, weights)
}

/// Added to what is hidden before its exponential: far below any sum of decays.
const MASKED: f32 = -1e9;

fn composed(
    x: Tensor<2>,
    weights: Mamba2Weights,
    shape: Shape,
    epsilon: f64,
    before: Option<Mamba2Carried>,
) -> (Tensor<2>, Mamba2Carried) {
    let (batch, length, inner) = (shape.batch, shape.length, shape.inner());
    let projected = linear(rms_norm(x.clone(), weights.gain, epsilon), weights.projection);
    let projected = projected.reshape([batch, length, shape.columns()]);
    let columns = |start: usize, count: usize| {
        let part = projected
            .clone()
            .slice([0..batch, 0..length, start..start + count]);
        part.reshape([batch, length, count])
    };
    let device = x.device();
    let before = before.unwrap_or_else(|| Mamba2Carried {
        window: Tensor::zeros([batch, shape.taps - 1, shape.channels()], (&device, x.dtype())),
        state: Tensor::zeros(
            [batch, shape.heads, shape.state, shape.dimension],
            (&device, x.dtype()),
        ),
    });
    let (convolved, window) = convolved(
        columns(inner, shape.channels()),
        weights.filter,
        weights.filter_bias,
        before.window,
    );
    let raw = columns(inner + shape.channels(), shape.heads) + weights.step_bias.unsqueeze();
    // ln(1 + e^x), without overflow.
    let steps = raw.clone().clamp_min(0.0) + (-raw.abs()).exp().log1p();
    let decays = steps.clone() * (-weights.decay_log.exp()).unsqueeze();
    let (scanned, state) = scanned(shape, convolved, steps, decays, weights.skip, before.state);
    let gated = scanned * silu(columns(0, inner)).reshape([batch * length, inner]);
    let y = x + linear(rms_norm(gated, weights.inner_gain, epsilon), weights.output);
    (y, Mamba2Carried { window, state })
}

/// The convolved rows after SiLU, and the last rows.
fn convolved(x: Tensor<3>, filter: Tensor<2>, bias: Tensor<1>, window: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let ([batch, length, channels], [taps, _]) = (x.dims(), filter.dims());
    let rows = match taps {
        1 => x,
        _ => Tensor::cat(vec![window, x], 1),
    };
    let part = |start: usize, count: usize| rows.clone().slice([0..batch, start..start + count, 0..channels]);
    let sum = (0..taps).fold(bias.unsqueeze::<3>(), |sum, tap| {
        let filter = filter.clone().slice([tap..tap + 1, 0..channels]);
        sum + part(tap, length) * filter.unsqueeze::<3>()
    });
    (silu(sum), part(length, taps - 1))
}

/// `y` of every head, `[batch × length, inner]`, and the state after the last position.
fn scanned(
    shape: Shape,
    mixed: Tensor<3>,
    steps: Tensor<3>,
    decays: Tensor<3>,
    skip: Tensor<1>,
    mut state: Tensor<4>,
) -> (Tensor<2>, Tensor<4>) {
    let Shape {
        batch,
        length,
        heads,
        groups,
        dimension,
        ..
    } = shape;
    let mut outputs = Vec::new();
    for start in (0..length).step_by(shape.chunk) {
        let count = shape.chunk.min(length - start);
        // Of all heads or groups, `[batch, heads, count, columns]`.
        let part = |of: &Tensor<3>, first: usize, parts: usize, columns: usize| {
            let part = of
                .clone()
                .slice([0..batch, start..start + count, first..first + parts * columns]);
            part.reshape([batch, count, parts, columns]).swap_dims(1, 2)
        };
        let to_heads = |of: Tensor<4>| {
            let [_, _, rows, columns] = of.dims();
            let of = of.reshape([batch, groups, 1, rows, columns]);
            let of = of.expand([batch, groups, heads / groups, rows, columns]);
            of.reshape([batch, heads, rows, columns])
        };
        let x = part(&mixed, 0, heads, dimension);
        let b = part(&mixed, shape.inner(), groups, shape.state);
        let c = part(&mixed, shape.inner() + groups * shape.state, groups, shape.state);
        let triangle = |seen: f32, hidden: f32| {
            let value = |index: usize| match index % count <= index / count {
                true => seen,
                false => hidden,
            };
            let values: Vec<f32> = (0..count * count).map(value).collect();
            Tensor::<4>::from_data(
                TensorData::new(values, [1, 1, count, count]),
                (&x.device(), x.dtype()),
            )
        };
        let along = part(&decays, 0, heads, 1).swap_dims(2, 3);
        let sums = (along * triangle(1.0, 0.0)).sum_dim(3);
        let between = (sums.clone() - sums.clone().swap_dims(2, 3) + triangle(0.0, MASKED)).exp();
        let values = x.clone() * part(&steps, 0, heads, 1);
        let scores = to_heads(product(c.clone(), b.clone().swap_dims(2, 3)));
        let within = product(scores * between, values.clone());
        let before = product(to_heads(c), state.clone()) * sums.clone().exp();
        let around = x * skip.clone().reshape([1, heads, 1, 1]);
        outputs.push((within + before + around).swap_dims(1, 2));
        let last = sums.clone().slice([0..batch, 0..heads, count - 1..count, 0..1]);
        let kept = values * (last.clone() - sums).exp();
        state = state * last.exp() + product(to_heads(b).swap_dims(2, 3), kept);
    }
    let output = Tensor::cat(outputs, 1).reshape([batch * length, shape.inner()]);
    (output, state)
}
