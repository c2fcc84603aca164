//! Causal attention with grouped queries.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Device, Tensor, TensorData, activation::softmax};
use burn_flex::FlexTensor;

mod inputs;

pub(super) use inputs::Packed;
use inputs::Separate;

use super::autodiff::record;
use super::flex::{contiguous, fused, inner};
use super::product::product;
use super::rotary::{self, Tables};
use crate::Precision;
use crate::cpu::attention::Shape;

/// The cosines and sines of rotary positions, made once a model.
#[derive(Clone, Debug)]
pub struct Rotation {
    cosines: Tensor<2>,
    sines: Tensor<2>,
}

impl Rotation {
    /// The angles of `positions` positions for heads of an even `dimension`: pair i at position t turns by
    /// `t × base^(-2i / dimension)` (Su et al. 2021, equation 15).
    pub fn new(positions: usize, dimension: usize, base: f64, device: &Device) -> Self {
        let half = dimension / 2;
        let table = |function: fn(f64) -> f64| {
            let value = |index: usize| {
                let frequency = base.powf(-2.0 * (index % half) as f64 / dimension as f64);
                function((index / half) as f64 * frequency) as f32
            };
            let values: Vec<f32> = (0..positions * half).map(value).collect();
            Tensor::from_data(TensorData::new(values, [positions, half]), device)
        };
        Self {
            cosines: table(f64::cos),
            sines: table(f64::sin),
        }
    }

    /// The same angles outside of any gradient's graph.
    #[must_use]
    pub fn without_gradients(&self) -> Self {
        Self {
            cosines: self.cosines.clone().inner(),
            sines: self.sines.clone().inner(),
        }
    }

    /// `[positions, dimension / 2]`
    pub fn cosines(&self) -> &Tensor<2> {
        &self.cosines
    }

    /// `[positions, dimension / 2]`
    pub fn sines(&self) -> &Tensor<2> {
        &self.sines
    }

    pub(super) fn check(&self, length: usize, dimension: usize) {
        let [positions, half] = self.cosines.dims();
        assert!(
            length <= positions && 2 * half == dimension,
            "angles of {positions} positions of {} coordinates do not serve {length} of {dimension}",
            2 * half
        );
    }

    pub(super) fn tables(&self) -> Tables {
        [&self.cosines, &self.sines].map(|table| contiguous(inner(table.clone().into_dispatch())))
    }
}

/// How the columns of a packed projection divide into heads: the query heads first, then the key heads,
/// then as many value heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionHeads {
    /// Query heads.
    pub query: usize,
    /// Key heads, and value heads: a divisor of the query heads.
    pub key_value: usize,
    /// Columns of a head.
    pub dimension: usize,
}

impl AttentionHeads {
    /// # Panics
    /// If a projection of this size is not of sequences of the length, or the rotation does not serve them.
    pub(super) fn check(self, rows: usize, columns: usize, length: usize, rotation: Option<&Rotation>) {
        assert!(
            length > 0
                && rows.is_multiple_of(length)
                && columns == (self.query + 2 * self.key_value) * self.dimension,
            "{rows} rows of {columns} columns are not sequences of {length} positions with {self:?}"
        );
        if let Some(rotation) = rotation {
            rotation.check(length, self.dimension);
        }
    }
}

/// Causal attention of `q` (`[batch, queries, heads, dimension]`) over `k` and `v` (`[batch, keys, heads,
/// dimension]`), with `1 ÷ √dimension` as scale. The queries are the last of the keys' positions. With a
/// rotation, queries and keys are turned by their positions first. The result has the shape of `q`.
///
/// # Panics
/// If the shapes do not agree.
pub fn causal_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, rotation: Option<&Rotation>) -> Tensor<4> {
    let ([batch, queries, query_heads, dimension], [_, keys, key_heads, _]) = (q.dims(), k.dims());
    let shape = Shape {
        batch,
        queries,
        keys,
        query_heads,
        key_heads,
        dimension,
        precision: Precision::current(),
    };
    assert!(
        k.dims() == [batch, keys, key_heads, dimension] && v.dims() == k.dims() && queries <= keys,
        "keys and values as {shape:?}, of the queries' positions and perhaps some before"
    );
    if let Some(rotation) = rotation {
        rotation.check(keys, dimension);
    }
    if fused(&q) && fused(&k) && fused(&v) {
        let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::attend(q, k, v, rotation.map(Rotation::tables)));
    }
    composed(shape, q, k, v, rotation)
}

