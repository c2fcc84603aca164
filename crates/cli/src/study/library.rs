//! `triaxis study library`: what studies share, whether it is whole, and what of it nobody needs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use triaxis_corpus::{Corpus, Manifest};
use triaxis_study::{Frozen, FrozenSpec, Library, RunRecord, Store, StudyError, sealed};
use triaxis_units::{BitsPerByte, Bytes, Flops, Params, Tokens};

use super::outline;
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, output};

/// What can be done with a library.
#[derive(Subcommand)]
pub enum Command {
    /// List the records and corpora
    List(Look),
    /// Read everything to its end and name what is damaged
    Verify(Look),
    /// List what none of the given studies needs, and remove it with `--yes`
    Prune(Prune),
}

/// Arguments of `library list` and `library verify`.
#[derive(Args)]
pub struct Look {
    /// The library's folder
    #[arg(default_value = "runs/library")]
    library: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `library prune`.
#[derive(Args)]
pub struct Prune {
    #[command(flatten)]
    look: Look,
    /// Folder of a study that needs its records and its corpus; can be given several times
    #[arg(long = "study", value_name = "DIR", required = true)]
    studies: Vec<PathBuf>,
    /// Remove it
    #[arg(long)]
    yes: bool,
}

/// What is in a library, or a part of it.
#[derive(Default, Serialize)]
struct Contents {
    records: Vec<Record>,
    corpora: Vec<Prepared>,
    /// What cannot be read, in the words of who tried.
    damaged: Vec<String>,
    /// Whether it has been removed.
    removed: bool,
}

#[derive(Serialize)]
struct Record {
    id: String,
    architecture: String,
    parameters: Params,
    tokens: Tokens,
    flops: Flops,
    learning_rate: f64,
    seed: u64,
    /// Identity of its text, split and tokenizer.
    corpus: String,
    outcome: &'static str,
    bits_per_byte: Option<BitsPerByte>,
}

#[derive(Serialize)]
struct Prepared {
    id: String,
    sources: Vec<String>,
    bytes: Bytes,
    tokens: Tokens,
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(look) => {
            let contents = Contents::of(&library(&look.library)?, |_| true, |_| true, Corpus::open)?;
            output::print(look.format, &contents, &contents)
        }
        Command::Verify(look) => verify(look),
        Command::Prune(prune) => self::prune(prune),
    }
}

fn verify(look: &Look) -> anyhow::Result<()> {
    let whole = |path: &Path| Corpus::open(path).and_then(|corpus| corpus.verify().map(|()| corpus));
    let contents = Contents::of(&library(&look.library)?, |_| true, |_| true, whole)?;
    output::print(look.format, &contents, &contents)?;
    match contents.damaged.len() {
        0 => Ok(()),
        damaged => anyhow::bail!(
            "{damaged} of the library's parts cannot be read: what a study needs of them is made again by `triaxis \
             study run`"
        ),
    }
}

fn prune(arguments: &Prune) -> anyhow::Result<()> {
    let library = library(&arguments.look.library)?;
    let (mut records, mut corpora) = (BTreeSet::new(), BTreeSet::new());
    for folder in &arguments.studies {
        let store = Store::new(folder);
        let spec = FrozenSpec::read(&store)?;
        corpora.extend(spec.arms()?.iter().map(|arm| spec.corpus_id(arm)));
        let frozen: Frozen = sealed::read(&store.trials())?.unwrap_or_default();
        let trials = frozen.groups.into_iter().flat_map(|group| group.trials);
        records.extend(trials.map(|trial| trial.id));
    }
    let mut contents = Contents::of(
        &library,
        |id| !records.contains(id),
        |id| !corpora.contains(id),
        Corpus::open,
    )?;
    if arguments.yes {
        if library.is_busy()? {
            let folder = library.folder().display();
            return Err(Usage(format!(
                "{folder} is being written to by a study: wait until it ends"
            ))
            .into());
        }
        for record in &contents.records {
            library.forget(&record.id)?;
        }
        for corpus in &contents.corpora {
            library.remove_corpus(&corpus.id)?;
        }
        contents.removed = true;
    }
    output::print(arguments.look.format, &contents, &contents)
}

