//! Where a document stands in the corpus.

use crate::records::Record;

/// A document's place in the order of the corpus: its file among the files, and its number within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The file's number.
    pub file: u32,
    /// The document's number within the file.
    pub record: u32,
}

impl Position {
    /// The document `record` of file `file`.
    pub fn new(file: u32, record: u32) -> Self {
        Self { file, record }
    }
}

/// A document of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Document<'t> {
    /// Where it stands. No two documents of a corpus have one position.
    pub position: Position,
    /// What it says.
    pub text: &'t str,
}

impl Record for Position {
    const WIDTH: usize = 8;

    fn write(&self, bytes: &mut [u8]) {
        self.file.write(&mut bytes[..4]);
        self.record.write(&mut bytes[4..]);
    }

    fn read(bytes: &[u8]) -> Self {
        Self::new(u32::read(&bytes[..4]), u32::read(&bytes[4..]))
    }
}
