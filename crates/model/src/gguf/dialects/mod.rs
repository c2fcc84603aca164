//! The registry of the architectures that GGUF files say, and one file for each: which layout a model of it is in, and by
//! which words.

mod fields;
mod gpt2;
mod llama;
mod qwen2;
mod qwen3;
mod rope;
mod transformer;

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde_json::{Map, Value as Json};
use triaxis_containers::gguf::Value;
use triaxis_names::suggestion;

use self::fields::Field;
pub(super) use self::fields::Said;
use crate::error::ModelError;
use crate::layouts::{Config, Layout, Tensor, same};
use crate::mixers::{Attention, MixerSpec};
use crate::stack::Stack;

pub(super) use self::rope::DIVISORS;

/// The key that says the architecture.
pub(super) const ARCHITECTURE: &str = "general.architecture";

/// The head's published name, and that of the table of tokens.
pub(super) const HEAD: &str = "output.weight";
pub(super) const EMBEDDING: &str = "token_embd.weight";

/// Every architecture, in the order in which they are tried for a stack.
const ALL: [&dyn Dialect; 4] = [&llama::Llama, &qwen2::Qwen2, &qwen3::Qwen3, &gpt2::Gpt2];

/// The words in which GGUF says a layout's models: keys for the fields of its config, names for those of its tensors.
///
/// To add one, write a file in `dialects/` with a type that implements this, and add it to [`ALL`]; `tests/model/gguf.rs` then
/// holds it to its obligations.
pub(super) trait Dialect: Debug + Sync {
    /// What [`ARCHITECTURE`] says.
    fn architecture(&self) -> &'static str;

    /// The layout whose config and tensors it says.
    fn layout(&self) -> Layout;

    /// The keys, after the architecture's name, of the fields of the config that are each said by one: Llama's, as all that
    /// follows.
    fn fields(&self) -> &'static [Field] {
        transformer::FIELDS
    }

    /// The fields of the config that other keys and the tensors say.
    ///
    /// # Errors
    /// For the first key that breaks a rule or asks for what is not built.
    fn others(&self, said: &Said) -> Result<Map<String, Json>, ModelError> {
        transformer::others(said)
    }

    /// The keys that say what [`others`](Self::others) reads, of a stack.
    fn keys(&self, stack: &Stack) -> BTreeMap<String, Value> {
        transformer::keys(stack)
    }

    /// Whether the tensor [`DIVISORS`] is read.
    fn has_divisors(&self) -> bool {
        false
    }

    /// Tensors besides those of the layout that say what a stack is, with their values.
    fn extras(&self, _stack: &Stack) -> Vec<(String, Vec<f32>)> {
        Vec::new()
    }

    /// Names of what is not in a layer, without what follows the last dot: here, and in the layout.
    fn around(&self) -> &'static [[&'static str; 2]] {
        transformer::AROUND
    }

    /// The same of what is in a layer, after its number.
    fn within(&self) -> &'static [[&'static str; 2]] {
        transformer::WITHIN
    }

    /// What the layout's names of what is in a layer begin with, before its number.
    fn layers(&self) -> &'static str {
        "model.layers."
    }

    /// A tensor of a layer, under its name here after the layer's number, as it lies in a file.
    fn arranged(&self, _name: &str, tensor: Tensor, _head: usize) -> Tensor {
        tensor
    }
}

/// The dialect of an architecture.
pub(super) fn find(architecture: &str) -> Result<&'static dyn Dialect, ModelError> {
    let found = ALL.iter().find(|dialect| dialect.architecture() == architecture);
    found.copied().ok_or_else(|| {
        let names = || ALL.iter().map(|dialect| dialect.architecture());
        ModelError(format!(
            "`{ARCHITECTURE} = \"{architecture}\"` is not known here: those that are are {}; take a model of one of \
             them{}",
            Vec::from_iter(names()).join(", "),
            suggestion(architecture, names())
        ))
    })
}

/// The stack that a file says, all of whose keys of its architecture are understood.
pub(super) fn read(dialect: &dyn Dialect, said: &Said) -> Result<Stack, ModelError> {
    let mut config = Map::new();
    for field in dialect.fields() {
        if let Some(value) = said.field(field)? {
            config.insert(field.name.to_owned(), value);
        }
    }
    config.insert("vocab_size".to_owned(), said.vocabulary()?.into());
    config.insert("tie_word_embeddings".to_owned(), (!said.has(HEAD)).into());
    config.extend(dialect.others(said)?);
    said.all_are_known()?;
    dialect.layout().stack(&Config::from(config))
}

