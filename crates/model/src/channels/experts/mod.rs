//! A mixture of experts.

mod router;
mod rules;

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use serde::{Deserialize, Serialize};

use self::router::Chooser;
pub use self::router::Router;
use super::{ChannelSpec, SwiGlu};
use crate::between::Load;
use crate::channel::Channel;
use crate::count::product_flops;
use crate::error::ModelError;
use crate::mixer::Place;
use crate::ops::{self, Choice, RouterWeighing, router_scores};
use crate::routes::{LayerRoutes, loads};
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// Gated feed-forward layers of which each token passes those that it chooses, and others that all pass:
/// `x + Σ weight × expert(norm(x)) + shared(norm(x))`, each of them a SwiGLU. No token is dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experts {
    /// Experts that there are, before they are divided.
    pub experts: usize,
    /// How many of them a token chooses.
    pub chosen: usize,
    /// Into how many smaller ones each is divided. As many times more are chosen, so that what there is and what a token
    /// passes stays the same.
    pub granularity: usize,
    /// The inner width of an expert before it is divided. Unless it is given, a token passes about as much in all of its
    /// experts as in a SwiGLU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Experts that all tokens pass besides.
    pub shared: usize,
    /// The inner width of each of these: that of an expert before it is divided unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_inner: Option<usize>,
    /// Whether a token says by how much it wants what those make of it (Qwen3-Next).
    pub shared_gate: bool,
    /// What gives experts their scores.
    pub router: Router,
    /// Whether the scores of those that are chosen are divided by their sum.
    pub renormalised: bool,
    /// What the weights of experts are multiplied by, if by anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Groups of neighbouring experts.
    pub groups: usize,
    /// Of how many groups a token may choose experts.
    pub chosen_groups: usize,
    /// How much of the loss of balance is added to what is trained on.
    pub auxiliary: f64,
    /// How much of the square of the logarithm of the router's sum of exponentials is (ST-MoE, arXiv 2202.08906).
    pub z: f64,
    /// By how much a bias that corrects the choice moves after each step, if there is one (DeepSeek-V3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_rate: Option<f64>,
}

impl Default for Experts {
    fn default() -> Self {
        Self {
            experts: 8,
            chosen: 2,
            granularity: 1,
            inner: None,
            shared: 0,
            shared_inner: None,
            shared_gate: false,
            router: Router::Softmax,
            renormalised: true,
            scale: None,
            groups: 1,
            chosen_groups: 1,
            auxiliary: 0.01,
            z: 0.0,
            bias_rate: None,
        }
    }
}

/// By how much what corrects the choice moves where a published model has it (DeepSeek-V3, section 4.2).
pub(crate) const BIAS_RATE: f64 = 0.001;

/// The name of what corrects the choice.
const ROUTER_BIAS: &str = "router_bias";

/// What a router says of some rows.
struct Routed {
    choice: Arc<Choice>,
    /// What the outputs of experts are multiplied by, `[rows, chosen]`.
    weights: Tensor<2>,
}

impl Experts {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mixture of experts (Shazeer et al. 2017, arXiv 1701.06538): SwiGLUs of which each \
        token passes those with its highest scores, without a limit to their number; balanced by an auxiliary loss \
        (Switch, arXiv 2101.03961; Mixtral, arXiv 2401.04088) or by a bias that moves after each step and changes the \
        choice alone (DeepSeek-V3, arXiv 2412.19437), with shared experts, groups and granularity (DeepSeekMoE, arXiv \
        2401.06066; Krajewski et al. 2024, arXiv 2402.07871). Curves of training have auxiliary losses in them, losses of \
        text have not.";

    /// The inner width of an expert before it is divided.
    pub fn inner(&self, width: usize) -> usize {
        let passed = self.chosen.saturating_add(self.shared).max(1);
        let usual = || {
            SwiGlu::default()
                .inner(width)
                .div_ceil(passed)
                .next_multiple_of(8)
        };
        self.inner.unwrap_or_else(usual)
    }

    /// Experts that a token chooses among.
    pub fn count(&self) -> usize {
        self.experts.saturating_mul(self.granularity)
    }

    /// How many of them it chooses.
    pub fn taken(&self) -> usize {
        self.chosen.saturating_mul(self.granularity)
    }

    /// The inner width of each.
    pub fn expert_inner(&self, width: usize) -> usize {
        self.inner(width) / self.granularity.max(1)
    }