/// [`causal_attention`] of the columns of one projection, `[batch × length, (query + 2 key_value) ×
/// dimension]`; the result is `[batch × length, query × dimension]`.
///
/// # Panics
/// If the shapes do not agree.
pub fn causal_attention_packed(
    projected: Tensor<2>,
    heads: AttentionHeads,
    length: usize,
    rotation: Option<&Rotation>,
) -> Tensor<2> {
    let AttentionHeads {
        query,
        key_value,
        dimension,
    } = heads;
    let [rows, columns] = projected.dims();
    heads.check(rows, columns, length, rotation);
    if fused(&projected) {
        let rotation = rotation.map(Rotation::tables);
        return Tensor::from_dispatch(Dispatch::attend_packed(
            projected.into_dispatch(),
            heads,
            length,
            rotation,
        ));
    }
    let part = |start: usize, count: usize| {
        let columns = start * dimension..(start + count) * dimension;
        projected
            .clone()
            .slice([0..rows, columns])
            .reshape([rows / length, length, count, dimension])
    };
    let (q, k, v) = (
        part(0, query),
        part(query, key_value),
        part(query + key_value, key_value),
    );
    let shape = packed_shape(rows, heads, length, Precision::current());
    composed(shape, q, k, v, rotation).reshape([rows, query * dimension])
}

fn packed_shape(rows: usize, heads: AttentionHeads, length: usize, precision: Precision) -> Shape {
    Shape {
        batch: rows / length,
        queries: length,
        keys: length,
        query_heads: heads.query,
        key_heads: heads.key_value,
        dimension: heads.dimension,
        precision,
    }
}

/// Far below any score, yet finite, so that no row can turn into not-a-number.
const MASKED: f32 = -1e9;

fn composed(
    shape: Shape,
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    rotation: Option<&Rotation>,
) -> Tensor<4> {
    let Shape {
        batch,
        queries,
        keys,
        query_heads,
        key_heads,
        dimension,
        precision: _,
    } = shape;
    let before = keys - queries;
    let (q, k) = match rotation {
        Some(rotation) => (
            rotary::composed(q, rotation, before),
            rotary::composed(k, rotation, 0),
        ),
        None => (q, k),
    };
    // The query heads of one group share their keys and values: stacked, they are one taller product.
    let rows = query_heads / key_heads * queries;
    let q = q
        .swap_dims(1, 2)
        .mul_scalar((dimension as f64).powf(-0.5))
        .reshape([batch, key_heads, rows, dimension]);
    let scores = product(q, k.swap_dims(1, 2).swap_dims(2, 3)).reshape([batch, query_heads, queries, keys]);
    let hidden = |index: usize| {
        if index % keys > index / keys + before {
            MASKED
        } else {
            0.0
        }
    };
    let mask: Vec<f32> = (0..queries * keys).map(hidden).collect();
    let mask = Tensor::<4>::from_data(
        TensorData::new(mask, [1, 1, queries, keys]),
        (&scores.device(), scores.dtype()),
    );
    let weights = softmax(scores + mask, 3).reshape([batch, key_heads, rows, keys]);
    let mixed = product(weights, v.swap_dims(1, 2)).reshape([batch, query_heads, queries, dimension]);
    mixed.swap_dims(1, 2)
}

#[backend_extension(Flex, Autodiff)]
trait Attention: Backend {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rotation: Option<Tables>,
    ) -> FloatTensor<Self>;

    fn attend_packed(
        projected: FloatTensor<Self>,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
    ) -> FloatTensor<Self>;
}

impl Attention for Flex {
    fn attend(q: FlexTensor, k: FlexTensor, v: FlexTensor, rotation: Option<Tables>) -> FlexTensor {
        Separate::new([q, k, v], rotation).forward().0
    }

    fn attend_packed(
        projected: FlexTensor,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
    ) -> FlexTensor {
        Packed {
            projected: contiguous(projected),
            precision: Precision::current(),
            heads,
            length,
            rotation,
        }
        .forward()
        .0
    }
}

impl<C: CheckpointStrategy> Attention for Autodiff<Flex, C> {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rotation: Option<Tables>,
    ) -> FloatTensor<Self> {
        record::<C, _, 3>(
            "attention",
            [q, k, v],
            |inputs, _| {
                let separate = Separate::new(inputs, rotation);
                let (output, log_sums) = separate.forward();
                (output.clone(), (separate, output, log_sums))
            },
            |(separate, output, log_sums), doutput, _| {
                separate
                    .backward(&output, &log_sums, &contiguous(doutput))
                    .map(Some)
            },
        )
    }

    fn attend_packed(
        projected: FloatTensor<Self>,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
    ) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "attention",
            [projected],
            |[projected], _| {
                let packed = Packed {
                    projected: contiguous(projected),
                    precision: Precision::current(),
                    heads,
                    length,
                    rotation,
                };
                let (output, log_sums) = packed.forward();
                (output.clone(), (packed, output, log_sums))
            },
            |(packed, output, log_sums), doutput, _| {
                [Some(packed.backward(&output, &log_sums, &contiguous(doutput)))]
            },
        )
    }
}
