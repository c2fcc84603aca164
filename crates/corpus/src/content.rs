//! What the files of a corpus hold, told without reading large ones to their end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use crate::readers::SourceFile;
use crate::readers::objects::{Pieces, Store, url};
use crate::scan::{ScannedFile, list};
use crate::texts::spec_of;
use crate::{CorpusError, CorpusSpec, SourceSpec, TokenizerSpec};

/// Up to here a file is read whole.
const WHOLE: u64 = 1 << 20;
/// Pieces that are read of a larger one, from its first byte to its last.
const PIECES: u64 = 16;
const PIECE: u64 = 64 << 10;

/// Hash of what the sources of a spec and its tokenizer's file hold, wherever they lie and whenever they were written:
/// each file's path within its source, its licence, size and bytes, and of one above a mebibyte sixteen pieces.
/// What lies in a folder of `avoid` is no text.
///
/// # Errors
/// When the spec is refused, a source has no files, or the file system refuses.
pub fn content(
    spec: &CorpusSpec,
    tokenizer: &TokenizerSpec,
    base: &Path,
    avoid: &[&Path],
) -> Result<String, CorpusError> {
    spec.check()?;
    tokenizer.check()?;
    let mut all = of_files(&list(spec, base, avoid)?.all)?;
    if let TokenizerSpec::File { file, .. } = tokenizer {
        let path = base.join(file);
        let bytes = std::fs::read(&path).map_err(CorpusError::io("read", &path))?;
        all.push(blake3::hash(&bytes).to_hex().as_str().into());
    }
    Ok(together(all))
}

/// What each file holds, with its source, its name and its licence.
pub(crate) fn of_files(files: &[ScannedFile]) -> Result<Vec<serde_json::Value>, CorpusError> {
    let hashes = files.par_iter().map(|entry| {
        let SourceFile {
            id, path, licence, ..
        } = &entry.file;
        let bytes = hash(path).map_err(CorpusError::io("read", path))?;
        Ok(serde_json::json!([entry.source, id, licence.as_ref(), bytes]))
    });
    hashes.collect()
}

/// One hash of all.
pub(crate) fn together(all: Vec<serde_json::Value>) -> String {
    let all = serde_json::Value::Array(all).to_string();
    blake3::hash(all.as_bytes()).to_hex().to_string()
}

/// Hash of what the source of a validation text holds; see [`content`].
///
/// # Errors
/// As there.
pub fn content_of_text(source: &SourceSpec, base: &Path, avoid: &[&Path]) -> Result<String, CorpusError> {
    // No token is made of it here.
    let tokenizer = TokenizerSpec::Train { vocabulary: 257 };
    content(&spec_of(source)?, &tokenizer, base, avoid)
}

/// Hash of a file's size and bytes, or pieces of them.
pub(crate) fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    if let Some(url) = url(path) {
        let (object, size) = Pieces::of(&Store::of_environment(), url)?;
        hasher.update(&size.to_le_bytes());
        for piece in object.read(&looked_at(size))? {
            hasher.update(&piece);
        }
    } else {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        hasher.update(&size.to_le_bytes());
        for piece in looked_at(size) {
            file.seek(SeekFrom::Start(piece.start))?;
            hasher.update_reader((&mut file).take(piece.end - piece.start))?;
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The bytes of a file of a size that it is told by.
fn looked_at(size: u64) -> Vec<Range<u64>> {
    if size <= WHOLE {
        return Vec::from_iter((size > 0).then_some(0..size));
    }
    let start = |piece| (u128::from(size - PIECE) * u128::from(piece) / u128::from(PIECES - 1)) as u64;
    let starts = (0..PIECES).map(start);
    starts.map(|start| start..start + PIECE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_is_told_by_its_bytes_and_not_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            hash(&path).unwrap()
        };
        let mut bytes = vec![b'a'; 3 << 20];
        let first = write("one", &bytes);
        assert_eq!(write("two", &bytes), first);
        assert_ne!(write("one", &bytes[1..]), first);
        // The first and the last byte are read, and what lies in pieces between.
        for place in [0, bytes.len() - 1, 220_000] {
            bytes[place] = b'b';
            assert_ne!(write("two", &bytes), first, "{place}");
            bytes[place] = b'a';
        }
        let small = write("one", &bytes[..WHOLE as usize]);
        bytes[700_001] = b'b';
        assert_ne!(write("one", &bytes[..WHOLE as usize]), small);
    }
}
