//! The head's product and the cross-entropy after it.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Int, Tensor, TensorData};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::embedding::token_ids;
use super::flex::{contiguous, dimensions, fused, into_mutable, tensor, values};
use super::product::product;
use super::tied::Meeting;
use crate::Precision;
use crate::cpu::cross_entropy::{self, Head};
use crate::memory::Buffer;

/// Mean cross-entropy in nats of the next-token distributions `softmax(x × headᵀ)`, `[1]`.
///
/// `x` is `[rows, width]`, `head` `[vocabulary, width]` (as an embedding table, so that a tied head can
/// pass it), `targets` `[rows]`. The kernel computes the gradients in the same pass, a chunk of rows at a
/// time.
///
/// # Panics
/// If the widths differ, the targets are not one a row, or a target is not in the vocabulary.
pub fn head_cross_entropy(x: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    head_cross_entropy_with(x, head, targets, None, Meeting::default())
}

/// Losses that are weighed, of which some tokens are none.
#[derive(Clone, Debug)]
pub struct Weighing {
    /// What the loss of each row is multiplied by.
    pub weights: Vec<f32>,
    /// How many of the vocabulary's first tokens are predicted: those after them have no probability.
    pub answers: usize,
}

/// The sum of the cross-entropies in nats of rows, each times its weight, `[1]`; otherwise as [`head_cross_entropy`].
///
/// # Panics
/// As there, or if the weights are not one a row, or a target is none of the tokens that are predicted.
pub fn weighted_head_cross_entropy(
    x: Tensor<2>,
    head: Tensor<2>,
    targets: Tensor<1, Int>,
    weighing: Weighing,
) -> Tensor<1> {
    head_cross_entropy_with(x, head, targets, Some(weighing), Meeting::default())
}

/// The mean or weighted loss; the head's gradient is left at the meeting.
pub(super) fn head_cross_entropy_with(
    x: Tensor<2>,
    head: Tensor<2>,
    targets: Tensor<1, Int>,
    weighing: Option<Weighing>,
    meeting: Meeting,
) -> Tensor<1> {
    check(&x, &head, &targets);
    if let Some(weighing) = &weighing {
        assert!(
            weighing.weights.len() == x.dims()[0] && weighing.answers <= head.dims()[0],
            "{} weights of {} rows, and {} of {} tokens",
            weighing.weights.len(),
            x.dims()[0],
            weighing.answers,
            head.dims()[0]
        );
    }
    if fused(&x) && fused(&head) {
        let (x, head) = (x.into_dispatch(), head.into_dispatch());
        let targets = targets.into_dispatch();
        return Tensor::from_dispatch(Dispatch::loss(x, head, targets, weighing, meeting));
    }
    let Some(Weighing { weights, answers }) = weighing else {
        return composed_losses(x, head, targets).mean();
    };
    let losses = composed_losses(x, head.slice_dim(0, 0..answers), targets);
    let rows = weights.len();
    let weights = Tensor::<1>::from_data(
        TensorData::new(weights, [rows]),
        (&losses.device(), losses.dtype()),
    );
    (losses * weights).sum()
}

/// The cross-entropy in nats of each row, `[rows]`, for evaluation: it has a gradient on no device.
///
/// # Panics
/// As [`head_cross_entropy`].
pub fn head_losses(x: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    check(&x, &head, &targets);
    if fused(&x) && fused(&head) {
        let losses = Dispatch::losses(x.into_dispatch(), head.into_dispatch(), targets.into_dispatch());
        return Tensor::from_dispatch(losses);
    }
    composed_losses(x.detach(), head.detach(), targets)
}

fn check(x: &Tensor<2>, head: &Tensor<2>, targets: &Tensor<1, Int>) {
    let ([rows, width], [_, of_head]) = (x.dims(), head.dims());
    assert!(
        width == of_head && targets.dims() == [rows],
        "{rows} rows of {width} values, {:?} targets and a head of {of_head} columns",
        targets.dims()
    );
}

fn composed_losses(x: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let logits = product(x, head.transpose());
    let rows = logits.dims()[0];
    // The shift cancels, so no gradient needs to pass through the maximum.
    let shifted = logits.clone() - logits.detach().max_dim(1);
    let target = shifted.clone().gather(1, targets.reshape([rows, 1]));
    let normaliser = shifted.exp().sum_dim(1).log();
    (normaliser - target).reshape([rows])
}

