//! `triaxis study status`: which trials are done.

use serde::Serialize;
use triaxis_study::{Frozen, FrozenSpec, Store, StudyError, Survey};
use triaxis_train::NamedEvaluation;
use triaxis_units::{BitsPerByte, Flops, Params, Seconds, Tokens};

use super::arm_columns;
use crate::Format;
use crate::output;
use crate::table::Table;

#[derive(Serialize)]
struct Status {
    name: String,
    done: usize,
    failed: usize,
    missing: usize,
    trials: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    /// The arm that asks for it, where a study has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<String>,
    seed: u64,
    role: &'static str,
    parameters: Params,
    tokens: Tokens,
    flops: Flops,
    status: &'static str,
    bits_per_byte: Option<BitsPerByte>,
    /// Whether that is a bound from above.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_bound: bool,
    /// Loss by the source of the corpus' validation split.
    sources: Vec<NamedEvaluation>,
    /// Loss on each validation text.
    texts: Vec<NamedEvaluation>,
    seconds: Option<Seconds>,
    reason: Option<String>,
}

/// Prints the state of the study in `store`.
pub fn print(store: &Store, format: Format) -> anyhow::Result<()> {
    let spec = FrozenSpec::read(store)?;
    let survey = survey(&spec, store)?;
    let groups = &survey.frozen.groups;
    let has_arms = !spec.spec.arms.is_empty();
    let trials = groups.iter().flat_map(|group| {
        let arm = has_arms.then_some(group.arm.as_str());
        group.trials.iter().map(move |trial| (arm, trial))
    });
    let trials: Vec<Row> = trials.map(|(arm, trial)| row(&survey, arm, trial)).collect();
    let count = |status: &str| trials.iter().filter(|row| row.status == status).count();
    let (done, missing) = (count("done"), count("missing"));
    let failed = trials.len() - done - missing;
    let status = Status {
        name: spec.spec.name,
        done,
        failed,
        missing,
        trials,
    };
    output::print(format, &status, &status)
}

/// The records of the study `spec` in `store`; damaged ones are named, and count as missing.
pub fn survey(spec: &FrozenSpec, store: &Store) -> Result<Survey, StudyError> {
    let frozen: Frozen = triaxis_study::sealed::read(&store.trials())?.unwrap_or_default();
    Survey::take(&spec.library(store), frozen, &mut |damaged| {
        eprintln!("warning: {damaged}");
        Ok(())
    })
}

fn row(survey: &Survey, arm: Option<&str>, trial: &triaxis_study::Trial) -> Row {
    let record = survey.record(&trial.id);
    let outcome = record.map(|record| &record.outcome);
    Row {
        id: trial.id.clone(),
        arm: arm.map(str::to_owned),
        seed: trial.config.seed,
        role: trial.role.name(),
        parameters: trial.parameters,
        tokens: trial.tokens,
        flops: trial.flops,
        status: outcome.map_or("missing", |outcome| outcome.name()),
        bits_per_byte: outcome
            .and_then(|outcome| outcome.validation())
            .map(|validation| validation.bits_per_byte),
        is_bound: outcome
            .and_then(|outcome| outcome.validation())
            .is_some_and(|validation| validation.bound.is_some()),
        sources: outcome.map_or_else(Vec::new, |outcome| outcome.sources().to_vec()),
        texts: survey.texts(&trial.id),
        seconds: record.map(|record| record.circumstances.seconds),
        reason: outcome.and_then(|outcome| outcome.reason()),
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_arms = self.trials.iter().any(|row| row.arm.is_some());
        let columns = [
            "trial",
            "role",
            "N",
            "D",
            "FLOPs",
            "status",
            "bits/byte",
            "time",
            "reason",
        ];
        let mut table = Table::new(arm_columns::heading(has_arms, &columns));
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        for row in &self.trials {
            let cells = [
                row.id.clone(),
                row.role.to_owned(),
                row.parameters.to_string(),
                row.tokens.to_string(),
                row.flops.to_string(),
                row.status.to_owned(),
                or_dash(row.bits_per_byte.map(|loss| {
                    let bound = if row.is_bound { "≤ " } else { "" };
                    format!("{bound}{loss}")
                })),
                or_dash(row.seconds.map(|seconds| seconds.to_string())),
                or_dash(row.reason.clone()),
            ];
            table.row(arm_columns::row(row.arm.as_ref(), row.seed, cells));
        }
        write!(
            formatter,
            "{table}\nstudy {}: {} done, {} failed, {} missing",
            self.name, self.done, self.failed, self.missing
        )
    }
}
