//! `triaxis bench`: how fast this machine computes, and what models can do.

mod decode;
mod families;
mod infill;
mod instructions;
mod length;
mod probes;
mod size;
mod test_time;
mod train;

use std::path::Path;

use clap::Subcommand;
use triaxis_study::{Library, sealed};
use triaxis_units::Estimate;

pub use probes::results as probe_results;
pub use size::setting;

/// What can be measured.
#[derive(Subcommand)]
pub enum Command {
    /// Time training steps of a model of a standard size, and tell where the time goes
    Train(train::Train),
    /// Measure time, memory and state by the length of what is read: stepping and training, family by family
    Length(length::Length),
    /// Measure how fast a model decodes and reads prompts, beside what the machine's memory gives
    Decode(decode::Decode),
    /// Let models fill gaps of a text, the same ones, and tell how well each does
    Infill(infill::Infill),
    /// Train models on small made-up tasks, and tell which architecture learns what at which size
    Probes(probes::Probes),
    /// Let a model answer problems by strategies of test-time compute, and tell what each is worth and takes
    TestTime(Box<test_time::TestTime>),
    /// List the instruction sets of this processor, the least first
    Instructions(instructions::List),
}

/// The library that keeps what is measured, which is there before hours of measuring.
fn library(folder: &Path) -> anyhow::Result<Library> {
    let library = Library::new(folder);
    library.settle(&mut |error| {
        let said = sealed::set_aside(error)?;
        eprintln!("warning: {said}");
        Ok(())
    })?;
    Ok(library)
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Train(arguments) => train::run(arguments),
        Command::Length(arguments) => length::run(arguments),
        Command::Decode(arguments) => decode::run(arguments),
        Command::Infill(arguments) => infill::run(arguments),
        Command::Probes(arguments) => probes::run(arguments),
        Command::TestTime(arguments) => test_time::run(arguments),
        Command::Instructions(arguments) => instructions::run(arguments),
    }
}

/// A share with its interval.
fn percent(share: Estimate) -> String {
    let value = format!("{:.1}%", 100.0 * share.value);
    match share.interval {
        Some(interval) => format!(
            "{value} [{:.1}, {:.1}]",
            100.0 * interval.low,
            100.0 * interval.high
        ),
        None => value,
    }
}
