//! The second pass: only the chosen documents are read again, in the order in which they lie.

use std::ops::ControlFlow;

use rayon::prelude::*;
use triaxis_host::Kind;

use crate::readers::{Found, Piece};
use crate::scan::{Document, Scan, fingerprint, next_ordinal};
use crate::{CorpusError, CorpusSpec};

/// Text handed on at once: enough to spread over the threads, little enough to hold.
const BATCH: usize = 4 << 20;

/// A chosen document: its index in the scan, and what the caller knows it by.
pub(crate) type Chosen = (u32, usize);

/// Texts of chosen documents, with what the caller knows them by.
pub(crate) type Batch = Vec<(usize, String)>;

/// Hands the texts of the chosen documents to `work`, in batches, from several threads at once. A
/// file is read by one thread from its beginning to its last chosen document.
pub(crate) fn read_chosen(
    spec: &CorpusSpec,
    scan: &Scan,
    mut chosen: Vec<Chosen>,
    work: impl Fn(Batch) -> Result<(), CorpusError> + Sync,
) -> Result<(), CorpusError> {
    chosen.par_sort_unstable();
    let file = |chosen: &Chosen| scan.documents[chosen.0 as usize].file;
    let by_file: Vec<&[Chosen]> = chosen.chunk_by(|a, b| file(a) == file(b)).collect();
    by_file
        .into_par_iter()
        .try_for_each(|chosen| read_file(spec, scan, chosen, &work))
}

fn read_file(
    spec: &CorpusSpec,
    scan: &Scan,
    chosen: &[Chosen],
    work: &(impl Fn(Batch) -> Result<(), CorpusError> + Sync),
) -> Result<(), CorpusError> {
    let document = |chosen: &Chosen| -> Document { scan.documents[chosen.0 as usize] };
    let entry = &scan.files[document(&chosen[0]).file as usize];
    let changed = || {
        let path = entry.file.path.display();
        let message = format!(
            "{path} changed while it was being read: prepare the corpus again when nothing writes to it"
        );
        CorpusError::new(Kind::Machine, message)
    };
    let mut wanted = chosen.iter().peekable();
    let mut batch = Batch::new();
    let mut held = 0;
    let mut ordinal = 0;
    spec.sources[entry.source]
        .source()
        .read(&entry.file, spec.limits(), &mut |piece| {
            // A document that is cut is wanted twice.
            while let Some(next) = wanted.next_if(|next| document(next).ordinal == ordinal) {
                match piece {
                    Piece::Document {
                        found: Found { text, .. },
                        ..
                    } if fingerprint(text) == document(next).fingerprint => {
                        held += text.len();
                        batch.push((next.1, text.to_owned()));
                    }
                    _ => return Err(changed()),
                }
                if held >= BATCH {
                    held = 0;
                    work(std::mem::take(&mut batch))?;
                }
            }
            ordinal = next_ordinal(ordinal, entry)?;
            Ok(if wanted.peek().is_some() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
    if wanted.peek().is_some() {
        return Err(changed());
    }
    work(batch)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::read_chosen;
    use crate::{CorpusError, CorpusSpec, HeldOut, scan};

    #[test]
    fn a_document_that_changed_since_the_scan_is_an_error() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.jsonl");
        let spec: CorpusSpec =
            toml::from_str("validation = 1\n[[sources]]\nkind = 'jsonl'\nname = 'a'\ninclude = ['a.jsonl']")
                .unwrap();
        let before = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n{\"text\": \"three\"}\n";
        std::fs::write(&path, before).unwrap();
        let files = scan::list(&spec, folder.path(), &[]).unwrap();
        let scan = scan::scan(&spec, files, &HeldOut::default(), &()).unwrap();
        let read = || {
            let texts = std::sync::Mutex::new(Vec::new());
            read_chosen(&spec, &scan, vec![(2, 7), (0, 8)], |batch| {
                texts.lock().unwrap().extend(batch);
                Ok(())
            })?;
            Ok::<_, CorpusError>(texts.into_inner().unwrap())
        };
        assert_eq!(read().unwrap(), [(8, "one".to_owned()), (7, "three".to_owned())]);
        for after in [
            before.replace("three", "tree"),
            before.replace("{\"text\": \"three\"}\n", ""),
        ] {
            std::fs::write(&path, after).unwrap();
            assert!(
                read()
                    .unwrap_err()
                    .to_string()
                    .contains("changed while it was being read")
            );
        }
    }
}
