//! Normalisation of query and key heads.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use super::rms_norm::rms_norm;
use crate::AttentionHeads;
use crate::cpu::query_key_norm;
use crate::memory::Buffer;

/// Packed projections, `[rows, (query + 2 key_value) × dimension]`, with every query head and every key head
/// normalised as [`rms_norm`](crate::rms_norm) does rows: by `gains [2, dimension]`, the queries' first.
///
/// # Panics
/// If the sizes do not agree.
pub fn query_key_norm(
    projected: Tensor<2>,
    gains: Tensor<2>,
    heads: AttentionHeads,
    epsilon: f64,
) -> Tensor<2> {
    let ([rows, columns], dimension) = (projected.dims(), heads.dimension);
    assert!(
        columns == heads.projected() && gains.dims() == [2, dimension],
        "{columns} columns and gains of {:?} are not of {heads:?}",
        gains.dims()
    );
    if fused(&projected) && fused(&gains) {
        let [projected, gains] = [projected, gains].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::query_key_norm(projected, gains, heads, epsilon as f32));
    }
    let normed = |part: Tensor<4>, gain: usize| {
        let (shape, gain) = (part.dims(), gains.clone().slice_dim(0, gain..gain + 1));
        let heads = part.reshape([rows * shape[2], dimension]);
        rms_norm(heads, gain.reshape([dimension]), epsilon).reshape(shape)
    };
    let [queries, keys, values] = heads.split(&projected, 1);
    Tensor::cat(vec![normed(queries, 0), normed(keys, 1), values], 2).reshape([rows, columns])
}

#[backend_extension(Flex, Autodiff)]
trait QueryKeyNorm: Backend {
    fn query_key_norm(
        projected: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        heads: AttentionHeads,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl QueryKeyNorm for Flex {
    fn query_key_norm(
        projected: FlexTensor,
        gains: FlexTensor,
        heads: AttentionHeads,
        epsilon: f32,
    ) -> FlexTensor {
        forward(&contiguous(projected), &contiguous(gains), heads, epsilon).0
    }
}

impl<C: CheckpointStrategy> QueryKeyNorm for Autodiff<Flex, C> {
    fn query_key_norm(
        projected: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        heads: AttentionHeads,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        record::<C, _, 2>(
            "query_key_norm",
            [projected, gains],
            |inputs, _| {
                let [x, gains] = inputs.map(contiguous);
                let (y, scales) = forward(&x, &gains, heads, epsilon);
                (y, ([x, gains, scales], heads))
            },
            |([x, gains, scales], heads), dy, _| {
                let (dy, shape) = (contiguous(dy), dimensions::<2>(&x));
                let mut dx = Buffer::any(shape[0] * shape[1]);
                let mut dgains = Buffer::any(2 * heads.dimension);
                query_key_norm::backward(
                    heads,
                    values(&x),
                    both(&gains, heads),
                    values(&scales),
                    values(&dy),
                    &mut dx,
                    &mut dgains,
                );
                [
                    Some(tensor(dx, shape)),
                    Some(tensor(dgains, [2, heads.dimension])),
                ]
            },
        )
    }
}

/// The gains of queries and of keys.
fn both(gains: &FlexTensor, heads: AttentionHeads) -> [&[f32]; 2] {
    values(gains).split_at(heads.dimension).into()
}

fn forward(
    x: &FlexTensor,
    gains: &FlexTensor,
    heads: AttentionHeads,
    epsilon: f32,
) -> (FlexTensor, FlexTensor) {
    let [rows, columns] = dimensions(x);
    let count = rows * heads.normed();
    let (mut y, mut scales) = (Buffer::any(rows * columns), Buffer::any(count));
    query_key_norm::forward(heads, values(x), both(gains, heads), epsilon, &mut y, &mut scales);
    (tensor(y, [rows, columns]), tensor(scales, [count]))
}
