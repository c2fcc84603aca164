//! The pass that reads every document.

use std::path::Path;

use rayon::prelude::*;
use twox_hash::XxHash3_128;

use super::Settings;
use super::found::{Copy, holds};
use crate::keys::{Entry, Keys};
use crate::records::{Sorter, write_whole};
use crate::{Document, DuplicatesError, Position, Workspace};

/// Looks for exact copies.
pub struct Finder {
    settings: Settings,
    workspace: Workspace,
    keys: Keys,
}

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Runs of units that were compared.
    pub compared: u64,
    /// Those of them that stand earlier, too.
    pub copies: u64,
    /// Those of the copies whose first is in an earlier corpus.
    pub known: u64,
}

impl Finder {
    /// Nothing read yet.
    pub fn new(settings: Settings, workspace: &Workspace) -> Self {
        Self {
            settings,
            workspace: workspace.clone(),
            keys: Keys::new(settings.to_string(), workspace),
        }
    }

    /// Takes what stands in an earlier corpus for copies, by its index.
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
        let entries = batch
            .par_iter()
            .map(|document| entries(document, self.settings))
            .collect::<Result<Vec<_>, _>>()?;
        self.keys.extend(entries.into_iter().flatten())
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

    /// Shows the document of every unit that stands earlier, too, beside the document of the first, in no order.
    ///
    /// # Errors
    /// Where a file cannot be written, or one that was given is damaged.
    pub fn each_copy(self, mut visit: impl FnMut(Position, Position)) -> Result<(), DuplicatesError> {
        self.keys.meet(None, |met| {
            if met.entry != met.first {
                visit(met.entry.position, met.first.position);
            }
            Ok(())
        })
    }

    /// Writes what is a copy to `found`, and what is new to `index`, if there is to be one.
    ///
    /// # Errors
    /// Where a file cannot be written, or one that was given is damaged.
    pub fn finish(self, found: &Path, index: Option<&Path>) -> Result<Facts, DuplicatesError> {
        let mut facts = Facts::default();
        let mut copies = Sorter::new(self.workspace.folder(), self.workspace.part(4));
        self.keys.meet(index, |met| {
            facts.compared += 1;
            if met.is_known || met.entry != met.first {
                facts.copies += 1;
                facts.known += u64::from(met.is_known);
                copies.push(Copy {
                    position: met.entry.position,
                    part: met.entry.part,
                    is_known: met.is_known,
                })?;
            }
            Ok(())
        })?;
        write_whole(found, &holds(self.settings), copies.sorted()?)?;
        Ok(facts)
    }
}

/// The keys of a document's runs of units.
fn entries(document: &Document<'_>, settings: Settings) -> Result<Vec<Entry>, DuplicatesError> {
    let pieces = settings.unit.pieces(document.text);
    let mut joined = String::new();
    let runs = pieces.windows(settings.span).enumerate().map(|(number, run)| {
        let key = match run {
            [piece] => XxHash3_128::oneshot(piece.text.as_bytes()),
            pieces => {
                joined.clear();
                for piece in pieces {
                    joined.push_str(piece.text);
                    joined.push('\n');
                }
                XxHash3_128::oneshot(joined.as_bytes())
            }
        };
        let part = u32::try_from(number).map_err(|_| {
            let unit = settings.unit.name();
            DuplicatesError::input(format!(
                "a document has {} {unit}s, and at most 4,294,967,296 are told apart: split it",
                pieces.len()
            ))
        })?;
        Ok(Entry {
            key,
            position: document.position,
            part,
        })
    });
    runs.collect()
}
