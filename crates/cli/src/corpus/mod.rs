//! `triaxis corpus`: text made better before anything is trained on it.

mod curate;
mod inspect;
mod perplexity;
mod progress;

use clap::Subcommand;

/// What can be done with text.
#[derive(Subcommand)]
pub enum Command {
    /// Keep, edit or drop the documents of sources by a recipe of filters and searches for copies
    Curate(curate::Arguments),
    /// Read documents that were kept or dropped, drawn by reason, with what was measured
    Inspect(inspect::Arguments),
    /// Make models of n-grams, and tell how unlike their text documents are
    #[command(subcommand)]
    Perplexity(perplexity::Command),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Curate(arguments) => curate::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Perplexity(command) => perplexity::run(command),
    }
}
