//! `triaxis corpus stats`: what text is like.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use triaxis_classifiers::fasttext::Model;
use triaxis_classifiers::language::Detector;
use triaxis_curation::{Grown, Labelled, Measure, Overlap, Statistics, Summary, statistics};
use triaxis_host::machine;
use triaxis_tokens::Tokenizer;
use triaxis_units::Bytes;

use super::progress::Progress;
use super::shown::{escaped, histogram, number};
use super::{say_left_out, sources};
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// What measures where no recipe says what: filters that edit nothing.
const FILTERS: &str = "preset = 'gopher'\n[[steps]]\nkind = 'filter'\nfilter = 'fineweb-quality'";

/// Arguments of `corpus stats`.
#[derive(Args)]
pub struct Arguments {
    /// A recipe's TOML file, whose sources are read and whose filters measure; or folders and files, each of which is a
    /// source: JSON lines, Parquet, or text
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<PathBuf>,
    /// A `tokenizer.json`, which says what tokens are; without one they are what stands between spaces
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// A model of fastText's that tells languages, such as lid.176.bin; without one whatlang's trigrams do
    #[arg(long, value_name = "FILE")]
    languages: Option<PathBuf>,
    /// What is not measured, which takes less time
    #[arg(long, value_enum, value_delimiter = ',')]
    without: Vec<Part>,
    /// Chooses the samples that the growth is told by
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; the numbers are the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What takes time.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Languages
    Languages,
    /// Copies and near copies
    Copies,
    /// How much of the text is new as it grows
    Growth,
    /// What filters measure
    Values,
}

/// Measures, and prints what was measured.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut read = sources::read(&arguments.text, FILTERS)?;
    let has = |part| !arguments.without.contains(&part);
    if !has(Part::Values) {
        read.recipe.preset = None;
        read.recipe.steps.clear();
    }
    let tokenizer = arguments
        .tokenizer
        .as_deref()
        .map(Tokenizer::published)
        .transpose()?;
    compute_on(arguments.threads.map_or_else(machine::cores, usize::from))?;
    let model = arguments.languages.as_deref().map(Model::open).transpose()?;
    let detector = model
        .as_ref()
        .map_or(Detector::Trigrams, |(model, _)| Detector::Model(model));
    let progress = Progress::new("measuring");
    let measure = Measure {
        tokenizer: tokenizer.as_ref(),
        languages: has(Part::Languages).then_some(&detector),
        copies: has(Part::Copies),
        growth: has(Part::Growth),
        seed: arguments.seed,
    };
    let statistics = statistics(&read.recipe, &read.base, measure, &progress);
    drop(progress);
    let statistics = statistics?;
    say_left_out(statistics.left_out_told());
    output::print(arguments.format, &told(&statistics).trim_end(), &statistics)
}

fn told(statistics: &Statistics) -> String {
    let mut told = sources_told(statistics);
    for (label, values) in &statistics.labels {
        let mut table = Table::new([*label, "documents", "text"]);
        for (value, Labelled { read, .. }) in values {
            table.row([escaped(value), read.documents.to_string(), read.bytes.to_string()]);
        }
        let _ = write!(told, "\n{table}");
    }
    let _ = write!(told, "\n{}", values_told(statistics));
    for (kind, overlap) in [
        ("copies to the letter", &statistics.exact_copies),
        ("near copies", &statistics.near_copies),
    ] {
        if let Some(overlap) = overlap {
            let _ = write!(told, "\n{}", overlap_told(kind, overlap, statistics));
        }
    }
    let of_sources = statistics
        .sources
        .iter()
        .map(|source| (source.name.as_str(), &source.growth));
    let of_sources = of_sources.filter(|_| statistics.sources.len() > 1);
    let of_sources = of_sources.map(|(name, growth)| (escaped(name), growth));
    let of_labels = statistics.labels.iter().flat_map(|(label, values)| {
        let named = move |(value, growth): (&String, _)| (format!("{label} {}", escaped(value)), growth);
        let growths = values.iter().map(|(value, labelled)| (value, &labelled.growth));
        growths.map(named)
    });
    let all = std::iter::once(("all".to_owned(), &statistics.growth));
    for (name, growth) in all.chain(of_sources).chain(of_labels) {
        if !growth.is_empty() {
            let is_tokens = statistics.sources.iter().any(|source| source.tokens.is_some());
            let _ = write!(told, "\n{}", growth_told(&name, growth, is_tokens));
        }
    }
    told
}