    /// The inner width of all shared experts together, which are one layer.
    pub fn all_shared_inner(&self, width: usize) -> usize {
        let each = self.shared_inner.unwrap_or_else(|| self.inner(width));
        self.shared.saturating_mul(each)
    }

    /// The same experts in other words: each divided as it is, all shared ones as one, and nothing of how they are trained.
    pub(crate) fn said(&self, width: usize) -> Self {
        let (shared_inner, usual) = (self.all_shared_inner(width), Self::default());
        Self {
            scale: self.scale.filter(|scale| *scale != 1.0),
            auxiliary: usual.auxiliary,
            z: usual.z,
            bias_rate: self.bias_rate.map(|_| BIAS_RATE),
            experts: self.count(),
            chosen: self.taken(),
            granularity: 1,
            inner: Some(self.expert_inner(width)),
            shared: self.shared.min(1),
            shared_inner: (self.shared > 0).then_some(shared_inner),
            ..self.clone()
        }
    }

    /// Which experts rows go to, and what they are multiplied by.
    fn route(&self, normed: &Tensor<2>, weights: &Scope<'_>) -> Routed {
        let (experts, chosen) = (self.count(), self.taken());
        let logits = ops::linear_in_single(normed.clone(), weights.matrix("router"));
        let scores = self.scores(&logits);
        let corrections = self.bias_rate.map(|_| {
            let bias = weights.vector(ROUTER_BIAS).into_data();
            bias.iter::<f64>().collect::<Vec<f64>>()
        });
        let chooser = Chooser {
            router: self.router,
            experts,
            chosen,
            groups: [self.groups, self.chosen_groups],
        };
        let choices = chooser.choose(&scores, corrections.as_deref());
        let used = weights
            .routing()
            .routed(weights.layer(), experts, chosen, &choices);
        let given = self.weigh(logits, choices, weights);
        weights.tell(|| LayerRoutes {
            layer: weights.layer(),
            experts,
            chosen,
            choices: used.clone(),
            weights: given.clone().into_data().iter::<f32>().collect(),
            probabilities: shares(&scores, experts),
        });
        Routed {
            choice: Arc::new(Choice::new(experts, chosen, used)),
            weights: given,
        }
    }

    /// The scores of experts, row by row.
    fn scores(&self, logits: &Tensor<2>) -> Vec<f64> {
        let logits: Vec<f64> = logits.clone().into_data().iter::<f64>().collect();
        let mut scores = vec![0.0; logits.len()];
        let rows = logits.chunks_exact(self.count());
        for (logits, scores) in rows.zip(scores.chunks_exact_mut(self.count())) {
            router_scores(self.router.form(), logits.iter().copied(), scores);
        }
        scores
    }

    /// What the outputs of the experts that were chosen are multiplied by. Tells a pass that trains what they were given, and
    /// adds what it costs.
    fn weigh(&self, logits: Tensor<2>, choices: Vec<u32>, weights: &Scope<'_>) -> Tensor<2> {
        let [rows, experts] = logits.dims();
        let (trains, counts) = (weights.trains(), loads(experts, &choices));
        // What experts get of all choices times what the router gives them, one if it is balanced.
        let factor = self.auxiliary * experts as f64 / choices.len() as f64;
        let is_priced = trains && self.auxiliary > 0.0;
        let prices = counts.iter().filter(|_| is_priced);
        let weighing = Arc::new(RouterWeighing {
            form: self.router.form(),
            chosen: self.taken(),
            choices,
            renormalised: self.renormalised,
            scale: self.scale.unwrap_or(1.0),
            prices: prices.map(|&count| count as f64 * factor).collect(),
            z: if trains { self.z } else { 0.0 },
        });
        if let (true, Some(rate)) = (trains, self.bias_rate) {
            weights.load(ROUTER_BIAS, Load { counts, rate });
        }
        let weighed = ops::weigh(logits, &weighing);
        if !weighing.costs() {
            return weighed;
        }
        let chosen = weighing.chosen;
        let costs = weighed.clone().slice_dim(1, chosen..chosen + 1);
        weights.charge(costs.sum().div_scalar(rows as f64));
        weighed.slice_dim(1, 0..chosen)
    }

    /// What the experts make of rows that all pass.
    fn shared(&self, normed: Tensor<2>, weights: &Scope<'_>) -> Tensor<2> {
        let [gate_and_up, down] = ["shared_gate_and_up", "shared_down"].map(|name| weights.matrix(name));
        let made = ops::linear(ops::swiglu(ops::linear(normed.clone(), gate_and_up)), down);
        match self.shared_gate {
            true => made * sigmoid(ops::linear(normed, weights.matrix("shared_gate"))),
            false => made,
        }
    }
}

