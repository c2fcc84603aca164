//! How alike documents are in truth.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Room, Settings, Signer};
use crate::records::Lookup;
use crate::{Document, DuplicatesError, Position};

/// The share of two sets that is in both, of what is in either: 1 of equal sets, two empty ones too. Both are sorted
/// and have nothing twice.
///
/// ```
/// assert_eq!(triaxis_duplicates::minhash::jaccard(&[1, 2, 3], &[2, 3, 4]), 0.5);
/// ```
pub fn jaccard(one: &[u64], other: &[u64]) -> f64 {
    let (mut left, mut right, mut shared) = (0, 0, 0_usize);
    while left < one.len() && right < other.len() {
        match one[left].cmp(&other[right]) {
            Ordering::Less => left += 1,
            Ordering::Greater => right += 1,
            Ordering::Equal => {
                shared += 1;
                left += 1;
                right += 1;
            }
        }
    }
    match one.len() + other.len() - shared {
        0 => 1.0,
        either => shared as f64 / either as f64,
    }
}

/// The sets of the documents that are in pairs, on the disk.
pub struct Likeness {
    signer: Signer,
    /// The documents that are in pairs.
    positions: Lookup<Position>,
    /// Where the set of each begins, and its size, once it was read.
    places: Vec<Option<(u64, u32)>>,
    path: PathBuf,
    file: BufWriter<File>,
    end: u64,
    /// The set that was read last, as a document is paired with many.
    first: Option<(Position, Vec<u64>)>,
}

impl Likeness {
    pub(super) fn new(
        settings: Settings,
        positions: Lookup<Position>,
        folder: &Path,
    ) -> Result<Self, DuplicatesError> {
        let path = folder.join("sets");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(DuplicatesError::io("write", &path))?;
        Ok(Self {
            signer: Signer::new(settings)?,
            places: vec![None; positions.count() as usize],
            positions,
            path,
            file: BufWriter::new(file),
            end: 0,
            first: None,
        })
    }

    fn number(&mut self, position: Position) -> Result<Option<usize>, DuplicatesError> {
        let number = self.positions.find(&position, |found| *found)?;
        let is_there = number < self.positions.count() && self.positions.get(number)? == position;
        Ok(is_there.then_some(number as usize))
    }

    /// Keeps the sets of those documents of a batch that are in pairs.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn add(&mut self, batch: &[Document<'_>]) -> Result<(), DuplicatesError> {
        let mut paired = Vec::new();
        for document in batch {
            let number = self.number(document.position)?;
            paired.extend(number.map(|number| (number, document.text)));
        }
        let signer = &self.signer;
        let sets: Vec<Vec<u64>> = paired
            .par_iter()
            .map_init(Room::default, |room, (_, text)| {
                let mut set = signer.shingles(text, room).to_vec();
                set.sort_unstable();
                set.dedup();
                set
            })
            .collect();
        for ((number, _), set) in paired.into_iter().zip(sets) {
            let size = u32::try_from(set.len()).map_err(|_| {
                DuplicatesError::input(format!(
                    "a document has {} different runs of words, and at most 4,294,967,295 are compared: split it",
                    set.len()
                ))
            })?;
            self.places[number] = Some((self.end, size));
            let bytes: Vec<u8> = set.iter().flat_map(|hash| hash.to_le_bytes()).collect();
            self.file
                .write_all(&bytes)
                .map_err(DuplicatesError::io("write", &self.path))?;
            self.end += bytes.len() as u64;
        }
        Ok(())
    }

    /// The Jaccard index of two documents that are in pairs.
    pub(super) fn of(&mut self, first: Position, second: Position) -> Result<f64, DuplicatesError> {
        let held = self.first.take().filter(|(position, _)| *position == first);
        let (_, one) = match held {
            Some(held) => held,
            None => (first, self.set(first)?),
        };
        let other = self.set(second)?;
        let likeness = jaccard(&one, &other);
        self.first = Some((first, one));
        Ok(likeness)
    }

    fn set(&mut self, position: Position) -> Result<Vec<u64>, DuplicatesError> {
        let number = self.number(position)?;
        let Some((start, size)) = number.and_then(|number| self.places[number]) else {
            let Position { file, record } = position;
            return Err(DuplicatesError::input(format!(
                "document {record} of file {file} is paired with another and was not read again: give the same \
                 documents to `Likeness::add` as to `Finder::add`"
            )));
        };
        let mut bytes = vec![0; 8 * size as usize];
        self.file
            .flush()
            .and_then(|()| self.file.get_mut().seek(SeekFrom::Start(start)))
            .and_then(|_| self.file.get_mut().read_exact(&mut bytes))
            .and_then(|()| self.file.get_mut().seek(SeekFrom::End(0)))
            .map_err(DuplicatesError::io("read", &self.path))?;
        let (hashes, _) = bytes.as_chunks();
        Ok(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect())
    }
}
