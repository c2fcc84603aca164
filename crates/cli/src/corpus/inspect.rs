//! `triaxis corpus inspect`: documents that were kept and dropped, to be read.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_curation::{Asked, Dropped, Facts, KeptSample, Samples, samples};
use triaxis_report::view::{CurationView, Sample, Step};

use super::compare::value;
use super::shown::{beginning, escaped, number};
use crate::{Format, output};

/// Characters of a document on a page.
const ON_PAGE: usize = 4000;

/// Arguments of `corpus inspect`.
#[derive(Args)]
pub struct Arguments {
    /// The folder that `corpus curate` wrote
    folder: PathBuf,
    /// Only documents that were dropped for this, as `corpus curate` names it, and what it is of those that were kept
    #[arg(long)]
    reason: Option<String>,
    /// Documents of each reason at most
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// Draws other ones
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write a page of steps, reasons and these documents
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How to print; JSON has whole texts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the documents drawn.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(report) = &arguments.report {
        output::are_free(&[report], &[])?;
    }
    let asked = Asked {
        reason: arguments.reason.clone(),
        count: arguments.count.into(),
        seed: arguments.seed,
    };
    let (facts, samples) = samples(&arguments.folder, &asked)?;
    if let Some(report) = &arguments.report {
        triaxis_report::write_curation_page(&view(&arguments.folder, &facts, &samples), report)?;
    }
    let mut told = String::new();
    for document in &samples.dropped {
        let _ = writeln!(told, "dropped by {}", why(document));
        let _ = writeln!(told, "  {}\n{}", escaped(&document.id), beginning(&document.text));
    }
    for document in &samples.kept {
        let values = values(document);
        let kept = output::prose("kept: ", &values);
        let kept = if values.is_empty() { "kept" } else { &kept };
        let (id, text) = (&document.kept.id, &document.kept.text);
        let _ = writeln!(told, "{kept}\n  {}\n{}", escaped(id), beginning(text));
    }
    output::print(arguments.format, &told.trim_end(), &samples)
}

/// What a document was dropped for.
fn why(document: &Dropped<'_>) -> String {
    let mut why = format!(
        "step {} {}: {} {}, {}",
        document.step,
        document.by,
        document.reason,
        number(document.value),
        document.bound
    );
    if let Some(first) = &document.copy_of {
        let _ = write!(why, "; a copy of {}", escaped(first));
    }
    why
}

/// What is measured of a document that was kept.
fn values(document: &KeptSample) -> String {
    let values = document.measured.iter();
    let values = values.map(|measured| format!("{} {}", measured.by, value(measured)));
    values.collect::<Vec<_>>().join("; ")
}

fn view(folder: &Path, facts: &Facts, samples: &Samples) -> CurationView {
    let steps = facts.steps.iter().map(|step| Step {
        name: step.step.clone(),
        read: (step.read.documents, step.read.bytes),
        kept: (step.kept.documents, step.kept.bytes),
        edited: step.edited.documents,
        dropped: step
            .dropped
            .iter()
            .map(|(reason, count)| (reason.clone(), count.documents, count.bytes))
            .collect(),
    });
    let dropped = samples.dropped.iter().map(|document| Sample {
        heading: Some(format!("{} {}: {}", document.step, document.by, document.reason)),
        id: document.id.clone().into_owned(),
        said: why(document),
        text: document.text.chars().take(ON_PAGE).collect(),
        bytes: document.text.len() as u64,
    });
    let kept = samples.kept.iter().map(|document| Sample {
        heading: None,
        id: document.kept.id.clone().into_owned(),
        said: values(document),
        text: document.kept.text.chars().take(ON_PAGE).collect(),
        bytes: document.kept.text.len() as u64,
    });
    CurationView {
        folder: folder.display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sources: facts
            .sources
            .iter()
            .map(|source| {
                let of = |count: triaxis_corpus::Count| (count.documents, count.bytes);
                (source.name.clone(), of(source.read), of(source.kept))
            })
            .collect(),
        steps: steps.collect(),
        samples: dropped.chain(kept).collect(),
    }
}
