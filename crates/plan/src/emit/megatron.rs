use std::fmt::Write;

use super::layout::Layout;
use super::{Recipe, Writer};

/// Arguments of `pretrain_gpt.py`.
pub struct Megatron;

impl Megatron {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str = "Megatron-LM: a script that starts `pretrain_gpt.py`";
}

impl Writer for Megatron {
    fn shards_weights(&self) -> bool {
        false
    }

    fn text(&self, recipe: &Recipe) -> String {
        let Recipe { shape, layout, .. } = recipe;
        let header = recipe.header(
            "NVIDIA/Megatron-LM d98e8a64ddf3",
            "set PATHS below, then run this file in Megatron-LM's folder, once a node with NODE_RANK and MASTER_ADDR",
        );
        let per_node = per_node(layout);
        let data = recipe.text.iter().fold(String::new(), |mut data, (name, share)| {
            let _ = write!(data, " {share:.6} \"$DATA/{name}_text_document\"");
            data
        });
        format!(
            r#"#!/usr/bin/env bash
{header}set -euo pipefail

DATA=${{DATA:-data}}                 # default: a folder with what tools/preprocess_data.py made of each text
TOKENIZER=${{TOKENIZER:-tokenizer}}  # default: a folder with a Hugging Face tokenizer
SAVED=${{SAVED:-checkpoints}}

ARGUMENTS=(
  # The model: by the shape of the decided size.
  --num-layers {depth}
  --hidden-size {width}
  --ffn-hidden-size {feed_forward}
  --num-attention-heads {heads}
  --group-query-attention
  --num-query-groups {groups}
  --kv-channels {head}
  --swiglu
  --normalization RMSNorm
  --position-embedding-type rope
  --rotary-base 500000
  --untie-embeddings-and-output-weights
  --disable-bias-linear
  --attention-dropout 0.0
  --hidden-dropout 0.0
  --init-method-std 0.02
  --seq-length {context}
  --max-position-embeddings {context}
  # The run: decided tokens by the batch and learning rate of Step Law.
  --train-iters {steps}
  --global-batch-size {sequences}
  --micro-batch-size 1
  --lr {learning_rate:.4e}
  --min-lr {last_learning_rate:.4e}
  --lr-decay-style cosine
  --lr-decay-iters {steps}
  --lr-warmup-iters {warm_up}
  --seed {seed}
  # The optimiser: defaults of the field.
  --weight-decay 0.1
  --adam-beta1 0.9
  --adam-beta2 0.95
  --adam-eps 1e-8
  --clip-grad 1.0
  --bf16
  # The layout: reckoned for {devices} {device}.
  --tensor-model-parallel-size {tensor}
  --pipeline-model-parallel-size {pipeline}
{sequence_parallel}  --use-distributed-optimizer
  --overlap-grad-reduce
  --overlap-param-gather
  # The text: decided shares of the tokens; paths are defaults.
  --data-path{data}
  --split 99,1,0
  --tokenizer-type HuggingFaceTokenizer
  --tokenizer-model "$TOKENIZER"
  --vocab-size {vocabulary}
  # What is kept and said: defaults.
  --save "$SAVED"
  --load "$SAVED"
  --save-interval {interval}
  --eval-interval {interval}
  --eval-iters 10
  --log-interval 10
)

torchrun --nnodes {nodes} --nproc-per-node {per_node} --node-rank "${{NODE_RANK:-0}}" \
  --master-addr "${{MASTER_ADDR:-localhost}}" --master-port "${{MASTER_PORT:-29500}}" \
  pretrain_gpt.py "${{ARGUMENTS[@]}}"
"#,
            depth = shape.depth,
            width = shape.width,
            feed_forward = shape.feed_forward,
            heads = shape.heads,
            groups = shape.groups,
            head = shape.head(),
            vocabulary = shape.vocabulary,
            context = recipe.context,
            steps = recipe.steps,
            sequences = recipe.sequences,
            learning_rate = recipe.learning_rate,
            last_learning_rate = recipe.last_learning_rate,
            warm_up = recipe.warm_up,
            seed = recipe.seed,
            devices = layout.devices,
            device = recipe.device,
            tensor = layout.tensor,
            pipeline = layout.pipeline,
            // Megatron-LM refuses it where matrices are not shared.
            sequence_parallel = if layout.tensor > 1 {
                "  --sequence-parallel\n"
            } else {
                ""
            },
            interval = recipe.checkpoint_interval,
            nodes = layout.devices / per_node,
        )
    }
}

/// Devices of a node: as many of eight as make whole nodes, and hold whole groups that share a matrix.
fn per_node(layout: &Layout) -> u64 {
    let is_whole = |each: &u64| layout.devices.is_multiple_of(*each) && each.is_multiple_of(layout.tensor);
    (1..=8).rev().find(is_whole).unwrap_or(layout.tensor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_whole() {
        let of = |devices, tensor| {
            per_node(&Layout {
                devices,
                tensor,
                pipeline: 1,
                fits: true,
            })
        };
        assert_eq!(
            [of(12, 1), of(12, 4), of(64, 8), of(4, 2), of(10, 1)],
            [6, 4, 8, 4, 5]
        );
    }
}
