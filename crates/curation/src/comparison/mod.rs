//! Which documents two recipes judge differently, and why.
//!
//! Both judge the same documents in one reading, beside one reading for each step that looks for copies. Nothing is
//! written but what such steps write. Of a sample of the documents the copies are still those among all.

mod judge;
mod share;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use triaxis_corpus::{Count, Documents, LeftOutBy};
use triaxis_duplicates::{Position, Workspace};
use triaxis_random::key;
use triaxis_units::Estimate;

use self::judge::{Judge, Judged, Reader, passes};
use self::share::share;
use crate::batches;
use crate::drawn::Drawn;
use crate::facts::{add, of_source_told, one};
use crate::measured::{Measured, measured};
use crate::record::{Document, Reason, id};
use crate::statistics::temporary;
use crate::steps::{StepSpec, Work};
use crate::{CurationError, Progress, Recipe};

/// How two recipes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compare {
    /// The share of documents that are judged, above 0 and at most 1.
    pub share: f64,
    /// Documents to be read of each pair of reasons, at most.
    pub count: usize,
    /// Draws both.
    pub seed: u64,
}

/// How two recipes judge documents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// All documents.
    pub read: Count,
    /// Those that were judged.
    pub judged: Count,
    /// Kept by both.
    pub kept_by_both: Count,
    /// Those of them whose text one leaves otherwise than the other.
    pub edited_differently: Count,
    /// Kept by the first and dropped by the second.
    pub kept_by_first: Count,
    /// Kept by the second and dropped by the first.
    pub kept_by_second: Count,
    /// Dropped by both.
    pub dropped_by_both: Count,
    /// The share of documents that one keeps and the other drops; with Wilson's interval where they are a sample.
    pub differ: Option<Estimate>,
    /// What those are dropped for that not both keep, from the most documents on.
    pub reasons: Vec<Reasons>,
    /// Documents of each pair of different reasons.
    pub examples: Vec<Example>,
    /// What was read of each source.
    pub sources: Vec<SourceRead>,
}

/// What was read of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceRead {
    /// Its name.
    pub name: String,
    /// Its documents.
    pub read: Count,
    /// What could not be read, or is none, by reason.
    pub left_out: LeftOutBy,
}

impl Comparison {
    /// What was left out of the sources, a sentence a reason, each with whether it is so much that it is a warning.
    pub fn left_out_told(&self) -> impl Iterator<Item = (bool, String)> {
        let sources = self.sources.iter();
        sources.flat_map(|source| of_source_told(&source.name, source.read, &source.left_out))
    }
}

/// What documents are dropped for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// By the first recipe; nothing where it keeps them.
    pub first: Option<DroppedFor>,
    /// By the second.
    pub second: Option<DroppedFor>,
    /// The documents.
    pub count: Count,
}

/// A reason to drop a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DroppedFor {
    /// The step, from 1.
    pub step: usize,
    /// What that step is.
    pub by: String,
    /// What was measured.
    pub reason: String,
}

/// A document that two recipes do not drop for the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Its source, file and number in the file's pieces: `SOURCE/FILE#NUMBER`.
    pub id: String,
    /// What the first recipe says.
    pub first: Said,
    /// What the second recipe says.
    pub second: Said,
    /// Its text before either.
    pub text: String,
}

/// What a recipe says of a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// What it is dropped for, if it is.
    pub dropped: Option<Broken>,
    /// What this recipe measures by the name that the other one drops it for, if one of its filters does.
    pub beside: Option<Measured>,
}

/// A broken bound.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Broken {
    /// The step, from 1.
    pub step: usize,
    /// What it measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// The document that it is a copy of, where it is one.
    pub copy_of: Option<String>,
}

