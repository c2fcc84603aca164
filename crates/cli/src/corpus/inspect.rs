//! `triaxis corpus inspect`: documents that were kept and dropped, to be read.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use triaxis_curation::{Asked, samples};

use crate::{Format, output};

/// Characters of a document that are shown.
const SHOWN: usize = 400;

/// Arguments of `corpus inspect`.
#[derive(Args)]
pub struct Arguments {
    /// The folder that `corpus curate` wrote
    folder: PathBuf,
    /// Only documents that were dropped for this, as `corpus curate` names it
    #[arg(long)]
    reason: Option<String>,
    /// Documents of each reason at most
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// Draws other ones
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How to print; JSON has whole texts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the documents drawn.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let asked = Asked {
        reason: arguments.reason.clone(),
        count: arguments.count.into(),
        seed: arguments.seed,
    };
    let samples = samples(&arguments.folder, &asked)?;
    let mut told = String::new();
    for document in &samples.dropped {
        let value = (document.value * 1e4).round() / 1e4;
        let _ = write!(
            told,
            "dropped by step {} {}: {} {value}, {}",
            document.step, document.by, document.reason, document.bound
        );
        if let Some(first) = &document.copy_of {
            let _ = write!(told, "; a copy of {first}");
        }
        let _ = writeln!(told, "\n  {}\n{}", document.id, shown(&document.text));
    }
    for document in &samples.kept {
        let _ = writeln!(told, "kept\n  {}\n{}", document.id, shown(&document.text));
    }
    output::print(arguments.format, &told.trim_end(), &samples)
}

/// The beginning of a text, indented, without what a terminal obeys.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    let beginning: String = text.chars().take(SHOWN).collect();
    for line in beginning.lines() {
        let line: String = line
            .chars()
            .map(|sign| if sign.is_control() { ' ' } else { sign })
            .collect();
        let _ = writeln!(shown, "    {}", line.trim_end());
    }
    if text.len() > beginning.len() {
        let _ = writeln!(shown, "    … {} bytes more", text.len() - beginning.len());
    }
    shown
}
