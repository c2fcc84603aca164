use std::fmt::Write;

use super::{Recipe, Writer};

/// A YAML file of nanotron's `Config`.
pub struct Nanotron;

impl Nanotron {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str = "nanotron: a YAML file for its `run_train.py`";
}

impl Writer for Nanotron {
    fn shards_weights(&self) -> bool {
        false
    }

    fn text(&self, recipe: &Recipe) -> String {
        let Recipe { shape, layout, .. } = recipe;
        let header = recipe.header(
            "huggingface/nanotron 2411b022a75f",
            "torchrun --nproc-per-node 8 run_train.py --config-file THIS_FILE, on every node",
        );
        let mut texts = (String::new(), String::new());
        for (name, share) in &recipe.text {
            let _ = writeln!(texts.0, "      - data/{name}");
            let _ = writeln!(texts.1, "      - {share:.6}");
        }
        let (folders, weights) = texts;
        format!(
            r#"{header}
general:
  project: triaxis
  run: recommended
  seed: {seed}
  ignore_sanity_checks: true # default
model: # by the shape of the decided size
  dtype: bfloat16
  init_method:
    std: 0.02
  make_vocab_size_divisible_by: 1
  model_config:
    is_llama_config: true
    hidden_act: silu
    hidden_size: {width}
    intermediate_size: {feed_forward}
    num_hidden_layers: {depth}
    num_attention_heads: {heads}
    num_key_value_heads: {groups}
    max_position_embeddings: {context}
    vocab_size: {vocabulary} # default
    bos_token_id: 1 # default: as your tokenizer has it
    eos_token_id: 2 # default: as your tokenizer has it
    rms_norm_eps: 1.0e-05
    rope_theta: 500000.0
    tie_word_embeddings: false
    use_cache: true
tokenizer:
  tokenizer_name_or_path: tokenizer # default: yours
tokens: # decided tokens by the batch of Step Law
  sequence_length: {context}
  train_steps: {steps}
  micro_batch_size: 1
  batch_accumulation_per_replica: {turns}
optimizer:
  accumulate_grad_in_fp32: true
  clip_grad: 1.0
  weight_decay: 0.1
  zero_stage: 1
  learning_rate_scheduler: # by Step Law
    learning_rate: {learning_rate:.7}
    lr_warmup_steps: {warm_up}
    lr_warmup_style: linear
    lr_decay_style: cosine
    min_decay_lr: {last_learning_rate:.7}
  optimizer_factory:
    name: adamW
    adam_beta1: 0.9
    adam_beta2: 0.95
    adam_eps: 1.0e-08
    torch_adam_is_fused: true
parallelism: # reckoned for {devices} {device}
  dp: {replicas}
  tp: {tensor}
  pp: {pipeline}
  pp_engine: 1f1b
  tp_mode: REDUCE_SCATTER
  tp_linear_async_communication: true
data_stages: # decided shares of the tokens; folders of datatrove's tokens are defaults
- name: all
  start_training_step: 1
  data:
    seed: {seed}
    num_loading_workers: 1
    dataset:
      dataset_folder:
{folders}      dataset_weights:
{weights}checkpoints:
  checkpoints_path: checkpoints
  checkpoint_interval: {interval}
logging:
  iteration_step_info_interval: 10
"#,
            seed = recipe.seed,
            width = shape.width,
            feed_forward = shape.feed_forward,
            depth = shape.depth,
            heads = shape.heads,
            groups = shape.groups,
            vocabulary = shape.vocabulary,
            context = recipe.context,
            steps = recipe.steps,
            turns = recipe.turns(),
            learning_rate = recipe.learning_rate,
            last_learning_rate = recipe.last_learning_rate,
            warm_up = recipe.warm_up,
            devices = layout.devices,
            device = recipe.device,
            replicas = layout.replicas(),
            tensor = layout.tensor,
            pipeline = layout.pipeline,
            interval = recipe.checkpoint_interval,
        )
    }
}
