//! The pass that reads every document.

use std::path::Path;

use rayon::prelude::*;
use twox_hash::XxHash3_128;

use super::candidates::{Candidates, Pair};
use super::{Room, Settings, Signer};
use crate::keys::{Entry, Keys};
use crate::records::Sorter;
use crate::{Document, DuplicatesError, Position, Workspace};

/// Looks for near copies.
pub struct Finder {
    signer: Signer,
    workspace: Workspace,
    keys: Keys,
    read: Read,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Documents with a signature.
    pub signed: u64,
    /// Documents of fewer words than a run has, which are no copies of any.
    pub short: u64,
}

impl Finder {
    /// Nothing read yet.
    ///
    /// # Errors
    /// Where the settings [cannot be used](Settings::check).
    pub fn new(settings: Settings, workspace: &Workspace) -> Result<Self, DuplicatesError> {
        Ok(Self {
            signer: Signer::new(settings)?,
            workspace: workspace.clone(),
            keys: Keys::new(settings.to_string(), workspace),
            read: Read::default(),
        })
    }

    /// Takes what is near to a document of an earlier corpus for a copy, by its index.
    ///
    /// # Errors
    /// Where the file cannot be read or is none of these settings.
    pub fn know(&mut self, index: &Path) -> Result<(), DuplicatesError> {
        self.keys.know(index)
    }

    /// Reads documents, on all threads of the pool.
    ///
    /// # Errors
    /// Where what is larger than memory cannot be written.
    pub fn add(&mut self, batch: &[Document<'_>]) -> Result<(), DuplicatesError> {
        let signer = &self.signer;
        let entries: Vec<Vec<Entry>> = batch
            .par_iter()
            .map_init(Room::default, |room, document| {
                let signature = signer.sign(document.text, room);
                signature.map_or_else(Vec::new, |signature| signer.entries(document.position, signature))
            })
            .collect();
        entries.into_iter().try_for_each(|entries| self.take(entries))
    }

    /// Adds a document by the signature that a [`Signer`] of the same settings made of it, if it has one.
    ///
    /// # Errors
    /// As [`add`](Self::add), and where the signature has another number of hashes.
    pub fn add_signature(
        &mut self,
        position: Position,
        signature: Option<&[u64]>,
    ) -> Result<(), DuplicatesError> {
        let entries = signature.map_or_else(|| Ok(Vec::new()), |signature| {
            let (asked, found) = (self.signer.settings().bands * self.signer.settings().rows, signature.len());
            match found == asked {
                true => Ok(self.signer.entries(position, signature)),
                false => Err(DuplicatesError::input(format!(
                    "a signature has {found} hashes, and bands × rows are {asked}: sign with the same settings"
                ))),
            }
        })?;
        self.take(entries)
    }

    fn take(&mut self, entries: Vec<Entry>) -> Result<(), DuplicatesError> {
        match entries.is_empty() {
            true => self.read.short += 1,
            false => self.read.signed += 1,
        }
        self.keys.extend(entries)
    }

    /// What was read so far, without what was joined.
    pub fn read(&self) -> Read {
        self.read
    }

    /// Adds what another process [saved](Self::save) of the same corpus.
    ///
    /// # Errors
    /// Where the file cannot be read or is none of these settings.
    pub fn join(&mut self, shard: &Path) -> Result<(), DuplicatesError> {
        self.keys.join(shard)
    }

    /// Writes what was read to `shard`, for the process that joins the shards of a corpus.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(self, shard: &Path) -> Result<(), DuplicatesError> {
        self.keys.save(shard).map(drop)
    }

    /// Pairs of documents that agree in a band. What no earlier corpus has is written to `index`, if there is to be
    /// one.
    ///
    /// # Errors
    /// Where a file cannot be written, or one that was given is damaged.
    pub fn finish(self, index: Option<&Path>) -> Result<Candidates, DuplicatesError> {
        let mut pairs = Sorter::new(self.workspace.folder(), self.workspace.part(4));
        self.keys.meet(index, |met| {
            let is_pair = met.entry != met.first || met.is_known;
            let pair = Pair {
                first: met.first.position,
                second: met.entry.position,
            };
            if is_pair { pairs.push(pair) } else { Ok(()) }
        })?;
        Candidates::new(*self.signer.settings(), self.workspace, pairs.sorted()?)
    }
}

impl Signer {
    /// The key of each band of a signature.
    fn entries(&self, position: Position, signature: &[u64]) -> Vec<Entry> {
        let bands = signature.chunks_exact(self.settings().rows).zip(0..);
        let mut bytes = Vec::with_capacity(8 * self.settings().rows);
        let entries = bands.map(|(band, number)| {
            bytes.clear();
            bytes.extend(band.iter().flat_map(|hash| hash.to_le_bytes()));
            Entry {
                // Bands are told apart by the seed, so that one file holds all.
                key: XxHash3_128::oneshot_with_seed(u64::from(number), &bytes),
                position,
                part: number,
            }
        });
        entries.collect()
    }
}
