//! The two ways over positions: whole sequences, and those that follow what is remembered.

use burn::tensor::{Tensor, activation::sigmoid};

use super::{Attention, Bias};
use crate::memory::Remembered;
use crate::norm::NormKind;
use crate::ops::{self, AttentionHeads, AttentionWeights, Rotation, Scores};
use crate::weights::Scope;

/// Attention with its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'a> {
    settings: &'a Attention,
    weights: &'a Scope<'a>,
    rotation: Option<&'a Rotation>,
    heads: AttentionHeads,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        settings: &'a Attention,
        weights: &'a Scope<'a>,
        rotation: Option<&'a Rotation>,
        width: usize,
    ) -> Self {
        Self {
            settings,
            weights,
            rotation,
            heads: settings.heads(width),
        }
    }

    /// Whole sequences, `x [batch × length, width]`.
    pub(super) fn mix(self, x: Tensor<2>, length: usize) -> Tensor<2> {
        if self.is_one_operation() {
            let weights = AttentionWeights {
                gain: self.weights.gain("attention_norm"),
                query_key_value: self.weights.matrix("query_key_value"),
                output: self.weights.matrix("attention_output"),
            };
            let epsilon = self.weights.norm().epsilon;
            return ops::attention_half(x, weights, self.heads, length, self.scores(), epsilon);
        }
        let normed = self.weights.normed(x.clone(), "attention_norm");
        let projected = self.project(normed.clone());
        let attended = ops::causal_attention_packed(projected, self.heads, length, self.scores());
        x + self.project_back(attended, normed)
    }

    /// The positions that follow those remembered, `x [sequences × length, width]`.
    pub(super) fn step(self, x: Tensor<2>, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
        let normed = self.weights.normed(x.clone(), "attention_norm");
        let attended = self
            .project(normed.clone())
            .chunk(sequences.len(), 0)
            .into_iter()
            .zip(sequences)
            .map(|(projected, sequence)| attend(projected, self.heads, self.scores(), sequence))
            .collect();
        x + self.project_back(Tensor::cat(attended, 0), normed)
    }

    fn scores(self) -> Scores<'a> {
        Scores {
            rotation: self.rotation,
            limits: self.settings.limits(),
        }
    }

    /// Whether the whole half of the block is one operation: nothing is between its products and attention itself.
    fn is_one_operation(self) -> bool {
        let Attention {
            bias,
            qk_norm,
            output_gate,
            ..
        } = self.settings;
        self.weights.norm().kind != NormKind::Layer && *bias == Bias::None && !qk_norm && !output_gate
    }

    /// The packed queries, keys and values of rows, before they turn.
    fn project(self, normed: Tensor<2>) -> Tensor<2> {
        let mut projected = ops::linear(normed, self.weights.matrix("query_key_value"));
        if self.settings.bias.is_of_inputs() {
            projected = projected + self.weights.vector("query_key_value_bias").unsqueeze();
        }
        if !self.settings.qk_norm {
            return projected;
        }
        let gains = self
            .weights
            .gain("query_key_norm")
            .reshape([2, self.heads.dimension]);
        let epsilon = self.weights.norm().epsilon;
        ops::query_key_norm(projected, gains, self.heads, epsilon)
    }

    /// What is added to the stream.
    fn project_back(self, attended: Tensor<2>, normed: Tensor<2>) -> Tensor<2> {
        let attended = match self.settings.output_gate {
            true => attended * sigmoid(ops::linear(normed, self.weights.matrix("attention_gate"))),
            false => attended,
        };
        let output = ops::linear(attended, self.weights.matrix("attention_output"));
        match self.settings.bias.is_of_output() {
            true => output + self.weights.vector("attention_output_bias").unsqueeze(),
            false => output,
        }
    }
}

/// The attention of some positions of one sequence, `[length, projected]`, over those remembered and themselves, which
/// are then remembered, too.
pub(in crate::mixers) fn attend(
    projected: Tensor<2>,
    heads: AttentionHeads,
    scores: Scores<'_>,
    sequence: &mut Remembered<'_>,
) -> Tensor<2> {
    let length = projected.dims()[0];
    let [queries, keys, values] = heads.split(&projected, length);
    let turned = |part: Tensor<4>| match scores.rotation {
        Some(rotation) => ops::rotary(part, rotation, sequence.position),
        None => part,
    };
    let [queries, keys] = [queries, keys].map(turned);
    // Of those before, the next position sees one less than its window holds.
    let kept = scores.limits.window.map(|window| window - 1);
    let [keys, values] = sequence.extend(["keys", "values"], [keys, values], kept);
    // Turned before they are remembered.
    let scores = Scores {
        rotation: None,
        ..scores
    };
    ops::causal_attention(queries, keys, values, scores).reshape([length, heads.mixed()])
}
