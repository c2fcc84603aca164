//! The two ways over positions: keys and values made of all latents, and queries over the latents themselves.

use burn::tensor::Tensor;

use super::{LatentAttention, Sizes};
use crate::memory::Remembered;
use crate::ops::{self, Rotation, Scores};
use crate::weights::Scope;

/// Latent attention with its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'a> {
    settings: &'a LatentAttention,
    weights: &'a Scope<'a>,
    rotation: Option<&'a Rotation>,
    sizes: Sizes,
}

/// What is made of each position of some sequences, nothing of it turned.
struct Projected {
    /// `[batch, length, heads, rope + nope]`
    queries: Tensor<4>,
    /// `[batch, length, 1, rope]`
    turning: Tensor<4>,
    /// `[batch, length, 1, rank]`
    latent: Tensor<4>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        settings: &'a LatentAttention,
        weights: &'a Scope<'a>,
        rotation: Option<&'a Rotation>,
        width: usize,
    ) -> Self {
        Self {
            settings,
            weights,
            rotation,
            sizes: settings.sizes(width),
        }
    }

    /// Whole sequences, `x [batch × length, width]`.
    pub(super) fn mix(self, x: Tensor<2>, length: usize) -> Tensor<2> {
        let attended = self.attend_whole(self.project(x.clone(), length));
        x + ops::linear(attended, self.weights.matrix("attention_output"))
    }

    /// The positions that follow those remembered, `x [sequences × length, width]`.
    pub(super) fn step(self, x: Tensor<2>, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
        let attended = x
            .clone()
            .chunk(sequences.len(), 0)
            .into_iter()
            .zip(sequences)
            .map(|(x, sequence)| {
                let length = x.dims()[0];
                self.attend(self.project(x, length), sequence)
            })
            .collect();
        x + ops::linear(Tensor::cat(attended, 0), self.weights.matrix("attention_output"))
    }

    fn project(self, x: Tensor<2>, length: usize) -> Projected {
        let Sizes {
            heads, rope, rank, ..
        } = self.sizes;
        let rows = x.dims()[0];
        let epsilon = self.settings.latent_epsilon;
        let epsilon = epsilon.unwrap_or(self.weights.norm().epsilon);
        let normed = self.weights.normed(x, "attention_norm");
        let queries = match self.settings.query_rank {
            Some(_) => {
                let latent = ops::linear(normed.clone(), self.weights.matrix("query_down"));
                let latent = ops::rms_norm(latent, self.weights.vector("query_norm"), epsilon);
                ops::linear(latent, self.weights.matrix("query_up"))
            }
            None => ops::linear(normed.clone(), self.weights.matrix("query")),
        };
        let queries = match self.settings.score_factor {
            Some(factor) => queries.mul_scalar(factor),
            None => queries,
        };
        let down = ops::linear(normed, self.weights.matrix("latent_down"));
        let latent = down.clone().slice([0..rows, rope..rope + rank]);
        let latent = ops::rms_norm(latent, self.weights.vector("latent_norm"), epsilon);
        let of_positions = |rows: Tensor<2>, heads: usize| {
            let [count, columns] = rows.dims();
            rows.reshape([count / length, length, heads, columns / heads])
        };
        Projected {
            queries: of_positions(queries, heads),
            turning: of_positions(down.slice([0..rows, 0..rope]), 1),
            latent: of_positions(latent, 1),
        }
    }

    /// Attention of whole sequences over keys and values made of their latents, `[rows, heads × value]`.
    fn attend_whole(self, projected: Projected) -> Tensor<2> {
        let Sizes {
            heads,
            rope,
            nope,
            value,
            rank,
        } = self.sizes;
        let Projected {
            queries,
            turning,
            latent,
        } = projected;
        let [batch, length, ..] = latent.dims();
        let latent = latent.reshape([batch * length, rank]);
        let up = |name: &str, columns: usize| {
            let up = ops::linear(latent.clone(), self.weights.matrix(name));
            up.reshape([batch, length, heads, columns])
        };
        let shared = turning.expand([batch, length, heads, rope]);
        let keys = Tensor::cat(vec![shared, up("key_up", nope)], 3);
        let scores = Scores::turned(self.rotation);
        ops::causal_attention(queries, keys, up("value_up", value), scores)
            .reshape([batch * length, heads * value])
    }

    /// The attention of some positions of one sequence over those remembered and themselves, which are then remembered,
    /// too.
    fn attend(self, projected: Projected, sequence: &mut Remembered<'_>) -> Tensor<2> {
        let Sizes {
            heads,
            rope,
            nope,
            value,
            rank,
        } = self.sizes;
        let first = sequence.position;
        let turned = |part: Tensor<4>| match self.rotation {
            Some(rotation) => ops::rotary(part, rotation, first),
            None => part,
        };
        let new = Tensor::cat(
            vec![turned(projected.turning.clone()), projected.latent.clone()],
            3,
        );
        let [latents] = sequence.extend(["latents"], [new], None);
        // Of nothing before, keys and values are made once, as in training: their products are the fewer ones.
        if first == 0 {
            return self.attend_whole(projected);
        }
        let length = projected.latent.dims()[1];
        let queries = turned(projected.queries);
        let straight = queries.clone().slice_dim(3, rope..rope + nope);
        // q · (c K) = (q K') · c: `[heads, length, nope] × [heads, nope, rank]`.
        let straight = straight.reshape([length, heads, nope]).swap_dims(0, 1);
        let absorbed = ops::products(straight, self.by_head("key_up", nope).swap_dims(1, 2));
        let absorbed = absorbed.swap_dims(0, 1).reshape([1, length, heads, rank]);
        let queries = Tensor::cat(vec![queries.slice_dim(3, 0..rope), absorbed], 3);
        // Scores are over the root of a head's coordinates, not of those of a latent.
        let factor = (self.sizes.remembered() as f64 / self.sizes.key() as f64).sqrt();
        let attended = ops::causal_attention(
            queries.mul_scalar(factor),
            latents.clone(),
            latents,
            Scores::default(),
        );
        // (p c) V: `[heads, length, rank] × [heads, rank, value]`.
        let attended = attended.slice_dim(3, rope..rope + rank);
        let attended = attended.reshape([length, heads, rank]).swap_dims(0, 1);
        let mixed = ops::products(attended, self.by_head("value_up", value));
        mixed.swap_dims(0, 1).reshape([length, heads * value])
    }

    /// A matrix that makes heads of a latent, `[heads, rank, columns]`.
    fn by_head(self, name: &str, columns: usize) -> Tensor<3> {
        let Sizes { heads, rank, .. } = self.sizes;
        let matrix = self.weights.matrix(name);
        matrix.reshape([rank, heads, columns]).swap_dims(0, 1)
    }
}
