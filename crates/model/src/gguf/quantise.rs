//! Models as GGUF files: which format each tensor gets, and writing them.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use triaxis_blocks::Format;
use triaxis_containers::Planned;
use triaxis_containers::gguf::{self, ALIGNMENT_KEY, Value};

use super::dialects::{self, ARCHITECTURE};
use super::tokenizer::TokenizerFields;
use crate::error::ModelError;
use crate::layouts::Tensor;
use crate::published::PublishedError;
use crate::stack::Stack;
use crate::weights::{self, Group, Weight};

/// The largest number that half precision has, of which scales are.
const LARGEST_HALF: f32 = 65_504.0;

/// The largest that bfloat16 has.
const LARGEST_BFLOAT: f32 = f32::from_bits(0x7f7f_0000);

/// The keys that say which format most matrices are in, and the version of the formats of blocks.
const FILE_TYPE: &str = "general.file_type";
const BLOCKS_VERSION: &str = "general.quantization_version";

/// Numbers that are coded at a time on one thread, about.
const AT_A_TIME: usize = 1 << 18;

/// The formats that a model's weights are wanted in. What is no matrix stays in single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Of the matrices in the blocks.
    pub matrices: Format,
    /// Of the table of tokens, and of the head.
    pub tables: Format,
}

/// What a file holds beside the weights.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The tokenizer.
    pub tokenizer: Option<TokenizerFields>,
    /// What is told of the model, its name and licence among it, by keys that begin with `general.`.
    pub about: BTreeMap<String, Value>,
}

/// The format of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The tensor.
    pub tensor: Planned,
    /// The format that was wanted for it.
    pub wanted: Format,
}

impl Choice {
    /// Matrices in a format, and tables in Q6_K or a better one, as llama.cpp has it: they are few bytes of a large
    /// model, and every token's scores hang on them.
    pub fn of(matrices: Format) -> Self {
        let tables = match matrices {
            Format::Q4_0 | Format::Q4_1 | Format::Q5_0 | Format::Q5_1 | Format::Q4K | Format::Q5K => {
                Format::Q6K
            }
            other => other,
        };
        Self { matrices, tables }
    }
}

/// The format for rows of so many columns in the place of one whose blocks do not divide them: llama.cpp's choice.
fn fallback(wanted: Format, columns: usize) -> Format {
    let smaller = match wanted {
        Format::Q4K => Format::Q5_0,
        Format::Q5K => Format::Q5_1,
        Format::Q6K => Format::Q8_0,
        other => other,
    };
    let fits = |format: &Format| format.row_bytes(columns).is_some();
    let mut formats = [wanted, smaller, Format::F16].into_iter();
    formats.find(fits).unwrap_or(Format::F16)
}

/// A model that is to be written.
struct Plan {
    keys: BTreeMap<String, Value>,
    tensors: Vec<Tensor>,
    extras: Vec<(String, Vec<f32>)>,
    chosen: Vec<Chosen>,
}

/// What is written of a stack, tensor by tensor.
///
/// # Errors
/// When no architecture of GGUF that is known here can say it.
pub fn plan(stack: &Stack, choice: Choice) -> Result<Vec<Chosen>, ModelError> {
    Plan::of(stack, choice).map(|plan| plan.chosen)
}

impl Plan {
    fn of(stack: &Stack, choice: Choice) -> Result<Self, ModelError> {
        let (dialect, keys) = dialects::write(stack)?;
        let tensors = dialects::tensors(dialect, stack)?;
        let extras = dialect.extras(stack);
        let lines = stack.weights().into_iter();
        let groups: BTreeMap<String, Group> = lines.map(|line| (line.name, line.group)).collect();
        let wanted = |tensor: &Tensor| {
            let group = tensor.weights().find_map(|weight| groups.get(weight));
            match (tensor.shape.len(), group) {
                (2, Some(Group::Matrix)) => choice.matrices,
                (2, Some(Group::Embedding | Group::Head)) => choice.tables,
                _ => Format::F32,
            }
        };
        let of_weights = tensors.iter().map(|tensor| {
            let wanted = wanted(tensor);
            let columns = tensor.shape.last().copied().unwrap_or(1);
            let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
            let format = fallback(wanted, columns);
            Chosen {
                tensor: Planned { name, shape, format },
                wanted,
            }
        });
        let of_extras = extras.iter().map(|(name, values)| Chosen {
            tensor: Planned {
                name: name.clone(),
                shape: vec![values.len()],
                format: Format::F32,
            },
            wanted: Format::F32,
        });
        Ok(Self {
            chosen: of_weights.chain(of_extras).collect(),
            keys,
            tensors,
            extras,
        })
    }

