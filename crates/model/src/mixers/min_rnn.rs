//! minGRU and minLSTM, which differ in what their kernel makes of the gates.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::{self, Half};
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span};
use crate::norm::NormKind;
use crate::ops::{Core, MinRnnKind, MinRnnShape, Rotation};
use crate::weights::{Scope, WeightSpec};

/// Which of the two.
pub trait Kind: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// What its kernel is told.
    const KIND: MinRnnKind;
    /// The letter of its blocks.
    const LETTER: char;

    /// It among all mixers.
    fn spec(mixer: MinRnn<Self>) -> MixerSpec;
}

/// A recurrence whose gates do not see its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, bound = "")]
pub struct MinRnn<K: Kind> {
    /// Channels of its state: as many as the stream's unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Positions of the short convolution.
    pub taps: usize,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: Kind> Default for MinRnn<K> {
    fn default() -> Self {
        Self {
            inner: None,
            taps: 4,
            kind: PhantomData,
        }
    }
}

impl<K: Kind> MinRnn<K> {
    /// Its sizes over a span of some sequences.
    fn shape(&self, width: usize, batch: usize, length: usize) -> MinRnnShape {
        MinRnnShape {
            batch,
            length,
            inner: self.inner.unwrap_or(width),
            taps: self.taps,
            kind: K::KIND,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "recurrent",
            small: &["convolution", "convolution_bias"],
            core: |width, batch, length| Core::MinRnn(self.shape(width, batch, length)),
        }
    }
}

impl<K: Kind> Mixer for MinRnn<K> {
    fn letter(&self) -> char {
        K::LETTER
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
            kind: PhantomData,
        };
        [narrow, Self::default()].map(K::spec).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("inner", self.shape(width, 1, 1).inner, 1, 1 << 20)?;
        within("taps", self.taps, 2, 1 << 6)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let parts = vec![shape.inner; shape.parts()];
        vec![
            place.norm.gain("recurrent_norm", &[place.width]),
            // To the gates, then the candidate.
            WeightSpec::side_by_side("recurrent_projection", place.width, &parts, 1.0),
            recurrent::filter(self.taps, shape.columns()),
            recurrent::filter_bias(self.taps, shape.columns()),
            WeightSpec::matrix("recurrent_output", [shape.inner, place.width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let of = |inputs, outputs| product_flops(span.length, inputs, outputs);
        vec![
            ("recurrent projection", of(width, shape.columns())),
            ("recurrent output", of(shape.inner, width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        width + 2 * shape.columns() + 2 * shape.inner
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        2 * shape.columns() + shape.inner
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.window_size() + shape.inner
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
