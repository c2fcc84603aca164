//! A block of a recurrent mixer: what lies between its two products is one of [`Core`], the rest is the same for all.

mod core;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

pub use self::core::Core;
use self::core::SavedCore;
pub(crate) use self::core::{Kernel, Recurrence, Small};

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, inner, matrix, tensor, values};
use super::linear::linear;
use super::rms_norm::rms_norm;
use crate::Precision;
use crate::cpu::linear as linear_kernel;
use crate::cpu::norm_linear::{self, NormLinear};
use crate::cpu::recurrent::Carried;
use crate::memory::Buffer;
use crate::profile::{Pass, time};

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
    let mut carried = Carried {
        window: buffer(before.window),
        state: buffer(before.state),
    };
    let vectors = inner(weights.vectors().into_dispatch());
    let [x, projection, output] =
        [x, weights.projection, weights.output].map(|input| inner(input.into_dispatch()));
    let (inputs, layer) = ([x, projection, output, vectors], Layer::new(core, epsilon));
    let y = if core.length() == 1 {
        Projected::new(inputs.map(contiguous), layer).stepped(&mut carried)
    } else {
        let (y, saved) = Saved::new(inputs, layer, Some(&carried));
        carried = saved.core.carried(values(&saved.projected), &carried);
        y
    };
    let Carried { window, state } = carried;
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

/// What the first product gives.
struct Projected {
    /// As [`Saved`] has them.
    inputs: [FlexTensor; 4],
    layer: Layer,
    scales: Buffer,
    values: Buffer,
}

impl Projected {
    fn new(inputs: [FlexTensor; 4], layer: Layer) -> Self {
        let [rows, _] = dimensions(&inputs[0]);
        let [mut projected, mut scales] = [rows * layer.core.columns(), rows].map(Buffer::any);
        let (first, _) = parts(&inputs, layer);
        time("norm_linear", Pass::Forward, || {
            norm_linear::forward(first, values(&inputs[0]), &mut projected, &mut scales);
        });
        Self {
            inputs,
            layer,
            scales,
            values: projected,
        }
    }

    /// What `core` writes of the projected rows, and what it returns.
    fn mixed<R>(&self, core: impl FnOnce(&[f32], &mut [f32]) -> R) -> (FlexTensor, R) {
        let (rows, inner) = (self.scales.len(), self.layer.core.inner());
        let mut mixed = Buffer::any(rows * inner);
        let result = time(self.layer.core.name(), Pass::Forward, || {
            core(&self.values, &mut mixed)
        });
        (tensor(mixed, [rows, inner]), result)
    }

    /// The second product, added to what came in.
    fn output(&self, mixed: &FlexTensor) -> FlexTensor {
        let [x, _, output, _] = &self.inputs;
        let mut y = Buffer::any(values(x).len());
        time("linear", Pass::Forward, || {
            let precision = self.layer.precision;
            linear_kernel::forward(precision, values(x), matrix(mixed), matrix(output), &mut y);
        });
        tensor(y, dimensions::<2>(x))
    }

    /// One position of each sequence.
    fn stepped(&self, carried: &mut Carried) -> FlexTensor {
        let (Layer { core, epsilon, .. }, (_, small)) = (self.layer, parts(&self.inputs, self.layer));
        let (mixed, ()) = self.mixed(|rows, mixed| core.step((&small, epsilon), rows, carried, mixed));
        self.output(&mixed)
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
        let (core, projected) = (layer.core, Projected::new(inputs.map(contiguous), layer));
        let (_, small) = parts(&projected.inputs, layer);
        let (mixed, saved) =
            projected.mixed(|rows, mixed| core.forward((&small, layer.epsilon), rows, before, mixed));
        let y = projected.output(&mixed);
        let Projected {
            inputs,
            layer,
            scales,
            values: rows,
        } = projected;
        let count = scales.len();
        let saved = Self {
            layer,
            scales: tensor(scales, [count]),
            projected: tensor(rows, [count, core.columns()]),
            mixed,
            core: Arc::new(saved),
            inputs,
        };
        (y, saved)
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
