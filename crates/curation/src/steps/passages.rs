use serde::{Deserialize, Serialize};
use triaxis_duplicates::{Document, Workspace, substrings};
use triaxis_units::Bytes;

use super::{Copies, Found, Look, Step, Verdict, Work};
use crate::{CurationError, Recipe};

/// Long passages that stand earlier, removed, wherever in a document they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passages {
    /// Bytes of a passage at least. Those of 50 tokens are about 200.
    pub least: usize,
    /// Text that is looked through at once; a passage that stands in two such pieces is not found.
    pub at_once: Bytes,
}

impl Passages {
    pub(super) const ABOUT: &str =
        "passages that stand earlier, wherever they begin, by an array of suffixes (Lee et al. 2022)";
}

impl Default for Passages {
    fn default() -> Self {
        Self {
            least: 200,
            at_once: Bytes(64 << 20),
        }
    }
}

impl Step for Passages {
    fn label(&self) -> String {
        "passages".to_owned()
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, recipe: &Recipe) -> Result<(), CurationError> {
        let workspace = Workspace::new(std::env::temp_dir(), recipe.memory)?;
        substrings::repeats(&[], self.least, &workspace)?;
        let most = substrings::at_once(&workspace);
        let longest = recipe.maximum_document + Bytes(1);
        if !(longest..=most).contains(&self.at_once) {
            return Err(CurationError::input(format!(
                "`at_once = {}`: of text that is looked through at once there are {longest} at least, so that it holds a \
                 document of `maximum_document`, and {most} at most, for which {} of `memory` have room: change one of \
                 the three",
                self.at_once, recipe.memory
            )));
        }
        Ok(())
    }
}

impl Copies for Passages {
    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        Ok(Box::new(Looking {
            least: self.least,
            workspace: at.workspace.clone(),
        }))
    }

    fn at_once(&self) -> Option<Bytes> {
        Some(self.at_once)
    }
}

struct Looking {
    least: usize,
    workspace: Workspace,
}

impl Found for Looking {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        let texts: Vec<&str> = documents.iter().map(|document| document.text).collect();
        let removed = substrings::repeats(&texts, self.least, &self.workspace)?;
        let verdicts = texts.into_iter().zip(removed);
        Ok(verdicts
            .map(|(text, removed)| Verdict::without(text, removed))
            .collect())
    }
}
