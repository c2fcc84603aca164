//! What the steps of a recipe say of documents, without writing any.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use triaxis_corpus::Documents;
use triaxis_duplicates::{self as duplicates, Workspace};
use triaxis_filters::{self as filters, Chain, Desk};
use triaxis_units::Bytes;

use crate::batches;
use crate::measured::filters as filters_of;
use crate::pass::plans;
use crate::record::{Document, Reason};
use crate::steps::{Copies, Found, Look, StepSpec, Verdict, Work};
use crate::{CurationError, Progress};

/// The steps of a recipe, and what was found by those that look through all documents first.
pub(super) struct Judge<'s> {
    stages: Vec<Stage<'s>>,
}

enum Stage<'s> {
    /// Filters, and the number of the first of them.
    Filters { first: usize, chain: Chain },
    /// A step that looks for copies, the file of what was found, and how much text comes to it.
    Copies {
        step: usize,
        copies: &'s dyn Copies,
        found: PathBuf,
        text: Bytes,
    },
}

/// Steps that judge documents in the order of the corpus, once.
pub(super) struct Open<'j> {
    stages: &'j [Stage<'j>],
    /// What the steps that look for copies know, in their order.
    found: Vec<Box<dyn Found>>,
}

/// What steps say of a document.
#[derive(Default)]
pub(super) struct Judged {
    /// Its text, where a step changed it.
    pub(super) edited: Option<String>,
    /// What it is dropped for.
    pub(super) reason: Option<Reason>,
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

impl<'s> Judge<'s> {
    /// Reads what it needs to know of copies.
    pub(super) fn new(steps: &'s [StepSpec], reader: &mut Reader<'_>) -> Result<Self, CurationError> {
        let mut judge = Self { stages: Vec::new() };
        for plan in plans(steps) {
            if let Some(step) = plan.copies
                && let Work::Copies(copies) = steps[step].work()
            {
                let (found, text) = judge.find(copies, reader)?;
                judge.stages.push(Stage::Copies {
                    step,
                    copies,
                    found,
                    text,
                });
            }
            let first = plan.filters.start;
            let chain = Chain::new(&filters_of(&steps[plan.filters]))?;
            judge.stages.push(Stage::Filters { first, chain });
        }
        Ok(judge)
    }

    /// What a step finds in what the steps before it leave, and how much text that is.
    fn find(&self, copies: &dyn Copies, reader: &mut Reader<'_>) -> Result<(PathBuf, Bytes), CurationError> {
        reader.begin();
        let mut finder = copies.finder(reader.workspace)?;
        let mut open = self.open(reader)?;
        let mut text = 0;
        batches::of_sources(reader.documents, |batch| {
            let judged = open.judge(reader.documents, &batch.documents, &|_| true)?;
            let kept = batch.documents.iter().zip(&judged);
            let kept = kept.filter(|(_, judged)| judged.reason.is_none());
            let left: Vec<_> = kept.map(|(document, judged)| judged.left(document)).collect();
            text += left.iter().map(|left| left.text.len() as u64).sum::<u64>();
            if let Some(finder) = &mut finder {
                finder.add(&left)?;
            }
            reader.progress.advance(batch.advanced);
            Ok(())
        })?;
        let path = reader.folder.join(format!("found-{}", reader.passes.0));
        if let Some(finder) = finder {
            finder.finish(&path)?;
        }
        Ok((path, Bytes(text)))
    }

    /// Begins to judge all documents.
    pub(super) fn open(&self, reader: &Reader<'_>) -> Result<Open<'_>, CurationError> {
        let found = self.stages.iter().filter_map(|stage| match stage {
            Stage::Filters { .. } => None,
            Stage::Copies {
                copies, found, text, ..
            } => Some(copies.found(&Look {
                workspace: reader.workspace,
                found,
                memory: None,
                text: *text,
            })),
        });
        Ok(Open {
            found: found.collect::<Result<_, _>>()?,
            stages: &self.stages,
        })
    }

    /// Whether what is said of a document hangs on no other.
    pub(super) fn is_each_alone(&self) -> bool {
        let is_filter = |stage: &Stage<'_>| matches!(stage, Stage::Filters { .. });
        self.stages.iter().all(is_filter)
    }
}

impl Open<'_> {
    /// Judges those documents of a batch whose numbers `is_judged` says, by filters on all threads of the pool.
    pub(super) fn judge(
        &mut self,
        all: &Documents,
        documents: &[Document],
        is_judged: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Vec<Judged>, CurationError> {
        let mut judged: Vec<Judged> = documents.iter().map(|_| Judged::default()).collect();
        let mut found = self.found.iter_mut();
        for stage in self.stages {
            match stage {
                Stage::Filters { first, chain } => {
                    let pairs = judged.par_iter_mut().zip(documents).enumerate();
                    pairs
                        .filter(|(number, (judged, _))| judged.reason.is_none() && is_judged(*number))
                        .for_each_init(Desk::new, |desk, (_, (judged, document))| {
                            judged.filter(document, all, chain, *first, desk);
                        });
                }
                Stage::Copies { step, .. } => {
                    let found = found.next().expect("every step that looks for copies was opened");
                    let pairs = judged.iter().zip(documents);
                    let left: Vec<_> = pairs
                        .filter(|(judged, _)| judged.reason.is_none())
                        .map(|(judged, document)| judged.left(document))
                        .collect();
                    let verdicts = found.verdicts(&left)?;
                    let judged = judged.iter_mut().filter(|judged| judged.reason.is_none());
                    for (judged, verdict) in judged.zip(verdicts) {
                        judged.copied(*step, verdict);
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
        let judged = chain.judge(text, &document.facts(all), desk);
        let edited = (judged.verdict == filters::Verdict::Edit).then(|| judged.text.to_owned());
        if let filters::Verdict::Drop(check) = judged.verdict {
            self.reason = Some(Reason {
                step: first + judged.by.unwrap_or_default(),
                check,
                copy_of: None,
            });
        }
        self.edited = edited.or(self.edited.take());
    }

    fn copied(&mut self, step: usize, verdict: Verdict) {
        match verdict {
            Verdict::Keep => {}
            Verdict::Edit(text) => self.edited = Some(text),
            Verdict::Drop { check, copy_of } => self.reason = Some(Reason { step, check, copy_of }),
        }
    }
}
