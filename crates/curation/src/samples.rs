//! Documents of an output to be read by people.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use triaxis_random::key;

use crate::batches::lines;
use crate::{CurationError, Dropped, Facts, Kept, finished};

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Only documents that were dropped for this.
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
    /// Those that were kept; none where a reason was asked for.
    pub kept: Vec<Kept<'static>>,
}

/// Draws documents of the finished output in a folder, as many of each reason of each step.
///
/// # Errors
/// Where there is no whole output, or nothing was dropped for the reason that was asked for.
pub fn samples(out: &Path, asked: &Asked) -> Result<Samples, CurationError> {
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
        if file.file.starts_with("dropped/") {
            each_line(&path, |document: Dropped<'static>| {
                if asked
                    .reason
                    .as_ref()
                    .is_none_or(|reason| *reason == document.reason)
                {
                    let of = (document.step, document.reason.clone().into_owned());
                    dropped.entry(of).or_default().add(asked, document);
                }
            })?;
        } else if asked.reason.is_none() {
            each_line(&path, |document: Kept<'static>| kept.add(asked, document))?;
        }
    }
    Ok(Samples {
        dropped: dropped.into_values().flat_map(Drawn::documents).collect(),
        kept: kept.documents(),
    })
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
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line);
        if length.map_err(CurationError::io("read", path))? == 0 {
            return Ok(());
        }
        each(serde_json::from_slice(&line).map_err(|error| CurationError::damaged(path, error))?);
    }
}

/// Some of many, all of which are as likely.
struct Drawn<T> {
    seen: u64,
    /// By a number that the seed gives each; the least ones stay. A later document of the same number has the larger
    /// place.
    least: BTreeMap<(u64, u64), T>,
}

impl<T> Default for Drawn<T> {
    fn default() -> Self {
        Self {
            seen: 0,
            least: BTreeMap::new(),
        }
    }
}

impl<T> Drawn<T> {
    fn add(&mut self, asked: &Asked, document: T) {
        let place = (key(asked.seed, "sample", self.seen), self.seen);
        self.seen += 1;
        let is_less = || self.least.last_key_value().is_some_and(|(last, _)| place < *last);
        if self.least.len() < asked.count || is_less() {
            self.least.insert(place, document);
        }
        if self.least.len() > asked.count {
            self.least.pop_last();
        }
    }

    /// In the order of the corpus.
    fn documents(self) -> Vec<T> {
        let mut documents: Vec<_> = self
            .least
            .into_iter()
            .map(|((_, place), document)| (place, document))
            .collect();
        documents.sort_by_key(|(place, _)| *place);
        documents.into_iter().map(|(_, document)| document).collect()
    }
}