fn library(folder: &Path) -> Result<Library, Usage> {
    match folder.join("library.json").is_file() {
        true => Ok(Library::new(folder)),
        false => Err(Usage(format!(
            "{} is no library: give the folder that `triaxis study run` keeps records in (it has a `library.json`)",
            folder.display()
        ))),
    }
}

impl Contents {
    /// The records and corpora whose identities are asked for.
    fn of(
        library: &Library,
        record: impl Fn(&String) -> bool,
        corpus: impl Fn(&String) -> bool,
        open: impl Fn(&Path) -> Result<Corpus, triaxis_corpus::CorpusError>,
    ) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        match library.check() {
            Err(error @ StudyError::Damaged { .. }) => contents.damaged.push(error.to_string()),
            other => other?,
        }
        for id in library.records()?.into_iter().filter(record) {
            let found = library.find_record(&id, &mut |error| {
                contents.damaged.push(error.to_string());
                Ok(())
            })?;
            contents.records.extend(found.map(Record::of));
        }
        for id in library.corpora()?.into_iter().filter(corpus) {
            match open(&library.corpus(&id)) {
                Ok(corpus) => contents.corpora.push(Prepared::of(id, corpus.manifest())),
                Err(error) => contents.damaged.push(error.to_string()),
            }
        }
        Ok(contents)
    }
}

impl Record {
    fn of(record: RunRecord) -> Self {
        Self {
            architecture: record.config.architecture.name(),
            parameters: record.parameters,
            tokens: record.tokens,
            flops: record.flops,
            learning_rate: record.config.peak_learning_rate,
            seed: record.config.seed,
            corpus: record.inputs.corpus,
            outcome: record.outcome.name(),
            bits_per_byte: record
                .outcome
                .validation()
                .map(|validation| validation.bits_per_byte),
            id: record.id,
        }
    }
}

impl Prepared {
    fn of(id: String, manifest: &Manifest) -> Self {
        let (train, validation) = (&manifest.train.total, &manifest.validation.total);
        Self {
            id,
            sources: manifest
                .sources
                .iter()
                .map(|source| source.name.clone())
                .collect(),
            bytes: train.bytes + validation.bytes,
            tokens: train.tokens + validation.tokens,
        }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut records = Table::new([
            "record",
            "model",
            "N",
            "D",
            "FLOPs",
            "rate",
            "seed",
            "text",
            "outcome",
            "bits/byte",
        ]);
        for record in &self.records {
            let loss = record.bits_per_byte.map(|loss| loss.to_string());
            records.row([
                record.id.clone(),
                record.architecture.clone(),
                record.parameters.to_string(),
                record.tokens.to_string(),
                record.flops.to_string(),
                outline::rate(record.learning_rate),
                record.seed.to_string(),
                record.corpus.chars().take(8).collect(),
                record.outcome.to_owned(),
                loss.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        let mut corpora = Table::new(["corpus", "text", "tokens", "sources"]);
        for corpus in &self.corpora {
            corpora.row([
                corpus.id.clone(),
                corpus.bytes.to_string(),
                corpus.tokens.to_string(),
                corpus.sources.join(", "),
            ]);
        }
        for (table, rows) in [(records, self.records.len()), (corpora, self.corpora.len())] {
            if rows > 0 {
                writeln!(formatter, "{table}")?;
            }
        }
        for damaged in &self.damaged {
            writeln!(formatter, "damaged: {damaged}")?;
        }
        let removed = if self.removed { ", removed" } else { "" };
        write!(
            formatter,
            "{} and {}{removed}",
            counted(self.records.len(), "record", "records"),
            counted(self.corpora.len(), "corpus", "corpora")
        )
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
