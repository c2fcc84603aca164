//! Sorted records found by their key, wherever they stand in their file.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::file::{open, read};
use super::{Reader, Record};
use crate::DuplicatesError;

/// Records that are read at once.
const BLOCK: u64 = 1024;

/// A file of sorted records that is asked, mostly in its order.
pub(crate) struct Lookup<R> {
    path: PathBuf,
    file: File,
    count: u64,
    start: u64,
    block: Vec<u8>,
    /// The number of the block's first record.
    first: u64,
    /// Where the last search ended.
    at: u64,
    records: PhantomData<R>,
}

impl<R: Record> Lookup<R> {
    /// Opens `path`, which must hold `holds`, and reads it once to see that it is whole.
    pub(crate) fn open(path: &Path, holds: &str) -> Result<Self, DuplicatesError> {
        Reader::<R>::open(path, holds)?.check()?;
        let opened = open::<R>(path, holds)?;
        Ok(Self {
            path: path.to_owned(),
            file: opened.file,
            count: opened.count,
            start: opened.start,
            block: Vec::new(),
            first: 0,
            at: 0,
            records: PhantomData,
        })
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The record of number `number`, which is below the count.
    pub(crate) fn get(&mut self, number: u64) -> Result<R, DuplicatesError> {
        let held = (self.block.len() / R::WIDTH) as u64;
        if number < self.first || number - self.first >= held {
            self.first = number - number % BLOCK;
            let records = (self.count - self.first).min(BLOCK);
            self.block.resize(records as usize * R::WIDTH, 0);
            self.file
                .seek(SeekFrom::Start(self.start + self.first * R::WIDTH as u64))
                .map_err(DuplicatesError::io("read", &self.path))?;
            read(&mut self.file, &mut self.block, &self.path)?;
        }
        let at = (number - self.first) as usize * R::WIDTH;
        Ok(R::read(&self.block[at..at + R::WIDTH]))
    }

    /// The number of the first record whose key is not below `key`. One asked for in the order of the file is beside
    /// the last.
    pub(crate) fn find<K: Ord>(&mut self, key: &K, of: impl Fn(&R) -> K) -> Result<u64, DuplicatesError> {
        let (mut low, mut high) = (0, self.count);
        if self.at > 0 && of(&self.get(self.at - 1)?) >= *key {
            high = self.at - 1;
        } else {
            low = self.at;
            let mut reach = 1;
            while low + reach < high {
                match of(&self.get(low + reach - 1)?) < *key {
                    true => low += reach,
                    false => high = low + reach - 1,
                }
                reach *= 2;
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match of(&self.get(middle)?) < *key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        self.at = low;
        Ok(low)
    }
}
