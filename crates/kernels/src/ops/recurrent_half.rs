//! A block of a recurrent mixer: what lies between its two products is one of [`Core`], the rest is the same for all.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, inner, matrix, tensor, values};
use super::linear::linear;
use super::rms_norm::rms_norm;
use super::{gated_delta, mamba2};
use crate::Precision;
use crate::cpu::linear as linear_kernel;
use crate::cpu::norm_linear::{self, NormLinear};
use crate::cpu::recurrent::Carried;
use crate::cpu::{gated_delta as gated_delta_kernel, mamba2 as mamba2_kernel};
use crate::memory::Buffer;
use crate::profile::{Pass, time};

/// What a recurrent mixer does between its products, and the sizes that it does it in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Core {
    /// Mamba-2. Its small weights are the filter (`taps × channels`), what is added to it (`channels`), what is added to
    /// the steps before softplus (`heads`), the logarithm of the rate at which states decay (`heads`), how much of `x`
    /// goes around the state (`heads`), and the gain after the gate (`inner`).
    Mamba2(mamba2_kernel::Shape),
    /// Gated DeltaNet. Its small weights are the filter (`taps × channels`), what is added before softplus to what makes
    /// the decays (`heads`), the logarithm of the rate at which states decay (`heads`), and the gain of each head's
    /// normalisation (`value`).
    GatedDelta(gated_delta_kernel::Shape),
}

/// The weights of a block of a recurrent mixer.
#[derive(Clone, Debug)]
pub struct RecurrentWeights {
    /// The normalisation's gain, `[width]`.
    pub gain: Tensor<1>,
    /// `[width, columns]`
    pub projection: Tensor<2>,
    /// The small ones, flat, in the order that [`Core`] tells.
    pub small: Vec<Tensor<1>>,
    /// `[inner, width]`
    pub output: Tensor<2>,
}

/// What is carried from one piece of a sequence to the next.
#[derive(Clone, Debug)]
pub struct RecurrentState {
    /// The last rows of what is convolved, `[batch, 1, taps - 1, channels]`.
    pub window: Tensor<4>,
    /// The states, `[batch, heads, rows, columns]`.
    pub state: Tensor<4>,
}

impl Core {
    /// Columns of the first product.
    pub fn columns(self) -> usize {
        match self {
            Self::Mamba2(shape) => shape.columns(),
            Self::GatedDelta(shape) => shape.columns(),
        }
    }

    /// Values of all heads, what the second product takes.
    pub fn inner(self) -> usize {
        match self {
            Self::Mamba2(shape) => shape.inner(),
            Self::GatedDelta(shape) => shape.inner(),
        }
    }

    /// The lengths of the small weights.
    pub fn small(self) -> Vec<usize> {
        match self {
            Self::Mamba2(shape) => {
                let (channels, heads) = (shape.channels(), shape.heads);
                vec![
                    shape.taps * channels,
                    channels,
                    heads,
                    heads,
                    heads,
                    shape.inner(),
                ]
            }
            Self::GatedDelta(shape) => {
                vec![
                    shape.taps * shape.channels(),
                    shape.heads,
                    shape.heads,
                    shape.value,
                ]
            }
        }
    }

    /// The shapes of what is carried.
    pub fn carried(self) -> [[usize; 4]; 2] {
        match self {
            Self::Mamba2(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.channels()],
                [shape.batch, shape.heads, shape.state, shape.dimension],
            ],
            Self::GatedDelta(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.channels()],
                [shape.batch, shape.heads, shape.key, shape.value],
            ],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mamba2(_) => "mamba2",
            Self::GatedDelta(_) => "gated_delta",
        }
    }

    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        match self {
            Self::Mamba2(shape) => mamba2::composed(shape, projected, small, epsilon, before),
            Self::GatedDelta(shape) => gated_delta::composed(shape, projected, small, epsilon, before),
        }
    }

    fn forward(
        self,
        small: &[&[f32]],
        epsilon: f32,
        projected: &[f32],
        before: Option<&Carried>,
        output: &mut [f32],
    ) -> SavedCore {
        match self {
            Self::Mamba2(shape) => {
                let weights = mamba2::weights(small, epsilon);
                let saved = mamba2_kernel::forward(shape, weights, projected, before, output);
                SavedCore::Mamba2(shape, saved)
            }
            Self::GatedDelta(shape) => {
                let weights = gated_delta::weights(small, epsilon);
                let saved = gated_delta_kernel::forward(shape, weights, projected, before, output);
                SavedCore::GatedDelta(shape, saved)
            }
        }
    }
}

