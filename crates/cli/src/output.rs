//! Results to stdout, as text or JSON.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

use crate::Format;

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
