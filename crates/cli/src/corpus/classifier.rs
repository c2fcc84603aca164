//! `triaxis corpus classifier`: classifiers of quality, for the filter of that name.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use triaxis_classifiers::quality::{Class, Examples, GOOD, Settings, Trained, train};
use triaxis_corpus::{Count, Documents, LongDocuments, Reading, SourceSpec};
use triaxis_host::{files, machine};
use triaxis_units::{Bytes, Estimate};

use super::say_left_out_of;
use super::sources::{kind, of_kind};
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// Longer documents are cut, as in a recipe.
const LONGEST: Bytes = Bytes(1 << 20);

/// What can be done with classifiers.
#[derive(Subcommand)]
pub enum Command {
    /// Train a classifier on good and bad texts, and tell how well it does on ones that it never saw
    ///
    /// The classifier is a file of fastText's, on words and pairs of words, with calibrated probabilities: for the filter
    /// `quality` of a recipe, and for any other program that reads such files. A tenth of the texts calibrates it and a
    /// fifth measures it. Copies count once, and texts that are good and bad count for nothing; near copies are for
    /// `corpus curate` to remove before.
    Train(Train),
}

/// Arguments of `corpus classifier train`.
#[derive(Args)]
pub struct Train {
    /// Good texts: files or quoted patterns; JSON lines by `.jsonl` in the name, `.parquet`, or else a text each
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    good: Vec<String>,
    /// Bad ones, such as a sample of the text that is to be filtered
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    bad: Vec<String>,
    /// The field of JSON lines or column of Parquet files that holds the text
    #[arg(long, default_value = "text")]
    field: String,
    /// File for the classifier
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also tell the threshold that keeps this share of texts like the bad ones
    #[arg(long, value_name = "SHARE")]
    keep: Option<f64>,
    /// Draws other texts to measure with, and another order
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Most times that each text is learnt from
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    epochs: u32,
    /// Threads; the classifier is the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Train(arguments) = command;
    let threads = arguments.threads.map_or_else(machine::cores, usize::from);
    compute_on(threads)?;
    let out = &arguments.out;
    let unwritable = || {
        format!(
            "cannot write the classifier to `{}`; name another place",
            out.display()
        )
    };
    files::can_replace(out).with_context(unwritable)?;
    let mut examples = Examples::default();
    for (class, name, patterns) in [
        (Class::Good, "good", &arguments.good),
        (Class::Bad, "bad", &arguments.bad),
    ] {
        read(&sources(name, patterns, &arguments.field)?, class, &mut examples)?;
    }
    let settings = Settings {
        seed: arguments.seed,
        epochs: arguments.epochs,
        ..Settings::default()
    };
    let trained = train(examples, &settings)?;
    let threshold = arguments
        .keep
        .map(|keep| trained.shares.threshold(keep, out))
        .transpose()?;
    files::replace(out, &trained.file).with_context(unwritable)?;
    let Trained { counts, measured, .. } = &trained;
    let json = json!({
        "counts": counts, "words": trained.words, "epochs": trained.epochs, "measured": measured,
        "keep": arguments.keep, "threshold": threshold,
    });
    let told = told(&trained, arguments.keep.zip(threshold), out);
    output::print(arguments.format, &told.trim_end(), &json)
}

/// Patterns as sources, by what the names of their files end in.
fn sources(name: &str, patterns: &[String], field: &str) -> anyhow::Result<Vec<SourceSpec>> {
    let source = |(number, pattern): (usize, &String)| {
        let name = format!("{name} {}", number + 1);
        of_kind(kind(pattern), &name, pattern, Some(field))
    };
    patterns.iter().enumerate().map(source).collect()
}

/// Reads examples of a class, and says what is left out.
fn read(sources: &[SourceSpec], class: Class, examples: &mut Examples) -> anyhow::Result<()> {
    let reading = Reading {
        strict: false,
        minimum_document: Bytes(1),
        maximum_document: LONGEST,
        long_documents: LongDocuments::default(),
    };
    let documents = Documents::list(sources, reading, Path::new("."), &[])?;
    let mut left_out = documents.left_out();
    let mut found = vec![Count::default(); sources.len()];
    for number in 0..documents.files() {
        let source = documents.file(number).source;
        documents.read(number, &mut left_out[source], &mut |_, document| {
            found[source].documents += 1;
            found[source].bytes.0 += document.text.len() as u64;
            examples.add(document.text, class);
            ControlFlow::Continue(())
        })?;
    }
    say_left_out_of(sources, &found, &left_out);
    Ok(())
}

/// A share with its interval, in percent.
fn percent(estimate: &Estimate) -> String {
    let shown = |share: f64| format!("{:.1}", 100.0 * share);
    match &estimate.interval {
        None => format!("{}%", shown(estimate.value)),
        Some(interval) => format!(
            "{}% [{}, {}]",
            shown(estimate.value),
            shown(interval.low),
            shown(interval.high)
        ),
    }
}

fn told(trained: &Trained, kept: Option<(f64, f64)>, out: &Path) -> String {
    let Trained { counts, measured, .. } = trained;
    let mut texts = Table::new(["texts", "to learn from", "to calibrate", "to measure"]);
    for (class, name) in ["good", "bad"].into_iter().enumerate() {
        let sides = [counts.train, counts.calibrate, counts.test];
        texts.row(
            [name.to_owned()]
                .into_iter()
                .chain(sides.map(|side| side[class].to_string())),
        );
    }
    let mut told = texts.to_string();
    for (count, what) in [
        (counts.copies, "copies of another of their class count once"),
        (counts.in_both, "are good and bad, and count for nothing"),
    ] {
        if count > 0 {
            let _ = writeln!(told, "{count} texts {what}");
        }
    }
    let _ = writeln!(
        told,
        "\nOf a good and a bad text that it never saw the classifier ranks the good one higher in {} of pairs, 50% being \
         chance.\n",
        percent(&measured.area)
    );
    let mut cuts = Table::new([
        "threshold",
        "kept",
        "of the kept good",
        "of the good kept",
        "of the bad kept",
    ]);
    for cut in &measured.cuts {
        let kept = format!("{:.1}%", 100.0 * cut.kept);
        let shares = [&cut.precision, &cut.recall, &cut.bad_kept].map(percent);
        cuts.row([format!("{:.5}", cut.threshold), kept].into_iter().chain(shares));
    }
    let _ = writeln!(told, "{cuts}");
    let mut reliability = Table::new(["it says", "texts", "and good are"]);
    for bin in &measured.reliability {
        let said = format!("{:.1}%", 100.0 * bin.said);
        reliability.row([said, bin.examples.to_string(), percent(&bin.good)]);
    }
    let _ = writeln!(
        told,
        "{reliability}\nWhat it says is off by {:.1}% on average.",
        100.0 * measured.calibration_error
    );
    if let Some((keep, threshold)) = kept {
        let _ = writeln!(
            told,
            "Of texts like the bad ones {:.1}% are kept from the threshold {threshold:.5} on.",
            100.0 * keep
        );
    }
    let _ = writeln!(
        told,
        "It is in {}, with the label {GOOD}: for `filter = \"quality\"` of a recipe, with a `threshold` or a share to `keep`.",
        out.display()
    );
    told
}
