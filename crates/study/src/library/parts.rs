//! What is large: corpora, validation texts, weights.

use std::fs;
use std::path::PathBuf;

use triaxis_corpus::{Corpus, Text};
use triaxis_curation::Facts;
use triaxis_host::Kind;

use super::{Library, identities, names, remove_file, remove_folder};
use crate::error::StudyError;
use crate::sealed;
use crate::trial::Group;

impl Library {
    /// The corpus of that identity.
    pub fn corpus(&self, id: &str) -> PathBuf {
        self.folder.join("corpora").join(id)
    }

    /// Opens the corpus of that identity, and reads it to its end if `whole`.
    ///
    /// # Errors
    /// [`StudyError::Damaged`] when it does not hold what was written, or the file system refuses.
    pub fn open_corpus(&self, id: &str, whole: bool) -> Result<Corpus, StudyError> {
        let path = self.corpus(id);
        let corpus = Corpus::open(&path).and_then(|corpus| match whole {
            true => corpus.verify().map(|()| corpus),
            false => Ok(corpus),
        });
        corpus.map_err(|error| match error.unusable() {
            Some(fault) => sealed::unusable(&path, fault.to_owned()),
            None => error.into(),
        })
    }

    /// Identities of all corpora, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn corpora(&self) -> Result<Vec<String>, StudyError> {
        let names = names(&self.folder.join("corpora"))?;
        Ok(names.into_iter().filter(|name| !name.contains('.')).collect())
    }

    /// Removes a corpus, which is made again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_corpus(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.corpus(id))
    }

    /// Puts a corpus of no use out of the way, so that it is made again. It may be as large as all results
    /// together, so that the last one alone is kept.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_corpus_aside(&self, id: &str, fault: String) -> Result<StudyError, StudyError> {
        let path = self.corpus(id);
        remove_folder(&path.with_extension(sealed::ASIDE))?;
        sealed::set_aside(sealed::unusable(&path, fault))
    }

    /// The curated text of that identity.
    pub fn curated(&self, id: &str) -> PathBuf {
        self.folder.join("curated").join(id)
    }

    /// What was done to the curated text of that identity, if it is there.
    ///
    /// # Errors
    /// [`StudyError::Damaged`] when it does not hold what was written, or the file system refuses.
    pub fn curated_facts(&self, id: &str) -> Result<Option<Facts>, StudyError> {
        let folder = self.curated(id);
        triaxis_curation::finished(&folder).map_err(|error| match error.kind() {
            // A removal that was broken off leaves a folder that is no output.
            Kind::Damaged | Kind::Input => sealed::unusable(&folder, format!("is damaged ({error})")),
            _ => error.into(),
        })
    }

    /// Identities of all curated texts, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn all_curated(&self) -> Result<Vec<String>, StudyError> {
        let names = names(&self.folder.join("curated"))?;
        Ok(names.into_iter().filter(|name| !name.contains('.')).collect())
    }

    /// Removes a curated text, which is made again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_curated(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.curated(id))
    }

    /// The validation text of that identity.
    pub fn text(&self, id: &str) -> PathBuf {
        self.folder.join("texts").join(format!("{id}.json"))
    }

    /// Reads the validation text of that identity.
    ///
    /// # Errors
    /// When it is not there, is damaged, or the file system refuses.
    pub fn read_text(&self, id: &str) -> Result<Text, StudyError> {
        let path = self.text(id);
        sealed::read(&path)?.ok_or_else(|| sealed::unusable(&path, "is not there any more".to_owned()))
    }

    /// Identities of all validation texts, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn texts(&self) -> Result<Vec<String>, StudyError> {
        identities(&self.folder.join("texts"), ".json")
    }

    /// Removes a validation text, which is read again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_text(&self, id: &str) -> Result<(), StudyError> {
        remove_file(&self.text(id))
    }

    /// The weights of a trial.
    pub fn model(&self, trial: &str) -> PathBuf {
        self.folder.join("models").join(format!("{trial}.safetensors"))
    }

    /// Identities of the trials whose weights are there, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn models(&self) -> Result<Vec<String>, StudyError> {
        identities(&self.folder.join("models"), ".safetensors")
    }

    /// Removes the weights of a trial, which is trained again when another loss of it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_model(&self, trial: &str) -> Result<(), StudyError> {
        remove_file(&self.model(trial))
    }

    /// Where the weights of the trial of that place lie, if they are there: kept, or as its training left them.
    pub fn weights(&self, group: &Group, place: usize) -> Option<PathBuf> {
        let kept = self.model(&group.trials[place].id);
        [kept, self.left(group, place)]
            .into_iter()
            .find(|path| path.is_file())
    }

    /// Keeps the weights that a training left for the trial of that place.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn keep_weights(&self, group: &Group, place: usize) -> Result<(), StudyError> {
        let folder = self.folder.join("models");
        fs::create_dir_all(&folder).map_err(StudyError::io("make", folder))?;
        let path = self.model(&group.trials[place].id);
        triaxis_host::files::rename(&self.left(group, place), &path).map_err(StudyError::io("write", path))
    }

    fn left(&self, group: &Group, place: usize) -> PathBuf {
        self.job(&group.id)
            .join(group.config.branches[place].model_file())
    }

    /// Checkpoints and messages of a job.
    pub fn job(&self, id: &str) -> PathBuf {
        self.folder.join("groups").join(id)
    }

    /// Removes what a finished job leaves behind.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn clear_job(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.job(id))
    }
}
