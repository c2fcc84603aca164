//! `triaxis corpus perplexity train`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use triaxis_host::machine;
use triaxis_ngrams::{LONGEST, Settings, Stage, Trained, Trainer};
use triaxis_units::Bytes;

use super::{Split, documents};
use crate::progress::Advance;
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// Arguments of `corpus perplexity train`.
#[derive(Args)]
pub struct Arguments {
    /// A TOML file with `[[sources]]`, as a recipe of `corpus curate` has them
    sources: PathBuf,
    /// The ARPA file to write, compressed if its name ends in `.gz`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Words of the longest n-grams
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=LONGEST as i64))]
    order: u8,
    /// Leave out n-grams that stand in the text no more often than this, by length: 0, 0, then of longer ones
    #[arg(long, value_name = "COUNTS", value_delimiter = ',')]
    prune: Vec<u64>,
    /// What is held while n-grams are sorted; the rest is on the disk beside the output
    #[arg(long, value_name = "BYTES", default_value = "1GiB")]
    memory: Bytes,
    #[command(flatten)]
    split: Split,
    /// Threads; the output is the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Trains, and prints what the model holds.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    output::are_free(&[&arguments.out], &[&arguments.sources])?;
    compute_on(arguments.threads.map_or_else(machine::cores, usize::from))?;
    let settings = Settings {
        order: arguments.order.into(),
        units: arguments.split.units()?.unwrap_or_default(),
        tokenizer: arguments.split.tokenizer.clone(),
        prune: arguments.prune.clone(),
        memory: arguments.memory,
    };
    let mut trainer = Trainer::new(settings, &arguments.out)?;
    documents::each(&arguments.sources, "counting", |batch| Ok(trainer.add(batch)?))?;
    let mut shown = Advance::new("estimate");
    let trained = trainer.finish(&mut |stage, done, all| {
        let stages = match stage {
            Stage::Adjust => 0.0,
            Stage::Share => 1.0,
            Stage::Interpolate => 2.0,
        };
        let fraction = (stages + done as f64 / all.max(1) as f64) / 3.0;
        if fraction > 0.0 {
            shown.show(fraction.min(1.0), "");
        }
    })?;
    drop(shown);
    let estimates = trained.estimates.iter().map(|estimate| {
        json!({ "count": estimate.count, "discounts": estimate.discounts, "is_told": estimate.is_told })
    });
    let json = json!({
        "file": arguments.out,
        "sentences": trained.sentences,
        "words": trained.words,
        "unknown": trained.unknown,
        "estimates": estimates.collect::<Vec<_>>(),
    });
    output::print(arguments.format, &told(&trained, arguments).trim_end(), &json)
}

/// A table of lengths.
fn told(trained: &Trained, arguments: &Arguments) -> String {
    let mut lengths = Table::new(["words", "n-grams", "D1", "D2", "D3+"]);
    for (length, estimate) in (1..).zip(&trained.estimates) {
        let [once, twice, more] = estimate.discounts.map(|discount| format!("{discount:.4}"));
        lengths.row([length.to_string(), estimate.count.to_string(), once, twice, more]);
    }
    let mut told = format!("{lengths}\n");
    let few: Vec<String> = (1..)
        .zip(&trained.estimates)
        .filter(|(_, estimate)| !estimate.is_told)
        .map(|(length, _): (usize, _)| length.to_string())
        .collect();
    if !few.is_empty() {
        let _ = writeln!(
            told,
            "Of n-grams of {} words there are too few to tell their discounts, which are those of lmplz's \
             `--discount_fallback`; take more text",
            few.join(", ")
        );
    }
    let Trained {
        sentences,
        words,
        unknown,
        ..
    } = trained;
    let _ = writeln!(
        told,
        "{words} words of {sentences} lines are in {}, {unknown} of them as unknown",
        arguments.out.display()
    );
    told
}
