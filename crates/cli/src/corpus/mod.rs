//! `triaxis corpus`: text made better before anything is trained on it.

mod classifier;
mod compare;
mod curate;
mod inspect;
mod merge;
mod perplexity;
mod progress;
mod shown;
mod sources;
mod stats;

use clap::Subcommand;
use triaxis_corpus::{Count, LeftOutBy, SourceSpec, left_out_told};

/// What can be done with text.
#[derive(Subcommand)]
pub enum Command {
    /// Keep, edit or drop the documents of sources by a recipe of filters and searches for copies
    Curate(curate::Arguments),
    /// Put the shards of a recipe together, to the output of one process
    Merge(merge::Arguments),
    /// Train classifiers of quality
    #[command(subcommand)]
    Classifier(classifier::Command),
    /// Read documents that were kept or dropped, drawn by reason, with what was measured
    Inspect(inspect::Arguments),
    /// Tell what text is like: how much, how long, how repetitive, how often twice, how much of it new
    Stats(stats::Arguments),
    /// Tell which documents two recipes, or two dialects of a filter, judge differently, and why
    Compare(compare::Arguments),
    /// Make models of n-grams, and tell how unlike their text documents are
    #[command(subcommand)]
    Perplexity(perplexity::Command),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Curate(arguments) => curate::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
        Command::Classifier(command) => classifier::run(command),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
        Command::Perplexity(command) => perplexity::run(command),
    }
}

/// Says what of sources could not be read, and of how much.
fn say_left_out_of(sources: &[SourceSpec], found: &[Count], left_out: &[LeftOutBy]) {
    for ((source, found), left_out) in sources.iter().zip(found).zip(left_out) {
        let label = format!("source `{}`", source.name());
        say_left_out(left_out_told(label, *found, left_out));
    }
}

/// Says what could not be read, and whether it is so much that it is a warning.
fn say_left_out(told: impl Iterator<Item = (bool, String)>) {
    for (grave, said) in told {
        let said_by = if grave { "warning" } else { "corpus" };
        eprintln!("{said_by:>9}: {said}");
    }
}
