use triaxis_corpus::{Corpus, Document, Encoded, Text, TokenView};

use crate::data::{TokenSource, ValidationText};

impl TokenSource for TokenView {
    fn len(&self) -> usize {
        self.len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        self.read(start, out).expect("the caller stays within the length");
    }
}

/// The training split of a corpus, with its documents.
pub struct TrainingText<'c>(pub &'c Corpus);

impl TokenSource for TrainingText<'_> {
    fn len(&self) -> usize {
        self.0.train().len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        TokenSource::read(&self.0.train(), start, out);
    }

    fn documents(&self) -> Vec<Document> {
        self.0.train_index().documents().collect()
    }

    fn end_of_text(&self) -> Option<u32> {
        Some(self.0.end_of_text())
    }
}

impl ValidationText {
    /// The validation split of a corpus, with its sources.
    pub fn of_corpus(corpus: &Corpus) -> Self {
        let sources = corpus.manifest().sources.iter();
        Self {
            documents: corpus.validation_index().documents().collect(),
            sources: sources.map(|source| source.name.clone()).collect(),
            ..Self::new("validation", corpus.validation(), corpus.validation_bytes())
        }
    }

    /// A text of its own.
    pub fn of_text(text: &Text, encoded: Encoded) -> Self {
        Self::new(&text.name, encoded.tokens, encoded.bytes)
    }
}
