use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::Half;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span};
use crate::norm::NormKind;
use crate::ops::{Core, LstmShape, Rotation};
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// A recurrence whose gates see its state: one position waits for the other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lstm {
    /// Channels of its state: as many as the stream's unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
}

impl Lstm {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; \
        as a model of language: arXiv 1409.2329): c[t] = f c[t-1] + i g, h[t] = o tanh(c[t]), f, i, o = sigmoid and g \
        = tanh of the normalised stream and h[t-1] by products and a bias, which is one for f at first (Jozefowicz et \
        al. 2015); h is projected back. The baseline whose training waits for a product at each position. It \
        remembers h and c, whatever the length.";

    /// Its sizes over a span of some sequences.
    fn shape(&self, width: usize, batch: usize, length: usize) -> LstmShape {
        LstmShape {
            batch,
            length,
            inner: self.inner.unwrap_or(width),
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "recurrent",
            small: &["recurrence", "forget_bias", "gate_bias"],
            core: |width, batch, length| Core::Lstm(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for Lstm {
    fn letter(&self) -> char {
        'c'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        [Some(5), None]
            .map(|inner| MixerSpec::Lstm(Self { inner }))
            .into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("inner", self.shape(width, 1, 1).inner, 1, 1 << 16)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (inner, gates) = (shape.inner, [shape.inner; 4]);
        let forget_bias = WeightSpec {
            name: "forget_bias".to_owned(),
            shape: vec![inner],
            initial: Initial::Constant(1.0),
            group: Group::Bias,
            hidden: None,
        };
        vec![
            place.norm.gain("recurrent_norm", &[place.width]),
            // To the forget, input and output gates, then the candidate.
            WeightSpec::side_by_side("recurrent_projection", place.width, &gates, 1.0),
            WeightSpec::side_by_side("recurrence", inner, &gates, 1.0),
            forget_bias,
            WeightSpec::bias("gate_bias", 3 * inner),
            WeightSpec::matrix("recurrent_output", [inner, place.width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let of = |inputs, outputs| product_flops(span.length, inputs, outputs);
        vec![
            ("recurrent projection", of(width, shape.columns())),
            ("recurrence", of(shape.inner, shape.columns())),
            ("recurrent output", of(shape.inner, width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        width + 2 * shape.columns() + 3 * shape.inner
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.columns() + shape.inner
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        2 * self.shape(width, 1, 1).inner
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, _: Option<&Rotation>) -> Tensor<2> {
        self.half(weights).mix(x, length)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        _: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        self.half(weights).step(x, sequences)
    }
}
