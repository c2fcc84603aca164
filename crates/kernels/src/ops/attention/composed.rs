//! Attention as a composition of tensor operations.

use burn::tensor::{Tensor, TensorData, activation::softmax};

use super::Rotation;
use crate::cpu::attention::Shape;
use crate::ops::product::product;
use crate::ops::rotary;

/// Far below any score, yet finite, so that no row can turn into not-a-number.
const MASKED: f32 = -1e9;

/// All queries, in blocks of a window where there is one, so that what is multiplied grows with the length alone.
pub(super) fn attend(
    shape: Shape,
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    rotation: Option<&Rotation>,
) -> Tensor<4> {
    let (queries, before) = (shape.queries, shape.keys - shape.queries);
    let (q, k) = match rotation {
        Some(rotation) => (
            rotary::composed(q, rotation, before),
            rotary::composed(k, rotation, 0),
        ),
        None => (q, k),
    };
    let window = match shape.limits.window {
        Some(window) if window < shape.keys => window,
        _ => return square(shape, q, k, v),
    };
    let block = |first: usize| {
        let end = (first + window).min(queries);
        let keys = (before + first + 1).saturating_sub(window)..before + end;
        let shape = Shape {
            queries: end - first,
            keys: keys.len(),
            ..shape
        };
        let [k, v] = [&k, &v].map(|tensor| tensor.clone().slice_dim(1, keys.clone()));
        square(shape, q.clone().slice_dim(1, first..end), k, v)
    };
    Tensor::cat((0..queries).step_by(window).map(block).collect(), 1)
}

/// Queries by keys, with what is hidden masked.
fn square(shape: Shape, q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let Shape {
        batch,
        queries,
        keys,
        query_heads,
        key_heads,
        dimension,
        precision: _,
        limits,
    } = shape;
    let (before, values) = (keys - queries, v.dims()[3]);
    // The query heads of one group share their keys and values: stacked, they are one taller product.
    let rows = query_heads / key_heads * queries;
    let q = q
        .swap_dims(1, 2)
        .mul_scalar((dimension as f64).powf(-0.5))
        .reshape([batch, key_heads, rows, dimension]);
    let scores = product(q, k.swap_dims(1, 2).swap_dims(2, 3)).reshape([batch, query_heads, queries, keys]);
    let scores = match limits.soft_cap {
        Some(cap) => scores.div_scalar(cap).tanh().mul_scalar(cap),
        None => scores,
    };
    let hidden = |index: usize| {
        let (key, seen) = (index % keys, index / keys + before + 1);
        let first = limits.window.map_or(0, |window| seen.saturating_sub(window));
        if limits.bidirectional || (first..seen).contains(&key) {
            0.0
        } else {
            MASKED
        }
    };
    let mask: Vec<f32> = (0..queries * keys).map(hidden).collect();
    let mask = Tensor::<4>::from_data(
        TensorData::new(mask, [1, 1, queries, keys]),
        (&scores.device(), scores.dtype()),
    );
    let weights = softmax(scores + mask, 3).reshape([batch, key_heads, rows, keys]);
    let mixed = product(weights, v.swap_dims(1, 2)).reshape([batch, query_heads, queries, values]);
    mixed.swap_dims(1, 2)
}
