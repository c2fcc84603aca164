//! What families with experts share: names of tensors as most of them have them.

use super::tensor::{Piece, Tensor};
use crate::channels::Experts;

/// The tensors of one layer's experts; what all tokens pass is published under the name `shared`.
pub(super) fn experts(layer: usize, experts: &Experts, width: usize, shared: &str) -> Vec<Tensor> {
    let (count, inner) = (experts.count(), experts.expert_inner(width));
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.{name}");
    let mut tensors = vec![
        Tensor::same(
            theirs("post_attention_layernorm.weight"),
            ours("feed_forward_norm"),
            &[width],
        ),
        Tensor::turned(theirs("mlp.gate.weight"), ours("router"), &[count, width]),
    ];
    tensors.extend(experts.bias_rate.map(|_| {
        let name = theirs("mlp.gate.e_score_correction_bias");
        Tensor::same(name, ours("router_bias"), &[count])
    }));
    for expert in 0..count {
        let of = |name: &str, weight: &str, [rows, columns]: [usize; 2], of_matrix: [usize; 2], first| {
            let piece = Piece::of_matrix(ours(weight), rows, expert, of_matrix, first);
            let name = theirs(&format!("mlp.experts.{expert}.{name}.weight"));
            Tensor::arranged(name, &[rows, columns], true, vec![piece])
        };
        let (into, both) = ([inner, width], [width, 2 * inner]);
        tensors.extend([
            of("gate_proj", "experts_gate_and_up", into, both, 0),
            of("up_proj", "experts_gate_and_up", into, both, inner),
            of("down_proj", "experts_down", [width, inner], [inner, width], 0),
        ]);
    }
    tensors.extend(shared_experts(layer, experts, width, shared));
    tensors
}

/// Those of what all tokens pass, if anything.
fn shared_experts(layer: usize, experts: &Experts, width: usize, shared: &str) -> Vec<Tensor> {
    let inner = experts.all_shared_inner(width);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.mlp.{shared}{name}.weight");
    let mut tensors = Vec::new();
    if inner > 0 {
        let half = |name: &str, first| {
            let piece = Piece::rows(ours("shared_gate_and_up"), inner, 0, first);
            Tensor::arranged(theirs(name), &[inner, width], true, vec![piece])
        };
        tensors.extend([
            half(".gate_proj", 0),
            half(".up_proj", inner),
            Tensor::turned(theirs(".down_proj"), ours("shared_down"), &[width, inner]),
        ]);
    }
    if experts.shared_gate {
        tensors.push(Tensor::turned(theirs("_gate"), ours("shared_gate"), &[1, width]));
    }
    tensors
}