fn sources_told(statistics: &Statistics) -> String {
    let has_tokens = statistics.sources.iter().any(|source| source.tokens.is_some());
    let mut heading = vec!["source", "documents", "text", "words"];
    heading.extend(has_tokens.then_some("tokens"));
    let mut table = Table::new(heading);
    let mut row = |name: String, documents: u64, bytes: Bytes, words: u64, tokens: Option<u64>| {
        let mut cells = vec![name, documents.to_string(), bytes.to_string(), words.to_string()];
        cells.extend(tokens.map(|tokens| tokens.to_string()));
        table.row(cells);
    };
    let sources = &statistics.sources;
    for source in sources {
        let read = source.read;
        row(
            escaped(&source.name),
            read.documents,
            read.bytes,
            source.words,
            source.tokens,
        );
    }
    if sources.len() > 1 {
        let documents = sources.iter().map(|source| source.read.documents).sum();
        let bytes = sources.iter().map(|source| source.read.bytes).sum();
        let words = sources.iter().map(|source| source.words).sum();
        let tokens = has_tokens.then(|| sources.iter().filter_map(|source| source.tokens).sum());
        row("all".to_owned(), documents, bytes, words, tokens);
    }
    table.to_string()
}

/// A row a value: its quantiles, and a histogram.
fn values_told(statistics: &Statistics) -> String {
    let mut table = Table::new([
        "of a document",
        "is to be",
        "broken",
        "1%",
        "10%",
        "50%",
        "90%",
        "99%",
        "histogram",
    ]);
    let mut row = |name: String, bound: String, broken: String, values: &Summary| {
        let quantiles = values.quantiles.iter().map(|quantile| number(quantile.value));
        let cells = [name, bound, broken].into_iter().chain(quantiles);
        table.row(cells.chain([histogram(values)]));
    };
    for (name, values) in [("bytes", &statistics.bytes), ("words", &statistics.words)] {
        if let Some(values) = values {
            row(name.to_owned(), "-".to_owned(), "-".to_owned(), values);
        }
    }
    for value in &statistics.values {
        let broken = 100.0 * value.broken as f64 / value.values.count as f64;
        row(
            format!("{} {}", value.filter, value.name),
            value.bound.to_string(),
            format!("{broken:.1}%"),
            &value.values,
        );
    }
    table.to_string()
}

/// Of a row's documents, those whose first is in each column.
fn overlap_told(kind: &str, overlap: &Overlap, statistics: &Statistics) -> String {
    let names = statistics
        .sources
        .iter()
        .map(|source| format!("of {}", escaped(&source.name)));
    let mut table = Table::new(
        [kind.to_owned()]
            .into_iter()
            .chain(names)
            .chain(["all".to_owned()]),
    );
    for (number, source) in statistics.sources.iter().enumerate() {
        let share = |copies: u64| match source.read.documents {
            0 => "-".to_owned(),
            documents => format!("{:.2}%", 100.0 * copies as f64 / documents as f64),
        };
        let shares = overlap.copies[number].iter().map(|copies| share(*copies));
        let name = std::iter::once(escaped(&source.name));
        table.row(name.chain(shares).chain([share(overlap.removed(number))]));
    }
    table.to_string()
}

fn growth_told(name: &str, growth: &[Grown], is_tokens: bool) -> String {
    let of = if is_tokens { "tokens" } else { "words" };
    let mut table = Table::new([
        format!("documents of {name}"),
        of.to_owned(),
        format!("different runs of 5 {of}"),
        "new runs a document".to_owned(),
        "share new".to_owned(),
    ]);
    let mut before = None;
    for sample in growth {
        let share = before.replace(*sample).and_then(|before: Grown| {
            let (new, runs) = (
                sample.different.saturating_sub(before.different),
                sample.runs - before.runs,
            );
            (runs > 0).then(|| format!("{:.1}%", 100.0 * new as f64 / runs as f64))
        });
        table.row([
            sample.documents.to_string(),
            sample.tokens.to_string(),
            sample.different.to_string(),
            sample.new_of_a_document.map_or("-".to_owned(), number),
            share.unwrap_or("-".to_owned()),
        ]);
    }
    table.to_string()
}
