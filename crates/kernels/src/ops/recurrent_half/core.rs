//! What recurrent mixers differ in, over tensors or slices.

use burn::tensor::Tensor;

use super::RecurrentState;
use crate::cpu::recurrent::Carried;
use crate::cpu::{
    gated_delta as gated_delta_kernel, gated_linear as gated_linear_kernel, lstm as lstm_kernel,
    mamba as mamba_kernel, mamba2 as mamba2_kernel, min_rnn as min_rnn_kernel, rg_lru as rg_lru_kernel,
};
use crate::ops::{gated_delta, gated_linear, lstm, mamba, mamba2, min_rnn, rg_lru};

/// What a recurrent mixer does between its products, and the sizes that it does it in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Core {
    /// Mamba-2. Its small weights are the filter (`taps × channels`), what is added to it (`channels`), what is added to
    /// the steps before softplus (`heads`), the logarithm of the rate at which states decay (`heads`), how much of `x`
    /// goes around the state (`heads`), and the gain after the gate (`inner`).
    Mamba2(mamba2_kernel::Shape),
    /// Gated DeltaNet. Its small weights are the filter (`taps × channels`), what is added before softplus to what makes
    /// the decays (`heads`), the logarithm of the rate at which states decay (`heads`), and the gain of each head's
    /// normalisation (`value`).
    GatedDelta(gated_delta_kernel::Shape),
    /// Mamba. Its small weights are the filter (`taps × inner`), what is added to it (`inner`), what makes what is
    /// selected by (`inner × selected`), what makes the steps (`rank × inner`), what is added to them before softplus
    /// (`inner`), the logarithm of the rate at which states decay (`state × inner`), how much goes around the state
    /// (`inner`), and, where it is normalised, the gains of what is selected by (`selected`).
    Mamba(mamba_kernel::Shape),
    /// Gated linear attention. Its small weights are what makes the decays (`rank × keys`), what is added to that
    /// (`keys`), and the gain of each head's normalisation (`value`).
    GatedLinear(gated_linear_kernel::Shape),
    /// minGRU or minLSTM. Its small weights are the filter (`taps × columns`), and what is added to it (`columns`).
    MinRnn(min_rnn_kernel::Shape),
    /// LSTM. Its small weights are what the gates see of `h` (`inner × columns`), and what is added to the forget gate
    /// (`inner`) and to the others (`3 inner`).
    Lstm(lstm_kernel::Shape),
    /// Griffin's recurrent block. Its small weights are what is added to the projected rows (`columns`), the filter
    /// (`taps × inner`) and what is added to it (`inner`), the matrices of the recurrence gate (`heads × head × head`) and
    /// what is added (`inner`), the same of the input gate, and what the rate of decay is the softplus of (`inner`).
    RgLru(rg_lru_kernel::Shape),
}

impl Core {
    /// Columns of the first product.
    pub fn columns(self) -> usize {
        match self {
            Self::Mamba2(shape) => shape.columns(),
            Self::GatedDelta(shape) => shape.columns(),
            Self::Mamba(shape) => shape.columns(),
            Self::GatedLinear(shape) => shape.columns(),
            Self::MinRnn(shape) => shape.columns(),
            Self::Lstm(shape) => shape.columns(),
            Self::RgLru(shape) => shape.columns(),
        }
    }

    /// Values of all heads, what the second product takes.
    pub fn inner(self) -> usize {
        match self {
            Self::Mamba2(shape) => shape.inner(),
            Self::GatedDelta(shape) => shape.inner(),
            Self::Mamba(shape) => shape.inner,
            Self::GatedLinear(shape) => shape.inner(),
            Self::MinRnn(shape) => shape.inner,
            Self::Lstm(shape) => shape.inner,
            Self::RgLru(shape) => shape.inner,
        }
    }

    /// The lengths of the small weights.
    pub fn small(self) -> Vec<usize> {
        match self {
            Self::Mamba2(shape) => {
                let (channels, heads) = (shape.channels(), shape.heads);
                vec![
                    shape.taps * channels,
                    channels,
                    heads,
                    heads,
                    heads,
                    shape.inner(),
                ]
            }
            Self::GatedDelta(shape) => {
                vec![
                    shape.taps * shape.channels(),
                    shape.heads,
                    shape.heads,
                    shape.value,
                ]
            }
            Self::Mamba(shape) => mamba::small(shape),
            Self::GatedLinear(shape) => gated_linear::small(shape),
            Self::MinRnn(shape) => vec![shape.taps * shape.columns(), shape.columns()],
            Self::Lstm(shape) => vec![shape.inner * shape.columns(), shape.inner, 3 * shape.inner],
            Self::RgLru(shape) => {
                let (inner, gate) = (shape.inner, shape.inner * shape.head());
                vec![
                    shape.columns(),
                    shape.taps * inner,
                    inner,
                    gate,
                    inner,
                    gate,
                    inner,
                    inner,
                ]
            }
        }
    }

