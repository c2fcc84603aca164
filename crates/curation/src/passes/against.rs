//! What earlier outputs kept.

use std::path::{Path, PathBuf};

use triaxis_duplicates::{Document, Position};

use super::{KEPT, Passes, WORK};
use crate::batches::TEXT;
use crate::curate::finished;
use crate::lines::{lines, next_line, parsed};
use crate::steps::{Copies, Finder};
use crate::{CurationError, Kept};

impl Passes<'_> {
    /// An index of what each earlier output kept, if the step can use any.
    pub(super) fn indexes(&self, copies: &dyn Copies) -> Result<Vec<PathBuf>, CurationError> {
        let mut indexes = Vec::new();
        for (number, folder) in self.setting.against.iter().enumerate() {
            let Some(mut finder) = copies.finder(&self.workspace)? else {
                break;
            };
            let kept = finished(folder)?.into_iter().flat_map(|facts| facts.files);
            let kept = kept.filter(|file| Path::new(&file.file).starts_with(KEPT));
            for (place, file) in (0..).zip(kept) {
                add_kept(finder.as_mut(), place, &folder.join(file.file))?;
            }
            let path = self.folder.join(WORK).join(format!("index-{number}"));
            finder.index(&path)?;
            indexes.push(path);
        }
        Ok(indexes)
    }
}

/// Reads a file of what an earlier output kept.
fn add_kept(finder: &mut dyn Finder, file: u32, path: &Path) -> Result<(), CurationError> {
    let (mut lines, mut line) = (lines(path)?, Vec::new());
    let (mut texts, mut bytes, mut read) = (Vec::new(), 0, 0);
    loop {
        let is_end = !next_line(&mut lines, path, &mut line)?;
        if !is_end {
            let kept: Kept<'static> = parsed(path, &line)?;
            bytes += kept.text.len();
            texts.push(kept.text);
        }
        if is_end || bytes >= TEXT as usize {
            let first = read;
            read += texts.len() as u32;
            let documents = texts.iter().zip(first..).map(|(text, record)| Document {
                position: Position::new(file, record),
                text,
            });
            finder.add(&documents.collect::<Vec<_>>())?;
            texts.clear();
            bytes = 0;
        }
        if is_end {
            return Ok(());
        }
    }
}
