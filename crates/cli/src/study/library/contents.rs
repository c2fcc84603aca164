//! What is in a library, as it is listed.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Context;
use serde::Serialize;
use triaxis_corpus::{Manifest, Text};
use triaxis_study::{EvaluationRecord, Library, NGramRecord, RunRecord, sealed};
use triaxis_units::{BitsPerByte, Bytes, Flops, Params, Tokens};

use crate::study::outline;
use crate::table::Table;

/// What is in a library, or a part of it.
#[derive(Default, Serialize)]
pub(super) struct Contents {
    pub(super) records: Vec<Record>,
    pub(super) evaluations: Vec<Evaluation>,
    pub(super) measurements: Vec<Measurement>,
    pub(super) ngrams: Vec<NGrams>,
    pub(super) models: Vec<Model>,
    pub(super) corpora: Vec<Prepared>,
    pub(super) curated: Vec<Curated>,
    pub(super) texts: Vec<Kept>,
    /// What cannot be read, in the words of who tried.
    pub(super) damaged: Vec<String>,
    /// Whether all of it was read to its end.
    pub(super) verified: bool,
    /// Whether it has been removed.
    pub(super) removed: bool,
}

#[derive(Serialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) architecture: String,
    pub(super) parameters: Params,
    pub(super) tokens: Tokens,
    pub(super) flops: Flops,
    pub(super) learning_rate: f64,
    pub(super) seed: u64,
    /// Identity of its text, split and tokenizer.
    pub(super) corpus: String,
    pub(super) outcome: &'static str,
    pub(super) bits_per_byte: Option<BitsPerByte>,
}

/// The loss of a trial's model on a validation text.
#[derive(Serialize)]
pub(super) struct Evaluation {
    pub(super) id: String,
    pub(super) trial: String,
    pub(super) text: String,
    pub(super) bits_per_byte: Option<BitsPerByte>,
}

/// What a model costs on a machine, or learns there.
#[derive(Serialize)]
pub(super) struct Measurement {
    /// By length, when it decodes, or what it learns of probes.
    pub(super) of: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) parameters: Params,
    pub(super) machine: String,
}

/// The loss of models that count n-grams.
#[derive(Serialize)]
pub(super) struct NGrams {
    pub(super) id: String,
    /// Identity of their text, split and tokenizer.
    pub(super) corpus: String,
    pub(super) tokens: Tokens,
    /// Tokens of the longest n-grams.
    pub(super) order: Option<usize>,
    pub(super) bits_per_byte: Option<BitsPerByte>,
}

/// The weights of a trial.
#[derive(Serialize)]
pub(super) struct Model {
    pub(super) trial: String,
    pub(super) bytes: Bytes,
}

#[derive(Serialize)]
pub(super) struct Prepared {
    pub(super) id: String,
    pub(super) sources: Vec<String>,
    pub(super) bytes: Bytes,
    pub(super) tokens: Tokens,
}

/// Text that a corpus is made of.
#[derive(Serialize)]
pub(super) struct Curated {
    pub(super) id: String,
    pub(super) steps: Vec<String>,
    pub(super) documents: u64,
    pub(super) bytes: Bytes,
}

/// A validation text.
#[derive(Serialize)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) documents: usize,
    pub(super) bytes: Bytes,
}

/// Identities of what some studies need.
#[derive(Default)]
pub(super) struct Needed {
    pub(super) records: BTreeSet<String>,
    pub(super) models: BTreeSet<String>,
    pub(super) corpora: BTreeSet<String>,
    pub(super) curated: BTreeSet<String>,
    pub(super) texts: BTreeSet<String>,
}

/// How far the large parts are read.
pub(super) enum Depth {
    Look,
    /// To the end, against their hashes.
    Verify,
}

impl Depth {
    fn model(&self, library: &Library, trial: String) -> anyhow::Result<Model> {
        let path = library.model(&trial);
        match self {
            Self::Look => {}
            Self::Verify => {
                triaxis_train::check_model(&path)?;
            }
        }
        let about = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = Bytes(about.len());
        Ok(Model { trial, bytes })
    }
}

