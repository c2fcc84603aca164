use std::fmt::Write;

use super::{Recipe, Writer};

/// A Python module with a function that returns torchtitan's `Trainer.Config`.
pub struct Torchtitan;

impl Torchtitan {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str =
        "torchtitan: a Python module whose `recommended` is a full configuration";
}

impl Writer for Torchtitan {
    fn shards_weights(&self) -> bool {
        true
    }

    fn text(&self, recipe: &Recipe) -> String {
        let Recipe { shape, layout, .. } = recipe;
        let header = recipe.header(
            "pytorch/torchtitan b5bcd76c66d0",
            "MODULE=THIS_MODULE CONFIG=recommended NGPU=8 ./run_train.sh, on every node, with this file on PYTHONPATH",
        );
        let texts = recipe
            .text
            .iter()
            .fold(String::new(), |mut texts, (name, share)| {
                let _ = write!(texts, "{}", text(name, *share));
                texts
            });
        format!(
            r#"{header}
from torchtitan.components.checkpointer import CheckpointManager
from torchtitan.components.data import (
    ConcatThenSplitPackingConfig,
    DatasetMixConfig,
    GrainDataLoader,
    IndexedJsonlSource,
    SingleDatasetConfig,
    WeightedDataset,
)
from torchtitan.components.loss import ChunkedLossWrapper, CrossEntropyLoss
from torchtitan.components.optimizer import default_adamw, LRSchedulersContainer
from torchtitan.config import ParallelismConfig, TrainingConfig
from torchtitan.config.configs import DebugConfig
from torchtitan.distributed.pipeline_parallel import pipeline_llm
from torchtitan.hf_datasets.text_datasets import TextProcessor
from torchtitan.models import llama3
from torchtitan.models.common import ComplexRoPE, Embedding, Linear, RMSNorm
from torchtitan.models.llama3.state_dict_adapter import Llama3StateDictAdapter
from torchtitan.protocols.model_spec import ModelSpec
from torchtitan.trainer import Trainer


def _model() -> llama3.Llama3Model.Config:
    # By the shape of the decided size.
    return llama3.Llama3Model.Config(
        dim={width},
        vocab_size={vocabulary},  # default
        tok_embeddings=Embedding.Config(
            num_embeddings={vocabulary},
            embedding_dim={width},
            param_init=llama3._EMBEDDING_INIT,
        ),
        norm=RMSNorm.Config(
            normalized_shape={width},
            param_init=llama3._NORM_INIT,
        ),
        lm_head=Linear.Config(
            in_features={width},
            out_features={vocabulary},
            param_init=llama3._output_linear_init({width}),
        ),
        layers=llama3._build_llama3_layers(
            n_layers={depth},
            dim={width},
            n_heads={heads},
            n_kv_heads={groups},
            hidden_dim={feed_forward},
            rope=ComplexRoPE.Config(
                dim={head},
                max_context_length={context},
                theta=500000,
            ),
            attn_backend="flex",
        ),
    )


def recommended() -> Trainer.Config:
    return Trainer.Config(
        model_spec=ModelSpec(
            name="llama3",
            flavor="recommended",
            model=_model(),
            parallelize_fn=llama3.parallelize_llama,
            pipelining_fn=pipeline_llm,
            post_optimizer_build_fn=None,
            state_dict_adapter=Llama3StateDictAdapter,
        ),
        hf_assets_path="tokenizer",  # default: yours, of {vocabulary} entries
        loss=ChunkedLossWrapper.Config(
            loss_fn=CrossEntropyLoss.Config(
                global_vocab_size={vocabulary},
            ),
        ),
        optimizer=default_adamw(
            lr={learning_rate:.4e},  # by Step Law
            betas=(0.9, 0.95),  # default
            eps=1e-8,  # default
            weight_decay=0.1,  # default
        ),
        lr_scheduler=LRSchedulersContainer.Config(
            warmup_steps={warm_up},
            decay_type="cosine",
            min_lr_factor={last_part:.6},  # by Step Law
        ),
        training=TrainingConfig(
            max_context_length={context},  # default
            num_tokens_per_microbatch_per_dp_rank={context},
            num_tokens_per_train_step={batch},  # by Step Law
            steps={steps},  # decided tokens by that batch
            max_norm=1.0,  # default
        ),
        parallelism=ParallelismConfig(
            # Reckoned for {devices} {device}; weights are shared among all of them.
            data_parallel_shard_degree={replicas},
            tensor_parallel_degree={tensor},
        ),
        dataloader=GrainDataLoader.Config(
            # Decided shares of the tokens; paths are defaults. Texts are packed before they are mixed, so that
            # weights are of tokens.
            dataset=DatasetMixConfig(
                datasets=(
{texts}                ),
            ),
            seed={seed},
        ),
        checkpoint=CheckpointManager.Config(
            enable=True,
            interval={interval},
        ),
        debug=DebugConfig(
            seed={seed},
        ),
    )
"#,
            width = shape.width,
            vocabulary = shape.vocabulary,
            depth = shape.depth,
            heads = shape.heads,
            groups = shape.groups,
            head = shape.head(),
            feed_forward = shape.feed_forward,
            context = recipe.context,
            learning_rate = recipe.learning_rate,
            last_part = recipe.last_part(),
            warm_up = recipe.warm_up,
            batch = recipe.batch(),
            steps = recipe.steps,
            devices = layout.devices,
            device = recipe.device,
            replicas = layout.replicas(),
            tensor = layout.tensor,
            seed = recipe.seed,
            interval = recipe.checkpoint_interval,
        )
    }
}

fn text(name: &str, share: f64) -> String {
    format!(
        r#"                    WeightedDataset(
                        dataset=ConcatThenSplitPackingConfig(
                            dataset=SingleDatasetConfig(
                                source=IndexedJsonlSource.Config(
                                    patterns=("data/{name}/*.jsonl",),
                                ),
                                processor=TextProcessor.Config(),
                                post_filters=(lambda sample: sample is not None,),
                            ),
                        ),
                        weight={share:.6},
                    ),
"#
    )
}
