//! Records: of trials, and of their models on validation texts.

use std::path::PathBuf;

use super::{Library, identities, remove_file};
use crate::error::StudyError;
use crate::record::Recorded;
use crate::sealed;

/// What came of writing a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there now.
    New,
    /// One that says the same was there.
    Same,
    /// Another process was first, with another outcome, which stands.
    Differs,
}

impl Library {
    /// Where the records lie.
    pub fn records_folder(&self) -> PathBuf {
        self.folder.join("records")
    }

    /// The record of that identity.
    pub fn record(&self, id: &str) -> PathBuf {
        self.records_folder().join(format!("{id}.json"))
    }

    /// Identities of all records, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn records(&self) -> Result<Vec<String>, StudyError> {
        identities(&self.records_folder(), ".json")
    }

    /// Writes a record, once: one that is there already stands, unless it is damaged, which is set aside.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_record<R: Recorded>(&self, record: &R) -> Result<Written, StudyError> {
        let found: Option<R> =
            self.find_record(record.id(), &mut |error| sealed::set_aside(error).map(drop))?;
        match found {
            None => sealed::write(&self.record(record.id()), record).map(|()| Written::New),
            Some(found) if found.agrees(record) => Ok(Written::Same),
            Some(_) => Ok(Written::Differs),
        }
    }

    /// Removes a record, so that what it is of is run again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget(&self, id: &str) -> Result<(), StudyError> {
        remove_file(&self.record(id))
    }

    /// The record of that identity, or `None` when there is none.
    ///
    /// # Errors
    /// [`StudyError::Damaged`] when it does not hold what was written.
    pub fn read_record<R: Recorded>(&self, id: &str) -> Result<Option<R>, StudyError> {
        let path = self.record(id);
        let record: Option<R> = sealed::read(&path)?;
        let Some(record) = record else {
            return Ok(None);
        };
        let [layout, known] = record.layout();
        if layout != known {
            let fault = format!(
                "was made by another version of this program (its layout is {layout}, and {known} is read)"
            );
            return Err(sealed::unusable(&path, fault));
        }
        match record.id() == id {
            true => Ok(Some(record)),
            false => {
                let fault = format!("is damaged (it is the record of {})", record.id());
                Err(sealed::unusable(&path, fault))
            }
        }
    }

    /// As [`Library::read_record`], but a damaged record counts as none, after `warn` has heard of it.
    ///
    /// # Errors
    /// When the file system refuses, or `warn` does.
    pub fn find_record<R: Recorded>(
        &self,
        id: &str,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Option<R>, StudyError> {
        match self.read_record(id) {
            Err(error @ StudyError::Damaged { .. }) => warn(error).map(|()| None),
            other => other,
        }
    }

    /// As [`Library::find_record`], and nobody hears of a damaged one.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn record_if_whole<R: Recorded>(&self, id: &str) -> Result<Option<R>, StudyError> {
        self.find_record(id, &mut |_| Ok(()))
    }
}
