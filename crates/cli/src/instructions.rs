//! The choice of instruction sets.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use triaxis_train::Instructions;

use crate::failure::Usage;

/// The argument of every command that trains.
#[derive(Default, Args)]
pub struct Choice {
    /// Best instruction set to use, in place of what TRIAXIS_INSTRUCTIONS names [default: this processor's best]
    #[arg(long, value_name = "NAME", value_parser = parser())]
    instructions: Option<Instructions>,
}

impl Choice {
    /// Makes the kernels of this process use what was chosen, by the argument or else by the variable.
    ///
    /// # Errors
    /// When the processor lacks it; the message says what it has.
    pub fn apply(&self) -> Result<(), Usage> {
        match self.instructions {
            Some(chosen) => chosen
                .make_default()
                .map_err(|error| Usage(format!("`--instructions`: {error}"))),
            None => check_environment(),
        }
    }
}

/// Refuses a variable that names what cannot be used.
///
/// # Errors
/// As [`Choice::apply`].
pub fn check_environment() -> Result<(), Usage> {
    match Instructions::of_environment() {
        Ok(_) => Ok(()),
        Err(error) => Err(Usage(format!("{}: {error}", Instructions::VARIABLE))),
    }
}

fn parser() -> impl TypedValueParser<Value = Instructions> {
    PossibleValuesParser::new(Instructions::ALL.map(Instructions::name))
        .map(|name| name.parse().expect("only names of instruction sets are possible"))
}
