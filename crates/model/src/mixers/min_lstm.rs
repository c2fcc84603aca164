use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::min_rnn::MinRnn;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::error::ModelError;
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span};
use crate::norm::NormKind;
use crate::ops::{MinRnnKind, Rotation};
use crate::weights::{Scope, WeightSpec};

/// A recurrence with a forget and an input gate that do not see its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MinLstm {
    /// Channels of its state: as many as the stream's unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Positions of the short convolution.
    pub taps: usize,
}

impl Default for MinLstm {
    fn default() -> Self {
        Self { inner: None, taps: 4 }
    }
}

impl MinLstm {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "minLSTM (Feng et al. 2024, arXiv 2410.01201): h[t] = (f[t] h[t-1] + i[t] c[t]) / \
        (f[t] + i[t]) in each channel, f and i = sigmoid of the forget and the input gate, gates and candidate c of \
        the normalised stream, each column after a short convolution (the paper's models of language convolve the \
        stream before); h is projected back. No gate sees a state, so that training needs no product a position. It remembers one state, whatever \
        the length.";

    fn parts(&self) -> MinRnn {
        MinRnn {
            kind: MinRnnKind::Lstm,
            inner: self.inner,
            taps: self.taps,
        }
    }
}

impl Mixer for MinLstm {
    fn letter(&self) -> char {
        't'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let narrow = Self {
            inner: Some(5),
            taps: 3,
        };
        [narrow, Self::default()].map(MixerSpec::MinLstm).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        MinRnn::NORMS
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        self.parts().validate(width)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        self.parts().weights(place)
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        self.parts().operations(width, span)
    }

    fn kept(&self, width: usize) -> usize {
        self.parts().kept(width)
    }

    fn passing(&self, width: usize) -> usize {
        self.parts().passing(width)
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        self.parts().remembered(width)
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, _: Option<&Rotation>) -> Tensor<2> {
        self.parts().mix(x, weights, length)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        _: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        self.parts().step(x, weights, sequences)
    }
}
