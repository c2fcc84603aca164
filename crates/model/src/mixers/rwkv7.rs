use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use crate::channels::{ChannelSpec, Rwkv7Channel};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::is_default;
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::ops::{self, Activation, Rotation, Rwkv7Shape};
use crate::token_shift::Shifted;
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

/// What the rows of the position before are remembered under.
const SHIFTED: &str = "shift";

/// What values are left under for later layers.
const VALUES: &str = "rwkv7_values";

/// What is made of the stream and of the position before, in the order of their shares.
const SEEN_BY: [&str; 6] = ["reading", "decay", "key", "value", "rate", "gate"];

/// What the operation between the products takes beside the rows, in its order.
const VECTORS: [&str; 7] = [
    "decay_bias",
    "rate_bias",
    "removal_scale",
    "key_scale",
    "bonus",
    "head_norm",
    "head_norm_bias",
];

impl Rwkv7 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RWKV-7's time mix (Peng et al. 2025, arXiv 2503.14456): S[t] = diag(w) S[t-1] - \
        (q a) (q' S[t-1]) + k v', y[t] = r' S[t], with r, w, k, v, a and a gate each of another share of the \
        normalised stream and of that of the position before; w = exp(-exp(-1/2) sigmoid(..)) of each key, q a key of \
        length one, a = sigmoid(..) its rate, k scaled by it, v mixed with that of an earlier layer; w, a, that share \
        and the gate by products of low rank; y normalised a head, with a bonus (r u k) v, gated and projected back. \
        It remembers one state a head and one row, whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> Rwkv7Shape {
        let size = self.head_dim.unwrap_or_else(|| usual_head(width, 1));
        Rwkv7Shape {
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

    /// The stream with what is made of its normalised rows: `between` is what lies between the products.
    fn mixed(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        shifted: &Shifted,
        between: impl FnOnce([Tensor<2>; 6], Tensor<1>) -> Tensor<2>,
    ) -> Tensor<2> {
        let seen = |by: &str| shifted.seen(weights.vector(&format!("{by}_shift")));
        let product = |rows: Tensor<2>, name: &str| ops::linear(rows, weights.matrix(name));
        let low = |rows: Tensor<2>, name: &str, activation: Option<Activation>| {
            let inner = product(rows, &format!("{name}_in"));
            let inner = match activation {
                Some(activation) => ops::activation(inner, activation),
                None => inner,
            };
            product(inner, &format!("{name}_out"))
        };
        let [reading, decay, key, value, rate, gate] = SEEN_BY.map(seen);
        let mut own = product(value.clone(), "value");
        match weights.left(VALUES).filter(|_| self.mixes_values) {
            Some(first) => {
                let share = low(value, "mixing", None);
                own = ops::sigmoid_mix(own, first, share, weights.vector("mixing_bias"));
            }
            None => weights.leave(VALUES, own.clone()),
        }
        let rows = [
            product(reading, "reading"),
            low(decay, "decay", Some(Activation::Tanh)),
            product(key, "key"),
            own,
            low(rate, "rate", None),
            low(gate, "gate", Some(Activation::Sigmoid)),
        ];
        let vectors = Tensor::cat(VECTORS.map(|name| weights.vector(name)).into(), 0);
        x + product(between(rows, vectors), "time_output")
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
        2
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
            hidden: None,
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
        // The normalised rows, six that are seen, as many that are made of them, what the rule gets of its own and what it
        // reads, the output, the ranks before and after their nonlinearities, and a state for 16 positions.
        let ranks = self.low_ranks(width).into_iter();
        22 * width
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
        let shape = self.shape(width, rows / length, length);
        let shifted = Shifted::of_sequences(weights.normed(x.clone(), "time_norm"), length);
        self.mixed(x, weights, &shifted, |rows, vectors| {
            ops::rwkv7_mix(rows, vectors, shape)
        })
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
        let shifted = Shifted::of_steps(weights.normed(x.clone(), "time_norm"), SHIFTED, sequences);
        self.mixed(x, weights, &shifted, |rows, vectors| {
            let sizes = [1, shape.heads, shape.size, shape.size];
            let [state] = Remembered::take(sequences, ["state"], [sizes], &rows[0]);
            let (read, state) = ops::rwkv7_step(rows, vectors, shape, state);
            Remembered::put(sequences, ["state"], [state]);
            read
        })
    }
}
