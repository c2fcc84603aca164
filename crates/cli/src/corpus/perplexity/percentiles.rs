//! `triaxis corpus perplexity percentiles`.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use triaxis_host::machine;
use triaxis_ngrams::{Bucket, NgramsError, Room, percentile};

use super::{Asked, documents};
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// What is told, in percent.
const TOLD: [f64; 9] = [1.0, 5.0, 10.0, 30.0, 50.0, 60.0, 90.0, 95.0, 99.0];

/// Arguments of `corpus perplexity percentiles`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// A TOML file with `[[sources]]`, as a recipe of `corpus curate` has them: documents like those to be judged
    sources: PathBuf,
    /// Threads; the output is the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the percentiles.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    compute_on(arguments.threads.map_or_else(machine::cores, usize::from))?;
    let judge = arguments.asked.open()?;
    let mut all: Vec<f64> = Vec::new();
    documents::each(&arguments.sources, "scoring", |batch| {
        let scores = batch.par_iter().map_init(Room::default, |room, text| {
            judge.score(text, room).map(|score| score.perplexity())
        });
        all.extend(scores.collect::<Result<Vec<_>, NgramsError>>()?);
        Ok(())
    })?;
    all.par_sort_unstable_by(f64::total_cmp);
    let at = |percent| percentile(&all, percent);
    let [Some(middle), Some(tail)] = Bucket::PERCENTILES.map(at) else {
        let said = format!(
            "{} has no documents: name sources with some",
            arguments.sources.display()
        );
        return Err(Usage(said).into());
    };
    let mut table = Table::new(["percent below", "perplexity"]);
    for percent in TOLD {
        table.row([
            percent.to_string(),
            at(percent).map_or_else(String::new, |value| format!("{value:.1}")),
        ]);
    }
    let told = format!(
        "{table}\n{} documents; for the filter `perplexity` of a recipe: `bucket = \"middle\"`, `cutoffs = [{middle:.1}, \
         {tail:.1}]`",
        all.len()
    );
    let percentiles = TOLD.map(|percent| json!({ "percent": percent, "perplexity": at(percent) }));
    let json = json!({ "documents": all.len(), "cutoffs": [middle, tail], "percentiles": percentiles });
    output::print(arguments.format, &told, &json)
}
