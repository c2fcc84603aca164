//! Models in files: those that a study kept, and those that are published in folders and GGUF files.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use triaxis_host::machine;
use triaxis_infer::text;
use triaxis_model::{ArchitectureSpec, Layout, Published, Stack, folder};
use triaxis_units::{Bytes, Params};

use super::beside::Beside;
use super::{Counted, gguf};
use crate::failure::Usage;
use crate::{Format, kept, output};

/// Arguments of `model import`.
#[derive(Args)]
pub struct Import {
    /// A folder with config.json and weights as safetensors in one file or several, or a GGUF file
    model: PathBuf,
    /// The file to write; the model's tokenizer and chat template are written beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `model export`.
#[derive(Args)]
pub struct Export {
    /// The file, as those in the `models` folder of a study's library
    file: PathBuf,
    /// The layout, as `model list` tells, or `gguf`
    #[arg(long, value_name = "NAME")]
    layout: String,
    /// A tokenizer.json to publish with it
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// The folder to write, made if it is not there; for `gguf` the file
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a model in a file or folder is.
#[derive(Serialize)]
struct Described {
    /// How it is published, if it is.
    layout: Option<&'static str>,
    /// What its file is, if it is a GGUF file.
    #[serde(skip_serializing_if = "Option::is_none")]
    gguf: Option<gguf::Described>,
    #[serde(flatten)]
    counted: Counted,
}

/// What was written, and where.
#[derive(Serialize)]
struct Written<'a> {
    path: &'a Path,
    layout: &'static str,
    model: Stack,
    parameters: Params,
    /// What is not there, and why.
    notes: Vec<String>,
}

/// Tells what the model at a path is.
pub(super) fn describe(path: &Path, format: Format) -> anyhow::Result<()> {
    let (layout, gguf, model) = match Published::is_at(path) {
        true => {
            let published = Published::open(path)?;
            let gguf = match &published {
                Published::Gguf(model) => Some(gguf::Described::of(model)?),
                Published::Folder(_) => None,
            };
            let model = ArchitectureSpec::Stack(published.stack().clone());
            (Some(published.layout()), gguf, model)
        }
        false => (None, None, kept::read(path)?.0),
    };
    let context = model.context();
    let described = Described {
        layout,
        gguf,
        counted: Counted::of(model, context),
    };
    let settings = serde_json::to_string(&described.counted.model)?;
    let of_file = described.gguf.as_ref().map(|gguf| format!("{gguf}\n\n"));
    let text = format!(
        "layout                      {}\n{}model                       {settings}\n{}",
        layout.unwrap_or("as a study keeps it"),
        of_file.unwrap_or_default(),
        described.counted
    );
    output::print(format, &text, &described)
}

/// Reads a published model into a file.
pub(super) fn import(arguments: &Import) -> anyhow::Result<()> {
    let Import { model, out, format } = arguments;
    let published = Published::open(model)?;
    let inputs = published.files();
    output::are_free(&[out], &inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    output::are_new(&[out])?;
    let stack = published.stack().clone();
    fits(&stack)?;
    let (beside, notes) = match Beside::of(&published) {
        Ok(beside) => {
            let note = "no tokenizer is published with it: give one by `--tokenizer` where it is needed";
            let notes = beside.names().next().is_none().then(|| note.to_owned());
            (beside, notes.into_iter().collect())
        }
        Err(error) => (
            Beside::default(),
            vec![format!("its tokenizer is not written beside it: {error}")],
        ),
    };
    beside.check(out)?;
    let model = ArchitectureSpec::Stack(stack.clone());
    triaxis_train::save_model(out, &model.into(), &published.weights()?)?;
    beside.write(out)?;
    print(*format, out, published.layout(), stack, notes)
}

/// Publishes the model in a file.
pub(super) fn export(arguments: &Export) -> anyhow::Result<()> {
    let Export {
        file,
        layout,
        tokenizer,
        out,
        format,
    } = arguments;
    if layout == gguf::LAYOUT {
        return gguf::export(file, tokenizer.as_deref(), out, *format);
    }
    let layout = Layout::find(layout).map_err(|error| {
        Usage(format!(
            "`--layout`: {error}; `{}` writes a GGUF file",
            gguf::LAYOUT
        ))
    })?;
    let beside = match tokenizer {
        Some(path) => Beside::tokenizer(&text::tokenizer_at(path)?, text::chat_template_at(path))?,
        None => Beside::kept(file)?,
    };
    let outputs: Vec<PathBuf> = folder::FILES
        .into_iter()
        .chain(beside.names())
        .map(|name| out.join(name))
        .collect();
    let inputs: Vec<&Path> = [file]
        .into_iter()
        .chain(tokenizer)
        .map(PathBuf::as_path)
        .collect();
    let outputs: Vec<&Path> = outputs.iter().map(PathBuf::as_path).collect();
    output::are_apart(&outputs, &inputs)?;
    is_folder(out)?;
    output::are_new(&outputs)?;
    let (model, weights) = kept::read(file)?;
    let stack = model.stack();
    folder::write(out, layout, &stack, &weights)?;
    beside.write(&out.join(folder::FILES[0]))?;
    print(*format, out, layout.name(), stack, Vec::new())
}

/// The rule that a folder is there or can be made: no part of its path is a file.
fn is_folder(out: &Path) -> Result<(), Usage> {
    match out.ancestors().find(|part| part.exists()) {
        Some(file) if !file.is_dir() => Err(Usage(format!(
            "`--out {}`: {} is a file, and a folder is written: name another place",
            out.display(),
            file.display()
        ))),
        _ => Ok(()),
    }
}

/// The rule that a model's weights, and as much again to write them, fit the memory.
pub(super) fn fits(stack: &Stack) -> Result<(), Usage> {
    let needed = Bytes(8 * stack.parameters().total.0);
    match machine::available_memory() {
        Some(available) if available < needed => Err(Usage(format!(
            "{} parameters take {needed} to convert, and {available} of memory are free: close other programs, or use a \
             larger machine",
            stack.parameters().total
        ))),
        _ => Ok(()),
    }
}

fn print(
    format: Format,
    path: &Path,
    layout: &'static str,
    model: Stack,
    notes: Vec<String>,
) -> anyhow::Result<()> {
    let written = Written {
        path,
        layout,
        parameters: model.parameters().total,
        model,
        notes,
    };
    let (path, layout, parameters) = (path.display(), written.layout, written.parameters);
    let text = format!(
        "{path}: {parameters} parameters, layout {layout}{}",
        output::notes(&written.notes)
    );
    output::print(format, &text, &written)
}
