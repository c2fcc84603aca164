//! `triaxis corpus curate`: documents by a recipe.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use triaxis_corpus::Count;
use triaxis_curation::{Curated, CurationError, Facts, Recipe, Shard, StepSpec, curate, curate_shard};
use triaxis_host::machine;

use super::progress::Progress;
use super::sources::{self, Read};
use crate::table::Table;
use crate::{Format, MOST_THREADS, compute_on, output};

/// Arguments of `corpus curate`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    all: Common,
    /// Read a share of the documents only, as 2/4: the second of four, which `corpus merge` puts together
    #[arg(long, value_name = "N/OF")]
    shard: Option<Shard>,
}

/// What `corpus curate` and `corpus merge` are given both.
#[derive(Args)]
pub struct Common {
    /// The recipe's TOML file
    recipe: PathBuf,
    /// Folder for what is kept and dropped; nothing is there until all is, and a killed run goes on where it was
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Threads; the output is the same on any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Curates, and prints what each step did.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(shard) = arguments.shard else {
        return arguments.all.run(curate);
    };
    let Common { out, format, .. } = &arguments.all;
    let was_there = arguments
        .all
        .make(|recipe, base, out, progress| curate_shard(recipe, base, shard, out, progress))?;
    let told = match was_there {
        true => format!(
            "{} holds shard {shard} already, and nothing was done",
            out.display()
        ),
        false => format!(
            "Shard {shard} is in {}, for `triaxis corpus merge`",
            out.display()
        ),
    };
    let json = json!({ "was_there": was_there, "shard": shard });
    output::print(*format, &told, &json)
}

impl Common {
    /// Makes an output of the recipe.
    fn make<T>(
        &self,
        make: impl FnOnce(&Recipe, &Path, &Path, &Progress) -> Result<T, CurationError>,
    ) -> anyhow::Result<T> {
        let Read { recipe, base } = sources::recipe(&self.recipe)?;
        let threads = self.threads.map_or_else(machine::cores, usize::from);
        compute_on(threads)?;
        let progress = Progress::new("curating");
        Ok(make(&recipe, &base, &self.out, &progress)?)
    }

    /// Makes a whole output, and prints what each step did.
    pub fn run(
        &self,
        make: impl FnOnce(
            &Recipe,
            &Path,
            &Path,
            &dyn triaxis_curation::Progress,
        ) -> Result<Curated, CurationError>,
    ) -> anyhow::Result<()> {
        let curated = self.make(|recipe, base, out, progress| make(recipe, base, out, progress))?;
        let Curated { facts, was_there } = curated;
        let out = self.out.display();
        if was_there {
            eprintln!("{out} holds all of it already, and nothing was done");
        }
        super::say_left_out(facts.left_out_told());
        let json = json!({ "was_there": was_there, "sources": facts.sources, "steps": facts.steps, "files": facts.files });
        output::print(self.format, &told(&facts, &self.out).trim_end(), &json)
    }
}

/// A table of steps, and one of reasons.
fn told(facts: &Facts, out: &Path) -> String {
    let mut steps = Table::new([
        "#",
        "step",
        "documents in",
        "documents out",
        "dropped",
        "edited",
        "text in",
        "text out",
    ]);
    for (number, step) in facts.steps.iter().enumerate() {
        steps.row([
            (number + 1).to_string(),
            step.step.clone(),
            step.read.documents.to_string(),
            step.kept.documents.to_string(),
            step.all_dropped().documents.to_string(),
            step.edited.documents.to_string(),
            step.read.bytes.to_string(),
            step.kept.bytes.to_string(),
        ]);
    }
    let mut reasons = Table::new(["dropped by", "reason", "documents", "text"]);
    let mut is_any = false;
    for step in &facts.steps {
        let mut dropped: Vec<(&String, &Count)> = step.dropped.iter().collect();
        dropped.sort_by_key(|(_, count)| std::cmp::Reverse(count.documents));
        for (reason, count) in dropped {
            is_any = true;
            let (documents, bytes) = (count.documents.to_string(), count.bytes.to_string());
            reasons.row([step.step.clone(), reason.clone(), documents, bytes]);
        }
    }
    let mut told = steps.to_string();
    if is_any {
        let _ = write!(told, "\n{reasons}");
    }
    for (step, explained) in facts
        .steps
        .iter()
        .zip(facts.recipe.steps.iter().map(StepSpec::told))
    {
        if let Some(explained) = explained {
            let _ = write!(told, "\n`{}` {explained}.\n", step.step);
        }
    }
    let kept = facts.kept();
    let _ = match kept.documents {
        0 => writeln!(
            told,
            "\nNo document is left: `triaxis corpus inspect {}` shows why",
            out.display()
        ),
        documents => writeln!(
            told,
            "\n{documents} documents ({}) are in {}, for `kind = \"curated\"` of a study's `[[corpus.sources]]`, which is \
             given {}",
            kept.bytes,
            out.join("kept").display(),
            out.display()
        ),
    };
    told
}
