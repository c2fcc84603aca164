use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use super::{Emit, Piece, Place, Source, SourceFile, emit_bytes, walk};
use crate::CorpusError;

/// Text, Markdown or code: each file is one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `docs/**/*.md`, relative to the spec's folder or absolute.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Source for Files {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Vec<SourceFile>, CorpusError> {
        walk::files(&self.name, place, &self.include, &self.exclude, "**", self.licence.as_deref())
    }

    fn read(&self, file: &SourceFile, maximum: Bytes, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        read_whole(file, maximum, emit)
    }
}

/// Emits a file as one document.
pub(super) fn read_whole(file: &SourceFile, maximum: Bytes, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
    if file.size > maximum {
        return emit(Piece::TooLarge).map(drop);
    }
    let bytes = std::fs::read(&file.path).map_err(CorpusError::io("read", &file.path))?;
    emit_bytes(&bytes, maximum, emit).map(drop)
}
