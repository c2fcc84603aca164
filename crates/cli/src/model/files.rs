//! Models in files: those that a study kept, and those that are published in folders.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use triaxis_host::machine;
use triaxis_model::{ArchitectureSpec, Folder, Layout, Stack, folder};
use triaxis_units::{Bytes, Params};

use super::Counted;
use crate::failure::Usage;
use crate::{Format, output};

/// Arguments of `model import`.
#[derive(Args)]
pub struct Import {
    /// The folder: config.json, and weights as safetensors in one file or several
    folder: PathBuf,
    /// The file to write
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
    /// The layout, as `model list` tells
    #[arg(long, value_name = "NAME")]
    layout: String,
    /// The folder to write, made if it is not there
    #[arg(long, value_name = "FOLDER")]
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
}

/// Tells what the model at a path is.
pub(super) fn describe(path: &Path, format: Format) -> anyhow::Result<()> {
    let (layout, model) = match path.is_dir() {
        true => {
            let folder = Folder::open(path)?;
            let model = ArchitectureSpec::Stack(folder.stack().clone());
            (Some(folder.layout().name()), model)
        }
        false => (None, triaxis_train::check_model(path)?),
    };
    let context = model.context();
    let described = Described {
        layout,
        counted: Counted::of(model, context),
    };
    let settings = serde_json::to_string(&described.counted.model)?;
    let text = format!(
        "layout                      {}\nmodel                       {settings}\n{}",
        layout.unwrap_or("as a study keeps it"),
        described.counted
    );
    output::print(format, &text, &described)
}

/// Reads a published model into a file.
pub(super) fn import(arguments: &Import) -> anyhow::Result<()> {
    let Import { folder, out, format } = arguments;
    let published = Folder::open(folder)?;
    let inputs = published.files();
    output::are_free(&[out], &inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let stack = published.stack().clone();
    fits(&stack)?;
    let model = ArchitectureSpec::Stack(stack.clone());
    triaxis_train::save_model(out, &model, &published.weights()?)?;
    print(*format, out, published.layout(), stack)
}

/// Publishes the model in a file.
pub(super) fn export(arguments: &Export) -> anyhow::Result<()> {
    let Export {
        file,
        layout,
        out,
        format,
    } = arguments;
    let layout = Layout::find(layout).map_err(|error| Usage(format!("`--layout`: {error}")))?;
    let outputs = folder::FILES.map(|name| out.join(name));
    output::are_apart(&outputs.each_ref().map(PathBuf::as_path), &[file])?;
    let (model, weights) = triaxis_train::read_model(file)?;
    let stack = model.stack();
    folder::write(out, layout, &stack, &weights)?;
    print(*format, out, layout, stack)
}

/// The rule that a model's weights, and as much again to write them, fit the memory.
fn fits(stack: &Stack) -> Result<(), Usage> {
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

fn print(format: Format, path: &Path, layout: Layout, model: Stack) -> anyhow::Result<()> {
    let written = Written {
        path,
        layout: layout.name(),
        parameters: model.parameters().total,
        model,
    };
    let (path, layout, parameters) = (path.display(), written.layout, written.parameters);
    let text = format!("{path}: {parameters} parameters, layout {layout}");
    output::print(format, &text, &written)
}
