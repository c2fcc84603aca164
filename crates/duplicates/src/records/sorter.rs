//! Sorting of more records than memory holds: sorted runs on the disk, merged in the end.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempDir;

use super::file::Writer;
use super::{Merge, Reader, Record, Source};
use crate::DuplicatesError;

/// Runs that are merged at once, each with a block in memory.
const FAN_IN: usize = 64;

/// What a run says it holds.
const RUN: &str = "run";

/// Takes records in any order and gives them in theirs.
pub struct Sorter<R> {
    folder: PathBuf,
    /// Records that are held at most.
    capacity: usize,
    held: Vec<R>,
    runs: Vec<PathBuf>,
    /// Where the runs lie, once there are any.
    place: Option<TempDir>,
    written: usize,
}

impl<R: Record> Sorter<R> {
    /// Sorts with `memory` bytes, and in `folder` what is more.
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            capacity: (memory / size_of::<R>()).max(1),
            held: Vec::new(),
            runs: Vec::new(),
            place: None,
            written: 0,
        }
    }

    /// Takes a record.
    pub fn push(&mut self, record: R) -> Result<(), DuplicatesError> {
        if self.held.len() == self.held.capacity() {
            self.grow()?;
        }
        self.held.push(record);
        Ok(())
    }

    /// Makes room for one more: twice the memory, or a run of what is held. Growing takes the old and the new memory at
    /// once, so it ends at two thirds of what may be used.
    fn grow(&mut self) -> Result<(), DuplicatesError> {
        let held = self.held.len();
        let doubled = (2 * held).max(64).min(self.capacity);
        if held < self.capacity && held + doubled <= self.capacity {
            return self.held.try_reserve_exact(doubled - held).map_err(|_| {
                let bytes = triaxis_units::Bytes((doubled * size_of::<R>()) as u64);
                DuplicatesError::memory(format!(
                    "there is no memory of {bytes} to sort with: free some, or give a smaller `memory`"
                ))
            });
        }
        self.spill()
    }

    /// Writes what is held as a run.
    fn spill(&mut self) -> Result<(), DuplicatesError> {
        self.held.par_sort_unstable();
        let path = self.next_path()?;
        let held = std::mem::take(&mut self.held);
        write_run(&path, held.iter().map(|record| Ok(*record)))?;
        self.held = held;
        self.held.clear();
        self.runs.push(path);
        Ok(())
    }

    fn next_path(&mut self) -> Result<PathBuf, DuplicatesError> {
        let place = match self.place.take() {
            Some(place) => place,
            None => TempDir::with_prefix_in("sorting-", &self.folder)
                .map_err(DuplicatesError::io("make a folder in", &self.folder))?,
        };
        let path = place.path().join(format!("{:06}", self.written));
        self.place = Some(place);
        self.written += 1;
        Ok(path)
    }

    /// All records in their order.
    pub fn sorted(self) -> Result<Sorted<R>, DuplicatesError> {
        self.sorted_with(Vec::new())
    }

    /// All records and those of `others`, sorted too, in their order.
    pub(crate) fn sorted_with(mut self, others: Vec<Reader<R>>) -> Result<Sorted<R>, DuplicatesError> {
        self.held.par_sort_unstable();
        while self.runs.len() > FAN_IN {
            let path = self.next_path()?;
            let first: Vec<PathBuf> = self.runs.drain(..FAN_IN).collect();
            let sources: Vec<Source<R>> = first.iter().map(|run| stored(run)).collect::<Result<_, _>>()?;
            write_run(&path, Merge::new(sources)?)?;
            for run in &first {
                std::fs::remove_file(run).map_err(DuplicatesError::io("remove", run))?;
            }
            self.runs.push(path);
        }
        let mut sources = vec![Source::Held(self.held.into_iter())];
        for run in &self.runs {
            sources.push(stored(run)?);
        }
        sources.extend(others.into_iter().map(|reader| Source::Stored(Box::new(reader))));
        Ok(Sorted {
            merge: Merge::new(sources)?,
            _place: self.place,
        })
    }
}

fn stored<R: Record>(run: &Path) -> Result<Source<R>, DuplicatesError> {
    Ok(Source::Stored(Box::new(Reader::open(run, RUN)?)))
}

/// Writes a run, which need not outlive the process.
fn write_run<R: Record>(
    path: &Path,
    records: impl Iterator<Item = Result<R, DuplicatesError>>,
) -> Result<(), DuplicatesError> {
    let mut file = File::create(path).map_err(DuplicatesError::io("write", path))?;
    let mut writer = Writer::new(&mut file, RUN).map_err(DuplicatesError::io("write", path))?;
    for record in records {
        writer
            .push(&record?)
            .map_err(DuplicatesError::io("write", path))?;
    }
    writer
        .end()
        .and_then(|_| file.flush())
        .map_err(DuplicatesError::io("write", path))
}

/// Sorted records, with the folder of their runs, which goes with them.
pub struct Sorted<R> {
    merge: Merge<R>,
    _place: Option<TempDir>,
}

impl<R: Record> Sorted<R> {
    /// The next record, or none after the last.
    pub(crate) fn next_record(&mut self) -> Result<Option<R>, DuplicatesError> {
        self.merge.next_record()
    }
}

impl<R: Record> Iterator for Sorted<R> {
    type Item = Result<R, DuplicatesError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
