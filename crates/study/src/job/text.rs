//! The job that reads a validation text into the library.

use std::path::Path;

use triaxis_corpus::{SourceSpec, Text};

use super::Work;
use crate::error::StudyError;
use crate::library::Library;
use crate::sealed;
use crate::worker::Message;

/// Reads one text.
pub struct ReadText<'a> {
    /// Identity of what the spec says of it.
    pub id: String,
    /// Where it lies.
    pub source: &'a SourceSpec,
    /// What paths of the source start from.
    pub base: &'a Path,
    /// Folders that hold no text.
    pub avoid: &'a [&'a Path],
}

impl Work for ReadText<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        match sealed::read::<Text>(&library.text(&self.id)) {
            Err(StudyError::Damaged { .. }) => Ok(false),
            other => Ok(other?.is_some()),
        }
    }

    fn run(
        &self,
        library: &Library,
        _threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let _lock = library.lock([format!("text-{}", self.id).as_str()], &mut |_| {})?;
        let path = library.text(&self.id);
        match sealed::read::<Text>(&path) {
            Err(error @ StudyError::Damaged { .. }) => {
                say(&Message::warning(&sealed::set_aside(error)?));
            }
            other => {
                if other?.is_some() {
                    return Ok(());
                }
            }
        }
        sealed::write(
            &path,
            &triaxis_corpus::read_text(self.source, self.base, self.avoid)?,
        )
    }
}
