//! One way through the documents: copies that the last pass found go, filters judge the rest.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;
use triaxis_corpus::{Count, Documents};
use triaxis_duplicates as duplicates;
use triaxis_filters::{self as filters, Chain, Desk};

use crate::CurationError;
use crate::facts::{StepFacts, add, one};
use crate::lines::Lines;
use crate::record::{Document, Dropped, Kept, Reason, Survivor, id};
use crate::steps::{Found, StepSpec, Verdict, Work};

/// Text that a thread takes at once.
const TEXT: usize = 1 << 20;

/// The steps of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The step whose copies go first.
    pub(crate) copies: Option<usize>,
    /// The filters after it.
    pub(crate) filters: Range<usize>,
}

/// The passes of a recipe: a step that looks for copies ends one and begins the next.
pub(crate) fn plans(steps: &[StepSpec]) -> Vec<Plan> {
    let mut plans = vec![Plan {
        copies: None,
        filters: 0..0,
    }];
    for (number, step) in steps.iter().enumerate() {
        let last = plans.last_mut().expect("there is a first pass");
        match step.work() {
            Work::Filter(_) => last.filters.end = number + 1,
            Work::Copies(_) => plans.push(Plan {
                copies: Some(number),
                filters: number + 1..number + 1,
            }),
        }
    }
    plans
}

/// A pass that is ready.
pub(crate) struct Pass<'p> {
    pub(crate) documents: &'p Documents,
    pub(crate) sources: &'p [String],
    pub(crate) labels: &'p [String],
    pub(crate) plan: Plan,
    pub(crate) chain: Chain,
    pub(crate) is_last: bool,
    /// Whether it is a shard's, whose output is put together with that of others.
    pub(crate) is_shard: bool,
}

/// What a pass makes of some documents.
#[derive(Default)]
pub(crate) struct Made {
    /// Those that are left; in the last pass only written.
    pub(crate) survivors: Vec<Document>,
    pub(crate) kept: Lines,
    pub(crate) dropped: Lines,
    /// By step, those of this pass.
    pub(crate) steps: Vec<(usize, StepFacts)>,
    /// By source, what came to this pass and what it left.
    pub(crate) read: Vec<Count>,
    pub(crate) left: Vec<Count>,
}