/// Lets two recipes judge the documents of the first one's sources; of the second only the steps count.
///
/// # Errors
/// When a recipe or the share is refused, or a source cannot be read.
pub fn compare(
    first: &Recipe,
    second: &Recipe,
    base: &Path,
    asked: Compare,
    progress: &dyn Progress,
) -> Result<Comparison, CurationError> {
    if !(asked.share > 0.0 && asked.share <= 1.0) {
        return Err(CurationError::input(format!(
            "`share = {}`: documents are judged, so it is above 0, and at most 1, which is all of them",
            asked.share
        )));
    }
    let (first, second) = (first.resolved(base)?, second.resolved(base)?);
    for recipe in [&first, &second] {
        can_be_told(recipe)?;
    }
    let documents = Documents::list(&first.sources, first.reading(), base, &[])?;
    let place = temporary()?;
    let workspace = Workspace::new(place.path(), first.memory)?;
    let mut reader = Reader {
        documents: &documents,
        workspace: &workspace,
        folder: place.path(),
        progress,
        passes: (0, passes(&first.steps) + passes(&second.steps) + 1),
    };
    let judges = [
        Judge::new(&first.steps, &mut reader)?,
        Judge::new(&second.steps, &mut reader)?,
    ];
    reader.begin();
    let sources: Vec<String> = first
        .sources
        .iter()
        .map(|source| source.name().to_owned())
        .collect();
    let mut tally = Tally {
        asked,
        documents: &documents,
        sources: &sources,
        steps: [&first.steps, &second.steps],
        read: vec![Count::default(); sources.len()],
        edited_differently: Count::default(),
        reasons: BTreeMap::new(),
        examples: BTreeMap::new(),
    };
    let [mut by_first, mut by_second] = [judges[0].open(&reader)?, judges[1].open(&reader)?];
    // What a step remembers hangs on all documents before; a filter judges each alone.
    let is_each_alone = judges.iter().all(Judge::is_each_alone);
    let left_out = batches::of_sources(&documents, |batch| {
        let is_drawn: Vec<bool> = batch.documents.iter().map(|one| tally.is_drawn(one)).collect();
        let is_judged = |number: usize| !is_each_alone || is_drawn[number];
        let by_first = by_first.judge(&documents, &batch.documents, &is_judged)?;
        let by_second = by_second.judge(&documents, &batch.documents, &is_judged)?;
        for (number, document) in batch.documents.iter().enumerate() {
            tally.read(document);
            if is_drawn[number] {
                tally.add(document, [&by_first[number], &by_second[number]]);
            }
        }
        progress.advance(batch.advanced);
        Ok(())
    })?;
    tally.told(left_out)
}

/// Refuses what hangs on what `corpus curate` alone writes.
fn can_be_told(recipe: &Recipe) -> Result<(), CurationError> {
    if !recipe.against.is_empty() {
        return Err(CurationError::input(
            "`against`: earlier outputs are looked into by `corpus curate` alone: remove the key to compare",
        ));
    }
    for (number, step) in recipe.steps.iter().enumerate() {
        if let Work::Copies(copies) = step.work()
            && let Some(at_once) = copies.at_once()
        {
            let error = CurationError::input(format!(
                "`at_once = {at_once}`: passages are looked for in parts of the text that is left, which `corpus curate` \
                 alone writes: remove the step to compare"
            ));
            return Err(CurationError::of_step(number, error));
        }
    }
    Ok(())
}

