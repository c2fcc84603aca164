//! A file of sorted records: a head that says what they are, the records, and an end with their number and a hash.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use triaxis_host::files;
use twox_hash::XxHash3_128;

use super::Record;
use crate::DuplicatesError;

/// Begins every file. The last byte is the version of the format.
const MAGIC: [u8; 8] = *b"TRIAXDU\x01";
/// The magic, the width of a record and the length of what the file says it holds.
pub(super) const HEAD: u64 = 16;
/// The number of records and the hash of all before it.
pub(super) const END: u64 = 24;
/// What a file may say it holds, at most.
const LONGEST: u64 = 4096;
/// Bytes that are read and written at once, about.
const BLOCK: usize = 64 << 10;

/// Writes sorted records.
pub(super) struct Writer<'o, R> {
    out: &'o mut dyn Write,
    hash: XxHash3_128,
    count: u64,
    block: Vec<u8>,
    records: PhantomData<R>,
}

impl<'o, R: Record> Writer<'o, R> {
    /// Begins a file that `holds` what it says.
    pub(super) fn new(out: &'o mut dyn Write, holds: &str) -> io::Result<Self> {
        let mut writer = Self {
            out,
            hash: XxHash3_128::new(),
            count: 0,
            block: Vec::with_capacity(BLOCK + R::WIDTH),
            records: PhantomData,
        };
        writer.block.extend(MAGIC);
        writer.block.extend((R::WIDTH as u32).to_le_bytes());
        writer.block.extend((holds.len() as u32).to_le_bytes());
        writer.block.extend(holds.as_bytes());
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a record, which no earlier one may be above.
    pub(super) fn push(&mut self, record: &R) -> io::Result<()> {
        let start = self.block.len();
        self.block.resize(start + R::WIDTH, 0);
        record.write(&mut self.block[start..]);
        self.count += 1;
        match self.block.len() < BLOCK {
            true => Ok(()),
            false => self.flush(),
        }
    }

    /// Ends the file: the number of its records.
    pub(super) fn end(mut self) -> io::Result<u64> {
        self.flush()?;
        self.block.extend(self.count.to_le_bytes());
        self.flush()?;
        let hash = self.hash.finish_128();
        self.out.write_all(&hash.to_le_bytes())?;
        Ok(self.count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash.write(&self.block);
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

/// Writes sorted records to `path`, whole or not at all: how many there were.
pub(crate) fn write_whole<R: Record>(
    path: &Path,
    holds: &str,
    records: impl IntoIterator<Item = Result<R, DuplicatesError>>,
) -> Result<u64, DuplicatesError> {
    let mut count = 0;
    let mut failed = None;
    let written = files::replace_with(path, |out| {
        let mut writer = Writer::new(out, holds)?;
        for record in records {
            match record {
                Ok(record) => writer.push(&record)?,
                Err(error) => {
                    failed = Some(error);
                    return Err(io::ErrorKind::Interrupted.into());
                }
            }
        }
        count = writer.end()?;
        Ok(())
    });
    match failed {
        Some(error) => Err(error),
        None => written
            .map(|()| count)
            .map_err(DuplicatesError::io("write", path)),
    }
}

/// A file of records that was opened: its size and what it says it holds are right.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) count: u64,
    /// Where the first record begins.
    pub(super) start: u64,
    head: Vec<u8>,
}

/// Opens a file of records that must hold `holds`.
pub(super) fn open<R: Record>(path: &Path, holds: &str) -> Result<Opened, DuplicatesError> {
    let damaged = |detail: &str| DuplicatesError::damaged(path, detail);
    let mut file = File::open(path).map_err(DuplicatesError::io("read", path))?;
    let size = file.metadata().map_err(DuplicatesError::io("read", path))?.len();
    let mut head = vec![0; size.min(HEAD) as usize];
    read(&mut file, &mut head, path)?;
    if !head.starts_with(&MAGIC) {
        let other = head.starts_with(&MAGIC[..7]);
        let found = match other {
            true => "records of another version",
            false => "no records",
        };
        return Err(DuplicatesError::foreign(path, found, format!("`{holds}`")));
    }
    if size < HEAD + END {
        return Err(damaged("it is cut off"));
    }
    let [width, length] = [8, 12].map(|at| u64::from(u32::read(&head[at..at + 4])));
    let start = HEAD + length;
    if length > LONGEST || size < start + END {
        return Err(damaged("its head is longer than it"));
    }
    head.resize(start as usize, 0);
    read(&mut file, &mut head[HEAD as usize..], path)?;
    let found = String::from_utf8_lossy(&head[HEAD as usize..]).into_owned();
    if found != holds {
        return Err(DuplicatesError::foreign(
            path,
            format!("`{found}`"),
            format!("`{holds}`"),
        ));
    }
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(size - END))
        .map_err(DuplicatesError::io("read", path))?;
    read(&mut file, &mut end, path)?;
    let (count, room) = (u64::from_le_bytes(end), size - END - start);
    if width != R::WIDTH as u64 || count.checked_mul(width) != Some(room) {
        let detail = format!("it says {count} records of {width} bytes and has room for {room} bytes");
        return Err(damaged(&detail));
    }
    file.seek(SeekFrom::Start(start))
        .map_err(DuplicatesError::io("read", path))?;
    Ok(Opened {
        file,
        count,
        start,
        head,
    })
}

/// Fills `bytes` from a file that is long enough.
pub(super) fn read(file: &mut File, bytes: &mut [u8], path: &Path) -> Result<(), DuplicatesError> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => DuplicatesError::damaged(path, "it is cut off"),
        _ => DuplicatesError::io("read", path)(error),
    })
}

