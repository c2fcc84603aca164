use serde::{Deserialize, Serialize};
use triaxis_filters::FilterSpec;

use super::{Step, Work};
use crate::{CurationError, Recipe};

/// A filter, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filter(pub FilterSpec);

impl Filter {
    pub(super) const ABOUT: &str =
        "a rule that each document is kept, edited or dropped by, alone; `filter` names it";
}

impl Step for Filter {
    fn label(&self) -> String {
        self.0.kind().to_owned()
    }

    fn work(&self) -> Work<'_> {
        Work::Filter(&self.0)
    }

    fn check(&self, _: &Recipe) -> Result<(), CurationError> {
        self.0.prepare().map(drop).map_err(CurationError::from)
    }
}
