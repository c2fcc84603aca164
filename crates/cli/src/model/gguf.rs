//! GGUF files: what one holds, and writing one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use triaxis_blocks::Format as BlockFormat;
use triaxis_infer::text;
use triaxis_model::gguf::{self, Beside, Choice, Chosen, GgufModel, TokenizerFields};
use triaxis_model::weights::Weight;
use triaxis_model::{Published, Stack};
use triaxis_names::suggestion;
use triaxis_units::{Bytes, Params};

use super::files::fits;
use crate::table::Table;
use crate::{Format, kept, output};

/// The name that stands for GGUF beside those of layouts.
pub(super) const LAYOUT: &str = "gguf";

/// Arguments of `model quantise`.
#[derive(Args)]
pub struct Quantise {
    /// The model: a file that a study kept, a published folder, or a GGUF file
    model: PathBuf,
    /// The format of its matrices: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K
    #[arg(long, value_name = "FORMAT", value_parser = block_format)]
    to: BlockFormat,
    /// The format of the table of tokens and of the head [default: Q6_K, or that of the matrices where it has more bits]
    #[arg(long, value_name = "FORMAT", value_parser = block_format)]
    tables: Option<BlockFormat>,
    /// A tokenizer.json to put into it [default: that of the model, if it has one]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// The GGUF file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A format that an argument names.
fn block_format(name: &str) -> Result<BlockFormat, String> {
    let names = || BlockFormat::ALL.iter().map(|format| format.name());
    let found = BlockFormat::ALL.iter().find(|format| format.name() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = names().collect();
        format!("formats are {}{}", known.join(", "), suggestion(name, names()))
    })
}

/// Tensors of one format.
#[derive(Serialize)]
struct OfFormat {
    format: &'static str,
    tensors: usize,
    numbers: Params,
    bytes: Bytes,
}

/// How much a model's tensors are, by format.
#[derive(Serialize)]
pub(super) struct Formats {
    formats: Vec<OfFormat>,
    bits_a_weight: f64,
}

impl Formats {
    /// Of tensors with their shapes.
    fn of<'a>(tensors: impl Iterator<Item = (BlockFormat, &'a [usize])>) -> Self {
        let mut formats: BTreeMap<BlockFormat, OfFormat> = BTreeMap::new();
        for (format, shape) in tensors {
            let of_format = formats.entry(format).or_insert(OfFormat {
                format: format.name(),
                tensors: 0,
                numbers: Params(0),
                bytes: Bytes(0),
            });
            let numbers = shape.iter().product::<usize>() as u64;
            of_format.tensors += 1;
            of_format.numbers.0 += numbers;
            of_format.bytes.0 += numbers / format.values() as u64 * format.bytes() as u64;
        }
        let formats: Vec<OfFormat> = formats.into_values().collect();
        let sum = |of: &dyn Fn(&OfFormat) -> u64| formats.iter().map(of).sum::<u64>() as f64;
        let bits_a_weight = 8.0 * sum(&|format| format.bytes.0) / sum(&|format| format.numbers.0);
        Self {
            formats,
            bits_a_weight,
        }
    }
}

impl fmt::Display for Formats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["format", "tensors", "numbers", "bytes"]);
        for OfFormat {
            format,
            tensors,
            numbers,
            bytes,
        } in &self.formats
        {
            table.row([
                (*format).to_owned(),
                tensors.to_string(),
                numbers.to_string(),
                bytes.to_string(),
            ]);
        }
        write!(formatter, "{table}bits a weight  {:.2}", self.bits_a_weight)
    }
}

/// What is told of a tokenizer.
#[derive(Serialize)]
struct OfTokenizer {
    kind: String,
    split: Option<String>,
    tokens: usize,
    has_chat_template: bool,
}

/// What a GGUF file is, besides the model in it.
#[derive(Serialize)]
pub(super) struct Described {
    version: u32,
    files: usize,
    #[serde(flatten)]
    formats: Formats,
    tokenizer: Option<OfTokenizer>,
}

impl Described {
    pub(super) fn of(model: &GgufModel) -> anyhow::Result<Self> {
        let gguf = model.gguf();
        let tokenizer = model.tokenizer()?.map(|fields| OfTokenizer {
            kind: fields.model,
            split: fields.pre,
            tokens: fields.tokens.len(),
            has_chat_template: fields.chat_template.is_some(),
        });
        Ok(Self {
            version: gguf.version(),
            files: gguf.files().len(),
            formats: Formats::of(gguf.tensors().map(|tensor| (tensor.format, &tensor.shape[..]))),
            tokenizer,
        })
    }
}

impl fmt::Display for Described {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokenizer = self.tokenizer.as_ref().map_or_else(
            || "none".to_owned(),
            |tokenizer| {
                let split = tokenizer
                    .split
                    .as_ref()
                    .map(|split| format!(", split as `{split}`"));
                let template = if tokenizer.has_chat_template {
                    ", with a chat template"
                } else {
                    ""
                };
                let (kind, tokens) = (&tokenizer.kind, tokenizer.tokens);
                format!("`{kind}`{}, {tokens} tokens{template}", split.unwrap_or_default())
            },
        );
        writeln!(
            formatter,
            "file                        GGUF version {}",
            self.version
        )?;
        writeln!(formatter, "tokenizer                   {tokenizer}\n")?;
        write!(formatter, "{}", self.formats)
    }
}

