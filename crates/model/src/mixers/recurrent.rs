//! What recurrent mixers share.

use burn::tensor::Tensor;

use crate::memory::Remembered;
use crate::ops::{self, Core, RecurrentState, RecurrentWeights};
use crate::weights::{Group, Initial, WeightSpec};

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
    }
}

/// The filter of a short convolution, as torch initialises it.
pub(super) fn filter(taps: usize, channels: usize) -> WeightSpec {
    WeightSpec {
        name: "convolution".to_owned(),
        shape: vec![taps, channels],
        initial: of_taps(taps),
        group: Group::Matrix,
    }
}

/// What is added to it.
pub(super) fn filter_bias(taps: usize, channels: usize) -> WeightSpec {
    WeightSpec {
        name: "convolution_bias".to_owned(),
        shape: vec![channels],
        initial: of_taps(taps),
        group: Group::Bias,
    }
}

fn of_taps(taps: usize) -> Initial {
    let bound = (taps as f64).sqrt().recip();
    Initial::Uniform(-bound, bound)
}

/// The positions that follow those remembered.
pub(super) fn step(
    x: Tensor<2>,
    weights: RecurrentWeights,
    core: Core,
    epsilon: f64,
    sequences: &mut [Remembered<'_>],
) -> Tensor<2> {
    const NAMES: [&str; 2] = ["window", "state"];
    let each = core
        .carried()
        .map(|[_, rest @ ..]| [1, rest[0], rest[1], rest[2]]);
    let [window, state] = Remembered::take(sequences, NAMES, each, &x);
    let before = RecurrentState { window, state };
    let (y, after) = ops::recurrent_step(x, weights, core, epsilon, before);
    Remembered::put(sequences, NAMES, [after.window, after.state]);
    y
}
