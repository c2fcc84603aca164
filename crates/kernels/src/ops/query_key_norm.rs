//! Normalisation of query and key heads.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::attention::AttentionHeads;
use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use super::rms_norm::rms_norm;
use crate::cpu::query_key_norm::{self, Heads};
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
    let AttentionHeads {
        query,
        key_value,
        dimension,
    } = heads;
    let [rows, columns] = projected.dims();
    assert!(
        columns == (query + 2 * key_value) * dimension && gains.dims() == [2, dimension],
        "{columns} columns and gains of {:?} are not of {heads:?}",
        gains.dims()
    );
    if fused(&projected) && fused(&gains) {
        let [projected, gains] = [projected, gains].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::query_key_norm(projected, gains, heads, epsilon as f32));
    }
    let part = |start: usize, count: usize| {
        let columns = start * dimension..(start + count) * dimension;
        projected.clone().slice([0..rows, columns])
    };
    let normed = |start: usize, count: usize, gain: usize| {
        let gain = gains.clone().slice([gain..gain + 1, 0..dimension]);
        let heads = part(start, count).reshape([rows * count, dimension]);
        rms_norm(heads, gain.reshape([dimension]), epsilon).reshape([rows, count * dimension])
    };
    let values = part(query + key_value, key_value);
    Tensor::cat(vec![normed(0, query, 0), normed(query, key_value, 1), values], 1)
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
        forward(&contiguous(projected), &contiguous(gains), of(heads), epsilon).0
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
                let ([x, gains], heads) = (inputs.map(contiguous), of(heads));
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

fn of(heads: AttentionHeads) -> Heads {
    Heads {
        query: heads.query,
        key: heads.key_value,
        dimension: heads.dimension,
    }
}

/// The gains of queries and of keys.
fn both(gains: &FlexTensor, heads: Heads) -> [&[f32]; 2] {
    values(gains).split_at(heads.dimension).into()
}

fn forward(x: &FlexTensor, gains: &FlexTensor, heads: Heads, epsilon: f32) -> (FlexTensor, FlexTensor) {
    let [rows, columns] = dimensions(x);
    let count = rows * heads.normed();
    let (mut y, mut scales) = (Buffer::any(rows * columns), Buffer::any(count));
    query_key_norm::forward(heads, values(x), both(gains, heads), epsilon, &mut y, &mut scales);
    (tensor(y, [rows, columns]), tensor(scales, [count]))
}
