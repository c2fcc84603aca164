//! What a study will do: its sources, trials, operations, time and memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use triaxis_corpus::SourceListing;
use triaxis_records::Role;
use triaxis_study::job::{self, AskProbe, Evaluate, Train, Work};
use triaxis_study::{
    Evaluator, FrozenSpec, Group, Library, Ready, RunRecord, Store, StudyError, calibrate, sealed,
};
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
    /// Losses on validation texts.
    evaluations: Counts,
    /// Models that are asked what probes ask.
    probes: Counts,
    /// Operations of what runs, shared trunks counted once.
    flops: Flops,
    /// Estimated time of what runs, measured by a few steps of each group.
    time: Seconds,
    /// Estimated memory of the processes that run side by side.
    memory: Bytes,
    cores: usize,
    /// What is known to go otherwise than one may expect.
    notices: Vec<String>,
    /// What is recorded and will be made again, and why.
    again: Vec<String>,
}

/// How many are recorded, and how many are to be.
#[derive(Debug, Default, Serialize)]
struct Counts {
    there: usize,
    missing: usize,
}

/// Whether a trial is run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It has its record.
    There,
    Runs,
    /// It has its record, and is trained for the weights that an evaluation needs.
    Again,
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
    /// Alone: as recorded, or estimated.
    seconds: Option<Seconds>,
    state: State,
}

impl Outline {
    /// Tells what is there and what runs, and times a few steps of each group that runs.
    pub fn of(spec: &FrozenSpec, store: &Store, cores: usize, ready: &Ready) -> Result<Self, StudyError> {
        let library = spec.library(store);
        let avoid = [library.folder(), store.folder()];
        // Text that is there no longer is in the library.
        let sources = triaxis_corpus::describe(&spec.spec.corpus, &spec.base, &avoid).unwrap_or_default();
        let texts = spec.spec.validation.iter();
        let texts = texts.filter_map(|source| triaxis_corpus::describe_text(source, &spec.base, &avoid).ok());
        let frozen = &ready.survey.frozen;
        let mut outline = Self {
            name: spec.spec.name.clone(),
            sources: sources.into_iter().map(Source::of).collect(),
            texts: texts.map(Source::of).collect(),
            trials: Vec::new(),
            evaluations: Counts::default(),
            probes: Counts::default(),
            flops: Flops(0.0),
            time: Seconds(0.0),
            memory: Bytes(0),
            cores,
            notices: [spec.foregone(store, frozen)?, frozen.small_texts()].concat(),
            again: ready.again.clone(),
        };
        outline.look(spec, store, ready)?;
        let damaged = ready.damaged.iter().map(ToString::to_string);
        outline.again.extend(damaged);
        Ok(outline)
    }

    /// Fills in what is there, what runs, and what that takes.
    fn look(&mut self, spec: &FrozenSpec, store: &Store, ready: &Ready) -> Result<(), StudyError> {
        let library = spec.library(store);
        let (frozen, useless) = (&ready.survey.frozen, sealed::paths(&ready.damaged));
        let (evaluator, keep) = (frozen.evaluator(), spec.spec.keep_models);
        let training = |group: &Group| Train::of(group, &evaluator, keep).without(&useless);
        let missing = |group: &Group| training(group).missing(&library);
        let missing: Vec<BTreeSet<usize>> = frozen.groups.iter().map(missing).collect::<Result<_, _>>()?;
        let groups = || frozen.groups.iter().zip(&missing);
        let has_arms = !spec.spec.arms.is_empty();
        let (mut memory, mut again, mut seen) = (Vec::new(), 0, BTreeSet::new());
        let mut steps = calibrate::Steps::default();
        let mut durations: BTreeMap<&str, Vec<Seconds>> = BTreeMap::new();
        for (group, missing) in groups() {
            let unmeasured = self.evaluations.missing;
            self.count(&library, &evaluator, group)?;
            let is_measured = self.evaluations.missing == unmeasured;
            let step = match missing.is_empty() && is_measured {
                true => None,
                false => Some(steps.time(&group.config)?),
            };
            let arm = has_arms.then_some(group.arm.as_str());
            self.rows(&library, arm, group, missing, step)?;
            // Arms that differ in part share groups.
            let Some(step) = step.filter(|_| seen.insert(&group.id)) else {
                continue;
            };
            let train = training(group);
            again += train.again(&library)?;
            let bill = train.bill();
            let durations = durations.entry(group.role.name()).or_default();
            memory.push(bill.memory.0);
            if !missing.is_empty() {
                self.flops = Flops(self.flops.0 + bill.flops.0);
                durations.push(step * bill.steps as f64);
            }
            if !is_measured {
                let measured = Evaluate::of(group, &evaluator, keep).bill().flops.0;
                durations.push(step * (measured * bill.steps as f64 / bill.flops.0));
            }
        }
        for probe in AskProbe::of(&frozen.probes) {
            if probe.is_done(&library)? {
                self.probes.there += 1;
                continue;
            }
            self.probes.missing += 1;
            let (inputs, bill) = (probe.inputs(), probe.bill());
            self.flops = Flops(self.flops.0 + bill.flops.0);
            let trainings = bill.steps as usize;
            let all = inputs.time(steps.time(&inputs.step())?);
            let durations = durations.entry(Role::Ladder.name()).or_default();
            durations.extend(std::iter::repeat_n(all * (1.0 / trainings as f64), trainings));
            let side_by_side = inputs.side_by_side().min(self.cores);
            memory.extend(std::iter::repeat_n(inputs.memory().0, side_by_side));
        }
        let each = durations.into_values();
        self.time = each.map(|each| calibrate::makespan(each, self.cores)).sum();
        memory.sort_unstable();
        self.memory = Bytes(memory.iter().rev().take(self.cores).sum());
        self.again.extend(job::weights_again(again));
        Ok(())
    }

