use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ChannelSpec;
use crate::channel::Channel;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::mixer::Place;
use crate::ops;
use crate::weights::{Scope, WeightSpec};

/// A gated feed-forward layer: `x + (gelu(gate) ∘ up) × down + down_bias` with gate and up the halves of
/// `norm(x) × gate_and_up + gate_and_up_bias`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeGlu {
    /// Its inner width: 3 of the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Whether the products add biases.
    pub bias: bool,
}

impl Default for GeGlu {
    fn default() -> Self {
        Self {
            inner: None,
            bias: true,
        }
    }
}

impl GeGlu {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Gated feed-forward layer GeGLU (Shazeer 2020, arXiv 2002.05202, equation 6), as \
        in Griffin (arXiv 2402.19427): (gelu(n G + g) * (n U + u)) D + d with n the normalised stream and gelu in the \
        form with tanh, with biases or without.";

    /// The inner width in a stream of that width.
    pub fn inner(&self, width: usize) -> usize {
        self.inner.unwrap_or_else(|| width.saturating_mul(3))
    }
}

impl Channel for GeGlu {
    fn numerics(&self) -> u32 {
        2
    }

    fn examples(&self) -> Vec<ChannelSpec> {
        let plain = Self {
            inner: Some(5),
            bias: false,
        };
        [plain, Self::default()].map(ChannelSpec::GeGlu).into()
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
        if self.bias {
            weights.extend([
                WeightSpec::bias("gate_and_up_bias", 2 * inner),
                WeightSpec::bias("down_bias", width),
            ]);
        }
        weights
    }

    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)> {
        vec![(
            "feed-forward",
            3.0 * product_flops(length, width, self.inner(width)),
        )]
    }

    fn kept(&self, width: usize) -> usize {
        // The rows and their normalised ones; gate and up, and what is gated.
        2 * width + 3 * self.inner(width)
    }

    fn passing(&self, width: usize) -> usize {
        4 * self.inner(width)
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, _: usize) -> Tensor<2> {
        let normed = weights.normed(x.clone(), "feed_forward_norm");
        let both = ops::linear(normed, weights.matrix("gate_and_up"));
        let bias = match self.bias {
            true => weights.vector("gate_and_up_bias"),
            false => Tensor::zeros([both.dims()[1]], (&both.device(), both.dtype())),
        };
        let y = x + ops::linear(ops::geglu(both, bias), weights.matrix("down"));
        match self.bias {
            true => y + weights.vector("down_bias").unsqueeze(),
            false => y,
        }
    }
}
