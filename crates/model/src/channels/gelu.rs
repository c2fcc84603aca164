use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ChannelSpec;
use crate::channel::Channel;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::mixer::Place;
use crate::ops::{self, Activation, GeluForm};
use crate::weights::{Scope, WeightSpec};

/// A feed-forward layer of two products: `x + gelu(norm(x) × up + up_bias) × down + down_bias`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gelu {
    /// Its inner width: 4 of the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Whether the products add biases.
    pub bias: bool,
    /// Whether the normal distribution function is approximated by a hyperbolic tangent, as GPT-2 does.
    pub approximate: bool,
}

impl Default for Gelu {
    fn default() -> Self {
        Self {
            inner: None,
            bias: true,
            approximate: true,
        }
    }
}

impl Gelu {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Feed-forward layer with GELU (Hendrycks and Gimpel 2016, arXiv 1606.08415), as in \
        GPT-2: gelu(n U + b) D + c with n the normalised stream, gelu(x) = x F(x) with F the normal distribution \
        function or its approximation by tanh, with biases or without.";

    /// The inner width in a stream of that width.
    pub fn inner(&self, width: usize) -> usize {
        self.inner.unwrap_or_else(|| width.saturating_mul(4))
    }
}

impl Channel for Gelu {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ChannelSpec> {
        let plain = Self {
            inner: Some(5),
            bias: false,
            approximate: false,
        };
        [plain, Self::default()].map(ChannelSpec::Gelu).into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("inner", self.inner(width), 1, 1 << 20)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, inner) = (place.width, self.inner(place.width));
        let mut weights = place.norm.weights("feed_forward_norm", width);
        weights.extend([
            WeightSpec::matrix("up", [width, inner], 1.0),
            WeightSpec::matrix("down", [inner, width], place.residual()),
        ]);
        if self.bias {
            weights.extend([
                WeightSpec::bias("up_bias", inner),
                WeightSpec::bias("down_bias", width),
            ]);
        }
        weights
    }

    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)> {
        vec![(
            "feed-forward",
            2.0 * product_flops(length, width, self.inner(width)),
        )]
    }

    fn kept(&self, width: usize) -> usize {
        2 * width + 2 * self.inner(width)
    }

    fn passing(&self, width: usize) -> usize {
        2 * self.inner(width)
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, _: usize) -> Tensor<2> {
        let shifted = |product: Tensor<2>, bias: &str| match self.bias {
            true => product + weights.vector(bias).unsqueeze(),
            false => product,
        };
        let form = match self.approximate {
            true => GeluForm::Tanh,
            false => GeluForm::Exact,
        };
        let normed = weights.normed(x.clone(), "feed_forward_norm");
        let up = shifted(ops::linear(normed, weights.matrix("up")), "up_bias");
        x + shifted(
            ops::linear(
                ops::activation(up, Activation::Gelu(form)),
                weights.matrix("down"),
            ),
            "down_bias",
        )
    }
}
