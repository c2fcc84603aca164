//! What a study will do: its sources, trials, operations, time and memory.

use std::fmt;

use serde::Serialize;
use triaxis_corpus::SourceListing;
use triaxis_host::machine;
use triaxis_records::Role;
use triaxis_study::Group;
use triaxis_study::calibrate;
use triaxis_study::{Frozen, FrozenSpec, Store, StudyError, check_epochs, check_memory};
use triaxis_train::Dtype;
use triaxis_units::{Bytes, Flops, Params, Seconds, Tokens};

use super::arm_columns;
use crate::Format;
use crate::table::Table;

/// A study before it has run.
#[derive(Debug, Serialize)]
pub struct Outline {
    name: String,
    sources: Vec<Source>,
    /// The validation texts.
    texts: Vec<Source>,
    trials: Vec<Row>,
    /// Operations of all trials, shared trunks counted once.
    flops: Flops,
    /// Estimated time of all trials, measured by a few steps of each.
    time: Seconds,
    /// Estimated memory of the processes that run side by side.
    memory: Bytes,
    cores: usize,
    /// What is known to go otherwise than one may expect.
    notices: Vec<String>,
    /// What is recorded and will be made again, and why.
    again: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Source {
    name: String,
    files: u64,
    bytes: Bytes,
}

impl Source {
    fn of(listing: SourceListing) -> Self {
        Self {
            name: listing.name,
            files: listing.files,
            bytes: listing.bytes,
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    /// The arm that asks for it, where a study has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<String>,
    seed: u64,
    role: &'static str,
    architecture: String,
    budget: Option<Flops>,
    parameters: Params,
    non_embedding: Params,
    tokens: Tokens,
    flops: Flops,
    six_nd: Flops,
    steps: u64,
    batch: Tokens,
    dtype: Dtype,
    learning_rate: f64,
    memory: Bytes,
    seconds: Seconds,
}

impl Outline {
    /// Looks at the sources and times a few steps of each group.
    pub fn of(spec: &FrozenSpec, store: &Store, cores: usize) -> Result<Self, StudyError> {
        let sources: Vec<Source> = triaxis_corpus::describe(&spec.spec.corpus, &spec.base)?
            .into_iter()
            .map(Source::of)
            .collect();
        let texts = spec.spec.validation.iter();
        let texts = texts.map(|source| triaxis_corpus::describe_text(source, &spec.base).map(Source::of));
        let texts: Vec<Source> = texts.collect::<Result<_, _>>()?;
        let groups = spec.resolve()?;
        check_memory(&groups, machine::available_memory())?;
        for arm in spec.arms()? {
            let corpus = &arm.spec.corpus;
            if let Some(sample) = corpus.sample {
                let own = groups.iter().filter(|group| group.arm == arm.name);
                // A token has a byte or more.
                let most = corpus.most_training_text(sample);
                check_epochs(own, Tokens(most.0), arm.spec.training.epochs)?;
            }
        }
        let has_arms = !spec.spec.arms.is_empty();
        let mut trials = Vec::new();
        let (mut ladder, mut heldout) = (Vec::new(), Vec::new());
        for group in &groups {
            let step = calibrate::step(&group.config)?;
            let arm = has_arms.then_some(group.arm.as_str());
            trials.extend(group.trials.iter().map(|trial| row(arm, group, trial, step)));
            let durations = if group.role == Role::Ladder {
                &mut ladder
            } else {
                &mut heldout
            };
            durations.push(step * group.steps() as f64);
        }
        let time = calibrate::makespan(ladder, cores) + calibrate::makespan(heldout, cores);
        let mut memory: Vec<u64> = trials.iter().map(|row: &Row| row.memory.0).collect();
        memory.sort_unstable();
        Ok(Self {
            name: spec.spec.name.clone(),
            sources,
            texts,
            flops: groups.iter().map(Group::flops).sum(),
            time,
            memory: Bytes(memory.iter().rev().take(cores).sum()),
            again: Frozen::earlier(store).again(&groups, &spec.library(store), spec.spec.mixed),
            trials,
            cores,
            notices: spec.foregone(store)?,
        })
    }

    /// Prints the outline to stdout.
    pub fn print(&self, format: Format) -> anyhow::Result<()> {
        crate::output::print(format, self, self)
    }
}

fn row(arm: Option<&str>, group: &Group, trial: &triaxis_study::Trial, step: Seconds) -> Row {
    Row {
        arm: arm.map(str::to_owned),
        seed: trial.config.seed,
        role: group.role.name(),
        architecture: trial.architecture().name().to_owned(),
        budget: trial.budget,
        parameters: trial.parameters,
        non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        flops: trial.flops,
        six_nd: Flops::six_nd(trial.parameters, trial.tokens),
        steps: trial.steps(),
        batch: trial.config.batch_tokens(),
        dtype: trial.config.dtype,
        learning_rate: trial.config.peak_learning_rate,
        memory: trial.memory,
        seconds: step * trial.steps() as f64,
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "study {}", self.name)?;
        for (heading, listed) in [("source", &self.sources), ("validation text", &self.texts)] {
            if listed.is_empty() {
                continue;
            }
            let mut table = Table::new([heading, "files", "bytes"]);
            for source in listed {
                table.row([
                    source.name.clone(),
                    source.files.to_string(),
                    source.bytes.to_string(),
                ]);
            }
            write!(formatter, "\n{table}\n")?;
        }
        let has_arms = self.trials.iter().any(|row| row.arm.is_some());
        let columns = [
            "role", "model", "budget", "N", "D", "FLOPs", "6ND", "steps", "batch", "dtype", "rate", "memory",
            "alone",
        ];
        let mut trials = Table::new(arm_columns::heading(has_arms, &columns));
        for row in &self.trials {
            let cells = [
                row.role.to_owned(),
                row.architecture.clone(),
                row.budget
                    .map_or_else(|| "-".to_owned(), |budget| budget.to_string()),
                row.parameters.to_string(),
                row.tokens.to_string(),
                row.flops.to_string(),
                row.six_nd.to_string(),
                row.steps.to_string(),
                row.batch.to_string(),
                row.dtype.to_string(),
                rate(row.learning_rate),
                row.memory.to_string(),
                row.seconds.to_string(),
            ];
            trials.row(arm_columns::row(row.arm.as_ref(), row.seed, cells));
        }
        writeln!(formatter, "{trials}")?;
        write!(
            formatter,
            "{}, {} operations with shared trunks, about {} on {} and {} of memory, and the corpus before that",
            match self.trials.len() {
                1 => "one trial".to_owned(),
                trials => format!("{trials} trials"),
            },
            self.flops,
            self.time,
            if self.cores == 1 {
                "one core".to_owned()
            } else {
                format!("{} cores", self.cores)
            },
            self.memory,
        )?;
        let mut said = self.again.iter().chain(&self.notices);
        said.try_for_each(|reason| write!(formatter, "\n! {reason}"))
    }
}

/// Four decimals where they tell the rate, else powers of ten.
pub fn rate(rate: f64) -> String {
    match (1e-3..1e4).contains(&rate) {
        true => format!("{rate:.4}"),
        false => format!("{rate:.2e}"),
    }
}
