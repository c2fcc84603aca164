//! Which sources have which others' documents once more.

use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::exact::{self, Unit};
use triaxis_duplicates::{Document, Position, Workspace, minhash};

use crate::CurationError;

/// Copies by source. Of what is alike the first document in the order of the corpus is none, so that the sum of a row is
/// what a step that looks for copies would drop of its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Row by row, for each source in its order: how many of its documents have their first in each source.
    pub copies: Vec<Vec<u64>>,
}

impl Overlap {
    fn of(sources: usize) -> Self {
        Self {
            copies: vec![vec![0; sources]; sources],
        }
    }

    fn add(&mut self, copy: usize, first: usize) {
        self.copies[copy][first] += 1;
    }

    /// Documents of a source that are copies, wherever their first is.
    pub fn removed(&self, source: usize) -> u64 {
        self.copies[source].iter().sum()
    }
}

/// Looks for both kinds of copies.
pub(super) struct Looking {
    exact: exact::Finder,
    near: minhash::Finder,
    settings: minhash::Settings,
}

impl Looking {
    /// Each has the memory of the workspace.
    pub(super) fn new(workspace: &Workspace) -> Result<Self, CurationError> {
        let settings = minhash::Settings::datatrove();
        Ok(Self {
            exact: exact::Finder::new(exact::Settings::new(Unit::Document, 1)?, workspace),
            near: minhash::Finder::new(settings, workspace)?,
            settings,
        })
    }

    pub(super) fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        self.exact.add(batch)?;
        Ok(self.near.add(batch)?)
    }

    /// Exact and near copies by the sources that `source` tells; `path` is for a file that may be there in the end.
    pub(super) fn told(
        self,
        sources: usize,
        source: impl Fn(Position) -> usize,
        path: &Path,
    ) -> Result<[Overlap; 2], CurationError> {
        let [mut exact, mut near] = [Overlap::of(sources), Overlap::of(sources)];
        self.exact
            .each_copy(|copy, first| exact.add(source(copy), source(first)))?;
        self.near.finish(None)?.cluster(path)?;
        minhash::Found::open(path, self.settings)?.each(|copy, first| {
            if copy != first {
                near.add(source(copy), source(first));
            }
        })?;
        Ok([exact, near])
    }
}
