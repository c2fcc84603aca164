//! What has the same key: documents, or parts of them, of this corpus and of earlier ones.

use std::path::{Path, PathBuf};

use crate::records::{Merge, Reader, Record, Sorter, Source, write_whole};
use crate::{DuplicatesError, Position, Workspace};

/// A key of a document, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Equal for what is equal.
    pub(crate) key: u128,
    /// The document.
    pub(crate) position: Position,
    /// Which of its parts.
    pub(crate) part: u32,
}

impl Record for Entry {
    const WIDTH: usize = 28;

    fn write(&self, bytes: &mut [u8]) {
        self.key.write(&mut bytes[..16]);
        self.position.write(&mut bytes[16..24]);
        self.part.write(&mut bytes[24..]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            key: u128::read(&bytes[..16]),
            position: Position::read(&bytes[16..24]),
            part: u32::read(&bytes[24..]),
        }
    }
}

/// An entry beside the first that has its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Met {
    pub(crate) entry: Entry,
    /// The first in the order of the corpus; the entry itself, if it is that.
    pub(crate) first: Entry,
    /// Whether an earlier corpus has the key, too.
    pub(crate) is_known: bool,
}

/// Keys of a corpus as they are gathered.
pub(crate) struct Keys {
    /// By which settings they were made.
    settings: String,
    sorter: Sorter<Entry>,
    shards: Vec<PathBuf>,
    earlier: Vec<PathBuf>,
}

impl Keys {
    /// None yet, of `settings`, sorted with half of the memory.
    pub(crate) fn new(settings: String, workspace: &Workspace) -> Self {
        Self {
            settings,
            sorter: Sorter::new(workspace.folder(), workspace.part(2)),
            shards: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// Adds `entries`.
    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<(), DuplicatesError> {
        entries.into_iter().try_for_each(|entry| self.sorter.push(entry))
    }

    /// Knows the keys of an earlier corpus, from its index.
    pub(crate) fn know(&mut self, index: &Path) -> Result<(), DuplicatesError> {
        Reader::<u128>::open(index, &self.index())?;
        self.earlier.push(index.to_owned());
        Ok(())
    }

    /// Adds what another process gathered of the same corpus.
    pub(crate) fn join(&mut self, shard: &Path) -> Result<(), DuplicatesError> {
        Reader::<Entry>::open(shard, &self.shard())?;
        self.shards.push(shard.to_owned());
        Ok(())
    }

    /// Writes all that was gathered to `shard`, for a process that joins it.
    pub(crate) fn save(self, shard: &Path) -> Result<u64, DuplicatesError> {
        let holds = self.shard();
        let joined = self.joined()?;
        write_whole(shard, &holds, self.sorter.sorted_with(joined)?)
    }

    /// Shows every entry beside the first of its key to `visit`, and writes the keys that are new to `index`.
    pub(crate) fn meet(
        self,
        index: Option<&Path>,
        mut visit: impl FnMut(Met) -> Result<(), DuplicatesError>,
    ) -> Result<(), DuplicatesError> {
        let holds = self.index();
        let mut known = Known::new(&self.earlier, &holds)?;
        let joined = self.joined()?;
        let mut sorted = self.sorter.sorted_with(joined)?;
        let mut group: Option<(Entry, bool)> = None;
        // Goes on to the next key that is new.
        let mut following = || -> Result<Option<u128>, DuplicatesError> {
            while let Some(entry) = sorted.next_record()? {
                let (first, is_known) = match group {
                    Some((first, is_known)) if first.key == entry.key => (first, is_known),
                    _ => (entry, known.has(entry.key)?),
                };
                group = Some((first, is_known));
                visit(Met {
                    entry,
                    first,
                    is_known,
                })?;
                if entry == first && !is_known {
                    return Ok(Some(entry.key));
                }
            }
            known.end()?;
            Ok(None)
        };
        match index {
            Some(index) => {
                let keys = std::iter::from_fn(|| following().transpose());
                write_whole(index, &holds, keys).map(drop)
            }
            None => {
                while following()?.is_some() {}
                Ok(())
            }
        }
    }

    fn joined(&self) -> Result<Vec<Reader<Entry>>, DuplicatesError> {
        let holds = self.shard();
        self.shards
            .iter()
            .map(|shard| Reader::open(shard, &holds))
            .collect()
    }

    fn index(&self) -> String {
        format!("an index of {}", self.settings)
    }

    fn shard(&self) -> String {
        format!("a shard of {}", self.settings)
    }
}

/// Keys of earlier corpora, asked in rising order.
struct Known {
    keys: Merge<u128>,
    next: Option<u128>,
}

impl Known {
    fn new(indexes: &[PathBuf], holds: &str) -> Result<Self, DuplicatesError> {
        let stored = |index: &PathBuf| Ok(Source::Stored(Box::new(Reader::open(index, holds)?)));
        let mut keys = Merge::new(
            indexes
                .iter()
                .map(stored)
                .collect::<Result<_, DuplicatesError>>()?,
        )?;
        let next = keys.next_record()?;
        Ok(Self { keys, next })
    }

    fn has(&mut self, key: u128) -> Result<bool, DuplicatesError> {
        while self.next.is_some_and(|next| next < key) {
            self.next = self.keys.next_record()?;
        }
        Ok(self.next == Some(key))
    }

    /// Reads the rest, so that a damaged file is refused wherever the damage is.
    fn end(&mut self) -> Result<(), DuplicatesError> {
        while self.next.is_some() {
            self.next = self.keys.next_record()?;
        }
        Ok(())
    }
}
