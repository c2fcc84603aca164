//! Pairs of documents that may be near copies, and the clusters that they make.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::clusters::Clusters;
use super::found::{Member, holds};
use super::{Likeness, Settings};
use crate::records::{Lookup, Reader, Record, Sorted, Sorter, distinct, write_whole};
use crate::{DuplicatesError, Position, Workspace};

/// What the files say they hold.
const PAIRS: &str = "pairs";
const POSITIONS: &str = "documents of pairs";

/// Bytes that are held for a document of a cluster: its position, a number below it, whether it is known.
const HELD: u64 = 16;

/// Two documents that agree in a band, the earlier one first. One beside itself agrees with an earlier corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) first: Position,
    pub(super) second: Position,
}

impl Record for Pair {
    const WIDTH: usize = 16;

    fn write(&self, bytes: &mut [u8]) {
        self.first.write(&mut bytes[..8]);
        self.second.write(&mut bytes[8..]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            first: Position::read(&bytes[..8]),
            second: Position::read(&bytes[8..]),
        }
    }
}

/// Pairs of documents that agree in a band.
pub struct Candidates {
    settings: Settings,
    workspace: Workspace,
    place: TempDir,
    pairs: u64,
    documents: u64,
}

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Documents that are near to another, here or in an earlier corpus.
    pub near: u64,
    /// Clusters of them.
    pub clusters: u64,
    /// Documents that are not kept.
    pub removed: u64,
    /// Those of them whose cluster is near to an earlier corpus, which are all of it.
    pub known: u64,
}

impl Candidates {
    pub(super) fn new(
        settings: Settings,
        workspace: Workspace,
        pairs: Sorted<Pair>,
    ) -> Result<Self, DuplicatesError> {
        let folder = workspace.folder();
        let place = TempDir::with_prefix_in("candidates-", folder)
            .map_err(DuplicatesError::io("make a folder in", folder))?;
        let mut candidates = Self {
            settings,
            workspace,
            place,
            pairs: 0,
            documents: 0,
        };
        candidates.keep(distinct(pairs))?;
        Ok(candidates)
    }

    /// Writes the pairs, and the documents that are in any.
    fn keep(
        &mut self,
        pairs: impl Iterator<Item = Result<Pair, DuplicatesError>>,
    ) -> Result<(), DuplicatesError> {
        let mut positions = Sorter::new(self.workspace.folder(), self.workspace.part(4));
        let noted = pairs.map(|pair| {
            let pair = pair?;
            positions.push(pair.first)?;
            positions.push(pair.second)?;
            Ok(pair)
        });
        self.pairs = write_whole(&self.path("pairs"), PAIRS, noted)?;
        self.documents = write_whole(&self.path("documents"), POSITIONS, distinct(positions.sorted()?))?;
        self.refuse_more_than_memory()
    }

    fn refuse_more_than_memory(&self) -> Result<(), DuplicatesError> {
        let (documents, memory) = (self.documents, self.workspace.memory());
        let needed = documents.saturating_mul(HELD);
        if needed > memory.0 || u32::try_from(documents).is_err() {
            return Err(DuplicatesError::memory(format!(
                "{documents} documents have near copies, and {memory} of memory hold {} of them: give {} at least, \
                 or more rows a band, or remove exact copies first",
                (memory.0 / HELD).min(u64::from(u32::MAX)),
                triaxis_units::Bytes(needed)
            )));
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// How many pairs there are: of documents with one key, each with the first of them.
    pub fn pairs(&self) -> u64 {
        self.pairs
    }

    /// How many documents are in pairs.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// What takes the documents once more, to tell how alike the pairs are.
    ///
    /// # Errors
    /// Where what it keeps cannot be written.
    pub fn likeness(&self) -> Result<Likeness, DuplicatesError> {
        let positions = Lookup::open(&self.path("documents"), POSITIONS)?;
        Likeness::new(self.settings, positions, self.place.path())
    }

    /// Only the pairs whose sets of runs have a [Jaccard index](super::jaccard) of `least` or more. A document that
    /// agrees with an earlier corpus stays: of that one there is only an index.
    ///
    /// # Errors
    /// Where a document of a pair was not given to `likeness`, or a file cannot be read or written.
    pub fn alike(mut self, mut likeness: Likeness, least: f64) -> Result<Self, DuplicatesError> {
        if !(0.0..=1.0).contains(&least) {
            let rule = "a Jaccard index is from 0 to 1; .7 to .9 is usual";
            return Err(DuplicatesError::setting("least", least, rule));
        }
        let all = self.path("all pairs");
        let path = self.path("pairs");
        std::fs::rename(&path, &all).map_err(DuplicatesError::io("rename", &path))?;
        let pairs = Pairs(Reader::open(&all, PAIRS)?);
        let alike = pairs.filter_map(|pair| {
            let of = |pair: Pair| {
                Ok((
                    pair,
                    pair.first == pair.second || likeness.of(pair.first, pair.second)? >= least,
                ))
            };
            match pair.and_then(of) {
                Ok((pair, is_alike)) => is_alike.then_some(Ok(pair)),
                Err(error) => Some(Err(error)),
            }
        });
        self.keep(alike)?;
        Ok(self)
    }

    /// Joins the pairs to clusters and writes them to `found`.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn cluster(self, found: &Path) -> Result<Facts, DuplicatesError> {
        let mut positions = Vec::with_capacity(self.documents as usize);
        let mut documents = Reader::<Position>::open(&self.path("documents"), POSITIONS)?;
        while let Some(position) = documents.next_record()? {
            positions.push(position);
        }
        let number = |position: Position| {
            let found = positions.binary_search(&position);
            found.expect("every document of a pair was written") as u32
        };
        let mut clusters = Clusters::new(positions.len() as u32);
        let mut is_known = vec![false; positions.len()];
        for pair in Pairs(Reader::open(&self.path("pairs"), PAIRS)?) {
            let pair = pair?;
            let (one, other) = (number(pair.first), number(pair.second));
            // What is known is paired with itself.
            match one == other {
                true => is_known[one as usize] = true,
                false => clusters.join(one, other),
            }
        }
        // A cluster is known if one of it is.
        for place in 0..positions.len() as u32 {
            if is_known[place as usize] {
                is_known[clusters.least(place) as usize] = true;
            }
        }
        let mut facts = Facts::default();
        let members = positions.iter().zip(0..).map(|(position, number)| {
            let least = clusters.least(number);
            let member = Member {
                position: *position,
                first: positions[least as usize],
                is_known: is_known[least as usize],
            };
            facts.near += 1;
            facts.clusters += u64::from(least == number);
            facts.known += u64::from(member.is_known);
            facts.removed += u64::from(member.is_known || least != number);
            Ok(member)
        });
        write_whole(found, &holds(&self.settings), members)?;
        Ok(facts)
    }
}

/// The pairs of a file.
struct Pairs(Reader<Pair>);

impl Iterator for Pairs {
    type Item = Result<Pair, DuplicatesError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_record().transpose()
    }
}
