//! The registry of published layouts, and one file for each: how a family's models lie on the disks of those who
//! publish them, read in both directions.

mod canonical;
mod config;
mod deepseek;
mod experts;
mod gpt2;
mod jamba;
mod llama;
mod mamba;
mod mamba2;
mod mistral;
mod mixtral;
mod qwen2;
mod qwen3;
mod qwen3_next;
mod recurrent_gemma;
mod rope;
mod rwkv7;
mod tensor;
mod transformer;
mod zamba2;

use std::fmt::Debug;

use serde_json::{Map, Value, json};
use triaxis_names::suggestion;

pub(crate) use self::canonical::same;
pub use self::config::Config;
pub use self::deepseek::DeepSeek;
pub use self::gpt2::Gpt2;
pub use self::jamba::Jamba;
pub use self::llama::Llama;
pub use self::mamba::Mamba;
pub use self::mamba2::Mamba2;
pub use self::mistral::Mistral;
pub use self::mixtral::Mixtral;
pub use self::qwen2::Qwen2;
pub use self::qwen3::Qwen3;
pub use self::qwen3_next::Qwen3Next;
pub use self::recurrent_gemma::RecurrentGemma;
pub use self::rwkv7::Rwkv7;
pub use self::tensor::Tensor;
pub(crate) use self::tensor::zeros;
pub use self::zamba2::Zamba2;
use crate::block::Block;
use crate::error::ModelError;
use crate::stack::Stack;

triaxis_names::registry! {
    /// A layout that models are published in.
    pub enum Layout as family: Family {
        Llama = "llama",
        Mistral = "mistral",
        Qwen2 = "qwen2",
        Qwen3 = "qwen3",
        Gpt2 = "gpt2",
        Mamba2 = "mamba2",
        DeepSeek = "deepseek",
        Qwen3Next = "qwen3-next",
        Mamba = "mamba",
        Jamba = "jamba",
        Zamba2 = "zamba2",
        RecurrentGemma = "recurrent-gemma",
        Rwkv7 = "rwkv7",
        Mixtral = "mixtral",
    }
}

/// How models of a family are published: a config in words of its own, and tensors under names of its own.
///
/// To add one, write a file in `layouts/` with a type that implements this, and add its line to the registry and a golden
/// file by `tests/golden/layouts.py`; `tests/model/layouts.rs` then holds it to its obligations.
pub(crate) trait Family: Debug + Sync {
    /// The `model_type`s that it is published under; the first one is written.
    fn model_types(&self) -> &'static [&'static str];

    /// The class of transformers that reads it.
    fn class(&self) -> &'static str;

    /// The names of what is around the blocks.
    fn names(&self) -> Names;

    /// The stack that a config means.
    ///
    /// # Errors
    /// For the first field that breaks a rule or asks for what is not built.
    fn read(&self, config: &Config) -> Result<Stack, ModelError>;

    /// The fields of the config that [`read`](Self::read) reads as `stack`, in which every size is said; what it cannot
    /// say of its settings, whoever calls finds out by reading it.
    ///
    /// # Errors
    /// When the stack is of other blocks.
    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError>;

    /// The tensors around the layers of a stack that was read, but for the tables of tokens and the last gain.
    fn around(&self, _stack: &Stack) -> Vec<Tensor> {
        Vec::new()
    }

    /// The tensors of a layer of a stack that was read.
    ///
    /// # Errors
    /// When the block is another.
    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError>;
}

/// Names of published tensors around the blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// What the name of every tensor but the head's begins with, unless the file is of the model without its head.
    pub(crate) prefix: &'static str,
    pub(crate) embedding: &'static str,
    pub(crate) norm: &'static str,
    pub(crate) head: &'static str,
    /// Ends of the names of what older files hold besides, which follows from the config.
    pub(crate) computed: &'static [&'static str],
}

impl Layout {
    /// The layout that a config is in.
    ///
    /// # Errors
    /// When its `model_type` is not known.
    pub fn of(config: &Config) -> Result<Self, ModelError> {
        let asked = config.model_type()?;
        let types = |layout: &Self| layout.family().model_types();
        let found = Self::ALL.iter().find(|layout| types(layout).contains(&asked));
        found.copied().ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().flat_map(types).copied().collect();
            ModelError(format!(
                "`model_type = \"{asked}\"` has no layout here: those that have are {}; take a model of one of them{}",
                known.join(", "),
                suggestion(asked, known.iter().copied())
            ))
        })
    }

    /// The layout of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(name: &str) -> Result<Self, ModelError> {
        let found = Self::ALL.iter().find(|layout| layout.name() == name);
        found.copied().ok_or_else(|| {
            let names = || Self::REGISTRY.iter().map(|entry| entry.name);
            ModelError(format!(
                "`{name}` is no layout: they are {}{}",
                Vec::from_iter(names()).join(", "),
                suggestion(name, names())
            ))
        })
    }

    pub(crate) fn names(self) -> Names {
        self.family().names()
    }

    /// The stack that a config of this layout means.
    ///
    /// # Errors
    /// For the first field that breaks a rule or asks for what is not built.
    pub fn stack(self, config: &Config) -> Result<Stack, ModelError> {
        config.only("quantization_config", Value::Null)?;
        let stack = self.family().read(config)?;
        stack.validate()?;
        config.token("eos_token_id", stack.vocabulary)?;
        Ok(stack)
    }

    /// The config that means a stack.
    ///
    /// # Errors
    /// When this layout cannot say all of it.
    pub fn config(self, stack: &Stack) -> Result<Config, ModelError> {
        let named = |error| ModelError(format!("layout `{}`: {error}", self.name()));
        let family = self.family();
        let mut fields = family.write(&canonical::canonical(stack)).map_err(named)?;
        fields.insert("architectures".to_owned(), json!([family.class()]));
        fields.insert("model_type".to_owned(), json!(family.model_types()[0]));
        fields.insert("torch_dtype".to_owned(), json!("float32"));
        // Left out, they are those of the family's first tokenizer.
        for token in ["bos_token_id", "eos_token_id", "pad_token_id"] {
            fields.insert(token.to_owned(), Value::Null);
        }
        let config = Config::from(fields);
        let read = self.stack(&config).map_err(named)?;
        canonical::same(stack, &read).map_err(named)?;
        Ok(config)
    }

    /// The tensors of a stack that this layout has said or can say.
    ///
    /// # Errors
    /// When it cannot.
    pub fn tensors(self, stack: &Stack) -> Result<Vec<Tensor>, ModelError> {
        let (family, width) = (self.family(), stack.width);
        let (names, stack) = (family.names(), canonical::canonical(stack));
        let table = [stack.vocabulary, width];
        let mut tensors = vec![Tensor::same(names.embedding, "embedding", &table)];
        for (layer, block) in stack.layers().enumerate() {
            tensors.extend(family.layer(layer, block, width)?);
        }
        tensors.extend(family.around(&stack));
        tensors.push(Tensor::same(names.norm, "norm", &[width]));
        tensors.extend((!stack.tied).then(|| Tensor::same(names.head, "head", &table)));
        Ok(tensors)
    }
}
