//! Results to stdout, as text or JSON.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Format;
use crate::failure::Usage;

/// Prints `text` or `json`, as `format` says.
pub fn print(format: Format, text: &impl Display, json: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Text => writeln!(out, "{text}")?,
        Format::Json => {
            // As an error of the pipe, so that a closed one is known as such.
            serde_json::to_writer_pretty(&mut out, json).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Refuses to write over a file that the same command reads, under whatever name.
pub fn is_no_input<'p>(output: &Path, inputs: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), Usage> {
    match inputs
        .into_iter()
        .find(|input| triaxis_host::files::is_same(output, input))
    {
        Some(input) => Err(Usage(format!(
            "`{}` would be written over the input `{}`: give the result another name",
            output.display(),
            input.display()
        ))),
        None => Ok(()),
    }
}
