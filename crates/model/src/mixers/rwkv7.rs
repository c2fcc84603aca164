use burn::tensor::{Tensor, activation::sigmoid};
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use crate::channels::{ChannelSpec, Rwkv7Channel};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::is_default;
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::ops::{self, GeneralisedDeltaShape, Rotation};
use crate::token_shift;
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// RWKV-7's time mix: the generalised delta rule with a decay of each key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rwkv7 {
    /// Width of a head, a divisor of the stream's: the largest up to 64 unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Rank of what makes the decays: 2.5 times the root of the stream's width to the nearest 32, and no more than the
    /// width, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay_rank: Option<usize>,
    /// Rank of what makes the rates of writing: as that of decays unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_rank: Option<usize>,
    /// Rank of what makes the shares of values from before: 1.7 times the root unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_rank: Option<usize>,
    /// Rank of what makes the gate: 5 times the root unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_rank: Option<usize>,
    /// Whether it mixes its values with those of the last layer before it that does not: in the published models all but
    /// the first do.
    #[serde(skip_serializing_if = "is_default")]
    pub mixes_values: bool,
}

/// The shares of the position before.
pub(crate) const SHIFT: Initial = Initial::Uniform(0.0, 1.0);

/// Added to the variance of each head of what is read, whatever a network's own.
const HEAD_EPSILON: f64 = 64e-5;

/// What the rows of the position before are remembered under.
const SHIFTED: &str = "shift";

/// What values are left under for later layers.
const VALUES: &str = "rwkv7_values";

/// What is made of the stream and of the position before, in the order of their shares.
const SEEN_BY: [&str; 6] = ["reading", "decay", "key", "value", "rate", "gate"];

impl Rwkv7 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RWKV-7's time mix (Peng et al. 2025, arXiv 2503.14456): S[t] = diag(w) S[t-1] - \
        (q a) (q' S[t-1]) + k v', y[t] = r' S[t], with r, w, k, v, a and a gate each of another share of the \
        normalised stream and of that of the position before; w = exp(-exp(-1/2) sigmoid(..)) of each key, q a key of \
        length one, a = sigmoid(..) its rate, k scaled by it, v mixed with that of an earlier layer; w, a, that share \
        and the gate by products of low rank; y normalised a head, with a bonus (r u k) v, gated and projected back. \
        It remembers one state a head and one row, whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> GeneralisedDeltaShape {
        let size = self.head_dim.unwrap_or_else(|| usual_head(width, 1));
        GeneralisedDeltaShape {
            batch,
            length,
            heads: (width / size.max(1)).max(1),
            size,
        }
    }

    /// The ranks of decays, rates, values and the gate.
    pub(crate) fn ranks(&self, width: usize) -> [usize; 4] {
        let usual = |factor: f64| {
            let rank = factor * (width as f64).sqrt();
            (32 * ((rank / 32.0).round() as usize).max(1)).min(width)
        };
        let decay = self.decay_rank.unwrap_or_else(|| usual(2.5));
        [
            decay,
            self.rate_rank.unwrap_or_else(|| usual(2.5)),
            self.value_rank.unwrap_or_else(|| usual(1.7)),
            self.gate_rank.unwrap_or_else(|| usual(5.0)),
        ]
    }

    /// The products of low rank that it has, by name.
    fn low_ranks(&self, width: usize) -> Vec<(&'static str, usize)> {
        let [decay, rate, value, gate] = self.ranks(width);
        let mut ranks = vec![("decay", decay), ("rate", rate), ("gate", gate)];
        ranks.extend(self.mixes_values.then_some(("mixing", value)));
        ranks
    }
}