impl Pass<'_> {
    /// Judges documents on all threads of the pool; what is made comes in their order, and hangs on nothing else.
    pub(crate) fn judge(
        &self,
        documents: Vec<Document>,
        found: Option<&mut Box<dyn Found>>,
    ) -> Result<Vec<Made>, CurationError> {
        let copies = copies(&documents, found)?;
        let chunks = chunks(documents.into_iter().zip(copies));
        let made = chunks
            .into_par_iter()
            .map_init(Desk::new, |desk, chunk| self.make(chunk, desk));
        made.collect()
    }

    fn make(&self, chunk: Vec<(Document, Verdict)>, desk: &mut Desk) -> Result<Made, CurationError> {
        let steps = self.plan.copies.into_iter().chain(self.plan.filters.clone());
        let mut made = Made {
            steps: steps
                .map(|step| (step, StepFacts::new(self.labels[step].clone())))
                .collect(),
            read: vec![Count::default(); self.sources.len()],
            left: vec![Count::default(); self.sources.len()],
            kept: Lines::new(self.is_shard || !self.is_last),
            dropped: Lines::new(self.is_shard),
            ..Made::default()
        };
        for (mut document, copied) in chunk {
            let position = document.position;
            let source = self.documents.file(position.file as usize).source;
            add(&mut made.read[source], one(document.text.len()));
            let reason = match self.copied(&mut document, copied, &mut made.steps) {
                None => self.filtered(&mut document, desk, &mut made.steps),
                reason => reason,
            };
            let text = document.text.as_str();
            if let Some(reason) = reason {
                let dropped = self.dropped(&document, &reason);
                made.dropped.push(position, &dropped, text.len())?;
                continue;
            }
            add(&mut made.left[source], one(text.len()));
            if self.is_last {
                made.kept.push(position, &self.kept(&document), text.len())?;
            } else {
                let survivor = Survivor {
                    url: document.url.as_deref().map(Cow::from),
                    date: document.date.as_deref().map(Cow::from),
                    text: text.into(),
                };
                made.kept.push(position, &survivor, text.len())?;
                made.survivors.push(document);
            }
        }
        Ok(made)
    }

    /// Does the step whose copies are known.
    fn copied(
        &self,
        document: &mut Document,
        copied: Verdict,
        facts: &mut [(usize, StepFacts)],
    ) -> Option<Reason> {
        let (Some(step), [(_, facts), ..]) = (self.plan.copies, facts) else {
            return None;
        };
        let bytes = document.text.len();
        match copied {
            Verdict::Keep => facts.keep(bytes),
            Verdict::Edit(text) => {
                facts.edit(bytes, text.len());
                document.text = text;
            }
            Verdict::Drop { check, copy_of } => {
                facts.drop(bytes, check.name);
                return Some(Reason { step, check, copy_of });
            }
        }
        None
    }

    /// Does the filters.
    fn filtered(
        &self,
        document: &mut Document,
        desk: &mut Desk,
        facts: &mut [(usize, StepFacts)],
    ) -> Option<Reason> {
        let known = document.facts(self.documents);
        let facts = &mut facts[usize::from(self.plan.copies.is_some())..];
        let (mut bytes, mut is_edited) = (document.text.len(), false);
        let judged = self
            .chain
            .follow(&document.text, &known, desk, |place, verdict, room| {
                let (_, facts) = &mut facts[place];
                match verdict {
                    filters::Verdict::Keep => facts.keep(bytes),
                    filters::Verdict::Edit => {
                        facts.edit(bytes, room.edited().len());
                        (bytes, is_edited) = (room.edited().len(), true);
                    }
                    filters::Verdict::Drop(check) => facts.drop(bytes, check.name),
                }
            });
        let edited = is_edited.then(|| judged.text.to_owned());
        let (verdict, by) = (judged.verdict, judged.by);
        if let Some(edited) = edited {
            document.text = edited;
        }
        match verdict {
            filters::Verdict::Drop(check) => Some(Reason {
                step: self.plan.filters.start + by.unwrap_or_default(),
                check,
                copy_of: None,
            }),
            _ => None,
        }
    }

    fn kept<'t>(&'t self, document: &'t Document) -> Kept<'t> {
        let file = self.documents.file(document.position.file as usize);
        Kept {
            id: id(self.documents, self.sources, document.position).into(),
            source: self.sources[file.source].as_str().into(),
            licence: file.licence.map(Cow::from),
            url: document.url.as_deref().map(Cow::from),
            date: document.date.as_deref().map(Cow::from),
            text: document.text.as_str().into(),
        }
    }

    fn dropped<'t>(&'t self, document: &'t Document, reason: &Reason) -> Dropped<'t> {
        let file = self.documents.file(document.position.file as usize);
        Dropped {
            id: id(self.documents, self.sources, document.position).into(),
            source: self.sources[file.source].as_str().into(),
            url: document.url.as_deref().map(Cow::from),
            step: reason.step + 1,
            by: self.labels[reason.step].as_str().into(),
            reason: reason.check.name.into(),
            value: reason.check.value,
            bound: reason.check.bound,
            copy_of: reason
                .copy_of
                .map(|first| id(self.documents, self.sources, first).into()),
            text: document.text.as_str().into(),
        }
    }
}

/// What is known of each document's copies.
fn copies(documents: &[Document], found: Option<&mut Box<dyn Found>>) -> Result<Vec<Verdict>, CurationError> {
    match found {
        Some(found) => found.verdicts(&as_read(documents).collect::<Vec<_>>()),
        None => Ok(documents.iter().map(|_| Verdict::Keep).collect()),
    }
}

/// Documents as those who look for copies read them.
pub(crate) fn as_read(documents: &[Document]) -> impl Iterator<Item = duplicates::Document<'_>> {
    documents
        .iter()
        .map(|Document { position, text, .. }| duplicates::Document {
            position: *position,
            text,
        })
}

/// Documents in parts of about equal text.
fn chunks(documents: impl Iterator<Item = (Document, Verdict)>) -> Vec<Vec<(Document, Verdict)>> {
    let (mut chunks, mut chunk, mut text) = (Vec::new(), Vec::new(), 0);
    for document in documents {
        text += document.0.text.len();
        chunk.push(document);
        if text >= TEXT {
            chunks.push(std::mem::take(&mut chunk));
            text = 0;
        }
    }
    chunks.extend(Some(chunk).filter(|chunk| !chunk.is_empty()));
    chunks
}
