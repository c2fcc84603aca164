use std::fmt::Write;

use super::{Recipe, Writer};

/// A YAML file of levanter's `TrainLmConfig`.
pub struct Levanter;

impl Levanter {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str = "levanter: YAML for `levanter.main.train_lm`";
}

impl Writer for Levanter {
    fn shards_weights(&self) -> bool {
        true
    }

    fn text(&self, recipe: &Recipe) -> String {
        let Recipe { shape, layout, .. } = recipe;
        let header = recipe.header(
            "stanford-crfm/levanter 9263f81e8b45",
            "python -m levanter.main.train_lm --config_path THIS_FILE, on every host",
        );
        let mut texts = (String::new(), String::new());
        for (name, share) in &recipe.text {
            let _ = writeln!(
                texts.0,
                "    \"{name}\":\n      train_urls:\n        - data/{name}.jsonl.gz"
            );
            let _ = writeln!(texts.1, "    \"{name}\": {share:.6}");
        }
        let (sources, weights) = texts;
        format!(
            r#"{header}
model: # by the shape of the decided size
  type: llama
  seq_len: {context} # default
  hidden_dim: {width}
  intermediate_dim: {feed_forward}
  num_layers: {depth}
  num_heads: {heads}
  num_kv_heads: {groups}
  tie_word_embeddings: false
  gradient_checkpointing: true # default
trainer:
  seed: {seed}
  mp: p=f32,c=bfloat16 # default
  train_batch_size: {sequences} # by Step Law, in sequences
  num_train_steps: {steps} # decided tokens by that batch
  steps_per_eval: {interval} # default
  fsdp_axis: embed
  batch_axis: batch
  tensor_parallel_axes: ["mlp", "heads"]
  model_axis_size: {tensor} # reckoned for {devices} {device}
  checkpointer:
    base_path: checkpoints
optimizer:
  type: adam
  learning_rate: {learning_rate:.7} # by Step Law
  min_lr_ratio: {last_part:.6} # by Step Law
  lr_schedule: cosine
  warmup: {warm_up}
  weight_decay: 0.1 # default
  beta1: 0.9 # default
  beta2: 0.95 # default
  epsilon: 1.0e-08 # default
  max_grad_norm: 1.0 # default
data: # decided shares of the tokens; paths are defaults
  tokenizer: tokenizer # default: yours, of {vocabulary} entries
  cache_dir: cache
  configs:
{sources}  train_weights:
{weights}data_seed: {seed}
"#,
            context = recipe.context,
            width = shape.width,
            feed_forward = shape.feed_forward,
            depth = shape.depth,
            heads = shape.heads,
            groups = shape.groups,
            vocabulary = shape.vocabulary,
            seed = recipe.seed,
            sequences = recipe.sequences,
            steps = recipe.steps,
            interval = recipe.checkpoint_interval,
            tensor = layout.tensor,
            devices = layout.devices,
            device = recipe.device,
            learning_rate = recipe.learning_rate,
            last_part = recipe.last_part(),
            warm_up = recipe.warm_up,
        )
    }
}
