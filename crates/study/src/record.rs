//! Run records: what was measured, immutable, each with what made it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use triaxis_host::machine;
use triaxis_routing::ExpertsOutcome;
use triaxis_train::{BranchOutcome, CurvePoint, Evaluation, Instructions, NamedEvaluation, TrainConfig};
use triaxis_units::{Bytes, Flops, Params, Seconds, Tokens};

use crate::decode::DecodeRecord;
use crate::evaluation::EvaluationRecord;
use crate::identity;
use crate::infill::InfillRecord;
use crate::length::LengthRecord;
use crate::ngram::NGramRecord;
use crate::probes::ProbeRecord;
use crate::trial::{Inputs, Trial};

/// Version of the record's layout; a record of another version is not read.
const SCHEMA: u32 = 3;

/// What a file of the library's records says of itself.
pub trait Recorded: Serialize + DeserializeOwned {
    /// Identity of what it records.
    fn id(&self) -> &str;

    /// Version of its layout, and the one that is read.
    fn layout(&self) -> [u32; 2];

    /// Whether another run of the same came to the same.
    fn agrees(&self, other: &Self) -> bool;
}

/// A record of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// Of a trial.
    Run(Box<RunRecord>),
    /// Of a trial's model on a text.
    Evaluation(Box<EvaluationRecord>),
    /// Of what a model costs by length.
    Length(Box<LengthRecord>),
    /// Of how fast a model decodes.
    Decode(Box<DecodeRecord>),
    /// Of how well models fill gaps.
    Infill(Box<InfillRecord>),
    /// Of the n-grams of some tokens.
    NGram(Box<NGramRecord>),
    /// Of what a model learns of a probe.
    Probe(Box<ProbeRecord>),
}

impl Recorded for Record {
    fn id(&self) -> &str {
        match self {
            Self::Run(record) => record.id(),
            Self::Evaluation(record) => record.id(),
            Self::Length(record) => record.id(),
            Self::Decode(record) => record.id(),
            Self::Infill(record) => record.id(),
            Self::NGram(record) => record.id(),
            Self::Probe(record) => record.id(),
        }
    }

    fn layout(&self) -> [u32; 2] {
        match self {
            Self::Run(record) => record.layout(),
            Self::Evaluation(record) => record.layout(),
            Self::Length(record) => record.layout(),
            Self::Decode(record) => record.layout(),
            Self::Infill(record) => record.layout(),
            Self::NGram(record) => record.layout(),
            Self::Probe(record) => record.layout(),
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Run(one), Self::Run(other)) => one.agrees(other),
            (Self::Evaluation(one), Self::Evaluation(other)) => one.agrees(other),
            (Self::Length(one), Self::Length(other)) => one.agrees(other),
            (Self::Decode(one), Self::Decode(other)) => one.agrees(other),
            (Self::Infill(one), Self::Infill(other)) => one.agrees(other),
            (Self::NGram(one), Self::NGram(other)) => one.agrees(other),
            (Self::Probe(one), Self::Probe(other)) => one.agrees(other),
            _ => false,
        }
    }
}

impl Recorded for RunRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.outcome == other.outcome
    }
}