/// The step from 0, and the name of what it measured.
type Key = Option<(usize, &'static str)>;

/// A document, and what each recipe drops it for.
type Judgements = (Document, [Option<Reason>; 2]);

/// Counts of what two recipes say.
struct Tally<'t> {
    asked: Compare,
    documents: &'t Documents,
    sources: &'t [String],
    steps: [&'t [StepSpec]; 2],
    read: Vec<Count>,
    edited_differently: Count,
    reasons: BTreeMap<[Key; 2], Count>,
    examples: BTreeMap<[Key; 2], Drawn<Judgements>>,
}

impl Tally<'_> {
    /// Whether a document is one of those to be compared.
    fn is_drawn(&self, document: &Document) -> bool {
        let Position { file, record } = document.position;
        let number = key(
            self.asked.seed,
            "judged",
            u64::from(file) << 32 | u64::from(record),
        );
        ((number >> 11) as f64 / (1_u64 << 53) as f64) < self.asked.share
    }

    fn read(&mut self, document: &Document) {
        let source = self.documents.file(document.position.file as usize).source;
        add(&mut self.read[source], one(document.text.len()));
    }

    fn add(&mut self, document: &Document, judged: [&Judged; 2]) {
        let count = one(document.text.len());
        let reasons = judged.map(|judged| judged.reason);
        let keys = reasons.map(|reason| reason.map(|reason| (reason.step, reason.check.name)));
        add(self.reasons.entry(keys).or_default(), count);
        if keys == [None, None] {
            let [first, second] = judged.map(|judged| judged.edited.as_ref().unwrap_or(&document.text));
            if first != second {
                add(&mut self.edited_differently, count);
            }
        }
        // Of steps that drop for the same the places may differ.
        let [first, second] = reasons.map(|reason| reason.map(|reason| reason.check.name));
        if first != second {
            let drawn = self.examples.entry(keys).or_default();
            drawn.add(self.asked.count, self.asked.seed, || (document.clone(), reasons));
        }
    }

    fn example(&self, document: &Document, reasons: [Option<Reason>; 2]) -> Result<Example, CurationError> {
        let [first, second] = reasons;
        Ok(Example {
            id: id(self.documents, self.sources, document.position),
            first: self.said(0, document, first, second)?,
            second: self.said(1, document, second, first)?,
            text: document.text.clone(),
        })
    }

    fn said(
        &self,
        recipe: usize,
        document: &Document,
        own: Option<Reason>,
        other: Option<Reason>,
    ) -> Result<Said, CurationError> {
        let steps = self.steps[recipe];
        let beside = match other {
            None => None,
            Some(other) => measured(steps, &document.text, &document.facts(self.documents))?
                .into_iter()
                .find(|measured| measured.name == other.check.name),
        };
        let dropped = own.map(|own| Broken {
            step: own.step + 1,
            measured: Measured {
                by: steps[own.step].label(),
                name: own.check.name.to_owned(),
                value: own.check.value,
                bound: own.check.bound,
            },
            copy_of: own.copy_of.map(|first| id(self.documents, self.sources, first)),
        });
        Ok(Said { dropped, beside })
    }

    fn dropped(&self, recipe: usize, (step, name): (usize, &'static str)) -> DroppedFor {
        DroppedFor {
            step: step + 1,
            by: self.steps[recipe][step].label(),
            reason: name.to_owned(),
        }
    }

    /// The documents of whose keys a condition is true.
    fn count(&self, is_counted: impl Fn([bool; 2]) -> bool) -> Count {
        let mut count = Count::default();
        let counted = self.reasons.iter();
        counted
            .filter(|(keys, _)| is_counted(keys.map(|key| key.is_none())))
            .for_each(|(_, more)| add(&mut count, *more));
        count
    }

    fn told(mut self, left_out: Vec<LeftOutBy>) -> Result<Comparison, CurationError> {
        let judged = self.count(|_| true);
        let [kept_by_first, kept_by_second] = [
            self.count(|kept| kept == [true, false]),
            self.count(|kept| kept == [false, true]),
        ];
        let examples = std::mem::take(&mut self.examples)
            .into_values()
            .flat_map(Drawn::all);
        let examples = examples.map(|(document, reasons)| self.example(&document, reasons));
        let examples = examples.collect::<Result<_, _>>()?;
        let mut reasons: Vec<Reasons> = self
            .reasons
            .iter()
            .filter(|(keys, _)| **keys != [None, None])
            .map(|([first, second], count)| Reasons {
                first: first.map(|key| self.dropped(0, key)),
                second: second.map(|key| self.dropped(1, key)),
                count: *count,
            })
            .collect();
        reasons.sort_by_key(|reasons| std::cmp::Reverse(reasons.count.documents));
        let mut read = Count::default();
        self.read.iter().for_each(|more| add(&mut read, *more));
        let sources = self.sources.iter().zip(&self.read).zip(left_out);
        let sources = sources.map(|((name, read), left_out)| SourceRead {
            name: name.clone(),
            read: *read,
            left_out,
        });
        Ok(Comparison {
            sources: sources.collect(),
            read,
            judged,
            kept_by_both: self.count(|kept| kept == [true, true]),
            edited_differently: self.edited_differently,
            kept_by_first,
            kept_by_second,
            dropped_by_both: self.count(|kept| kept == [false, false]),
            differ: share(
                kept_by_first.documents + kept_by_second.documents,
                judged.documents,
                self.asked.share < 1.0,
            ),
            reasons,
            examples,
        })
    }
}
