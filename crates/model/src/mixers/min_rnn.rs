//! What minGRU and minLSTM share: all but their names.

use burn::tensor::Tensor;

use super::recurrent;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::memory::Remembered;
use crate::mixer::{Place, Span};
use crate::norm::NormKind;
use crate::ops::{self, Core, MinRnnKind, MinRnnShape, RecurrentWeights};
use crate::weights::{Scope, WeightSpec};

/// One of the two with its settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct MinRnn {
    pub(super) kind: MinRnnKind,
    pub(super) inner: Option<usize>,
    pub(super) taps: usize,
}

impl MinRnn {
    pub(super) const NORMS: &'static [NormKind] = &[NormKind::Rms, NormKind::ZeroCentred];

    /// Its sizes over a span of some sequences.
    fn shape(self, width: usize, batch: usize, length: usize) -> MinRnnShape {
        MinRnnShape {
            batch,
            length,
            inner: self.inner.unwrap_or(width),
            taps: self.taps,
            kind: self.kind,
        }
    }

    pub(super) fn validate(self, width: usize) -> Result<(), ModelError> {
        within("inner", self.shape(width, 1, 1).inner, 1, 1 << 20)?;
        within("taps", self.taps, 2, 1 << 6)
    }

    pub(super) fn weights(self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        vec![
            place.norm.gain("recurrent_norm", &[place.width]),
            // To the gates, then the candidate.
            WeightSpec::matrix("recurrent_projection", [place.width, shape.columns()], 1.0),
            recurrent::filter(self.taps, shape.columns()),
            recurrent::filter_bias(self.taps, shape.columns()),
            WeightSpec::matrix("recurrent_output", [shape.inner, place.width], place.residual()),
        ]
    }

    pub(super) fn operations(self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        vec![
            (
                "recurrent projection",
                product_flops(span.length, width, shape.columns()),
            ),
            ("recurrent output", product_flops(span.length, shape.inner, width)),
        ]
    }

    pub(super) fn kept(self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        width + 2 * shape.columns() + 2 * shape.inner
    }

    pub(super) fn passing(self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        2 * shape.columns() + shape.inner
    }

    pub(super) fn remembered(self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.window_size() + shape.inner
    }

    pub(super) fn mix(self, x: Tensor<2>, weights: &Scope<'_>, length: usize) -> Tensor<2> {
        let [rows, width] = x.dims();
        let core = Core::MinRnn(self.shape(width, rows / length, length));
        ops::recurrent_half(x, of(weights), core, weights.norm().epsilon)
    }

    pub(super) fn step(
        self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        let [rows, width] = x.dims();
        let core = Core::MinRnn(self.shape(width, sequences.len(), rows / sequences.len()));
        recurrent::step(x, of(weights), core, weights.norm().epsilon, sequences)
    }
}

fn of(weights: &Scope<'_>) -> RecurrentWeights {
    RecurrentWeights {
        gain: weights.gain("recurrent_norm"),
        projection: weights.matrix("recurrent_projection"),
        small: ["convolution", "convolution_bias"]
            .map(|name| weights.flat(name))
            .into(),
        output: weights.matrix("recurrent_output"),
    }
}
