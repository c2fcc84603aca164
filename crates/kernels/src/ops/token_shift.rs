//! Rows between each and that of the position before.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, inner, tensor, values};
use crate::cpu::token_shift::{self, Rows};
use crate::memory::Buffer;

/// `x[t] + share (x[t-1] - x[t])` of sequences of `length` positions (Peng et al. 2025, arXiv 2503.14456, section 4):
/// `[batch × length, width]` and `[width]` to the same. They begin, with zeros before them, or go on from the last rows
/// of what came `before`, `[batch, width]`, outside of any gradient's graph.
///
/// # Panics
/// If the sizes do not agree.
pub fn token_shift(x: Tensor<2>, share: Tensor<1>, length: usize, before: Option<Tensor<2>>) -> Tensor<2> {
    let [rows, width] = x.dims();
    assert!(
        share.dims() == [width] && length > 0 && rows.is_multiple_of(length),
        "sequences of {length} rows in {rows} of {width}, and {:?} shares",
        share.dims()
    );
    if !fused(&x) || !fused(&share) {
        return composed(x, share, length, before);
    }
    let Some(before) = before else {
        let (x, share) = (x.into_dispatch(), share.into_dispatch());
        return Tensor::from_dispatch(Dispatch::token_shift(x, share, length));
    };
    let inputs = [x.into_dispatch(), share.into_dispatch()].map(|input| contiguous(inner(input)));
    let before = contiguous(inner(before.into_dispatch()));
    Tensor::from_primitive::<Flex>(forward(&inputs, length, Some(values(&before))))
}

fn composed(x: Tensor<2>, share: Tensor<1>, length: usize, before: Option<Tensor<2>>) -> Tensor<2> {
    let [rows, width] = x.dims();
    let batch = rows / length;
    let first = match before {
        Some(before) => before.reshape([batch, 1, width]),
        None => Tensor::zeros([batch, 1, width], (&x.device(), x.dtype())),
    };
    let all = Tensor::cat(vec![first, x.clone().reshape([batch, length, width])], 1);
    let previous = all.slice_dim(1, 0..length).reshape([rows, width]);
    x.clone() + (previous - x) * share.unsqueeze()
}

#[backend_extension(Flex, Autodiff)]
trait TokenShift: Backend {
    fn token_shift(x: FloatTensor<Self>, share: FloatTensor<Self>, length: usize) -> FloatTensor<Self>;
}

impl TokenShift for Flex {
    fn token_shift(x: FlexTensor, share: FlexTensor, length: usize) -> FlexTensor {
        forward(&[x, share].map(contiguous), length, None)
    }
}

impl<C: CheckpointStrategy> TokenShift for Autodiff<Flex, C> {
    fn token_shift(x: FloatTensor<Self>, share: FloatTensor<Self>, length: usize) -> FloatTensor<Self> {
        record::<C, _, 2>(
            "token_shift",
            [x, share],
            |inputs, _| {
                let inputs = inputs.map(contiguous);
                (forward(&inputs, length, None), (inputs, length))
            },
            |(inputs, length), dy, _| {
                let (dy, [x, share]) = (contiguous(dy), &inputs);
                let [mut dx, mut dshare] = [x, share].map(|input| Buffer::any(values(input).len()));
                let rows = rows(&inputs, length, None);
                token_shift::backward(rows, values(share), values(&dy), &mut dx, &mut dshare);
                let (shape, width) = (dimensions::<2>(x), dimensions::<1>(share));
                [Some(tensor(dx, shape)), Some(tensor(dshare, width))]
            },
        )
    }
}

fn forward(inputs: &[FlexTensor; 2], length: usize, before: Option<&[f32]>) -> FlexTensor {
    let [x, share] = inputs;
    let mut y = Buffer::any(values(x).len());
    token_shift::forward(rows(inputs, length, before), values(share), &mut y);
    tensor(y, dimensions::<2>(x))
}

fn rows<'a>([x, _]: &'a [FlexTensor; 2], length: usize, before: Option<&'a [f32]>) -> Rows<'a> {
    Rows {
        x: values(x),
        length,
        before,
    }
}