/// A file that was written.
#[derive(Serialize)]
struct Written<'a> {
    path: &'a Path,
    layout: &'static str,
    parameters: Params,
    #[serde(flatten)]
    formats: Formats,
    /// What is not in the format that was asked for, and why.
    notes: Vec<String>,
}

/// A model, whatever it is in, with what is beside it.
struct Read {
    stack: Stack,
    weights: BTreeMap<String, Weight>,
    beside: Beside,
}

/// Writes a model into a GGUF file.
pub(super) fn quantise(arguments: &Quantise) -> anyhow::Result<()> {
    let Quantise {
        model,
        to,
        tables,
        tokenizer,
        out,
        format,
    } = arguments;
    let usual = Choice::of(*to);
    let choice = Choice {
        tables: tables.unwrap_or(usual.tables),
        ..usual
    };
    let mut read = match Published::is_at(model) {
        true => published(model, out)?,
        false => kept_model(model, out)?,
    };
    read.put(tokenizer.as_deref())?;
    write(*format, out, &read, choice, tables.is_none())
}

/// Publishes a model that a study kept as a GGUF file, every number as it is.
pub(super) fn export(
    file: &Path,
    tokenizer: Option<&Path>,
    out: &Path,
    format: Format,
) -> anyhow::Result<()> {
    let mut read = kept_model(file, out)?;
    read.put(tokenizer)?;
    write(format, out, &read, Choice::of(BlockFormat::F32), true)
}

impl Read {
    /// Puts a tokenizer beside the model, in the place of its own.
    fn put(&mut self, path: Option<&Path>) -> anyhow::Result<()> {
        let Some(path) = path else {
            return Ok(());
        };
        self.beside.tokenizer = Some(fields(path)?);
        Ok(())
    }
}

fn published(path: &Path, out: &Path) -> anyhow::Result<Read> {
    let published = Published::open(path)?;
    let inputs = published.files();
    output::are_free(&[out], &inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    output::are_new(&[out])?;
    fits(published.stack())?;
    let beside = match &published {
        Published::Gguf(model) => model.beside()?,
        Published::Folder(folder) => Beside {
            tokenizer: folder.tokenizer().map(|path| fields(&path)).transpose()?,
            ..Beside::default()
        },
    };
    Ok(Read {
        stack: published.stack().clone(),
        weights: published.weights()?,
        beside,
    })
}

/// The tokenizer in a `tokenizer.json`, and the chat template beside it, as a GGUF file's keys say them.
fn fields(path: &Path) -> anyhow::Result<TokenizerFields> {
    let mut fields = text::fields(&text::tokenizer_at(path)?)?;
    if fields.chat_template.is_none() {
        fields.chat_template = text::chat_template_at(path);
    }
    Ok(fields)
}

fn kept_model(path: &Path, out: &Path) -> anyhow::Result<Read> {
    output::are_free(&[out], &[path])?;
    output::are_new(&[out])?;
    let (model, weights) = kept::read(path)?;
    let tokenizer = kept::tokenizer(path).map(|path| fields(&path)).transpose()?;
    Ok(Read {
        stack: model.stack(),
        weights,
        beside: Beside {
            tokenizer,
            ..Beside::default()
        },
    })
}

fn write(format: Format, out: &Path, read: &Read, choice: Choice, is_usual: bool) -> anyhow::Result<()> {
    let Read {
        stack,
        weights,
        beside,
    } = read;
    let chosen = gguf::export(out, stack, weights, choice, beside)?;
    let mut notes = notes(&chosen);
    if is_usual && choice.tables != choice.matrices {
        let tables = choice.tables.name();
        notes.push(format!(
            "the table of tokens and the head are wanted in {tables}, on which every token's scores hang; `--tables` \
             chooses another format"
        ));
    }
    if beside.tokenizer.is_none() {
        notes.push(
            "it holds no tokenizer, since there is none beside the model; llama.cpp takes no file without: `--tokenizer` \
             gives one"
                .to_owned(),
        );
    }
    let tensors = chosen.iter().map(|chosen| &chosen.tensor);
    let written = Written {
        path: out,
        layout: LAYOUT,
        parameters: stack.parameters().total,
        formats: Formats::of(tensors.map(|tensor| (tensor.format, &tensor.shape[..]))),
        notes,
    };
    let notes = output::notes(&written.notes);
    let (path, parameters) = (out.display(), written.parameters);
    let text = format!("{path}: {parameters} parameters\n{}{notes}", written.formats);
    output::print(format, &text, &written)
}

/// What is not in the format that was wanted for it, and why.
fn notes(chosen: &[Chosen]) -> Vec<String> {
    let mut others: BTreeMap<(BlockFormat, BlockFormat, usize), usize> = BTreeMap::new();
    for Chosen { tensor, wanted } in chosen
        .iter()
        .filter(|chosen| chosen.tensor.format != chosen.wanted)
    {
        let columns = tensor.shape.last().copied().unwrap_or(1);
        *others.entry((*wanted, tensor.format, columns)).or_default() += 1;
    }
    let note = |((wanted, found, columns), count): ((BlockFormat, BlockFormat, usize), usize)| {
        let tensors = if count == 1 {
            "1 tensor is".to_owned()
        } else {
            format!("{count} tensors are")
        };
        format!(
            "{tensors} in {} and not in {}, whose blocks of {} numbers do not divide rows of {columns}",
            found.name(),
            wanted.name(),
            wanted.values()
        )
    };
    others.into_iter().map(note).collect()
}
