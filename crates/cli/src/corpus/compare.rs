//! `triaxis corpus compare`: which documents two recipes judge differently, and why.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use triaxis_corpus::Count;
use triaxis_curation::{Compare, Comparison, DroppedFor, Example, Filter, Measured, Said, StepSpec, compare};
use triaxis_host::machine;

use super::progress::Progress;
use super::shown::{beginning, escaped, number};
use super::{say_left_out, sources};
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// Arguments of `corpus compare`.
#[derive(Args)]
pub struct Arguments {
    /// The first recipe's TOML file, whose sources are read; with `--filter`, folders and files of text as well
    #[arg(value_name = "FIRST")]
    first: PathBuf,
    /// The second recipe's TOML file, of which only the steps count
    #[arg(
        value_name = "SECOND",
        required_unless_present = "filter",
        conflicts_with = "filter"
    )]
    second: Option<PathBuf>,
    /// Compare two dialects of this filter instead, as `gopher-repetition`
    #[arg(long, requires = "dialects")]
    filter: Option<String>,
    /// The two dialects, as `datatrove,dolma`
    #[arg(long, value_delimiter = ',', value_name = "FIRST,SECOND", requires = "filter")]
    dialects: Vec<String>,
    /// Judge only so large a share of the documents, drawn at random; shares then have intervals
    #[arg(long, default_value_t = 1.0, value_name = "SHARE")]
    share: f64,
    /// Documents to read of each pair of reasons, at most
    #[arg(long, value_name = "N", default_value_t = 1)]
    examples: u16,
    /// Draws others
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; the numbers are the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print; JSON has whole texts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Compares, and prints where the two differ.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (read, second, names) = recipes(arguments)?;
    compute_on(arguments.threads.map_or_else(machine::cores, usize::from))?;
    let progress = Progress::new("comparing");
    let asked = Compare {
        share: arguments.share,
        count: arguments.examples.into(),
        seed: arguments.seed,
    };
    let compared = compare(&read.recipe, &second, &read.base, asked, &progress);
    drop(progress);
    let compared = compared?;
    say_left_out(compared.left_out_told());
    let json = serde_json::json!({ "first": names[0], "second": names[1], "comparison": compared });
    output::print(arguments.format, &told(&compared, &names).trim_end(), &json)
}

/// What is read and judged first, what judges second, and the names of both.
fn recipes(arguments: &Arguments) -> anyhow::Result<(sources::Read, triaxis_curation::Recipe, [String; 2])> {
    let Some(path) = &arguments.second else {
        let read = sources::read(std::slice::from_ref(&arguments.first), "")?;
        return dialects(arguments, read);
    };
    let (read, second) = (sources::recipe(&arguments.first)?, sources::recipe(path)?);
    if (&read.recipe.sources, &read.base) != (&second.recipe.sources, &second.base) {
        eprintln!(
            "{:>9}: {} has other sources than {}: those of the first are read",
            "sources",
            path.display(),
            arguments.first.display()
        );
    }
    let names = [&arguments.first, path].map(|path| path.display().to_string());
    // Files that its steps name lie beside it.
    let second = second.recipe.resolved(&second.base)?;
    Ok((read, second, names))
}

/// The same for a recipe of one filter in two dialects.
fn dialects(
    arguments: &Arguments,
    read: sources::Read,
) -> anyhow::Result<(sources::Read, triaxis_curation::Recipe, [String; 2])> {
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let of = |dialect: &String| -> anyhow::Result<_> {
        let settings = serde_json::json!({ "filter": filter, "dialect": dialect });
        let spec = serde_json::from_value(settings).map_err(|error| {
            Usage(format!(
                "`--filter {filter} --dialects {dialect}`: {error}: filters with dialects are gopher-quality and \
                 gopher-repetition"
            ))
        })?;
        let mut recipe = read.recipe.clone();
        recipe.preset = None;
        recipe.steps = vec![StepSpec::Filter(Filter(spec))];
        Ok(recipe)
    };
    let [first, second] = arguments.dialects.as_slice() else {
        return Err(Usage("`--dialects` names two, as `datatrove,dolma`".to_owned()).into());
    };
    let (one, other) = (of(first)?, of(second)?);
    let base = read.base;
    Ok((
        sources::Read { recipe: one, base },
        other,
        [format!("{filter} {first}"), format!("{filter} {second}")],
    ))
}

