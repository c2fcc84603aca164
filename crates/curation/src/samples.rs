//! Documents of an output to be read by people.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::drawn::Drawn;
use crate::lines::{lines, next_line, parsed};
use crate::measured::{Measured, measured};
use crate::passes::DROPPED;
use crate::{CurationError, Dropped, Facts, Kept, finished};

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Only documents that were dropped for this, and what is measured by this name of those that were kept.
    pub reason: Option<String>,
    /// Documents of a kind at most.
    pub count: usize,
    /// Draws them.
    pub seed: u64,
}

/// Documents of an output, drawn at random.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Samples {
    /// By step and reason, in that order.
    pub dropped: Vec<Dropped<'static>>,
    /// Those that were kept; where a reason was asked for, only if a filter measures it.
    pub kept: Vec<KeptSample>,
}

/// A document that was kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptSample {
    /// As it is in the output.
    #[serde(flatten)]
    pub kept: Kept<'static>,
    /// What the recipe's filters measure of its text as that is now: of the reason that was asked for, or else of each
    /// that any document was dropped for.
    pub measured: Vec<Measured>,
}

/// What the finished output in a folder tells of itself, and documents of it, drawn as many of each reason of each step.
///
/// # Errors
/// Where there is no whole output, or nothing was dropped for the reason that was asked for.
pub fn samples(out: &Path, asked: &Asked) -> Result<(Facts, Samples), CurationError> {
    let facts = finished(out)?.ok_or_else(|| {
        CurationError::input(format!(
            "{} holds nothing: give the folder that `corpus curate` wrote",
            out.display()
        ))
    })?;
    if let Some(reason) = &asked.reason {
        is_known(&facts, reason)?;
    }
    let mut dropped: BTreeMap<(usize, String), Drawn<Dropped<'static>>> = BTreeMap::new();
    let mut kept = Drawn::default();
    for file in &facts.files {
        let path = out.join(&file.file);
        if file.file.starts_with(DROPPED) {
            each_line(&path, |document: Dropped<'static>| {
                let is_asked = asked
                    .reason
                    .as_ref()
                    .is_none_or(|reason| *reason == document.reason);
                if is_asked {
                    let of = (document.step, document.reason.clone().into_owned());
                    dropped
                        .entry(of)
                        .or_default()
                        .add(asked.count, asked.seed, || document);
                }
            })?;
        } else {
            each_line(&path, |document: Kept<'static>| {
                kept.add(asked.count, asked.seed, || document);
            })?;
        }
    }
    let kept = kept
        .all()
        .into_iter()
        .map(|kept| with_values(kept, &facts, asked));
    let mut kept = kept.collect::<Result<Vec<_>, _>>()?;
    kept.retain(|kept| asked.reason.is_none() || !kept.measured.is_empty());
    let dropped = dropped.into_values().flat_map(Drawn::all).collect();
    Ok((facts, Samples { dropped, kept }))
}

fn with_values(kept: Kept<'static>, facts: &Facts, asked: &Asked) -> Result<KeptSample, CurationError> {
    let known = triaxis_filters::Facts {
        licence: kept.licence.as_deref(),
        ..triaxis_filters::Facts::default()
    };
    let is_wanted = |measured: &Measured| match &asked.reason {
        Some(reason) => *reason == measured.name,
        None => facts
            .steps
            .iter()
            .any(|step| step.step == measured.by && step.dropped.contains_key(&measured.name)),
    };
    let mut measured = measured(&facts.recipe.steps, &kept.text, &known)?;
    measured.retain(is_wanted);
    Ok(KeptSample { kept, measured })
}

fn is_known(facts: &Facts, reason: &str) -> Result<(), CurationError> {
    let known = || {
        facts
            .steps
            .iter()
            .flat_map(|step| step.dropped.keys().map(String::as_str))
    };
    if known().any(|known| known == reason) {
        return Ok(());
    }
    let meant = triaxis_names::suggestion(reason, known());
    let mut all: Vec<&str> = known().collect();
    all.sort_unstable();
    all.dedup();
    let there_are = match all.is_empty() {
        true => "none was dropped at all".to_owned(),
        false => format!("reasons are {}", all.join(", ")),
    };
    Err(CurationError::input(format!(
        "nothing was dropped for `{reason}`{meant}: {there_are}"
    )))
}

fn each_line<T: DeserializeOwned>(path: &Path, mut each: impl FnMut(T)) -> Result<(), CurationError> {
    let mut lines = lines(path)?;
    let mut line = Vec::new();
    while next_line(&mut lines, path, &mut line)? {
        each(parsed(path, &line)?);
    }
    Ok(())
}
