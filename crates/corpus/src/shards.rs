//! Files of tokens: written in any order first, then copied into their final one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use memmap2::Mmap;
use triaxis_units::Bytes;

use crate::CorpusError;
use crate::manifest::Shard;

const BUFFER: usize = 1 << 20;

/// The bytes of one token: two where every token fits.
pub(crate) fn token_bytes(vocabulary: usize) -> u8 {
    if vocabulary <= 1 << 16 { 2 } else { 4 }
}

/// Tokens as they lie in a shard.
pub(crate) fn to_bytes(tokens: &[u32], token_bytes: u8) -> Vec<u8> {
    match token_bytes {
        2 => tokens
            .iter()
            .flat_map(|token| (*token as u16).to_le_bytes())
            .collect(),
        _ => tokens.iter().flat_map(|token| token.to_le_bytes()).collect(),
    }
}

/// The tokens of a shard's bytes.
pub(crate) fn tokens(bytes: &[u8], token_bytes: u8) -> Vec<u32> {
    let mut tokens = vec![0; bytes.len() / usize::from(token_bytes)];
    from_bytes(bytes, token_bytes, &mut tokens);
    tokens
}

/// Tokens from a shard's bytes, as many as `out` holds.
pub(crate) fn from_bytes(bytes: &[u8], token_bytes: u8, out: &mut [u32]) {
    match token_bytes {
        2 => {
            for (token, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *token = u32::from(u16::from_le_bytes(*bytes));
            }
        }
        _ => {
            for (token, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *token = u32::from_le_bytes(*bytes);
            }
        }
    }
}

/// Maps a file that nothing writes to.
pub(crate) fn map(path: &Path) -> Result<Mmap, CorpusError> {
    let file = File::open(path).map_err(CorpusError::io("open", path))?;
    // SAFETY: only finished files are mapped. A corpus folder gets its name after all of it is written
    // and is never written to again, and the spool is private to the process, which has closed it.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(&file) };
    map.map_err(CorpusError::io("map", path))
}

/// A tokenized document.
#[derive(Debug, Clone, Default)]
struct Held {
    place: Range<u64>,
    /// Bytes of its text.
    text: u64,
}

/// Takes tokenized documents from many threads, in whatever order they are ready.
pub(crate) struct Spool {
    path: PathBuf,
    /// The file, its length, and what it holds of each document.
    state: Mutex<(BufWriter<File>, u64, Vec<Held>)>,
}

impl Spool {
    pub(crate) fn create(path: PathBuf, documents: usize) -> Result<Self, CorpusError> {
        let file = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
        let state = Mutex::new((
            BufWriter::with_capacity(BUFFER, file),
            0,
            vec![Held::default(); documents],
        ));
        Ok(Self { path, state })
    }

    /// Adds the tokens of the document numbered `slot`, whose text has `text` bytes.
    pub(crate) fn add(&self, slot: usize, text: u64, tokens: &[u8]) -> Result<(), CorpusError> {
        let mut state = self.state.lock().map_err(CorpusError::stopped)?;
        let (file, length, documents) = &mut *state;
        file.write_all(tokens)
            .map_err(CorpusError::io("write", &self.path))?;
        let end = *length + tokens.len() as u64;
        documents[slot] = Held {
            place: *length..end,
            text,
        };
        *length = end;
        Ok(())
    }

    /// Ends the writing.
    pub(crate) fn finish(self) -> Result<Spooled, CorpusError> {
        let (file, _, documents) = self.state.into_inner().map_err(CorpusError::stopped)?;
        file.into_inner()
            .map_err(|error| CorpusError::io("write", &self.path)(error.into_error()))?;
        let bytes = map(&self.path)?;
        Ok(Spooled {
            path: self.path,
            bytes,
            documents,
        })
    }
}

/// Tokenized documents, by number.
pub(crate) struct Spooled {
    path: PathBuf,
    bytes: Mmap,
    documents: Vec<Held>,
}

impl Spooled {
    /// The bytes of a document's tokens.
    pub(crate) fn document(&self, slot: usize) -> &[u8] {
        let place = &self.documents[slot].place;
        &self.bytes[place.start as usize..place.end as usize]
    }

    /// Bytes of a document's text.
    pub(crate) fn text(&self, slot: usize) -> u64 {
        self.documents[slot].text
    }

    /// Bytes of all documents.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> Result<(), CorpusError> {
        drop(self.bytes);
        std::fs::remove_file(&self.path).map_err(CorpusError::io("remove", &self.path))
    }
}

/// Writes documents one after another into a shard, and syncs it.
pub(crate) fn write<'d>(
    folder: &Path,
    name: &str,
    documents: impl Iterator<Item = &'d [u8]>,
) -> Result<Shard, CorpusError> {
    let path = folder.join(name);
    let failed = |error| CorpusError::io("write", &path)(error);
    let file = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
    let mut file = BufWriter::with_capacity(BUFFER, file);
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    for document in documents {
        file.write_all(document).map_err(failed)?;
        hasher.update(document);
        size += document.len() as u64;
    }
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(Shard {
        file: name.to_owned(),
        size: Bytes(size),
        hash: hasher.finalize().to_hex().to_string(),
    })
}

/// Writes and syncs a small file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CorpusError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(CorpusError::io("write", path))
}