/// What a core needs for its backward pass.
#[derive(Debug)]
enum SavedCore {
    Mamba2(mamba2_kernel::Shape, mamba2_kernel::Saved),
    GatedDelta(gated_delta_kernel::Shape, gated_delta_kernel::Saved),
}

impl SavedCore {
    fn carried(&self, projected: &[f32], before: &Carried) -> Carried {
        match self {
            Self::Mamba2(shape, saved) => saved.carried(*shape, projected, Some(before)),
            Self::GatedDelta(shape, saved) => saved.carried(*shape, projected, Some(before)),
        }
    }

    fn backward(
        &self,
        (small, epsilon): (&[&[f32]], f32),
        projected: &[f32],
        doutput: &[f32],
        dprojected: &mut [f32],
        dsmall: Vec<&mut [f32]>,
    ) {
        match self {
            Self::Mamba2(shape, saved) => {
                let weights = mamba2::weights(small, epsilon);
                let gradients = mamba2::gradients(dprojected, dsmall);
                mamba2_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::GatedDelta(shape, saved) => {
                let weights = gated_delta::weights(small, epsilon);
                let gradients = gated_delta::gradients(dprojected, dsmall);
                gated_delta_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
        }
    }
}

/// `x + core(rms_norm(x) × projection) × output`: `[batch × length, width]` to the same, of sequences that begin.
///
/// # Panics
/// If the sizes do not agree.
pub fn recurrent_half(x: Tensor<2>, weights: RecurrentWeights, core: Core, epsilon: f64) -> Tensor<2> {
    if !weights.fused(&x) {
        let [window, state] = core
            .carried()
            .map(|shape| Tensor::zeros(shape, (&x.device(), x.dtype())));
        return composed(x, weights, core, epsilon, RecurrentState { window, state }).0;
    }
    let vectors = weights.vectors().into_dispatch();
    let [x, projection, output] = [x, weights.projection, weights.output].map(Tensor::into_dispatch);
    let layer = Layer::new(core, epsilon);
    Tensor::from_dispatch(Dispatch::recurrent_half(x, projection, output, vectors, layer))
}

/// [`recurrent_half`] of sequences that go on from what was carried, zeros at their beginning, outside of any gradient's
/// graph; and what is carried on.
///
/// # Panics
/// As there.
pub fn recurrent_step(
    x: Tensor<2>,
    weights: RecurrentWeights,
    core: Core,
    epsilon: f64,
    before: RecurrentState,
) -> (Tensor<2>, RecurrentState) {
    if !weights.fused(&x) {
        return composed(x, weights, core, epsilon, before);
    }
    let buffer = |tensor: Tensor<4>| Buffer::copy_of(values(&contiguous(inner(tensor.into_dispatch()))));
    let before = Carried {
        window: buffer(before.window),
        state: buffer(before.state),
    };
    let vectors = inner(weights.vectors().into_dispatch());
    let [x, projection, output] =
        [x, weights.projection, weights.output].map(|input| inner(input.into_dispatch()));
    let (y, saved) = Saved::new(
        [x, projection, output, vectors],
        Layer::new(core, epsilon),
        Some(&before),
    );
    let Carried { window, state } = saved.core.carried(values(&saved.projected), &before);
    let [window_shape, state_shape] = core.carried();
    let after = RecurrentState {
        window: Tensor::from_primitive::<Flex>(tensor(window, window_shape)),
        state: Tensor::from_primitive::<Flex>(tensor(state, state_shape)),
    };
    (Tensor::from_primitive::<Flex>(y), after)
}

fn composed(
    x: Tensor<2>,
    weights: RecurrentWeights,
    core: Core,
    epsilon: f64,
    before: RecurrentState,
) -> (Tensor<2>, RecurrentState) {
    let projected = linear(rms_norm(x.clone(), weights.gain, epsilon), weights.projection);
    let (mixed, after) = core.composed(projected, weights.small, epsilon, before);
    (x + linear(mixed, weights.output), after)
}

impl RecurrentWeights {
    fn fused(&self, x: &Tensor<2>) -> bool {
        let small = self.small.iter().chain([&self.gain]);
        small.into_iter().all(fused) && [x, &self.projection, &self.output].into_iter().all(fused)
    }

    /// The gain and the small ones in one.
    fn vectors(&self) -> Tensor<1> {
        let parts = [&self.gain].into_iter().chain(&self.small);
        Tensor::cat(parts.cloned().collect(), 0)
    }
}

/// What is no tensor with a gradient.
#[derive(Clone, Copy, Debug)]
struct Layer {
    core: Core,
    epsilon: f32,
    precision: Precision,
}

impl Layer {
    fn new(core: Core, epsilon: f64) -> Self {
        Self {
            core,
            epsilon: epsilon as f32,
            precision: Precision::current(),
        }
    }
}

#[backend_extension(Flex, Autodiff)]
trait RecurrentHalf: Backend {
    fn recurrent_half(
        x: FloatTensor<Self>,
        projection: FloatTensor<Self>,
        output: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl RecurrentHalf for Flex {
    fn recurrent_half(
        x: FlexTensor,
        projection: FlexTensor,
        output: FlexTensor,
        vectors: FlexTensor,
        layer: Layer,
    ) -> FlexTensor {
        Saved::new([x, projection, output, vectors], layer, None).0
    }
}

impl<C: CheckpointStrategy> RecurrentHalf for Autodiff<Flex, C> {
    fn recurrent_half(
        x: FloatTensor<Self>,
        projection: FloatTensor<Self>,
        output: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        record::<C, _, 4>(
            "recurrent_half",
            [x, projection, output, vectors],
            |inputs, _| Saved::new(inputs, layer, None),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, projection, output, and the gain with the small weights.
    inputs: [FlexTensor; 4],
    layer: Layer,
    scales: FlexTensor,
    projected: FlexTensor,
    mixed: FlexTensor,
    core: Arc<SavedCore>,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 4], layer: Layer, before: Option<&Carried>) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let Layer {
            core,
            epsilon,
            precision,
        } = layer;
        let ([rows, width], columns) = (dimensions(&inputs[0]), core.columns());
        let [mut projected, mut scales, mut mixed, mut y] =
            [rows * columns, rows, rows * core.inner(), rows * width].map(Buffer::any);
        let (x, (first, small)) = (values(&inputs[0]), parts(&inputs, layer));
        time("norm_linear", Pass::Forward, || {
            norm_linear::forward(first, x, &mut projected, &mut scales);
        });
        let saved = time(core.name(), Pass::Forward, || {
            core.forward(&small, epsilon, &projected, before, &mut mixed)
        });
        let mixed = tensor(mixed, [rows, core.inner()]);
        time("linear", Pass::Forward, || {
            linear_kernel::forward(precision, x, matrix(&mixed), matrix(&inputs[2]), &mut y);
        });
        let saved = Self {
            layer,
            scales: tensor(scales, [rows]),
            projected: tensor(projected, [rows, columns]),
            mixed,
            core: Arc::new(saved),
            inputs,
        };
        (tensor(y, [rows, width]), saved)
    }

    fn backward(self, dy: &FlexTensor) -> [FlexTensor; 4] {
        let Layer {
            core,
            epsilon,
            precision,
        } = self.layer;
        let [x, projection, output, vectors] = &self.inputs;
        let [mut dx, mut dprojection, mut doutput, mut dvectors] = self
            .inputs
            .each_ref()
            .map(|input| Buffer::any(values(input).len()));
        let (gain, mut rest) = dvectors.split_at_mut(dimensions::<2>(x)[1]);
        let dsmall = core.small().into_iter().map(|length| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(length);
            rest = others;
            part
        });
        let dsmall: Vec<&mut [f32]> = dsmall.collect();
        let (first, small) = parts(&self.inputs, self.layer);
        let mut dmixed = Buffer::any(values(&self.mixed).len());
        time("linear", Pass::Backward, || {
            let operands = [matrix(&self.mixed), matrix(output)];
            linear_kernel::backward(precision, operands, matrix(dy), &mut dmixed, &mut doutput);
        });
        let projected = values(&self.projected);
        let mut dprojected = Buffer::any(projected.len());
        time(core.name(), Pass::Backward, || {
            let weights = (&small[..], epsilon);
            self.core
                .backward(weights, projected, &dmixed, &mut dprojected, dsmall);
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

/// The first product, and the small weights.
fn parts(inputs: &[FlexTensor; 4], layer: Layer) -> (NormLinear<'_>, Vec<&[f32]>) {
    let (gain, mut rest) = values(&inputs[3]).split_at(dimensions::<2>(&inputs[0])[1]);
    let small = layer.core.small().into_iter().map(|length| {
        let (part, others) = rest.split_at(length);
        rest = others;
        part
    });
    let small = small.collect();
    let first = NormLinear {
        precision: layer.precision,
        gain,
        epsilon: layer.epsilon,
        weight: values(&inputs[1]),
    };
    (first, small)
}
