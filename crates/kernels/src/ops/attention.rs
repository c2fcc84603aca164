//! Attention with grouped queries: causal, unless its limits say otherwise.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Device, Tensor, TensorData};
use burn_flex::FlexTensor;

mod composed;
mod inputs;

pub(super) use inputs::Packed;
use inputs::Separate;

use super::autodiff::record;
use super::flex::{contiguous, fused, inner};
use super::rotary::Tables;
use crate::cpu::attention::{Limits, Shape};
use crate::{AttentionHeads, Precision};

/// The cosines and sines of rotary positions, made once a model.
#[derive(Clone, Debug)]
pub struct Rotation {
    cosines: Tensor<2>,
    sines: Tensor<2>,
}

impl Rotation {
    /// The angles of `positions` positions where an even number of coordinates turn: pair i at position t turns by
    /// `t × base^(-2i / turning)` (Su et al. 2021, equation 15).
    pub fn new(positions: usize, turning: usize, base: f64, device: &Device) -> Self {
        let pair = |pair: usize| base.powf(-2.0 * pair as f64 / turning as f64);
        let frequencies: Vec<f64> = (0..turning / 2).map(pair).collect();
        Self::of(positions, &frequencies, 1.0, device)
    }

    /// The angles of `positions` positions where pair i turns by `frequencies[i]` a position, and is multiplied by
    /// `magnitude`.
    pub fn of(positions: usize, frequencies: &[f64], magnitude: f64, device: &Device) -> Self {
        let half = frequencies.len();
        let table = |function: fn(f64) -> f64| {
            let value = |index: usize| {
                let angle = (index / half) as f64 * frequencies[index % half];
                (magnitude * function(angle)) as f32
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

    /// `[positions, half of the coordinates that turn]`
    pub fn cosines(&self) -> &Tensor<2> {
        &self.cosines
    }

    /// `[positions, half of the coordinates that turn]`
    pub fn sines(&self) -> &Tensor<2> {
        &self.sines
    }

    pub(super) fn check(&self, length: usize, dimension: usize) {
        let [positions, half] = self.cosines.dims();
        assert!(
            length <= positions && 2 * half <= dimension,
            "angles of {positions} positions of {} coordinates do not serve {length} of {dimension}",
            2 * half
        );
    }

    pub(super) fn tables(&self) -> Tables {
        [&self.cosines, &self.sines].map(|table| contiguous(inner(table.clone().into_dispatch())))
    }
}

impl AttentionHeads {
    /// Queries, keys and values of packed projections of sequences, `[batch, length, heads, dimension]` each.
    ///
    /// # Panics
    /// If they are not of such sequences.
    pub fn split(self, projected: &Tensor<2>, length: usize) -> [Tensor<4>; 3] {
        let batch = projected.dims()[0] / length;
        self.parts().map(|columns| {
            let heads = columns.len() / self.dimension;
            let part = projected.clone().slice_dim(1, columns);
            part.reshape([batch, length, heads, self.dimension])
        })
    }

    /// # Panics
    /// If a projection of this size is not of sequences of the length, or the rotation does not serve them.
    pub(super) fn check(self, rows: usize, columns: usize, length: usize, rotation: Option<&Rotation>) {
        assert!(
            length > 0 && rows.is_multiple_of(length) && columns == self.projected(),
            "{rows} rows of {columns} columns are not sequences of {length} positions with {self:?}"
        );
        if let Some(rotation) = rotation {
            rotation.check(length, self.dimension);
        }
    }
}

/// What makes scores of queries and keys: nothing but their products unless it is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scores<'a> {
    /// What queries and keys are turned by first, as their positions say.
    pub rotation: Option<&'a Rotation>,
    /// What bounds the scores.
    pub limits: Limits,
}

impl<'a> Scores<'a> {
    /// With a rotation, if there is one, and no bounds.
    pub fn turned(rotation: Option<&'a Rotation>) -> Self {
        let limits = Limits::default();
        Self { rotation, limits }
    }

    pub(super) fn tables(self) -> Option<Tables> {
        self.rotation.map(Rotation::tables)
    }
}

/// Causal attention of `q` (`[batch, queries, heads, dimension]`) over `k` (`[batch, keys, heads, dimension]`) and `v`
/// (`[batch, keys, heads, values]`), with `1 ÷ √dimension` as scale. The queries are the last of the keys' positions. The
/// result is `[batch, queries, heads, values]`.
///
/// # Panics
/// If the shapes do not agree, or a window is of no position.
pub fn causal_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, scores: Scores<'_>) -> Tensor<4> {
    let ([batch, queries, query_heads, dimension], [_, keys, key_heads, _]) = (q.dims(), k.dims());
    let shape = Shape {
        batch,
        queries,
        keys,
        query_heads,
        key_heads,
        dimension,
        precision: Precision::current(),
        limits: scores.limits,
    };
    assert!(
        k.dims() == [batch, keys, key_heads, dimension] && v.dims()[..3] == k.dims()[..3] && queries <= keys,
        "keys and values as {shape:?}, of the queries' positions and perhaps some before"
    );
    if let Some(rotation) = scores.rotation {
        rotation.check(keys, dimension);
    }
    if fused(&q) && fused(&k) && fused(&v) {
        let values = v.dims()[3];
        if values != dimension {
            return of_one_width([q, k, v], values, scores);
        }
        let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
        let attended = Dispatch::attend(q, k, v, scores.tables(), scores.limits);
        return Tensor::from_dispatch(attended);
    }
    composed::attend(shape, q, k, v, scores.rotation)
}

/// [`causal_attention`] where values have another width than keys: what is narrower is filled up with zeros.
fn of_one_width(inputs: [Tensor<4>; 3], values: usize, scores: Scores<'_>) -> Tensor<4> {
    let dimension = inputs[0].dims()[3];
    let widest = values.max(dimension);
    let [q, k, v] = inputs.map(|input| {
        let [batch, positions, heads, width] = input.dims();
        if width == widest {
            return input;
        }
        let zeros = Tensor::zeros(
            [batch, positions, heads, widest - width],
            (&input.device(), input.dtype()),
        );
        Tensor::cat(vec![input, zeros], 3)
    });
    // Scores are over the root of the width that they had.
    let q = match widest > dimension {
        true => q.mul_scalar((widest as f64 / dimension as f64).sqrt()),
        false => q,
    };
    causal_attention(q, k, v, scores).slice_dim(3, 0..values)
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
    scores: Scores<'_>,
) -> Tensor<2> {
    let [rows, columns] = projected.dims();
    heads.check(rows, columns, length, scores.rotation);
    if fused(&projected) {
        return Tensor::from_dispatch(Dispatch::attend_packed(
            projected.into_dispatch(),
            heads,
            length,
            scores.tables(),
            scores.limits,
        ));
    }
    let [q, k, v] = heads.split(&projected, length);
    let shape = packed_shape(rows, heads, length, scores.limits);
    composed::attend(shape, q, k, v, scores.rotation).reshape([rows, heads.mixed()])
}

fn packed_shape(rows: usize, heads: AttentionHeads, length: usize, limits: Limits) -> Shape {
    Shape {
        batch: rows / length,
        queries: length,
        keys: length,
        query_heads: heads.query,
        key_heads: heads.key_value,
        dimension: heads.dimension,
        precision: Precision::current(),
        limits,
    }
}

#[backend_extension(Flex, Autodiff)]
trait Attention: Backend {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rotation: Option<Tables>,
        limits: Limits,
    ) -> FloatTensor<Self>;

    fn attend_packed(
        projected: FloatTensor<Self>,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
        limits: Limits,
    ) -> FloatTensor<Self>;
}

impl Attention for Flex {
    fn attend(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        rotation: Option<Tables>,
        limits: Limits,
    ) -> FlexTensor {
        Separate::new([q, k, v], rotation, limits).forward().0
    }

    fn attend_packed(
        projected: FlexTensor,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
        limits: Limits,
    ) -> FlexTensor {
        Packed::new(projected, heads, length, rotation, limits)
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
        limits: Limits,
    ) -> FloatTensor<Self> {
        record::<C, _, 3>(
            "attention",
            [q, k, v],
            |inputs, _| {
                let separate = Separate::new(inputs, rotation, limits);
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
        limits: Limits,
    ) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "attention",
            [projected],
            |[projected], _| {
                let packed = Packed::new(projected, heads, length, rotation, limits);
                let (output, log_sums) = packed.forward();
                (output.clone(), (packed, output, log_sums))
            },
            |(packed, output, log_sums), doutput, _| {
                [Some(packed.backward(&output, &log_sums, &contiguous(doutput)))]
            },
        )
    }
}
