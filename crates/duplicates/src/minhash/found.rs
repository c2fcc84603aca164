//! What was found, asked document by document.

use std::path::Path;

use super::Settings;
use crate::records::{Lookup, Record};
use crate::{DuplicatesError, Position};

/// A document of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) position: Position,
    /// The first of its cluster.
    pub(super) first: Position,
    /// Whether any of its cluster is near to an earlier corpus.
    pub(super) is_known: bool,
}

impl Record for Member {
    const WIDTH: usize = 17;

    fn write(&self, bytes: &mut [u8]) {
        self.position.write(&mut bytes[..8]);
        self.first.write(&mut bytes[8..16]);
        u8::from(self.is_known).write(&mut bytes[16..]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            position: Position::read(&bytes[..8]),
            first: Position::read(&bytes[8..16]),
            is_known: u8::read(&bytes[16..]) != 0,
        }
    }
}

/// What a file of clusters says it holds.
pub(super) fn holds(settings: &Settings) -> String {
    format!("{settings}: clusters")
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Near to none.
    Alone,
    /// The first of a cluster, which is kept.
    First,
    /// Of a cluster, and not the first.
    Copy {
        /// The first of the cluster.
        of: Position,
    },
    /// Of a cluster that is near to an earlier corpus.
    Known {
        /// The first of the cluster.
        of: Position,
    },
}

impl Verdict {
    /// Whether the document is kept.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Alone | Self::First)
    }
}

/// The clusters of a corpus. Documents may be asked about in any order; in that of the corpus it is fastest.
pub struct Found {
    members: Lookup<Member>,
}

impl Found {
    /// Opens what [`Candidates::cluster`](super::Candidates::cluster) of these settings wrote.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or of other settings.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, DuplicatesError> {
        let members = Lookup::open(path, &holds(&settings))?;
        Ok(Self { members })
    }

    /// Shows every document of a cluster beside the first of it, in the order of the corpus.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn each(&mut self, mut visit: impl FnMut(Position, Position)) -> Result<(), DuplicatesError> {
        for number in 0..self.members.count() {
            let member = self.members.get(number)?;
            visit(member.position, member.first);
        }
        Ok(())
    }

    /// What the document of this position is.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn verdict(&mut self, position: Position) -> Result<Verdict, DuplicatesError> {
        let number = self.members.find(&position, |member| member.position)?;
        if number == self.members.count() {
            return Ok(Verdict::Alone);
        }
        let member = self.members.get(number)?;
        let of = member.first;
        Ok(match member.position == position {
            false => Verdict::Alone,
            true if member.is_known => Verdict::Known { of },
            true if of == position => Verdict::First,
            true => Verdict::Copy { of },
        })
    }
}
