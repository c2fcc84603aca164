//! A mixture of experts.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use super::linear::linear;
use super::swiglu::swiglu;
use crate::Precision;
use crate::cpu::experts::{self, Choice, Experts, Gradients};
use crate::memory::Buffer;

/// `residual + Σ scale × swiglu(x × gate_and_up) × down` over the experts that each row has chosen: `[rows, width]` twice,
/// `[rows, chosen]`, `[experts × width, 2 × inner]` and `[experts × inner, width]` to `[rows, width]`.
///
/// # Panics
/// If the sizes do not agree.
pub fn experts(
    residual: Tensor<2>,
    x: Tensor<2>,
    scales: Tensor<2>,
    gate_and_up: Tensor<2>,
    down: Tensor<2>,
    choice: &Arc<Choice>,
) -> Tensor<2> {
    let ([rows, width], count) = (x.dims(), choice.experts());
    let sizes = [scales.dims(), gate_and_up.dims(), down.dims()];
    let inner = sizes[2][0] / count.max(1);
    assert!(
        sizes
            == [
                [rows, choice.chosen()],
                [count * width, 2 * inner],
                [count * inner, width]
            ]
            && choice.rows() == rows
            && residual.dims() == [rows, width],
        "{rows} rows of {width} values, scales and weights of {sizes:?}, and {count} experts for {} rows",
        choice.rows()
    );
    if fused(&residual) && fused(&x) && fused(&scales) && fused(&gate_and_up) && fused(&down) {
        let [residual, x, scales, gate_and_up, down] =
            [residual, x, scales, gate_and_up, down].map(Tensor::into_dispatch);
        let y = Dispatch::experts(residual, x, scales, gate_and_up, down, choice.clone());
        return Tensor::from_dispatch(y);
    }
    composed(residual, x, scales, [gate_and_up, down], choice)
}

fn composed(
    residual: Tensor<2>,
    x: Tensor<2>,
    scales: Tensor<2>,
    [gate_and_up, down]: [Tensor<2>; 2],
    choice: &Choice,
) -> Tensor<2> {
    let ([_, width], device) = (x.dims(), x.device());
    let (count, chosen) = (choice.experts(), choice.chosen());
    let inner = down.dims()[0] / count.max(1);
    let scales = scales.reshape([-1, 1]);
    let list = |values: Vec<i64>| {
        let length = values.len();
        Tensor::<1, Int>::from_data(TensorData::new(values, [length]), &device)
    };
    let mut y = residual;
    for expert in (0..count).filter(|&expert| !choice.places(expert).is_empty()) {
        let places = choice.places(expert).iter().map(|&place| i64::from(place));
        let rows = list(places.clone().map(|place| place / chosen as i64).collect());
        let scales = scales.clone().select(0, list(places.collect()));
        let [first, second] = [(&gate_and_up, width), (&down, inner)]
            .map(|(weight, rows)| weight.clone().slice_dim(0, expert * rows..(expert + 1) * rows));
        let gated = swiglu(linear(x.clone().select(0, rows.clone()), first));
        let made = linear(gated * scales, second);
        y = y.select_assign(0, rows, made, IndexingUpdateOp::Add);
    }
    y
}

#[backend_extension(Flex, Autodiff)]
trait Mixture: Backend {
    fn experts(
        residual: FloatTensor<Self>,
        x: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        gate_and_up: FloatTensor<Self>,
        down: FloatTensor<Self>,
        choice: Arc<Choice>,
    ) -> FloatTensor<Self>;
}

impl Mixture for Flex {
    fn experts(
        residual: FlexTensor,
        x: FlexTensor,
        scales: FlexTensor,
        gate_and_up: FlexTensor,
        down: FlexTensor,
        choice: Arc<Choice>,
    ) -> FlexTensor {
        Saved::new([residual, x, scales, gate_and_up, down], choice).0
    }
}

impl<C: CheckpointStrategy> Mixture for Autodiff<Flex, C> {
    fn experts(
        residual: FloatTensor<Self>,
        x: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        gate_and_up: FloatTensor<Self>,
        down: FloatTensor<Self>,
        choice: Arc<Choice>,
    ) -> FloatTensor<Self> {
        record::<C, _, 5>(
            "experts",
            [residual, x, scales, gate_and_up, down],
            |inputs, _| Saved::new(inputs, choice),
            |saved, dy, _| {
                let dy = contiguous(dy);
                let [dx, dscales, dgate_and_up, ddown] = saved.backward(&dy);
                [dy, dx, dscales, dgate_and_up, ddown].map(Some)
            },
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, scales, gate and up, down.
    inputs: [FlexTensor; 4],
    gate_up: FlexTensor,
    choice: Arc<Choice>,
    precision: Precision,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 5], choice: Arc<Choice>) -> (FlexTensor, Self) {
        let [residual, x, scales, gate_and_up, down] = inputs.map(contiguous);
        let inputs = [x, scales, gate_and_up, down];
        let ([rows, width], [_, both]) = (dimensions(&inputs[0]), dimensions(&inputs[2]));
        let places = choice.choices().len();
        let [mut y, mut gate_up] = [rows * width, places * both].map(Buffer::any);
        let precision = Precision::current();
        let rows_and_scales = [values(&inputs[0]), values(&inputs[1])];
        experts::forward(
            layer(&inputs, &choice, precision),
            values(&residual),
            rows_and_scales,
            &mut y,
            &mut gate_up,
        );
        let saved = Self {
            inputs,
            gate_up: tensor(gate_up, [places, both]),
            choice,
            precision,
        };
        (tensor(y, [rows, width]), saved)
    }

    fn backward(&self, dy: &FlexTensor) -> [FlexTensor; 4] {
        let mut found = self
            .inputs
            .each_ref()
            .map(|input| Buffer::any(values(input).len()));
        let [dx, dscales, dgate_and_up, ddown] = &mut found;
        let gradients = Gradients {
            x: dx,
            scales: dscales,
            gate_and_up: dgate_and_up,
            down: ddown,
        };
        let layer = layer(&self.inputs, &self.choice, self.precision);
        let (x, scales) = (values(&self.inputs[0]), values(&self.inputs[1]));
        experts::backward(layer, x, scales, values(&self.gate_up), values(dy), gradients);
        let mut inputs = self.inputs.iter();
        found.map(|gradient| {
            let input = inputs.next().expect("a gradient for each input");
            tensor(gradient, dimensions::<2>(input))
        })
    }
}

fn layer<'a>(inputs: &'a [FlexTensor; 4], choice: &'a Choice, precision: Precision) -> Experts<'a> {
    let [x, _, gate_and_up, down] = inputs;
    let [_, width] = dimensions(x);
    Experts {
        precision,
        choice,
        width,
        gate_and_up: values(gate_and_up),
        down: values(down),
    }
}