    /// The shapes of what is carried.
    pub fn carried(self) -> [[usize; 4]; 2] {
        match self {
            Self::Mamba2(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.channels()],
                [shape.batch, shape.heads, shape.state, shape.dimension],
            ],
            Self::GatedDelta(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.channels()],
                [shape.batch, shape.heads, shape.key, shape.value],
            ],
            Self::Mamba(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.inner],
                [shape.batch, 1, shape.state, shape.inner],
            ],
            // It looks back on no rows.
            Self::GatedLinear(shape) => [
                [shape.batch, 1, 0, 1],
                [shape.batch, shape.heads, shape.key, shape.value],
            ],
            Self::MinRnn(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.columns()],
                [shape.batch, 1, 1, shape.inner],
            ],
            Self::Lstm(shape) => [[shape.batch, 1, 1, shape.inner]; 2],
            Self::RgLru(shape) => [
                [shape.batch, 1, shape.taps - 1, shape.inner],
                [shape.batch, 1, 1, shape.state_size()],
            ],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mamba2(_) => "mamba2",
            Self::GatedDelta(_) => "gated_delta",
            Self::Mamba(_) => "mamba",
            Self::GatedLinear(_) => "gated_linear",
            Self::MinRnn(_) => "min_rnn",
            Self::Lstm(_) => "lstm",
            Self::RgLru(_) => "rg_lru",
        }
    }

    pub(super) fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        match self {
            Self::Mamba2(shape) => mamba2::composed(shape, projected, small, epsilon, before),
            Self::GatedDelta(shape) => gated_delta::composed(shape, projected, small, epsilon, before),
            Self::Mamba(shape) => mamba::composed(shape, projected, small, epsilon, before),
            Self::GatedLinear(shape) => gated_linear::composed(shape, projected, small, epsilon, before),
            Self::MinRnn(shape) => min_rnn::composed(shape, projected, small, before),
            Self::Lstm(shape) => lstm::composed(shape, projected, small, before),
            Self::RgLru(shape) => rg_lru::composed(shape, projected, small, before),
        }
    }

    pub(super) fn length(self) -> usize {
        match self {
            Self::Mamba2(shape) => shape.length,
            Self::GatedDelta(shape) => shape.length,
            Self::Mamba(shape) => shape.length,
            Self::GatedLinear(shape) => shape.length,
            Self::MinRnn(shape) => shape.length,
            Self::Lstm(shape) => shape.length,
            Self::RgLru(shape) => shape.length,
        }
    }

    /// One position of each sequence, in place of what is carried.
    pub(super) fn step(
        self,
        (small, epsilon): (&[&[f32]], f32),
        projected: &[f32],
        carried: &mut Carried,
        output: &mut [f32],
    ) {
        match self {
            Self::Mamba2(shape) => {
                let weights = mamba2::weights(small, epsilon);
                mamba2_kernel::step(shape, weights, projected, carried, output);
            }
            Self::GatedDelta(shape) => {
                let weights = gated_delta::weights(small, epsilon);
                gated_delta_kernel::step(shape, weights, projected, carried, output);
            }
            Self::Mamba(shape) => {
                mamba_kernel::step(shape, mamba::weights(small, epsilon), projected, carried, output);
            }
            Self::GatedLinear(shape) => {
                let weights = gated_linear::weights(small, epsilon);
                gated_linear_kernel::step(shape, weights, projected, carried, output);
            }
            Self::MinRnn(shape) => {
                min_rnn_kernel::step(shape, min_rnn::weights(small), projected, carried, output);
            }
            Self::Lstm(shape) => lstm_kernel::step(shape, lstm::weights(small), projected, carried, output),
            Self::RgLru(shape) => {
                rg_lru_kernel::step(shape, rg_lru::weights(small), projected, carried, output);
            }
        }
    }

    pub(super) fn forward(
        self,
        small: &[&[f32]],
        epsilon: f32,
        projected: &[f32],
        before: Option<&Carried>,
        output: &mut [f32],
    ) -> SavedCore {
        match self {
            Self::Mamba2(shape) => {
                let weights = mamba2::weights(small, epsilon);
                let saved = mamba2_kernel::forward(shape, weights, projected, before, output);
                SavedCore::Mamba2(shape, saved)
            }
            Self::GatedDelta(shape) => {
                let weights = gated_delta::weights(small, epsilon);
                let saved = gated_delta_kernel::forward(shape, weights, projected, before, output);
                SavedCore::GatedDelta(shape, saved)
            }
            Self::Mamba(shape) => {
                let weights = mamba::weights(small, epsilon);
                let saved = mamba_kernel::forward(shape, weights, projected, before, output);
                SavedCore::Mamba(shape, saved)
            }
            Self::GatedLinear(shape) => {
                let weights = gated_linear::weights(small, epsilon);
                let saved = gated_linear_kernel::forward(shape, weights, projected, before, output);
                SavedCore::GatedLinear(shape, saved)
            }
            Self::MinRnn(shape) => {
                let weights = min_rnn::weights(small);
                let saved = min_rnn_kernel::forward(shape, weights, projected, before, output);
                SavedCore::MinRnn(shape, saved)
            }
            Self::Lstm(shape) => {
                let weights = lstm::weights(small);
                let saved = lstm_kernel::forward(shape, weights, projected, before, output);
                SavedCore::Lstm(shape, saved)
            }
            Self::RgLru(shape) => {
                let weights = rg_lru::weights(small);
                let saved = rg_lru_kernel::forward(shape, weights, projected, before, output);
                SavedCore::RgLru(shape, saved)
            }
        }
    }
}

