//! `triaxis corpus merge`: the shards of a recipe, put together.

use std::path::PathBuf;

use clap::Args;
use triaxis_curation::merge;

use super::curate::Common;

/// Arguments of `corpus merge`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    all: Common,
    /// The folders that `corpus curate --shard` wrote, all of them
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
}

/// Puts shards together, and prints what each step did.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let shards = &arguments.shards;
    arguments
        .all
        .run(|recipe, base, out, progress| merge(recipe, base, shards, out, progress))
}