/// The dialect that can say a stack, and the keys that say it.
///
/// # Errors
/// When none can: why each cannot.
pub(super) fn write(stack: &Stack) -> Result<(&'static dyn Dialect, BTreeMap<String, Value>), ModelError> {
    let mut reasons = Vec::new();
    for dialect in ALL {
        match said(dialect, stack) {
            Ok(keys) => return Ok((dialect, keys)),
            Err(error) => reasons.push(format!("as `{}`: {error}", dialect.architecture())),
        }
    }
    Err(ModelError(format!(
        "no architecture of GGUF that is written here can say this model:\n  {}",
        reasons.join("\n  ")
    )))
}

/// The keys that say a stack, once it is sure that they are read as it.
fn said(dialect: &dyn Dialect, stack: &Stack) -> Result<BTreeMap<String, Value>, ModelError> {
    let config = dialect.layout().config(stack)?;
    let mut keys = BTreeMap::from([(
        ARCHITECTURE.to_owned(),
        Value::Text(dialect.architecture().to_owned()),
    )]);
    let full = |key: &str| format!("{}.{key}", dialect.architecture());
    for field in dialect.fields() {
        if let Some(value) = field.value(&config)? {
            keys.insert(full(field.key), value);
        }
    }
    let own = dialect.keys(stack).into_iter();
    keys.extend(own.map(|(key, value)| (full(&key), value)));
    let tensors = tensors(dialect, stack)?;
    let extras = dialect.extras(stack);
    let shape = |name: &str| {
        let tensor = tensors.iter().find(|tensor| tensor.name == name);
        let extra = extras.iter().find(|(extra, _)| extra == name);
        tensor
            .map(|tensor| tensor.shape.clone())
            .or(extra.map(|(_, values)| vec![values.len()]))
    };
    let divisors = extras.iter().find(|(name, _)| name == DIVISORS);
    let divisors = divisors.map(|(_, values)| values.clone());
    let back = read(
        dialect,
        &Said::new(dialect.architecture(), &keys, &shape, divisors),
    )?;
    same(stack, &back)?;
    Ok(keys)
}

/// The tensors of a stack under the names of a dialect, as they lie in a file.
///
/// # Errors
/// When the stack has some that the dialect has no name for.
pub(super) fn tensors(dialect: &dyn Dialect, stack: &Stack) -> Result<Vec<Tensor>, ModelError> {
    let head = head(stack);
    let tensors = dialect.layout().tensors(stack)?.into_iter();
    let renamed = tensors.map(|tensor| {
        let name = tensor.name.clone();
        let (part, end) = name.rsplit_once('.').unwrap_or((&name, ""));
        let in_layer = part
            .strip_prefix(dialect.layers())
            .and_then(|rest| rest.split_once('.'));
        let named = match in_layer {
            Some((layer, part)) => of(dialect.within(), part).map(|own| {
                let arranged = dialect.arranged(own, tensor, head);
                arranged.named(format!("blk.{layer}.{own}.{end}"))
            }),
            None => of(dialect.around(), part).map(|own| tensor.named(format!("{own}.{end}"))),
        };
        named.ok_or_else(|| {
            ModelError(format!(
                "`{name}` has no name in it; choose another layout, or train a model without it"
            ))
        })
    });
    renamed.collect()
}

/// The name here of a name of the layout.
fn of(names: &[[&'static str; 2]], asked: &str) -> Option<&'static str> {
    let found = names.iter().find(|[_, name]| *name == asked);
    found.map(|[own, _]| *own)
}

/// The attention of a stack, if it has some.
fn attention(stack: &Stack) -> Option<&Attention> {
    stack.blocks.values().find_map(|block| match &block.mixer {
        MixerSpec::Attention(attention) => Some(attention),
        _ => None,
    })
}

/// Coordinates of a head of attention.
fn head(stack: &Stack) -> usize {
    attention(stack).map_or(1, |attention| attention.heads(stack.width).dimension)
}
