//! What is known of documents that copies are looked for among, in sorted files: so much of it in each as was read
//! between two times that it was noted how far the output is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use triaxis_duplicates::Workspace;
use triaxis_host::Kind;

use crate::CurationError;
use crate::steps::{Copies, Finder};

/// Files that become one.
const JOINED: usize = 32;

/// Files of keys. A level's are each of about as many keys, and so many of them become one of the next level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    levels: Vec<Vec<PathBuf>>,
    written: u64,
}

impl Keys {
    /// Those of several processes, each with its own folder.
    pub(crate) fn of_shards(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            levels: vec![files.into_iter().collect()],
            written: 0,
        }
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.levels.iter().flatten().map(PathBuf::as_path)
    }

    /// Goes on with files in the folder `name` of `root`, for the step `copies`.
    pub(crate) fn saving<'s>(
        &'s mut self,
        copies: &'s dyn Copies,
        workspace: &'s Workspace,
        root: &'s Path,
        name: &'s Path,
    ) -> Saving<'s> {
        Saving {
            keys: self,
            copies,
            workspace,
            root,
            name,
        }
    }
}

/// Files that are added to.
pub(crate) struct Saving<'s> {
    keys: &'s mut Keys,
    copies: &'s dyn Copies,
    workspace: &'s Workspace,
    root: &'s Path,
    name: &'s Path,
}

impl Saving<'_> {
    /// Adds what `finder` read.
    pub(crate) fn save(&mut self, finder: Box<dyn Finder>) -> Result<(), CurationError> {
        let mut path = self.write(finder)?;
        for level in 0.. {
            if level == self.keys.levels.len() {
                self.keys.levels.push(Vec::new());
            }
            self.keys.levels[level].push(path);
            if self.keys.levels[level].len() < JOINED {
                break;
            }
            let full = std::mem::take(&mut self.keys.levels[level]);
            path = self.joined(&full)?;
        }
        Ok(())
    }

    /// Makes all of them one.
    pub(crate) fn join(&mut self) -> Result<(), CurationError> {
        let all: Vec<PathBuf> = std::mem::take(&mut self.keys.levels)
            .into_iter()
            .flatten()
            .collect();
        self.keys.levels = vec![vec![self.joined(&all)?]];
        Ok(())
    }

    fn joined(&mut self, files: &[PathBuf]) -> Result<PathBuf, CurationError> {
        let mut joined = finder(self.copies, self.workspace)?;
        for path in files {
            joined.join(&self.root.join(path))?;
        }
        self.write(joined)
    }

    fn write(&mut self, finder: Box<dyn Finder>) -> Result<PathBuf, CurationError> {
        let path = self.name.join(format!("{:06}", self.keys.written));
        self.keys.written += 1;
        finder.save(&self.root.join(&path))?;
        Ok(path)
    }
}

/// A finder of a step that has one.
fn finder(copies: &dyn Copies, workspace: &Workspace) -> Result<Box<dyn Finder>, CurationError> {
    let none = || CurationError::new(Kind::Machine, "keys were saved for a step that has none");
    copies.finder(workspace)?.ok_or_else(none)
}