/// What a core needs for its backward pass.
#[derive(Debug)]
pub(super) enum SavedCore {
    Mamba2(mamba2_kernel::Shape, mamba2_kernel::Saved),
    GatedDelta(gated_delta_kernel::Shape, gated_delta_kernel::Saved),
    Mamba(mamba_kernel::Shape, mamba_kernel::Saved),
    GatedLinear(gated_linear_kernel::Shape, gated_linear_kernel::Saved),
    MinRnn(min_rnn_kernel::Shape, min_rnn_kernel::Saved),
    Lstm(lstm_kernel::Shape, lstm_kernel::Saved),
    RgLru(rg_lru_kernel::Shape, rg_lru_kernel::Saved),
}

impl SavedCore {
    pub(super) fn carried(&self, projected: &[f32], before: &Carried) -> Carried {
        match self {
            Self::Mamba2(shape, saved) => saved.carried(*shape, projected, Some(before)),
            Self::GatedDelta(shape, saved) => saved.carried(*shape, projected, Some(before)),
            Self::Mamba(shape, saved) => saved.carried(*shape, projected, Some(before)),
            Self::GatedLinear(shape, saved) => saved.carried(*shape),
            Self::MinRnn(shape, saved) => saved.carried(*shape, projected, Some(before)),
            Self::Lstm(_, saved) => saved.carried(),
            Self::RgLru(shape, saved) => saved.carried(*shape, Some(before)),
        }
    }

    pub(super) fn backward(
        &self,
        (small, epsilon): (&[&[f32]], f32),
        projected: &[f32],
        doutput: &[f32],
        dprojected: &mut [f32],
        dsmall: Vec<&mut [f32]>,
    ) {
        match self {
            Self::Mamba2(shape, saved) => {
                let weights = mamba2::weights(small, epsilon);
                let gradients = mamba2::gradients(dprojected, dsmall);
                mamba2_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::GatedDelta(shape, saved) => {
                let weights = gated_delta::weights(small, epsilon);
                let gradients = gated_delta::gradients(dprojected, dsmall);
                gated_delta_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::Mamba(shape, saved) => {
                let weights = mamba::weights(small, epsilon);
                let gradients = mamba::gradients(dprojected, dsmall);
                mamba_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::GatedLinear(shape, saved) => {
                let weights = gated_linear::weights(small, epsilon);
                let gradients = gated_linear::gradients(dprojected, dsmall);
                gated_linear_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::MinRnn(shape, saved) => {
                let weights = min_rnn::weights(small);
                let gradients = min_rnn::gradients(dprojected, dsmall);
                min_rnn_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::Lstm(shape, saved) => {
                let weights = lstm::weights(small);
                let gradients = lstm::gradients(dprojected, dsmall);
                lstm_kernel::backward(*shape, weights, projected, saved, doutput, gradients);
            }
            Self::RgLru(shape, saved) => {
                let gradients = rg_lru::gradients(dprojected, dsmall);
                rg_lru_kernel::backward(*shape, rg_lru::weights(small), saved, doutput, gradients);
            }
        }
    }
}
