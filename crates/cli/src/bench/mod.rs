//! `triaxis bench`: how fast this machine computes.

mod instructions;
mod size;
mod train;

use clap::Subcommand;

pub use size::setting;

/// What can be measured.
#[derive(Subcommand)]
pub enum Command {
    /// Time training steps of a model of a standard size, and tell where the time goes
    Train(train::Train),
    /// List the instruction sets of this processor, the least first
    Instructions(instructions::List),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Train(arguments) => train::run(arguments),
        Command::Instructions(arguments) => instructions::run(arguments),
    }
}
