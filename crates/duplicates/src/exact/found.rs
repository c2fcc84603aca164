//! What was found, asked document by document.

use std::ops::Range;
use std::path::Path;

use super::Settings;
use crate::records::{Lookup, Record};
use crate::{Document, DuplicatesError, Position, ranges};

/// A run of units that stands earlier, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Copy {
    pub(super) position: Position,
    /// Its first unit.
    pub(super) part: u32,
    /// Whether an earlier corpus has it.
    pub(super) is_known: bool,
}

impl Record for Copy {
    const WIDTH: usize = 13;

    fn write(&self, bytes: &mut [u8]) {
        self.position.write(&mut bytes[..8]);
        self.part.write(&mut bytes[8..12]);
        u8::from(self.is_known).write(&mut bytes[12..]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            position: Position::read(&bytes[..8]),
            part: u32::read(&bytes[8..12]),
            is_known: u8::read(&bytes[12..]) != 0,
        }
    }
}

/// What a file of copies says it holds.
pub(super) fn holds(settings: Settings) -> String {
    format!("{settings}: what to remove")
}

/// The copies of a corpus. Documents may be asked about in any order; in that of the corpus it is fastest.
pub struct Found {
    settings: Settings,
    copies: Lookup<Copy>,
}

impl Found {
    /// Opens what a [`Finder`](super::Finder) of these settings wrote.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or of other settings.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, DuplicatesError> {
        let copies = Lookup::open(path, &holds(settings))?;
        Ok(Self { settings, copies })
    }

    /// Whether the first of a document's parts that are to be removed stands in an earlier corpus.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn is_known(&mut self, position: Position) -> Result<bool, DuplicatesError> {
        let number = self.copies.find(&position, |copy| copy.position)?;
        if number == self.copies.count() {
            return Ok(false);
        }
        let copy = self.copies.get(number)?;
        Ok(copy.position == position && copy.is_known)
    }

    /// What of a document to remove: parts on borders of its characters, in order, that do not touch.
    ///
    /// # Errors
    /// Where the file cannot be read, or the document is not the one that was read in this position.
    pub fn removed(&mut self, document: &Document<'_>) -> Result<Vec<Range<usize>>, DuplicatesError> {
        let mut number = self.copies.find(&document.position, |copy| copy.position)?;
        let mut removed = Vec::new();
        let mut pieces = None;
        while number < self.copies.count() {
            let copy = self.copies.get(number)?;
            if copy.position != document.position {
                break;
            }
            let (unit, span) = (self.settings.unit, self.settings.span);
            let pieces = pieces.get_or_insert_with(|| unit.pieces(document.text));
            let run = (copy.part as usize)
                .checked_add(span)
                .and_then(|end| pieces.get(copy.part as usize..end));
            let Some([first, .., last] | [first @ last]) = run else {
                let (file, record) = (copy.position.file, copy.position.record);
                return Err(DuplicatesError::input(format!(
                    "document {record} of file {file} has {} {}s, and {} of them were compared: it has changed, so look for copies again",
                    pieces.len(),
                    unit.name(),
                    copy.part as usize + span,
                )));
            };
            ranges::add(&mut removed, first.range.start..last.range.end);
            number += 1;
        }
        Ok(removed)
    }
}
