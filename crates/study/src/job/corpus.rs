//! The job that makes a corpus, apart from the validation texts.

use std::path::Path;

use triaxis_corpus::{Corpus, CorpusSpec, HeldOut, Progress, Text, TokenizerSpec};

use super::Work;
use crate::curation::{Curation, absolute};
use crate::error::StudyError;
use crate::library::Library;
use crate::worker::Message;

/// A corpus as a spec asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Identity of what the spec says of it.
    pub id: String,
    /// Its text.
    pub corpus: CorpusSpec,
    /// What the text goes through before.
    pub curation: Option<Curation>,
    /// How text becomes tokens.
    pub tokenizer: TokenizerSpec,
    /// The corpus of the text as it is before what an arm alone does to it, whose vocabulary this one has.
    pub learnt_on: Option<Box<Asked>>,
}

/// Makes one corpus, in the process of the study: it tells its progress in stages.
pub struct MakeCorpus<'a> {
    /// What is made.
    pub asked: &'a Asked,
    /// Identities of the texts that it is apart from.
    pub texts: &'a [String],
    /// What paths of the specs start from.
    pub base: &'a Path,
    /// Folders that hold no text.
    pub avoid: &'a [&'a Path],
    /// Hears of the stages.
    pub progress: &'a dyn Progress,
}

/// What lies in the place of a corpus.
enum Found {
    Corpus,
    Nothing,
    /// Of no use, and why.
    Useless(String),
}

impl MakeCorpus<'_> {
    fn texts(&self, library: &Library) -> Result<Vec<Text>, StudyError> {
        self.texts.iter().map(|id| library.read_text(id)).collect()
    }

    fn find(&self, library: &Library, texts: &[Text]) -> Result<Found, StudyError> {
        let folder = library.corpus(&self.asked.id);
        if !folder.exists() {
            return Ok(Found::Nothing);
        }
        let corpus = match Corpus::open(&folder).and_then(|corpus| corpus.verify().map(|()| corpus)) {
            Ok(corpus) => corpus,
            Err(error) => match error.unusable() {
                Some(fault) => return Ok(Found::Useless(fault.to_owned())),
                None => return Err(error.into()),
            },
        };
        Ok(
            match corpus.held_out() == HeldOut::identity_of(texts).as_deref() {
                true => Found::Corpus,
                false => Found::Useless("was kept apart from other validation texts".to_owned()),
            },
        )
    }
}

impl Work for MakeCorpus<'_> {
    fn id(&self) -> &str {
        &self.asked.id
    }

    fn needs(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        let texts = match self.texts(library) {
            // It is made apart from texts once they are there.
            Err(StudyError::Damaged { .. }) => return Ok(false),
            texts => texts?,
        };
        Ok(matches!(self.find(library, &texts)?, Found::Corpus))
    }

    fn run(
        &self,
        library: &Library,
        _threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let id = &self.asked.id;
        let _lock = library.lock([format!("corpus-{id}").as_str()], &mut |_| {
            say(&Message::Waits { id: id.clone() });
        })?;
        let texts = self.texts(library)?;
        match self.find(library, &texts)? {
            Found::Corpus => return Ok(()),
            Found::Nothing => {}
            Found::Useless(fault) => {
                say(&Message::warning(&library.set_corpus_aside(id, fault)?));
            }
        }
        let Asked {
            corpus,
            tokenizer,
            curation,
            learnt_on,
            ..
        } = self.asked;
        let tokenizer = match learnt_on {
            Some(other) => &self.of_other(other, library, say)?,
            None => tokenizer,
        };
        let corpus = match curation {
            Some(curation) => {
                curation.make(library, self.base, self.avoid)?;
                &curation.over(corpus, library)
            }
            None => corpus,
        };
        triaxis_corpus::prepare_apart(
            &HeldOut::of(&texts),
            corpus,
            tokenizer,
            self.base,
            self.avoid,
            &library.corpus(id),
            self.progress,
        )?;
        Ok(())
    }
}

impl<'a> MakeCorpus<'a> {
    /// The tokenizer of another corpus, which is made if it is not there.
    fn of_other(
        &self,
        asked: &'a Asked,
        library: &Library,
        say: &mut dyn FnMut(&Message),
    ) -> Result<TokenizerSpec, StudyError> {
        MakeCorpus { asked, ..*self }.run(library, 1, say)?;
        Ok(TokenizerSpec::File {
            file: absolute(&Corpus::tokenizer_file(&library.corpus(&asked.id))),
            end_of_text: triaxis_corpus::END_OF_TEXT.to_owned(),
            lossy: false,
        })
    }
}
