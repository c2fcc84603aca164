//! `triaxis study new`: a commented spec for a question.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use triaxis_host::files;
use triaxis_names::suggestion;
use triaxis_study::{EXAMPLES, Example};

use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, output};

/// Arguments of `study new`.
#[derive(Args)]
pub struct New {
    /// What to ask, by its word; left out: the words and what each asks
    #[arg(long, value_name = "WORD")]
    ask: Option<String>,
    /// File to write, `-` for stdout [default: WORD.toml]
    #[arg(long, value_name = "FILE", requires = "ask")]
    out: Option<PathBuf>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Writes the spec asked for, or lists what can be asked.
pub fn write(arguments: &New) -> anyhow::Result<()> {
    let Some(word) = &arguments.ask else {
        return list(arguments.format);
    };
    let known = || EXAMPLES.iter().map(|example| example.word);
    let example = Example::of(word).ok_or_else(|| {
        let known_words: Vec<_> = known().collect();
        Usage(format!(
            "no spec asks `{word}`: the words are {}{}",
            known_words.join(", "),
            suggestion(word, known()),
        ))
    })?;
    let path = arguments
        .out
        .clone()
        .unwrap_or_else(|| format!("{word}.toml").into());
    let name = path.display().to_string();
    if name == "-" {
        write!(std::io::stdout(), "{}", example.text("SPEC"))?;
        return Ok(());
    }
    if path.exists() {
        return Err(Usage(format!("`{name}` is there already: give another name with --out")).into());
    }
    output::are_free(&[&path], &[])?;
    files::replace(&path, example.text(&name).as_bytes())
        .with_context(|| format!("cannot write `{name}`"))?;
    eprintln!(
        "Wrote {name}. Put your own text under `[[corpus.sources]]`, then see what it costs: \
         `triaxis study run {name} --dry-run`"
    );
    Ok(())
}

fn list(format: Format) -> anyhow::Result<()> {
    let all: BTreeMap<_, _> = EXAMPLES
        .iter()
        .map(|example| (example.word, example.about()))
        .collect();
    let mut table = Table::new(["--ask", "question"]);
    for (word, about) in &all {
        table.row([*word, *about].map(String::from));
    }
    output::print(format, &table.to_string().trim_end(), &all)
}
