//! The attention half of a block.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::attention::{Packed, Scores, causal_attention_packed};
use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, matrix, tensor, values};
use super::linear::linear;
use super::rms_norm::rms_norm;
use super::rotary::Tables;
use crate::cpu::attention::Limits;
use crate::cpu::linear as linear_kernel;
use crate::cpu::norm_linear::{self, Gradients, NormLinear};
use crate::memory::Buffer;
use crate::profile::{Pass, time};
use crate::{AttentionHeads, Precision};

/// The weights of the attention half of a block.
#[derive(Clone, Debug)]
pub struct AttentionWeights {
    /// The normalisation's gain, `[width]`.
    pub gain: Tensor<1>,
    /// Queries, keys and values, `[width, (query + 2 key_value) × dimension]`.
    pub query_key_value: Tensor<2>,
    /// `[query × dimension, width]`
    pub output: Tensor<2>,
}

/// `x + attention(rms_norm(x) × query_key_value) × output`: `[batch × length, width]` to the same, with
/// [`causal_attention_packed`] between the products.
///
/// # Panics
/// If the sizes do not agree.
pub fn attention_half(
    x: Tensor<2>,
    weights: AttentionWeights,
    heads: AttentionHeads,
    length: usize,
    scores: Scores<'_>,
    epsilon: f64,
) -> Tensor<2> {
    let AttentionWeights {
        gain,
        query_key_value,
        output,
    } = weights;
    let [rows, width] = x.dims();
    let sizes = [query_key_value.dims()[0], gain.dims()[0], output.dims()[1]];
    assert!(
        sizes == [width; 3] && output.dims()[0] == heads.mixed(),
        "rows of {width} values and weights of {:?}, {:?} and {:?}",
        gain.dims(),
        query_key_value.dims(),
        output.dims()
    );
    heads.check(rows, query_key_value.dims()[1], length, scores.rotation);
    if fused(&x) && fused(&gain) && fused(&query_key_value) && fused(&output) {
        let layer = Layer {
            precision: Precision::current(),
            epsilon: epsilon as f32,
            heads,
            length,
            rotation: scores.tables(),
            limits: scores.limits,
        };
        let [x, query_key_value, output] = [x, query_key_value, output].map(Tensor::into_dispatch);
        let y = Dispatch::attention_half(x, gain.into_dispatch(), query_key_value, output, layer);
        return Tensor::from_dispatch(y);
    }
    let projected = linear(rms_norm(x.clone(), gain, epsilon), query_key_value);
    x + linear(causal_attention_packed(projected, heads, length, scores), output)
}

/// What is no tensor with a gradient.
#[derive(Clone, Debug)]
struct Layer {
    precision: Precision,
    epsilon: f32,
    heads: AttentionHeads,
    length: usize,
    rotation: Option<Tables>,
    limits: Limits,
}

#[backend_extension(Flex, Autodiff)]
trait AttentionHalf: Backend {
    fn attention_half(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        query_key_value: FloatTensor<Self>,
        output: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl AttentionHalf for Flex {
    fn attention_half(
        x: FlexTensor,
        gain: FlexTensor,
        query_key_value: FlexTensor,
        output: FlexTensor,
        layer: Layer,
    ) -> FlexTensor {
        Saved::new([x, gain, query_key_value, output], layer).0
    }
}

impl<C: CheckpointStrategy> AttentionHalf for Autodiff<Flex, C> {
    fn attention_half(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        query_key_value: FloatTensor<Self>,
        output: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        record::<C, _, 4>(
            "attention_half",
            [x, gain, query_key_value, output],
            |inputs, _| Saved::new(inputs, layer),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, gain, queries with keys and values, output.
    inputs: [FlexTensor; 4],
    epsilon: f32,
    scales: FlexTensor,
    packed: Packed,
    attended: FlexTensor,
    log_sums: FlexTensor,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 4], layer: Layer) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let ([rows, width], [_, columns]) = (dimensions(&inputs[0]), dimensions(&inputs[2]));
        let [mut projected, mut scales, mut y] = [rows * columns, rows, rows * width].map(Buffer::any);
        let Layer {
            precision,
            epsilon,
            heads,
            length,
            rotation,
            limits,
        } = layer;
        let x = values(&inputs[0]);
        let first = first_layer(&inputs, precision, epsilon);
        time("norm_linear", Pass::Forward, || {
            norm_linear::forward(first, x, &mut projected, &mut scales);
        });
        let packed = Packed {
            projected: tensor(projected, [rows, columns]),
            precision,
            heads,
            length,
            rotation,
            limits,
        };
        let (attended, log_sums) = time("attention", Pass::Forward, || packed.forward());
        time("linear", Pass::Forward, || {
            linear_kernel::forward(precision, x, matrix(&attended), matrix(&inputs[3]), &mut y);
        });
        let saved = Self {
            inputs,
            epsilon,
            scales: tensor(scales, [rows]),
            packed,
            attended,
            log_sums,
        };
        (tensor(y, [rows, width]), saved)
    }

    fn backward(self, dy: &FlexTensor) -> [FlexTensor; 4] {
        let [x, gain, query_key_value, output] = &self.inputs;
        let precision = self.packed.precision;
        let [mut dx, mut dgain, mut dquery_key_value, mut doutput] =
            [x, gain, query_key_value, output].map(|input| Buffer::any(values(input).len()));
        let mut dattended = Buffer::any(values(&self.attended).len());
        time("linear", Pass::Backward, || {
            let operands = [matrix(&self.attended), matrix(output)];
            linear_kernel::backward(precision, operands, matrix(dy), &mut dattended, &mut doutput);
        });
        let dattended = tensor(dattended, dimensions::<2>(&self.attended));
        let dprojected = time("attention", Pass::Backward, || {
            self.packed.backward(&self.attended, &self.log_sums, &dattended)
        });
        // What is no longer needed serves as the buffers of the rest.
        drop((self.attended, dattended, self.packed));
        time("norm_linear", Pass::Backward, || {
            let layer = first_layer(&self.inputs, precision, self.epsilon);
            let gradients = Gradients {
                x: &mut dx,
                gain: &mut dgain,
                weight: &mut dquery_key_value,
            };
            let (scales, dprojected) = (values(&self.scales), values(&dprojected));
            norm_linear::backward(layer, values(x), scales, dprojected, values(dy), gradients);
        });
        [
            tensor(dx, dimensions::<2>(x)),
            tensor(dgain, dimensions::<1>(gain)),
            tensor(dquery_key_value, dimensions::<2>(query_key_value)),
            tensor(doutput, dimensions::<2>(output)),
        ]
    }
}

fn first_layer([_, gain, weight, _]: &[FlexTensor; 4], precision: Precision, epsilon: f32) -> NormLinear<'_> {
    NormLinear {
        precision,
        gain: values(gain),
        epsilon,
        weight: values(weight),
    }
}
