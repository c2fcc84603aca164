//! What recurrent mixers share.

use burn::tensor::Tensor;

use crate::memory::Remembered;
use crate::ops::{self, Core, RecurrentState, RecurrentWeights};
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// Of what is added before softplus to what makes the decays, as Mamba's reference has it.
pub(super) const STEP_BIAS: Initial = Initial::InverseSoftplus(1e-3, 1e-1);

/// Of the logarithm of the rate at which states decay, as Mamba-2's reference has it.
pub(super) const DECAY_LOG: Initial = Initial::Logarithm(1.0, 16.0);

/// A number of each head that says how long its state lasts, or what goes around it.
pub(super) fn of_heads(name: &str, heads: usize, initial: Initial) -> WeightSpec {
    WeightSpec {
        name: name.to_owned(),
        shape: vec![heads],
        initial,
        group: Group::Recurrence,
        hidden: None,
    }
}

/// The filter of a short convolution, as torch initialises it.
pub(super) fn filter(taps: usize, channels: usize) -> WeightSpec {
    WeightSpec {
        name: "convolution".to_owned(),
        shape: vec![taps, channels],
        initial: of_taps(taps),
        group: Group::Matrix,
        hidden: None,
    }
}

/// What is added to it.
pub(super) fn filter_bias(taps: usize, channels: usize) -> WeightSpec {
    WeightSpec {
        name: "convolution_bias".to_owned(),
        shape: vec![channels],
        initial: of_taps(taps),
        group: Group::Bias,
        hidden: None,
    }
}

fn of_taps(taps: usize) -> Initial {
    let bound = (taps as f64).sqrt().recip();
    Initial::Uniform(-bound, bound)
}

/// A recurrent mixer over its weights: what all of them do alike.
pub(super) struct Half<'a, C> {
    pub(super) weights: &'a Scope<'a>,
    /// What the names of the norm and of the two products begin with.
    pub(super) kind: &'static str,
    /// The names of the small weights, in the order that [`Core`] tells.
    pub(super) small: &'a [&'static str],
    /// What lies between the products, from a width, sequences and positions of each.
    pub(super) core: C,
}

impl<C: Fn(usize, usize, usize) -> Core> Half<'_, C> {
    /// Sequences of a length that begin.
    pub(super) fn mix(&self, x: Tensor<2>, length: usize) -> Tensor<2> {
        let [rows, width] = x.dims();
        let core = (self.core)(width, rows / length, length);
        ops::recurrent_half(x, self.all(), core, self.weights.norm().epsilon)
    }

    /// The positions that follow those remembered.
    pub(super) fn step(&self, x: Tensor<2>, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
        const NAMES: [&str; 2] = ["window", "state"];
        let [rows, width] = x.dims();
        let core = (self.core)(width, sequences.len(), rows / sequences.len());
        let each = core
            .carried()
            .map(|[_, rest @ ..]| [1, rest[0], rest[1], rest[2]]);
        let [window, state] = Remembered::take(sequences, NAMES, each, &x);
        let before = RecurrentState { window, state };
        let (y, after) = ops::recurrent_step(x, self.all(), core, self.weights.norm().epsilon, before);
        Remembered::put(sequences, NAMES, [after.window, after.state]);
        y
    }

    fn all(&self) -> RecurrentWeights {
        let Self { weights, kind, .. } = self;
        RecurrentWeights {
            gain: weights.gain(&format!("{kind}_norm")),
            projection: weights.matrix(&format!("{kind}_projection")),
            small: self.small.iter().map(|name| weights.flat(name)).collect(),
            output: weights.matrix(&format!("{kind}_output")),
        }
    }
}