    /// Counts the losses of a group on the validation texts.
    fn count(&mut self, library: &Library, evaluator: &Evaluator, group: &Group) -> Result<(), StudyError> {
        for trial in &group.trials {
            let record: Option<RunRecord> = library.record_if_whole(&trial.id)?;
            if record.is_some_and(|record| record.outcome.validation().is_none()) {
                continue;
            }
            let missing = evaluator.missing(library, group, trial)?.len();
            self.evaluations.missing += missing;
            self.evaluations.there += evaluator.texts.len() - missing;
        }
        Ok(())
    }

    /// Lists the trials of a group, of which a step takes so long if any is run.
    fn rows(
        &mut self,
        library: &Library,
        arm: Option<&str>,
        group: &Group,
        missing: &BTreeSet<usize>,
        step: Option<Seconds>,
    ) -> Result<(), StudyError> {
        for (place, trial) in group.trials.iter().enumerate() {
            let record: Option<RunRecord> = library.record_if_whole(&trial.id)?;
            let state = match (missing.contains(&place), &record) {
                (false, _) => State::There,
                (true, None) => State::Runs,
                (true, Some(_)) => State::Again,
            };
            let recorded = record.map(|record| record.circumstances.seconds);
            let estimated = step.map(|step| step * trial.steps() as f64);
            let seconds = recorded.or(estimated);
            self.trials.push(row(arm, group, trial, seconds, state));
        }
        Ok(())
    }

    /// Prints the outline to stdout.
    pub fn print(&self, format: Format) -> anyhow::Result<()> {
        crate::output::print(format, self, self)
    }
}

fn row(
    arm: Option<&str>,
    group: &Group,
    trial: &triaxis_study::Trial,
    seconds: Option<Seconds>,
    state: State,
) -> Row {
    Row {
        arm: arm.map(str::to_owned),
        seed: trial.config.seed,
        role: group.role.name(),
        architecture: trial.architecture().kind().to_owned(),
        budget: trial.budget,
        parameters: trial.parameters,
        non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        flops: trial.flops,
        six_nd: Flops::six_nd(trial.active(), trial.tokens),
        steps: trial.steps(),
        batch: trial.config.batch_tokens(),
        dtype: trial.config.dtype,
        learning_rate: trial.config.peak_learning_rate,
        memory: trial.memory,
        seconds,
        state,
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
            "alone", "",
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
                row.seconds
                    .map_or_else(|| "-".to_owned(), |seconds| seconds.to_string()),
                match row.state {
                    State::There => "there",
                    State::Runs => "runs",
                    State::Again => "runs again",
                }
                .to_owned(),
            ];
            trials.row(arm_columns::row(row.arm.as_ref(), row.seed, cells));
        }
        writeln!(formatter, "{trials}")?;
        if !self.texts.is_empty() {
            let Counts { there, missing } = &self.evaluations;
            writeln!(formatter, "evaluations: {there} there, {missing} to run")?;
        }
        let run = self.trials.iter().filter(|row| row.state != State::There).count();
        if self.probes.there + self.probes.missing > 0 {
            let Counts { there, missing } = &self.probes;
            writeln!(formatter, "probes: {there} there, {missing} to run")?;
        }
        let is_asked = self.probes.missing == 0;
        let is_measured = self.evaluations.missing == 0 && is_asked;
        match (self.trials.len(), run) {
            (all, 0) if is_measured => write!(formatter, "nothing is to run: all {all} trials are there")?,
            (all, 0) => write!(formatter, "none of {all} trials runs")?,
            (1, _) => write!(formatter, "one trial")?,
            (all, run) if all == run => write!(formatter, "{all} trials")?,
            (all, run) => write!(formatter, "{run} of {all} trials run")?,
        }
        if run > 0 || !is_asked {
            write!(formatter, ", {} operations with shared trunks", self.flops)?;
        }
        if run > 0 || !is_measured {
            let cores = match self.cores {
                1 => "one core".to_owned(),
                cores => format!("{cores} cores"),
            };
            write!(
                formatter,
                ", about {} on {cores} and {} of memory, and the corpus before that",
                self.time, self.memory
            )?;
        }
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
