//! `triaxis corpus`: text made better before anything is trained on it.

mod compare;
mod curate;
mod inspect;
mod merge;
mod progress;
mod shown;
mod sources;
mod stats;

use clap::Subcommand;

/// What can be done with text.
#[derive(Subcommand)]
pub enum Command {
    /// Keep, edit or drop the documents of sources by a recipe of filters and searches for copies
    Curate(curate::Arguments),
    /// Put the shards of a recipe together, to the output of one process
    Merge(merge::Arguments),
    /// Read documents that were kept or dropped, drawn by reason, with what was measured
    Inspect(inspect::Arguments),
    /// Tell what text is like: how much, how long, how repetitive, how often twice, how much of it new
    Stats(stats::Arguments),
    /// Tell which documents two recipes, or two dialects of a filter, judge differently, and why
    Compare(compare::Arguments),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Curate(arguments) => curate::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
    }
}

/// Says what could not be read, and whether it is so much that it is a warning.
fn say_left_out(told: impl Iterator<Item = (bool, String)>) {
    for (grave, said) in told {
        let said_by = if grave { "warning" } else { "corpus" };
        eprintln!("{said_by:>9}: {said}");
    }
}