fn told(compared: &Comparison, [first, second]: &[String; 2]) -> String {
    let mut told = format!(
        "first: {first}\nsecond: {second}\n\n{}\n{}\n",
        cells(compared),
        share(compared)
    );
    let mut reasons = Table::new(["by the first", "by the second", "documents", "text"]);
    for pair in &compared.reasons {
        reasons.row([
            reason(pair.first.as_ref()),
            reason(pair.second.as_ref()),
            pair.count.documents.to_string(),
            pair.count.bytes.to_string(),
        ]);
    }
    if !compared.reasons.is_empty() {
        let _ = write!(told, "\n{reasons}");
    }
    for example in &compared.examples {
        let _ = write!(told, "\n{}", shown(example));
    }
    told
}

/// Documents and text by what both say.
fn cells(compared: &Comparison) -> Table {
    let cell = |count: Count| [count.documents.to_string(), count.bytes.to_string()];
    let mut cells = Table::new(["", "kept by the second", "text", "dropped by the second", "text"]);
    for (name, kept, dropped) in [
        ("kept by the first", compared.kept_by_both, compared.kept_by_first),
        (
            "dropped by the first",
            compared.kept_by_second,
            compared.dropped_by_both,
        ),
    ] {
        cells.row(
            [name.to_owned()]
                .into_iter()
                .chain(cell(kept))
                .chain(cell(dropped)),
        );
    }
    cells
}

fn share(compared: &Comparison) -> String {
    let Some(differ) = compared.differ else {
        return "No document was judged".to_owned();
    };
    let mut said = format!("{:.2}% of documents are kept by one alone", 100.0 * differ.value);
    if let Some(interval) = differ.interval {
        let _ = write!(
            said,
            " ({:.2}% to {:.2}% at {:.0}%, by {} of {} documents)",
            100.0 * interval.low,
            100.0 * interval.high,
            100.0 * interval.level,
            compared.judged.documents,
            compared.read.documents
        );
    }
    if compared.edited_differently.documents > 0 {
        let _ = write!(
            said,
            "; of those kept by both {} have different texts in the end",
            compared.edited_differently.documents
        );
    }
    said
}

fn reason(dropped: Option<&DroppedFor>) -> String {
    dropped.map_or_else(
        || "kept".to_owned(),
        |dropped| format!("{} {}, step {}", dropped.by, dropped.reason, dropped.step),
    )
}

fn shown(example: &Example) -> String {
    let mut shown = format!("{}\n", escaped(&example.id));
    for (which, said) in [("first", &example.first), ("second", &example.second)] {
        let _ = writeln!(shown, "  {which}: {}", said_told(said));
    }
    shown + &beginning(&example.text)
}

fn said_told(said: &Said) -> String {
    let mut told = match &said.dropped {
        None => "kept".to_owned(),
        Some(broken) => {
            let copy = broken
                .copy_of
                .as_ref()
                .map(|first| format!(", a copy of {}", escaped(first)));
            let value = value(&broken.measured);
            format!(
                "dropped by step {} {}: {value}{}",
                broken.step,
                broken.measured.by,
                copy.unwrap_or_default()
            )
        }
    };
    if let Some(beside) = &said.beside {
        let _ = write!(told, "; {}", value(beside));
    }
    told
}

/// A value and what it is to be.
pub fn value(measured: &Measured) -> String {
    format!("{} {}, {}", measured.name, number(measured.value), measured.bound)
}
