//! How often each n-gram stands in a text, with the memory that there is.

use std::path::Path;

use rayon::prelude::*;
use triaxis_duplicates::records::{Sorted, Sorter};

use super::gram::{Counted, Gram};
use crate::NgramsError;

/// Takes n-grams in any order, and gives each with its count in theirs.
pub(crate) struct Counter<const N: usize> {
    /// Those that came since they were last put together, behind those that were.
    held: Vec<Counted<N>>,
    capacity: usize,
    sorter: Sorter<Counted<N>>,
    /// Records that went to the sorter.
    pub(crate) records: u64,
}

impl<const N: usize> Counter<N> {
    /// Counts with two parts of `memory` bytes each, and in `folder` what is more.
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self {
            held: Vec::new(),
            capacity: (memory / size_of::<Counted<N>>()).max(2),
            sorter: Sorter::new(folder, memory),
            records: 0,
        }
    }

    pub(crate) fn add(&mut self, gram: Gram<N>) -> Result<(), NgramsError> {
        if self.held.len() >= self.capacity {
            self.combine();
            // What repeats is put together here; where little does, it goes on.
            if self.held.len() > self.capacity / 2 {
                self.pass_on()?;
            }
        }
        self.held.push(Counted { gram, count: 1 });
        Ok(())
    }

    fn combine(&mut self) {
        self.held.par_sort_unstable();
        self.held.dedup_by(|next, first| {
            let is_same = next.gram == first.gram;
            if is_same {
                first.count = first.count.saturating_add(next.count);
            }
            is_same
        });
    }

    fn pass_on(&mut self) -> Result<(), NgramsError> {
        self.records += self.held.len() as u64;
        for record in self.held.drain(..) {
            self.sorter.push(record)?;
        }
        Ok(())
    }

    /// All n-grams in their order; one may come several times, with parts of its count.
    pub(crate) fn sorted(mut self) -> Result<(u64, Sorted<Counted<N>>), NgramsError> {
        self.combine();
        self.pass_on()?;
        self.held = Vec::new();
        Ok((self.records, self.sorter.sorted()?))
    }
}
