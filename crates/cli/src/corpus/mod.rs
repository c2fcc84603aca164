//! `triaxis corpus`: text made better before anything is trained on it.

mod classifier;
mod curate;
mod inspect;
mod progress;

use clap::Subcommand;

/// What can be done with text.
#[derive(Subcommand)]
pub enum Command {
    /// Keep, edit or drop the documents of sources by a recipe of filters and searches for copies
    Curate(curate::Arguments),
    /// Train classifiers of quality
    #[command(subcommand)]
    Classifier(classifier::Command),
    /// Read documents that were kept or dropped, drawn by reason, with what was measured
    Inspect(inspect::Arguments),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Curate(arguments) => curate::run(arguments),
        Command::Classifier(command) => classifier::run(command),
        Command::Inspect(arguments) => inspect::run(arguments),
    }
}