/// Scores of rows over their sums.
fn shares(scores: &[f64], experts: usize) -> Vec<f32> {
    let rows = scores.chunks_exact(experts);
    rows.flat_map(|row| {
        let sum = row.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        row.iter().map(move |score| (score / sum) as f32)
    })
    .collect()
}

impl Channel for Experts {
    fn numerics(&self) -> u32 {
        2
    }

    fn examples(&self) -> Vec<ChannelSpec> {
        let few = Self {
            experts: 4,
            inner: Some(6),
            ..Self::default()
        };
        let sigmoid = Self {
            chosen: 1,
            granularity: 2,
            shared: 1,
            router: Router::Sigmoid,
            scale: Some(2.5),
            groups: 4,
            chosen_groups: 2,
            bias_rate: Some(0.01),
            ..few.clone()
        };
        let gated = Self {
            inner: None,
            shared: 1,
            shared_inner: Some(3),
            shared_gate: true,
            renormalised: false,
            groups: 2,
            auxiliary: 0.0,
            z: 0.001,
            ..few.clone()
        };
        [few, sigmoid, gated].map(ChannelSpec::Experts).into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        rules::check(self, width)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, experts, inner) = (place.width, self.count(), self.expert_inner(place.width));
        let mut weights = place.norm.weights("feed_forward_norm", width);
        weights.push(WeightSpec {
            group: Group::Router,
            hidden: None,
            ..WeightSpec::matrix("router", [width, experts], 1.0)
        });
        weights.extend(self.bias_rate.map(|_| WeightSpec {
            name: ROUTER_BIAS.to_owned(),
            shape: vec![experts],
            initial: Initial::Constant(0.0),
            group: Group::Balance,
            hidden: None,
        }));
        weights.extend([
            // The gate first.
            WeightSpec::stacked("experts_gate_and_up", [experts, width], &[inner; 2], 1.0),
            WeightSpec::stacked("experts_down", [experts, inner], &[width], place.residual()),
        ]);
        let shared = self.all_shared_inner(width);
        if shared > 0 {
            weights.extend([
                WeightSpec::side_by_side("shared_gate_and_up", width, &[shared; 2], 1.0),
                WeightSpec::matrix("shared_down", [shared, width], place.residual()),
            ]);
        }
        if self.shared_gate {
            // A vector in all but its shape.
            weights.push(WeightSpec {
                hidden: None,
                ..WeightSpec::matrix("shared_gate", [width, 1], 1.0)
            });
        }
        weights
    }

    fn idle(&self, width: usize) -> usize {
        3 * (self.count() - self.taken()) * self.expert_inner(width) * width
    }

    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)> {
        let of_layer = |inner| 3.0 * product_flops(length, width, inner);
        let shared = self.all_shared_inner(width);
        let mut operations = vec![
            ("router", product_flops(length, width, self.count())),
            ("experts", of_layer(self.taken() * self.expert_inner(width))),
        ];
        operations.extend((shared > 0).then(|| ("shared experts", of_layer(shared))));
        operations.extend(
            self.shared_gate
                .then(|| ("shared experts", product_flops(length, width, 1))),
        );
        operations
    }

    fn kept(&self, width: usize) -> usize {
        let shared = 3 * self.all_shared_inner(width) + if self.shared > 0 { width } else { 0 };
        // The rows before and after the norm, what the router says, and what each expert has before its gate.
        3 * width + 4 * self.count() + self.taken() * (4 + 2 * self.expert_inner(width)) + shared
    }

    fn passing(&self, width: usize) -> usize {
        let experts = self.taken() * (2 * width + 4 * self.expert_inner(width));
        experts.max(4 * self.all_shared_inner(width)) + 2 * width
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, _: usize) -> Tensor<2> {
        let normed = weights.normed(x.clone(), "feed_forward_norm");
        let routed = self.route(&normed, weights);
        let [gate_and_up, down] = ["experts_gate_and_up", "experts_down"].map(|name| weights.stacked(name));
        let made = ops::experts(
            x,
            normed.clone(),
            routed.weights,
            gate_and_up,
            down,
            &routed.choice,
        );
        match self.shared > 0 {
            true => made + self.shared(normed, weights),
            false => made,
        }
    }
}