#[backend_extension(Flex, Autodiff)]
trait CrossEntropy: Backend {
    fn loss(
        x: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weighing: Option<Weighing>,
        meeting: Meeting,
    ) -> FloatTensor<Self>;
    fn losses(x: FloatTensor<Self>, head: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

impl CrossEntropy for Flex {
    fn loss(
        x: FlexTensor,
        head: FlexTensor,
        targets: FlexTensor,
        weighing: Option<Weighing>,
        _: Meeting,
    ) -> FlexTensor {
        let (x, head) = (contiguous(x), contiguous(head));
        let losses = losses(&x, predicted(&head, &weighing), &token_ids(targets));
        total(&losses, &weighing)
    }

    fn losses(x: FlexTensor, head: FlexTensor, targets: FlexTensor) -> FlexTensor {
        let (x, head) = (contiguous(x), contiguous(head));
        let losses = losses(&x, weight_of(&head), &token_ids(targets));
        let rows = losses.len();
        tensor(losses, [rows])
    }
}

impl<C: CheckpointStrategy> CrossEntropy for Autodiff<Flex, C> {
    fn loss(
        x: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weighing: Option<Weighing>,
        meeting: Meeting,
    ) -> FloatTensor<Self> {
        record::<C, Option<([FlexTensor; 2], Meeting)>, 2>(
            "head_cross_entropy",
            [x, head],
            |inputs, tracked| {
                let ([x, head], targets) = (inputs.map(contiguous), token_ids(targets));
                let weight = predicted(&head, &weighing);
                if !tracked {
                    return (total(&losses(&x, weight, &targets), &weighing), None);
                }
                let shapes: [[usize; 2]; 2] = [dimensions(&x), dimensions(&head)];
                let [mut dx, mut dhead] = shapes.map(|[rows, columns]| Buffer::any(rows * columns));
                let mut losses = Buffer::any(targets.len());
                let (dweight, others) = dhead.split_at_mut(weight.weight.len());
                others.fill(0.0);
                let x = values(&x);
                match &weighing {
                    None => cross_entropy::losses_and_gradients(
                        weight,
                        x,
                        &targets,
                        &mut losses,
                        &mut dx,
                        dweight,
                    ),
                    Some(Weighing { weights, .. }) => cross_entropy::weighted_losses_and_gradients(
                        weight,
                        x,
                        &targets,
                        weights,
                        &mut losses,
                        [&mut dx, dweight],
                    ),
                }
                let gradients = [tensor(dx, shapes[0]), tensor(dhead, shapes[1])];
                (total(&losses, &weighing), Some((gradients, meeting)))
            },
            |saved, dy, _| {
                let factor = values(&contiguous(dy))[0];
                let Some((gradients, meeting)) = saved else {
                    return [None, None];
                };
                let [dx, dhead] = gradients.map(|gradient| scaled(gradient, factor));
                [Some(dx), meeting.leave(dhead)]
            },
        )
    }

    fn losses(x: FloatTensor<Self>, head: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        let losses = Flex::losses(x.into_primitive(), head.into_primitive(), targets);
        FloatTensor::<Self>::new(losses)
    }
}

fn losses(x: &FlexTensor, head: Head<'_>, targets: &[u32]) -> Buffer {
    let mut losses = Buffer::any(targets.len());
    cross_entropy::losses(head, values(x), targets, &mut losses);
    losses
}

/// The head of the tokens that are predicted.
fn predicted<'a>(head: &'a FlexTensor, weighing: &Option<Weighing>) -> Head<'a> {
    let whole = weight_of(head);
    match weighing {
        Some(Weighing { answers, .. }) => Head {
            weight: &whole.weight[..answers * whole.width],
            ..whole
        },
        None => whole,
    }
}

fn weight_of(head: &FlexTensor) -> Head<'_> {
    Head {
        weight: values(head),
        width: dimensions::<2>(head)[1],
        precision: Precision::current(),
    }
}

/// The mean of losses, or the sum of those that are weighed.
fn total(losses: &[f32], weighing: &Option<Weighing>) -> FlexTensor {
    let wide = losses.iter().map(|&loss| f64::from(loss));
    let total = match weighing {
        Some(Weighing { weights, .. }) => wide
            .zip(weights)
            .map(|(loss, &weight)| loss * f64::from(weight))
            .sum(),
        None => wide.sum::<f64>() / losses.len() as f64,
    };
    tensor(Buffer::copy_of(&[total as f32]), [1])
}

/// The gradient times the loss's own: one, unless the loss is part of a larger sum.
fn scaled(gradient: FlexTensor, factor: f32) -> FlexTensor {
    if factor == 1.0 {
        return gradient;
    }
    let mut gradient = into_mutable(gradient);
    gradient
        .storage_mut::<f32>()
        .iter_mut()
        .for_each(|value| *value *= factor);
    gradient
}
