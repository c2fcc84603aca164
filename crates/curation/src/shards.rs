//! Lines of JSON in compressed files of about equal text.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use triaxis_host::files;
use triaxis_units::Bytes;

use crate::facts::File;
use crate::{CurationError, facts};

/// Text of a file from which on the next one begins.
const FULL: u64 = 256 << 20;
/// How much is spent on compression: beyond, time grows faster than files shrink.
const LEVEL: i32 = 3;

/// Some lines, compressed for themselves, so that threads can do it: such frames after each other are a file.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    documents: u64,
    text: u64,
}

/// Lines that become a frame.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    documents: u64,
    text: u64,
}

impl Lines {
    /// Adds a document with so many bytes of text.
    pub(crate) fn push(&mut self, line: &impl Serialize, text: usize) -> Result<(), CurationError> {
        let written = serde_json::to_writer(&mut self.bytes, line);
        written.map_err(|error| {
            CurationError::input(format!("a document cannot be written: {error}: exclude it"))
        })?;
        self.bytes.push(b'\n');
        self.documents += 1;
        self.text += text as u64;
        Ok(())
    }

    pub(crate) fn frame(self) -> Result<Frame, CurationError> {
        if self.documents == 0 {
            return Ok(Frame::default());
        }
        let compressed = zstd::Encoder::new(Vec::new(), LEVEL).and_then(|mut encoder| {
            encoder.include_checksum(true)?;
            encoder.write_all(&self.bytes)?;
            encoder.finish()
        });
        Ok(Frame {
            bytes: compressed.map_err(CurationError::io("compress text for", Path::new("the output")))?,
            documents: self.documents,
            text: self.text,
        })
    }
}

/// The files of a folder, written one after another: under a temporary name, synced, renamed.
pub(crate) struct Shards {
    folder: PathBuf,
    /// The name of the folder within the output.
    name: String,
    current: Option<fs::File>,
    text: u64,
    documents: u64,
    size: u64,
    files: Vec<File>,
}

impl Shards {
    /// An empty folder in `parent`.
    pub(crate) fn create(parent: &Path, name: &str) -> Result<Self, CurationError> {
        let folder = parent.join(name);
        fs::create_dir(&folder).map_err(CurationError::io("create", &folder))?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            current: None,
            text: 0,
            documents: 0,
            size: 0,
            files: Vec::new(),
        })
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(format!("{}{}", files::TEMPORARY, self.name))
    }

    /// Adds lines.
    pub(crate) fn append(&mut self, frame: &Frame) -> Result<(), CurationError> {
        if frame.documents == 0 {
            return Ok(());
        }
        let path = self.temporary();
        let mut file = match self.current.take() {
            Some(file) => file,
            None => fs::File::create_new(&path).map_err(CurationError::io("create", &path))?,
        };
        file.write_all(&frame.bytes)
            .map_err(CurationError::io("write", &path))?;
        self.current = Some(file);
        self.text += frame.text;
        self.documents += frame.documents;
        self.size += frame.bytes.len() as u64;
        if self.text >= FULL { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), CurationError> {
        let Some(file) = self.current.take() else {
            return Ok(());
        };
        let (temporary, name) = (self.temporary(), format!("{:05}.jsonl.zst", self.files.len()));
        file.sync_all().map_err(CurationError::io("sync", &temporary))?;
        let path = self.folder.join(&name);
        files::rename(&temporary, &path).map_err(CurationError::io("rename", &temporary))?;
        self.files.push(facts::File {
            file: format!("{}/{name}", self.name),
            documents: std::mem::take(&mut self.documents),
            size: Bytes(std::mem::take(&mut self.size)),
        });
        self.text = 0;
        Ok(())
    }

    /// The files, all whole.
    pub(crate) fn finish(mut self) -> Result<Vec<File>, CurationError> {
        self.close()?;
        Ok(self.files)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_followed_by_another_and_none_is_left_under_a_temporary_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut shards = Shards::create(folder.path(), "kept").unwrap();
        for (line, text) in [(1, FULL as usize - 1), (2, 1), (3, 1)] {
            let mut lines = Lines::default();
            lines.push(&line, text).unwrap();
            shards.append(&lines.frame().unwrap()).unwrap();
            shards.append(&Frame::default()).unwrap();
        }
        let files = shards.finish().unwrap();
        let held = ["1\n2\n", "3\n"];
        assert_eq!(files.len(), held.len());
        assert_eq!(
            fs::read_dir(folder.path().join("kept")).unwrap().count(),
            held.len()
        );
        for (file, held) in files.iter().zip(held) {
            let bytes = fs::read(folder.path().join(&file.file)).unwrap();
            assert_eq!(bytes.len() as u64, file.size.0);
            assert_eq!(zstd::decode_all(&bytes[..]).unwrap(), held.as_bytes());
            assert_eq!(file.documents, held.lines().count() as u64);
        }
    }
}
