//! `triaxis bench instructions`.

use std::fmt;

use clap::Args;
use serde::Serialize;
use triaxis_train::Instructions;

use crate::{Format, output};

/// Arguments of `bench instructions`.
#[derive(Args)]
pub struct List {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints what `--instructions` takes here.
pub fn run(arguments: &List) -> anyhow::Result<()> {
    let available = Available(
        Instructions::available()
            .into_iter()
            .map(Instructions::name)
            .collect(),
    );
    output::print(arguments.format, &available, &available)
}

/// Names of instruction sets, the least first.
#[derive(Serialize)]
struct Available(Vec<&'static str>);

impl fmt::Display for Available {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}
