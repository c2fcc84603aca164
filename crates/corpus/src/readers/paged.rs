//! Documents that are web pages, of which the main text is read, many at once.

use std::ops::ControlFlow;

use rayon::prelude::*;
use triaxis_pages::{ExtractorSpec, LARGEST, Refused};

use super::{Emit, Found, Limits, Origin, Piece, emit_row};
use crate::{CorpusError, Reason};

/// Pages, and bytes of them, that wait to be read together: enough for every thread, little enough to hold.
const PAGES: usize = 256;
const WAITING: usize = 16 << 20;

/// Lets `read` emit pages with the limits that pages have, and emits what an extractor makes of them in their place; or
/// lets it emit documents as they are where there is no extractor.
pub(super) fn extracted(
    extractor: Option<&ExtractorSpec>,
    limits: Limits,
    emit: &mut Emit<'_>,
    read: impl FnOnce(Limits, &mut Emit<'_>) -> Result<(), CorpusError>,
) -> Result<(), CorpusError> {
    let Some(extractor) = extractor else {
        return read(limits, emit);
    };
    let mut queue = Queue {
        extractor,
        limits,
        waiting: Vec::new(),
        bytes: 0,
        has_ended: false,
    };
    let of_pages = Limits {
        longest: LARGEST.0 as usize,
        cut: false,
    };
    read(of_pages, &mut |piece| {
        queue.push(piece);
        match queue.waiting.len() >= PAGES || queue.bytes >= WAITING {
            true => queue.empty(emit),
            false => Ok(ControlFlow::Continue(())),
        }
    })?;
    queue.empty(emit).map(drop)
}

/// The reason that a page which is refused is counted by.
pub(super) fn reason(refused: &Refused) -> Reason {
    match refused {
        Refused::TooLarge => Reason::TooLarge,
        Refused::NoAnswer => Reason::Damaged,
        Refused::TooManyNodes
        | Refused::TooManyAttributes
        | Refused::TooDeep
        | Refused::BrokeOff(_)
        | Refused::Packed(_) => Reason::HardPage,
    }
}

/// A piece that waits.
enum Waiting {
    Page {
        html: String,
        is_text: bool,
        url: Option<String>,
        date: Option<String>,
        place: String,
    },
    LeftOut {
        reason: Reason,
        documents: u64,
        bytes: u64,
        why: String,
    },
}

struct Queue<'q> {
    extractor: &'q ExtractorSpec,
    limits: Limits,
    waiting: Vec<Waiting>,
    bytes: usize,
    /// Whether no more is wanted.
    has_ended: bool,
}

impl Queue<'_> {
    fn push(&mut self, piece: Piece<'_>) {
        self.waiting.push(match piece {
            Piece::Document { found, place } => {
                self.bytes += found.text.len();
                Waiting::Page {
                    html: found.text.to_owned(),
                    is_text: found.is_text,
                    url: found.origin.url.map(str::to_owned),
                    date: found.origin.date.map(str::to_owned),
                    place: place(),
                }
            }
            Piece::LeftOut {
                reason,
                documents,
                bytes,
                why,
            } => Waiting::LeftOut {
                reason,
                documents,
                bytes,
                why: why(),
            },
        });
    }

    /// Emits what waits, in its order.
    fn empty(&mut self, emit: &mut Emit<'_>) -> Result<ControlFlow<()>, CorpusError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        if self.has_ended {
            return Ok(ControlFlow::Break(()));
        }
        let extracted = |piece: &Waiting| match piece {
            Waiting::Page { html, is_text, .. } => Some(match is_text {
                true => Ok(html.clone()),
                false => self.extractor.text(html),
            }),
            Waiting::LeftOut { .. } => None,
        };
        let texts: Vec<Option<Result<String, Refused>>> = waiting.par_iter().map(extracted).collect();
        for (piece, text) in waiting.iter().zip(texts) {
            if self.emit(piece, text, emit)?.is_break() {
                self.has_ended = true;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn emit(
        &self,
        piece: &Waiting,
        text: Option<Result<String, Refused>>,
        emit: &mut Emit<'_>,
    ) -> Result<ControlFlow<()>, CorpusError> {
        match (piece, text) {
            (Waiting::Page { url, date, place, .. }, Some(Ok(text))) => {
                let origin = Origin {
                    url: url.as_deref(),
                    date: date.as_deref(),
                };
                let place = || place.clone();
                match text.is_empty() {
                    true => emit(Piece::Document {
                        found: Found {
                            text: "",
                            origin,
                            is_text: true,
                        },
                        place: &|| format!("{}, of which no main text was found,", place()),
                    }),
                    false => emit_row(text.as_bytes(), origin, self.limits, &place, emit),
                }
            }
            (Waiting::Page { html, place, .. }, Some(Err(refused))) => emit(Piece::LeftOut {
                reason: reason(&refused),
                documents: 1,
                bytes: html.len() as u64,
                why: &|| format!("{place}: {refused}"),
            }),
            (
                Waiting::LeftOut {
                    reason,
                    documents,
                    bytes,
                    why,
                },
                _,
            ) => emit(Piece::LeftOut {
                reason: *reason,
                documents: *documents,
                bytes: *bytes,
                why: &|| why.clone(),
            }),
            (Waiting::Page { .. }, None) => Ok(ControlFlow::Continue(())),
        }
    }
}
