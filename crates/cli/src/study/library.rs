//! `triaxis study library`: what studies share, whether it is whole, and what of it nobody needs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use triaxis_corpus::{Corpus, Manifest, Text};
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
    texts: Vec<Kept>,
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

/// A validation text.
#[derive(Serialize)]
struct Kept {
    id: String,
    name: String,
    documents: usize,
    bytes: Bytes,
}

/// Identities of what some studies need.
#[derive(Default)]
struct Needed {
    records: BTreeSet<String>,
    corpora: BTreeSet<String>,
    texts: BTreeSet<String>,
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(look) => {
            let contents = Contents::beside(&Needed::default(), &library(&look.library)?, Corpus::open)?;
            output::print(look.format, &contents, &contents)
        }
        Command::Verify(look) => verify(look),
        Command::Prune(prune) => self::prune(prune),
    }
}

fn verify(look: &Look) -> anyhow::Result<()> {
    let whole = |path: &Path| Corpus::open(path).and_then(|corpus| corpus.verify().map(|()| corpus));
    let contents = Contents::beside(&Needed::default(), &library(&look.library)?, whole)?;
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
    let mut needed = Needed::default();
    for folder in &arguments.studies {
        let store = Store::new(folder);
        let spec = FrozenSpec::read(&store)?;
        needed
            .corpora
            .extend(spec.arms()?.iter().map(|arm| spec.corpus_id(arm)));
        let texts = spec.spec.validation.iter().map(|source| spec.text_id(source));
        needed.texts.extend(texts);
        let frozen: Frozen = sealed::read(&store.trials())?.unwrap_or_default();
        let trials = frozen.groups.into_iter().flat_map(|group| group.trials);
        needed.records.extend(trials.map(|trial| trial.id));
    }
    let mut contents = Contents::beside(&needed, &library, Corpus::open)?;
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
        for text in &contents.texts {
            library.remove_text(&text.id)?;
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
    /// What is in the library beside what is needed.
    fn beside(
        needed: &Needed,
        library: &Library,
        open: impl Fn(&Path) -> Result<Corpus, triaxis_corpus::CorpusError>,
    ) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        match library.check() {
            Err(error @ StudyError::Damaged { .. }) => contents.damaged.push(error.to_string()),
            other => other?,
        }
        let beside = |all: Vec<String>, needed: &BTreeSet<String>| {
            all.into_iter()
                .filter(|id| !needed.contains(id))
                .collect::<Vec<_>>()
        };
        for id in beside(library.records()?, &needed.records) {
            let found = library.find_record(&id, &mut |error| {
                contents.damaged.push(error.to_string());
                Ok(())
            })?;
            contents.records.extend(found.map(Record::of));
        }
        for id in beside(library.corpora()?, &needed.corpora) {
            match open(&library.corpus(&id)) {
                Ok(corpus) => contents.corpora.push(Prepared::of(id, corpus.manifest())),
                Err(error) => contents.damaged.push(error.to_string()),
            }
        }
        for id in beside(library.texts()?, &needed.texts) {
            match sealed::read::<Text>(&library.text(&id)) {
                Ok(text) => contents.texts.extend(text.map(|text| Kept {
                    id,
                    bytes: text.bytes(),
                    documents: text.documents.len(),
                    name: text.name,
                })),
                Err(error) => contents.damaged.push(error.to_string()),
            }
        }
        Ok(contents)
    }
}

impl Record {
    fn of(record: RunRecord) -> Self {
        Self {
            architecture: record.config.architecture.name().to_owned(),
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
        let mut texts = Table::new(["validation text", "documents", "text", "name"]);
        for text in &self.texts {
            texts.row([
                text.id.clone(),
                text.documents.to_string(),
                text.bytes.to_string(),
                text.name.clone(),
            ]);
        }
        for (table, rows) in [
            (records, self.records.len()),
            (corpora, self.corpora.len()),
            (texts, self.texts.len()),
        ] {
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