impl Mixer for Rwkv7 {
    fn letter(&self) -> char {
        'w'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::Rwkv7Channel(Rwkv7Channel::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let small = Self {
            head_dim: Some(4),
            decay_rank: Some(2),
            rate_rank: Some(3),
            value_rank: Some(2),
            gate_rank: Some(5),
            mixes_values: false,
        };
        let usual = Self {
            gate_rank: Some(4),
            ..Self::default()
        };
        [small, usual].map(MixerSpec::Rwkv7).into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let size = self.shape(width, 1, 1).size;
        within("head_dim", size, 1, 1 << 10)?;
        let names = ["decay_rank", "rate_rank", "value_rank", "gate_rank"];
        for (name, rank) in names.into_iter().zip(self.ranks(width)) {
            within(name, rank, 1, 1 << 16)?;
        }
        rule(
            width.is_multiple_of(size),
            "head_dim",
            size,
            format!("must divide `width = {width}`"),
            "choose a divisor, or leave it out",
        )
    }

    fn leaves(&self) -> Option<&'static str> {
        (!self.mixes_values).then_some(VALUES)
    }

    fn takes(&self) -> Option<&'static str> {
        self.mixes_values.then_some(VALUES)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let width = place.width;
        let of_channels = |name: &str, initial, group| WeightSpec {
            name: name.to_owned(),
            shape: vec![width],
            initial,
            group,
        };
        let recurrence = |name: &str, initial| of_channels(name, initial, Group::Recurrence);
        let mut weights = place.norm.weights("time_norm", width);
        weights.extend(SEEN_BY.map(|name| recurrence(&format!("{name}_shift"), SHIFT)));
        weights.extend(["reading", "key", "value"].map(|name| WeightSpec::matrix(name, [width; 2], 1.0)));
        for (name, rank) in self.low_ranks(width) {
            weights.extend([
                WeightSpec::matrix(&format!("{name}_in"), [width, rank], 1.0),
                WeightSpec::matrix(&format!("{name}_out"), [rank, width], 0.1),
            ]);
        }
        weights.extend([
            recurrence("decay_bias", Initial::Uniform(-6.5, -1.5)),
            recurrence("rate_bias", Initial::Constant(0.0)),
        ]);
        weights.extend(
            self.mixes_values
                .then(|| recurrence("mixing_bias", Initial::Constant(1.0))),
        );
        weights.extend([
            recurrence("removal_scale", Initial::Constant(0.85)),
            recurrence("key_scale", Initial::Constant(1.0)),
            recurrence("bonus", Initial::Constant(-0.04)),
            WeightSpec::gain("head_norm", width),
            WeightSpec::bias("head_norm_bias", width),
            WeightSpec::matrix("time_output", [width; 2], place.residual()),
        ]);
        weights
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let length = span.length;
        let ranks = self.low_ranks(width).into_iter();
        let low = ranks.map(|(_, rank)| 2.0 * product_flops(length, width, rank));
        vec![
            ("time-mix projection", 3.0 * product_flops(length, width, width)),
            ("time-mix low ranks", low.sum()),
            // What is seen, written again and written, and what is read.
            (
                "generalised delta rule",
                4.0 * product_flops(length, width, self.shape(width, 1, 1).size),
            ),
            ("time-mix output", product_flops(length, width, width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        // About thirty steps of rows each, the ranks before and after their nonlinearities, and a state for 16 positions.
        let ranks = self.low_ranks(width).into_iter();
        30 * width
            + 2 * ranks.map(|(_, rank)| rank).sum::<usize>()
            + width * self.shape(width, 1, 1).size / 16
    }

    fn passing(&self, width: usize) -> usize {
        12 * width
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        width + self.shape(width, 1, 1).state_size()
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, _: Option<&Rotation>) -> Tensor<2> {
        let [rows, width] = x.dims();
        let normed = weights.normed(x.clone(), "time_norm");
        let shifted = token_shift::of_sequences(&normed, length);
        let made = Made::new(self, weights, normed, shifted);
        let read = ops::generalised_delta(made.inputs(), self.shape(width, rows / length, length));
        x + made.output(weights, read)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        _: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        let [rows, width] = x.dims();
        let shape = self.shape(width, sequences.len(), rows / sequences.len());
        let normed = weights.normed(x.clone(), "time_norm");
        let shifted = token_shift::of_steps(&normed, SHIFTED, sequences);
        let made = Made::new(self, weights, normed, shifted);
        let sizes = [1, shape.heads, shape.size, shape.size];
        let [state] = Remembered::take(sequences, ["state"], [sizes], &x);
        let (read, state) = ops::generalised_delta_step(made.inputs(), shape, state);
        Remembered::put(sequences, ["state"], [state]);
        x + made.output(weights, read)
    }
}

/// What is made of rows for the rule and after it, each `[rows, width]`.
struct Made {
    reading: Tensor<2>,
    decay: Tensor<2>,
    key: Tensor<2>,
    value: Tensor<2>,
    /// Of length one, head by head.
    removal: Tensor<2>,
    rate: Tensor<2>,
    gate: Tensor<2>,
    /// Width of a head.
    size: usize,
}

impl Made {
    fn new(settings: &Rwkv7, weights: &Scope<'_>, normed: Tensor<2>, shifted: Tensor<2>) -> Self {
        let vector = |name: &str| weights.vector(name).unsqueeze::<2>();
        let change = shifted - normed.clone();
        let seen = |by: &str| normed.clone() + change.clone() * vector(&format!("{by}_shift"));
        let product = |by: &str| ops::linear(seen(by), weights.matrix(by));
        let low = |by: &str, name: &str, between: fn(Tensor<2>) -> Tensor<2>| {
            let inner = ops::linear(seen(by), weights.matrix(&format!("{name}_in")));
            ops::linear(between(inner), weights.matrix(&format!("{name}_out")))
        };
        let same: fn(Tensor<2>) -> Tensor<2> = |inner| inner;
        let decay = sigmoid(low("decay", "decay", Tensor::tanh) + vector("decay_bias"));
        let rate = sigmoid(low("rate", "rate", same) + vector("rate_bias"));
        let mut value = product("value");
        match weights.left(VALUES).filter(|_| settings.mixes_values) {
            Some(first) => {
                let share = sigmoid(low("value", "mixing", same) + vector("mixing_bias"));
                value = value.clone() + (first - value) * share;
            }
            None => weights.leave(VALUES, value.clone()),
        }
        let (key, size) = (product("key"), settings.shape(normed.dims()[1], 1, 1).size);
        let less = (rate.clone() - 1.0) * vector("key_scale");
        Self {
            reading: product("reading"),
            decay: decay.mul_scalar(-(-0.5f64).exp()).exp(),
            removal: of_length_one(key.clone() * vector("removal_scale"), size),
            key: key.clone() + key * less,
            value,
            gate: low("gate", "gate", sigmoid),
            rate,
            size,
        }
    }

    /// As the rule takes them.
    fn inputs(&self) -> [Tensor<2>; 6] {
        let [reading, decay, key, value, removal] =
            [&self.reading, &self.decay, &self.key, &self.value, &self.removal].map(Tensor::clone);
        let written = removal.clone() * self.rate.clone();
        [reading, decay, key, value, removal.neg(), written]
    }

    /// What is added to the stream, of what was read.
    fn output(self, weights: &Scope<'_>, read: Tensor<2>) -> Tensor<2> {
        let ([rows, width], size) = (read.dims(), self.size);
        let heads = width / size;
        let vector = |name: &str| weights.vector(name).unsqueeze::<2>();
        let like = (&read.device(), read.dtype());
        let (gain, bias) = (Tensor::ones([size], like), Tensor::zeros([size], like));
        let by_head = read.reshape([rows * heads, size]);
        let normed = ops::layer_norm(by_head, gain, bias, HEAD_EPSILON).reshape([rows, width]);
        let normed = normed * vector("head_norm") + vector("head_norm_bias");
        let agreement = self.reading * self.key * vector("bonus");
        let agreement = agreement.reshape([rows, heads, size]).sum_dim(2);
        let bonus = (agreement * self.value.reshape([rows, heads, size])).reshape([rows, width]);
        ops::linear((normed + bonus) * self.gate, weights.matrix("time_output"))
    }
}

/// Each head of rows over its length, which counts as 1e-12 at least.
fn of_length_one(rows: Tensor<2>, size: usize) -> Tensor<2> {
    let [count, width] = rows.dims();
    let by_head = rows.reshape([count, width / size, size]);
    let squares = by_head.clone().square().sum_dim(2);
    (by_head / squares.clamp_min(1e-24).sqrt()).reshape([count, width])
}