/// One finished trial: what was trained and what came of it. What it is for is the business of the study that asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of the layout of a record.
    pub schema: u32,
    /// Identity of the trial.
    pub id: String,
    /// Everything that determines its bits; one branch.
    pub config: TrainConfig,
    /// Trainable parameters.
    pub parameters: Params,
    /// Trainable parameters without the embedding.
    pub non_embedding: Params,
    /// Tokens it sees.
    pub tokens: Tokens,
    /// Training operations, counted exactly.
    pub flops: Flops,
    /// Corpus, tokenizer, versions of the program's parts and unit it was run with.
    pub inputs: Inputs,
    /// How it ended, with its measurements. Equal bits for equal identity.
    pub outcome: Outcome,
    /// Where and how fast: what may differ between two runs of one identity.
    pub circumstances: Circumstances,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// Trained to its end and evaluated.
    Done {
        /// Loss on the whole validation split.
        validation: Evaluation,
        /// The same by the source of the text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<NamedEvaluation>,
        /// What its experts did, where it has any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        experts: Option<Box<ExpertsOutcome>>,
        /// Training loss along the way, thinned.
        curve: Vec<CurvePoint>,
    },
    /// The loss left the finite numbers or rose far above its start.
    Diverged {
        /// At which step.
        step: u64,
        /// What was seen.
        reason: String,
        /// Training loss up to there, thinned.
        curve: Vec<CurvePoint>,
    },
    /// It could not be run.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// `done`, `diverged` or `failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Diverged { .. } => "diverged",
            Self::Failed { .. } => "failed",
        }
    }

    /// The validation loss, if the trial came to its end.
    pub fn validation(&self) -> Option<&Evaluation> {
        match self {
            Self::Done { validation, .. } => Some(validation),
            _ => None,
        }
    }

    /// The validation loss by source, if the trial came to its end.
    pub fn sources(&self) -> &[NamedEvaluation] {
        match self {
            Self::Done { sources, .. } => sources,
            _ => &[],
        }
    }

    /// What its experts did, if it has any and came to its end.
    pub fn experts(&self) -> Option<&ExpertsOutcome> {
        match self {
            Self::Done { experts, .. } => experts.as_deref(),
            _ => None,
        }
    }

    /// The training loss along the way.
    pub fn curve(&self) -> &[CurvePoint] {
        match self {
            Self::Done { curve, .. } | Self::Diverged { curve, .. } => curve,
            Self::Failed { .. } => &[],
        }
    }

    /// Why there is no loss, if there is none.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Done { .. } => None,
            Self::Diverged { step, reason, .. } => Some(format!("diverged at step {step}: {reason}")),
            Self::Failed { reason } => Some(reason.clone()),
        }
    }
}

/// Where and how fast a trial ran.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Circumstances {
    /// The processor, by its own name.
    pub machine: String,
    /// Hash of the sources that it was computed by; see [`identity::CODE`].
    #[serde(default)]
    pub code: String,
    /// The best instruction set that was used there: the processor's best, unless another was chosen.
    #[serde(default)]
    pub instructions: String,
    /// Threads it ran on.
    pub threads: usize,
    /// Time spent on the trial's own steps: its branch, and its share of the trunk.
    pub seconds: Seconds,
    /// Peak memory of the process, where the system tells.
    pub peak_memory: Option<Bytes>,
    /// When it ended, in seconds since 1970.
    pub finished: u64,
}

impl Circumstances {
    /// Those of a trial that ends now on this machine.
    pub fn of(threads: usize, seconds: Seconds) -> Self {
        Self {
            machine: machine::processor(),
            code: identity::CODE.to_owned(),
            instructions: Instructions::current().name().to_owned(),
            threads,
            seconds,
            peak_memory: machine::peak_memory(),
            finished: machine::now(),
        }
    }
}

impl RunRecord {
    /// The record of a branch that came to an end.
    pub fn of_branch(
        trial: &Trial,
        inputs: &Inputs,
        outcome: &BranchOutcome,
        circumstances: Circumstances,
    ) -> Self {
        let outcome = match (&outcome.status, &outcome.validation) {
            (triaxis_train::Status::Completed, Some(validation)) => Outcome::Done {
                validation: *validation,
                sources: outcome.sources.clone(),
                experts: outcome.experts.clone().map(Box::new),
                curve: outcome.curve.clone(),
            },
            (triaxis_train::Status::Completed, None) => Outcome::Failed {
                reason: "trained to its end but was not evaluated".to_owned(),
            },
            (triaxis_train::Status::Diverged { step, reason }, _) => Outcome::Diverged {
                step: *step,
                reason: reason.to_string(),
                curve: outcome.curve.clone(),
            },
        };
        Self::new(trial, inputs, outcome, circumstances)
    }

    /// The record of a trial that could not be run.
    pub fn of_failure(trial: &Trial, inputs: &Inputs, reason: String, circumstances: Circumstances) -> Self {
        Self::new(trial, inputs, Outcome::Failed { reason }, circumstances)
    }

    fn new(trial: &Trial, inputs: &Inputs, outcome: Outcome, circumstances: Circumstances) -> Self {
        Self {
            schema: SCHEMA,
            id: trial.id.clone(),
            config: trial.config.clone(),
            parameters: trial.parameters,
            non_embedding: trial.non_embedding,
            tokens: trial.tokens,
            flops: trial.flops,
            inputs: inputs.clone(),
            outcome,
            circumstances,
        }
    }
}