/// Reads sorted records in their order. The last one comes only from a file that is as it was written.
pub(crate) struct Reader<R> {
    path: PathBuf,
    file: File,
    hash: XxHash3_128,
    count: u64,
    /// Records that are not read from the file yet.
    left: u64,
    block: Vec<u8>,
    /// What of the block was given out.
    at: usize,
    last: Option<R>,
}

impl<R: Record> Reader<R> {
    /// Opens `path`, which must hold `holds`.
    pub(crate) fn open(path: &Path, holds: &str) -> Result<Self, DuplicatesError> {
        let opened = open::<R>(path, holds)?;
        let mut hash = XxHash3_128::new();
        hash.write(&opened.head);
        Ok(Self {
            path: path.to_owned(),
            file: opened.file,
            hash,
            count: opened.count,
            left: opened.count,
            block: Vec::new(),
            at: 0,
            last: None,
        })
    }

    /// Reads all that is left: what is wrong with it, if anything is.
    pub(crate) fn check(mut self) -> Result<u64, DuplicatesError> {
        while self.next_record()?.is_some() {}
        Ok(self.count)
    }

    /// The next record, or none after the last.
    pub(crate) fn next_record(&mut self) -> Result<Option<R>, DuplicatesError> {
        if self.at == self.block.len() && !self.refill()? {
            return Ok(None);
        }
        let record = R::read(&self.block[self.at..self.at + R::WIDTH]);
        self.at += R::WIDTH;
        if self.last.is_some_and(|last| last > record) {
            return Err(DuplicatesError::damaged(
                &self.path,
                "its records are not in order",
            ));
        }
        self.last = Some(record);
        Ok(Some(record))
    }

    /// Reads on: whether there was anything.
    fn refill(&mut self) -> Result<bool, DuplicatesError> {
        let records = self.left.min((BLOCK / R::WIDTH) as u64);
        if records == 0 {
            return Ok(false);
        }
        self.block.resize(records as usize * R::WIDTH, 0);
        self.at = 0;
        read(&mut self.file, &mut self.block, &self.path)?;
        self.hash.write(&self.block);
        self.left -= records;
        if self.left == 0 {
            let mut end = [0; END as usize];
            read(&mut self.file, &mut end, &self.path)?;
            self.hash.write(&end[..8]);
            if self.hash.finish_128().to_le_bytes() != end[8..] {
                let detail = "its hash is another than that of its content";
                return Err(DuplicatesError::damaged(&self.path, detail));
            }
        }
        Ok(true)
    }
}