    /// The numbers of a tensor.
    fn values(&self, index: usize, weights: &BTreeMap<String, Weight>) -> Vec<f32> {
        match self.tensors.get(index) {
            Some(tensor) => tensor.gather(weights),
            None => self.extras[index - self.tensors.len()].1.clone(),
        }
    }
}

/// Writes a model into a GGUF file, whole or not at all, with what is `beside` it, and tells the format of each tensor.
///
/// # Errors
/// When no architecture of GGUF that is known here can say the stack, the weights are another's or have numbers that the
/// formats cannot code, the tokenizer has more tokens than the stack, or the file cannot be written.
pub fn export(
    path: &Path,
    stack: &Stack,
    weights: &BTreeMap<String, Weight>,
    choice: Choice,
    beside: &Beside,
) -> Result<Vec<Chosen>, PublishedError> {
    let plan = Plan::of(stack, choice)?;
    weights::fit(&stack.weights(), weights)?;
    let mut keys = beside.about.clone();
    keys.extend(plan.keys.clone());
    keys.insert(FILE_TYPE.to_owned(), Value::U32(file_type(choice.matrices)));
    keys.insert(BLOCKS_VERSION.to_owned(), Value::U32(2));
    if let Some(tokenizer) = &beside.tokenizer {
        let (tokens, rows) = (tokenizer.tokens.len(), stack.vocabulary);
        if tokens != rows {
            return Err(PublishedError::input(format!(
                "the tokenizer has {tokens} tokens and the model {rows}: readers of GGUF take a row a token; give the \
                 tokenizer that belongs to the model"
            )));
        }
        keys.extend(tokenizer.keys());
    }
    let tensors: Vec<Planned> = plan.chosen.iter().map(|chosen| chosen.tensor.clone()).collect();
    gguf::write(path, &keys, &tensors, |index| {
        let values = plan.values(index, weights);
        let Planned { name, format, .. } = &tensors[index];
        coded(name, &values, *format)
    })?;
    Ok(plan.chosen)
}

/// Whether a key tells of a model, and not of how its file is made.
pub(super) fn is_about(key: &str) -> bool {
    let of_file = [ARCHITECTURE, ALIGNMENT_KEY, FILE_TYPE, BLOCKS_VERSION];
    key.starts_with("general.") && !of_file.contains(&key)
}

/// Numbers of a tensor as blocks.
fn coded(name: &str, values: &[f32], format: Format) -> Result<Vec<u8>, PublishedError> {
    let most = match format {
        Format::F32 => f32::MAX,
        Format::Bf16 => LARGEST_BFLOAT,
        _ => LARGEST_HALF,
    };
    if let Some(value) = values.iter().find(|value| value.is_nan() || value.abs() > most) {
        return Err(PublishedError::input(format!(
            "the tensor `{name}` holds {value}, which {} cannot code: numbers are from -{most} to {most}; choose another \
             format, or a model whose training did not diverge",
            format.name()
        )));
    }
    let at_a_time = AT_A_TIME.next_multiple_of(format.values());
    let blocks = values.par_chunks(at_a_time).map(|values| {
        let mut blocks = Vec::new();
        format.quantise(values, &mut blocks);
        blocks
    });
    Ok(blocks.collect::<Vec<_>>().concat())
}

/// The number by which llama.cpp names a file whose matrices are in a format.
fn file_type(format: Format) -> u32 {
    match format {
        Format::F32 => 0,
        Format::F16 => 1,
        Format::Q4_0 => 2,
        Format::Q4_1 => 3,
        Format::Q8_0 => 7,
        Format::Q5_0 => 8,
        Format::Q5_1 => 9,
        Format::Q4K => 14,
        Format::Q5K => 16,
        Format::Q6K => 18,
        Format::Bf16 => 32,
    }
}
