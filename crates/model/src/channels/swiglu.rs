use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ChannelSpec;
use crate::channel::Channel;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::mixer::Place;
use crate::norm::NormKind;
use crate::ops;
use crate::weights::{Scope, WeightSpec};

/// A gated feed-forward layer: `x + (silu(gate) ∘ up) × down` with gate and up the halves of `norm(x) × gate_and_up`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SwiGlu {
    /// Its inner width: 8/3 of the stream's, rounded up to a multiple of 8, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
}

impl SwiGlu {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Gated feed-forward layer SwiGLU (Shazeer 2020, arXiv 2002.05202, equation 6): \
        (silu(n G) * (n U)) D with n the normalised stream, without biases.";

    /// The inner width in a stream of that width. Three matrices of 8/3 width hold as much as the two of 4 width that
    /// they replace (Shazeer 2020).
    pub fn inner(&self, width: usize) -> usize {
        self.inner
            .unwrap_or_else(|| (width.saturating_mul(8) / 3).next_multiple_of(8))
    }
}

impl Channel for SwiGlu {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ChannelSpec> {
        [None, Some(5)]
            .map(|inner| ChannelSpec::SwiGlu(Self { inner }))
            .into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("inner", self.inner(width), 1, 1 << 20)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, inner) = (place.width, self.inner(place.width));
        let mut weights = place.norm.weights("feed_forward_norm", width);
        weights.extend([
            // The gate first.
            WeightSpec::side_by_side("gate_and_up", width, &[inner; 2], 1.0),
            WeightSpec::matrix("down", [inner, width], place.residual()),
        ]);
        weights
    }

    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)> {
        vec![(
            "feed-forward",
            3.0 * product_flops(length, width, self.inner(width)),
        )]
    }

    fn kept(&self, width: usize) -> usize {
        width + 2 * self.inner(width)
    }

    fn passing(&self, width: usize) -> usize {
        4 * self.inner(width)
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, _: usize) -> Tensor<2> {
        let [gate_and_up, down] = ["gate_and_up", "down"].map(|name| weights.matrix(name));
        if weights.norm().kind == NormKind::Layer {
            let normed = weights.normed(x.clone(), "feed_forward_norm");
            return x + ops::linear(ops::swiglu(ops::linear(normed, gate_and_up)), down);
        }
        ops::feed_forward(
            x,
            weights.gain("feed_forward_norm"),
            gate_and_up,
            down,
            weights.norm().epsilon,
        )
    }
}