impl Contents {
    /// What is in the library beside what is needed.
    pub(super) fn beside(needed: &Needed, library: &Library, depth: &Depth) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        let fault = library.fault()?;
        contents.damaged.extend(fault.map(|fault| fault.to_string()));
        contents.verified = matches!(depth, Depth::Verify);
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
            match found {
                Some(triaxis_study::Record::Run(run)) => contents.records.push(Record::of(*run)),
                Some(triaxis_study::Record::Evaluation(record)) => {
                    contents.evaluations.push(Evaluation::of(*record));
                }
                Some(triaxis_study::Record::Decode(record)) => contents.measurements.push(Measurement {
                    of: "decoding",
                    name: record.decoding.name,
                    parameters: record.decoding.parameters,
                    machine: record.circumstances.machine,
                    id: record.id,
                }),
                Some(triaxis_study::Record::Infill(record)) => {
                    let infilling = record.infilling;
                    let names: Vec<String> = infilling.scores.iter().map(|one| one.name.clone()).collect();
                    contents.measurements.push(Measurement {
                        of: "infilling",
                        name: names.join(", "),
                        parameters: infilling.scores.first().map_or(Params(0), |one| one.parameters),
                        machine: record.circumstances.machine,
                        id: record.id,
                    });
                }
                Some(triaxis_study::Record::Length(record)) => contents.measurements.push(Measurement {
                    of: "length",
                    name: record.lengths.name,
                    parameters: record.lengths.parameters,
                    machine: record.circumstances.machine,
                    id: record.id,
                }),
                Some(triaxis_study::Record::Probe(record)) => contents.measurements.push(Measurement {
                    of: "probing",
                    name: format!("{} on {}", record.scores.name, record.scores.probe),
                    parameters: record.scores.parameters,
                    machine: record.circumstances.machine,
                    id: record.id,
                }),
                Some(triaxis_study::Record::NGram(record)) => contents.ngrams.push(NGrams::of(*record)),
                None => {}
            }
        }
        for trial in beside(library.models()?, &needed.models) {
            match depth.model(library, trial) {
                Ok(model) => contents.models.push(model),
                Err(error) => contents.damaged.push(error.to_string()),
            }
        }
        for id in beside(library.corpora()?, &needed.corpora) {
            match library.open_corpus(&id, contents.verified) {
                Ok(corpus) => contents.corpora.push(Prepared::of(id, corpus.manifest())),
                Err(error) => contents.damaged.push(error.to_string()),
            }
        }
        for id in beside(library.all_curated()?, &needed.curated) {
            match library.curated_facts(&id) {
                Ok(facts) => contents.curated.extend(facts.map(|facts| Curated {
                    id,
                    documents: facts.kept().documents,
                    bytes: facts.kept().bytes,
                    steps: facts.steps.into_iter().map(|step| step.step).collect(),
                })),
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
            architecture: record.config.architecture.kind().to_owned(),
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

impl Evaluation {
    fn of(record: EvaluationRecord) -> Self {
        Self {
            bits_per_byte: record.loss().map(|loss| loss.bits_per_byte),
            id: record.id,
            trial: record.trial,
            text: record.name,
        }
    }
}

impl NGrams {
    fn of(record: NGramRecord) -> Self {
        let longest = record.losses.last();
        Self {
            order: longest.map(|longest| longest.order),
            bits_per_byte: longest.map(|longest| longest.loss.bits_per_byte),
            tokens: record.counted,
            corpus: record.inputs.corpus,
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
        let mut evaluations = Table::new(["evaluation", "record", "validation text", "bits/byte"]);
        for record in &self.evaluations {
            let loss = record.bits_per_byte.map(|loss| loss.to_string());
            evaluations.row([
                record.id.clone(),
                record.trial.clone(),
                record.text.clone(),
                loss.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        let mut measurements = Table::new(["measurement", "of", "model", "N", "machine"]);
        for record in &self.measurements {
            measurements.row([
                record.id.clone(),
                record.of.to_owned(),
                record.name.clone(),
                record.parameters.to_string(),
                record.machine.clone(),
            ]);
        }
        let mut ngrams = Table::new(["n-grams", "text", "tokens", "longest", "bits/byte"]);
        for record in &self.ngrams {
            let loss = record.bits_per_byte.map(|loss| loss.to_string());
            let dash = || "-".to_owned();
            ngrams.row([
                record.id.clone(),
                record.corpus.chars().take(8).collect(),
                record.tokens.to_string(),
                record.order.map_or_else(dash, |order| order.to_string()),
                loss.unwrap_or_else(dash),
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
        let mut curated = Table::new(["curated text", "documents", "text", "steps"]);
        for of in &self.curated {
            curated.row([
                of.id.clone(),
                of.documents.to_string(),
                of.bytes.to_string(),
                of.steps.join(", "),
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
            (evaluations, self.evaluations.len()),
            (measurements, self.measurements.len()),
            (ngrams, self.ngrams.len()),
            (corpora, self.corpora.len()),
            (curated, self.curated.len()),
            (texts, self.texts.len()),
        ] {
            if rows > 0 {
                writeln!(formatter, "{table}")?;
            }
        }
        for damaged in &self.damaged {
            writeln!(formatter, "damaged: {damaged}")?;
        }
        let end = match (self.removed, self.verified && self.damaged.is_empty()) {
            (true, _) => ", removed",
            (false, true) => ": all of it is as it was written",
            (false, false) => "",
        };
        write!(
            formatter,
            "{} and {}",
            counted(self.records.len(), "record", "records"),
            counted(self.corpora.len(), "corpus", "corpora")
        )?;
        if !self.evaluations.is_empty() {
            let many = self.evaluations.len();
            write!(formatter, ", {}", counted(many, "evaluation", "evaluations"))?;
        }
        if !self.measurements.is_empty() {
            let many = self.measurements.len();
            write!(formatter, ", {}", counted(many, "measurement", "measurements"))?;
        }
        if !self.ngrams.is_empty() {
            let many = self.ngrams.len();
            write!(
                formatter,
                ", {}",
                counted(many, "count of n-grams", "counts of n-grams")
            )?;
        }
        if !self.models.is_empty() {
            let bytes = Bytes(self.models.iter().map(|model| model.bytes.0).sum());
            let models = counted(self.models.len(), "model", "models");
            write!(formatter, ", {models} of {bytes}")?;
        }
        formatter.write_str(end)
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
