use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ChannelSpec;
use crate::channel::Channel;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::memory::Remembered;
use crate::mixer::Place;
use crate::mixers::SHIFT;
use crate::ops::{self, Activation};
use crate::token_shift::Shifted;
use crate::weights::{Group, Scope, WeightSpec};

/// A feed-forward layer of two products that sees the position before:
/// `x + relu((n + shift ∘ (n' - n)) × up)² × down` with `n` the normalised stream and `n'` that of the position before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rwkv7Channel {
    /// Its inner width: 4 of the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
}

/// What its rows of the position before are remembered under.
const SHIFTED: &str = "channel_shift";

impl Rwkv7Channel {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RWKV-7's channel mix (Peng et al. 2025, arXiv 2503.14456): relu((n + m (n' - n)) \
        U)^2 D with n the normalised stream, n' that of the position before, and m a share of each channel. It \
        remembers one row.";

    /// The inner width in a stream of that width.
    pub fn inner(&self, width: usize) -> usize {
        self.inner.unwrap_or_else(|| width.saturating_mul(4))
    }

    /// The stream with what is made of its normalised rows.
    fn mixed(x: Tensor<2>, shifted: &Shifted, weights: &Scope<'_>) -> Tensor<2> {
        let up = ops::linear(shifted.seen(weights.vector(SHIFTED)), weights.matrix("up"));
        let inner = ops::activation(up, Activation::SquaredRelu);
        x + ops::linear(inner, weights.matrix("down"))
    }
}

impl Channel for Rwkv7Channel {
    fn numerics(&self) -> u32 {
        2
    }

    fn examples(&self) -> Vec<ChannelSpec> {
        [None, Some(5)]
            .map(|inner| ChannelSpec::Rwkv7Channel(Self { inner }))
            .into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("inner", self.inner(width), 1, 1 << 20)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, inner) = (place.width, self.inner(place.width));
        let mut weights = place.norm.weights("feed_forward_norm", width);
        weights.extend([
            WeightSpec {
                name: SHIFTED.to_owned(),
                shape: vec![width],
                initial: SHIFT,
                group: Group::Recurrence,
                hidden: None,
            },
            WeightSpec::matrix("up", [width, inner], 1.0),
            WeightSpec::matrix("down", [inner, width], place.residual()),
        ]);
        weights
    }

    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)> {
        vec![(
            "feed-forward",
            2.0 * product_flops(length, width, self.inner(width)),
        )]
    }

    fn kept(&self, width: usize) -> usize {
        3 * width + 2 * self.inner(width)
    }

    fn passing(&self, width: usize) -> usize {
        3 * width + 2 * self.inner(width)
    }

    fn remembered(&self, width: usize) -> usize {
        width
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize) -> Tensor<2> {
        let normed = weights.normed(x.clone(), "feed_forward_norm");
        Self::mixed(x, &Shifted::of_sequences(normed, length), weights)
    }

    fn step(&self, x: Tensor<2>, weights: &Scope<'_>, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
        let normed = weights.normed(x.clone(), "feed_forward_norm");
        Self::mixed(x, &Shifted::of_steps(normed, SHIFTED, sequences), weights)
    }
}
