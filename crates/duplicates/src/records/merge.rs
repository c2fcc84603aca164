//! Sorted records of several places as one sorted stream.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Reader, Record};
use crate::DuplicatesError;

/// Where sorted records come from.
pub(crate) enum Source<R> {
    /// Sorted in memory.
    Held(std::vec::IntoIter<R>),
    /// Sorted in a file.
    Stored(Box<Reader<R>>),
}

impl<R: Record> Source<R> {
    fn next_record(&mut self) -> Result<Option<R>, DuplicatesError> {
        match self {
            Self::Held(records) => Ok(records.next()),
            Self::Stored(reader) => reader.next_record(),
        }
    }
}

/// The records of all sources in their order.
pub(crate) struct Merge<R> {
    sources: Vec<Source<R>>,
    /// The next record of each source.
    next: BinaryHeap<Reverse<(R, usize)>>,
}

impl<R: Record> Merge<R> {
    /// Merges `sources`.
    pub(crate) fn new(mut sources: Vec<Source<R>>) -> Result<Self, DuplicatesError> {
        let mut next = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            next.extend(source.next_record()?.map(|record| Reverse((record, number))));
        }
        Ok(Self { sources, next })
    }

    /// The next record, or none after the last.
    pub(crate) fn next_record(&mut self) -> Result<Option<R>, DuplicatesError> {
        let Some(mut first) = self.next.peek_mut() else {
            return Ok(None);
        };
        let Reverse((record, number)) = *first;
        match self.sources[number].next_record()? {
            Some(following) => *first = Reverse((following, number)),
            None => {
                std::collections::binary_heap::PeekMut::pop(first);
            }
        }
        Ok(Some(record))
    }
}

impl<R: Record> Iterator for Merge<R> {
    type Item = Result<R, DuplicatesError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
