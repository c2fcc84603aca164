//! What a router's experts are weighed by.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Int, Tensor, TensorData};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::router::{self, Form, LEAST_SUM, Weighing};
use crate::memory::Buffer;

/// What the experts that rows of logits `[rows, experts]` have chosen are weighed by, `[rows, chosen]`, and in a last column
/// what each row costs, if any does.
///
/// # Panics
/// If the sizes do not agree.
pub fn weigh(logits: Tensor<2>, weighing: &Arc<Weighing>) -> Tensor<2> {
    let [rows, experts] = logits.dims();
    assert_eq!(
        weighing.choices.len(),
        rows * weighing.chosen,
        "choices of {rows} rows among {experts} experts"
    );
    if fused(&logits) {
        let y = Dispatch::weigh(logits.into_dispatch(), weighing.clone());
        return Tensor::from_dispatch(y);
    }
    composed(logits, weighing)
}

fn composed(logits: Tensor<2>, weighing: &Weighing) -> Tensor<2> {
    let ([rows, experts], device) = (logits.dims(), logits.device());
    let scores = match weighing.form {
        Form::Softmax => softmax(logits.clone(), 1),
        Form::Sigmoid => sigmoid(logits.clone()),
    };
    let over_sums = |scores: Tensor<2>| scores.clone() / scores.sum_dim(1).add_scalar(LEAST_SUM);
    let places: Vec<i64> = weighing.choices.iter().map(|&expert| i64::from(expert)).collect();
    let places = TensorData::new(places, [rows, weighing.chosen]);
    let chosen = scores
        .clone()
        .gather(1, Tensor::<2, Int>::from_data(places, &device));
    let chosen = match weighing.renormalised {
        true => over_sums(chosen),
        false => chosen,
    };
    let weights = chosen.mul_scalar(weighing.scale);
    if !weighing.costs() {
        return weights;
    }
    let mut costs = Tensor::zeros([rows, 1], (&device, logits.dtype()));
    if !weighing.prices.is_empty() {
        let shares = match weighing.form {
            Form::Softmax => scores,
            Form::Sigmoid => over_sums(scores),
        };
        let prices = TensorData::new(weighing.prices.clone(), [1, experts]);
        costs = costs + (shares * Tensor::<2>::from_data(prices, &device)).sum_dim(1);
    }
    if weighing.z > 0.0 {
        let most = logits.clone().max_dim(1).detach();
        let log_sums = (logits - most.clone()).exp().sum_dim(1).log() + most;
        costs = costs + log_sums.square().mul_scalar(weighing.z);
    }
    Tensor::cat(vec![weights, costs], 1)
}

#[backend_extension(Flex, Autodiff)]
trait Router: Backend {
    fn weigh(logits: FloatTensor<Self>, weighing: Arc<Weighing>) -> FloatTensor<Self>;
}

impl Router for Flex {
    fn weigh(logits: FlexTensor, weighing: Arc<Weighing>) -> FlexTensor {
        forward(&contiguous(logits), &weighing)
    }
}

impl<C: CheckpointStrategy> Router for Autodiff<Flex, C> {
    fn weigh(logits: FloatTensor<Self>, weighing: Arc<Weighing>) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "weigh",
            [logits],
            |[logits], _| {
                let logits = contiguous(logits);
                (forward(&logits, &weighing), (logits, weighing.clone()))
            },
            |(logits, weighing), dy, _| {
                let (dy, [rows, experts]) = (contiguous(dy), dimensions(&logits));
                let mut dlogits = Buffer::any(rows * experts);
                router::backward(&weighing, values(&logits), experts, values(&dy), &mut dlogits);
                [Some(tensor(dlogits, [rows, experts]))]
            },
        )
    }
}

fn forward(logits: &FlexTensor, weighing: &Weighing) -> FlexTensor {
    let ([rows, experts], columns) = (dimensions(logits), weighing.columns());
    let mut y = Buffer::any(rows * columns);
    router::forward(weighing, values(logits), experts, &mut y);
    tensor(y, [rows, columns])
}
