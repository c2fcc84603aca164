//! What the steps of a recipe say of documents, without writing any.

use std::path::Path;

use rayon::prelude::*;
use triaxis_corpus::Documents;
use triaxis_duplicates::{self as duplicates, Position, Workspace, without};
use triaxis_filters::{self as filters, Chain, Desk};

use crate::batches::{self, Input};
use crate::measured::filters as filters_of;
use crate::pass::plans;
use crate::record::{Bound, Document};
use crate::steps::{Copies, Found, StepSpec, Verdict, Work};
use crate::{CurationError, Progress};

/// The steps of a recipe, all of whose copies are known.
pub(super) struct Judge {
    stages: Vec<Stage>,
}

enum Stage {
    /// Filters, and the number of the first of them.
    Filters { first: usize, chain: Chain },
    /// What a step found.
    Copies { step: usize, found: Box<dyn Found> },
}

/// What steps say of a document.
#[derive(Default)]
pub(super) struct Judged {
    /// Its text, where a step changed it.
    pub(super) edited: Option<String>,
    /// What it is dropped for.
    pub(super) reason: Option<Reason>,
}

/// What was measured of a document that goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reason {
    /// The step, from 0.
    pub(super) step: usize,
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) bound: Bound,
    pub(super) copy_of: Option<Position>,
}

/// Reads documents as often as copies are looked for.
pub(super) struct Reader<'r> {
    pub(super) documents: &'r Documents,
    pub(super) workspace: &'r Workspace,
    pub(super) folder: &'r Path,
    pub(super) progress: &'r dyn Progress,
    /// The pass at hand and all of them.
    pub(super) passes: (usize, usize),
}

impl Reader<'_> {
    /// Begins the next pass.
    pub(super) fn begin(&mut self) {
        self.passes.0 += 1;
        self.progress
            .begin(self.passes.0, self.passes.1, self.documents.size().0);
    }
}

/// How often all documents are read before the steps can judge.
pub(super) fn passes(steps: &[StepSpec]) -> usize {
    plans(steps).len() - 1
}

impl Judge {
    /// Reads what it needs to know of copies.
    pub(super) fn new(steps: &[StepSpec], reader: &mut Reader<'_>) -> Result<Self, CurationError> {
        let mut judge = Self { stages: Vec::new() };
        for plan in plans(steps) {
            if let Some(step) = plan.copies
                && let Work::Copies(copies) = steps[step].work()
            {
                let found = judge.find(copies, reader)?;
                judge.stages.push(Stage::Copies { step, found });
            }
            let first = plan.filters.start;
            let chain = Chain::new(&filters_of(&steps[plan.filters]))?;
            judge.stages.push(Stage::Filters { first, chain });
        }
        Ok(judge)
    }

    /// What a step finds in what the steps before it leave.
    fn find(
        &mut self,
        copies: &dyn Copies,
        reader: &mut Reader<'_>,
    ) -> Result<Box<dyn Found>, CurationError> {
        reader.begin();
        let mut finder = copies.finder(reader.workspace)?;
        batches::each(&Input::Sources(reader.documents), |batch| {
            let judged = self.judge(reader.documents, &batch.documents)?;
            let kept = batch.documents.iter().zip(&judged);
            let kept = kept.filter(|(_, judged)| judged.reason.is_none());
            let left: Vec<_> = kept.map(|(document, judged)| judged.left(document)).collect();
            finder.add(&left)?;
            reader.progress.advance(batch.advanced);
            Ok(())
        })?;
        finder.finish(&reader.folder.join(format!("found-{}", reader.passes.0)))
    }

    /// Judges documents, those of filters on all threads of the pool.
    pub(super) fn judge(
        &mut self,
        all: &Documents,
        documents: &[Document],
    ) -> Result<Vec<Judged>, CurationError> {
        let mut judged: Vec<Judged> = documents.iter().map(|_| Judged::default()).collect();
        for stage in &mut self.stages {
            match stage {
                Stage::Filters { first, chain } => {
                    let pairs = judged.par_iter_mut().zip(documents);
                    pairs.filter(|(judged, _)| judged.reason.is_none()).for_each_init(
                        Desk::new,
                        |desk, (judged, document)| {
                            judged.filter(document, all, chain, *first, desk);
                        },
                    );
                }
                Stage::Copies { step, found } => {
                    let pairs = judged.iter_mut().zip(documents);
                    for (judged, document) in pairs.filter(|(judged, _)| judged.reason.is_none()) {
                        let verdict = found.verdict(&judged.left(document))?;
                        judged.copied(document, *step, verdict);
                    }
                }
            }
        }
        Ok(judged)
    }
}

impl Judged {
    /// The document as the steps so far left it.
    fn left<'d>(&'d self, document: &'d Document) -> duplicates::Document<'d> {
        duplicates::Document {
            position: document.position,
            text: self.edited.as_deref().unwrap_or(&document.text),
        }
    }

    fn filter(&mut self, document: &Document, all: &Documents, chain: &Chain, first: usize, desk: &mut Desk) {
        let text = self.left(document).text;
        let judged = chain.judge(text, &known(all, document.position), desk);
        let edited = (judged.verdict == filters::Verdict::Edit).then(|| judged.text.to_owned());
        if let filters::Verdict::Drop(check) = judged.verdict {
            self.reason = Some(Reason {
                step: first + judged.by.unwrap_or_default(),
                name: check.name,
                value: check.value,
                bound: check.bound,
                copy_of: None,
            });
        }
        self.edited = edited.or(self.edited.take());
    }

    fn copied(&mut self, document: &Document, step: usize, verdict: Verdict) {
        match verdict {
            Verdict::Keep => {}
            Verdict::Without(parts) => {
                self.edited = Some(without(self.left(document).text, &parts));
            }
            Verdict::Drop {
                reason,
                value,
                bound,
                copy_of,
            } => {
                self.reason = Some(Reason {
                    step,
                    name: reason,
                    value,
                    bound,
                    copy_of,
                });
            }
        }
    }
}

/// What filters are told of a document.
pub(super) fn known(documents: &Documents, position: Position) -> filters::Facts<'_> {
    let file = documents.file(position.file as usize);
    filters::Facts {
        url: None,
        path: Some(file.id),
        licence: file.licence,
    }
}
