//! The words of a document, as spans of its bytes in a buffer that is reused.

use std::ops::Range;

use crate::Splitter;

/// A word: bytes of a document from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// The room for a document's words. It grows to the longest document and is kept.
#[derive(Debug, Default)]
pub struct Words {
    spans: Vec<Span>,
}

/// A document and its words: they follow one another within the text, begin and end at characters, and are not empty.
#[derive(Debug, Clone, Copy)]
pub struct Document<'d> {
    text: &'d str,
    spans: &'d [Span],
}

/// Words that were given for a document and are not of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWords {
    /// A span that cannot be a word of the text.
    #[error(
        "word {index} is bytes {start}..{end} of a text of {length}: words must follow one another, hold something, \
         and begin and end at characters; count in bytes of UTF-8"
    )]
    Span {
        /// Which word, from 0.
        index: usize,
        /// Its first byte.
        start: usize,
        /// The byte after its last.
        end: usize,
        /// Bytes of the text.
        length: usize,
    },
    /// A word that the rest of the text does not hold.
    #[error(
        "word {index}, {word:?}, does not stand in the text after the word before it: give the words as they stand \
         in the text, in their order"
    )]
    Missing {
        /// Which word, from 0.
        index: usize,
        /// The word.
        word: String,
    },
}

impl Words {
    /// An empty room.
    pub fn new() -> Self {
        Self::default()
    }

    /// Splits a text.
    pub fn split<'d>(&'d mut self, splitter: Splitter, text: &'d str) -> Document<'d> {
        self.spans.clear();
        splitter.split().split(text, &mut self.spans);
        self.document(text)
    }

    /// The document that was split or given last, whose text this must be. Of another text, words that it does not
    /// have at their places are left out with all that follow.
    pub fn again<'d>(&'d mut self, text: &'d str) -> Document<'d> {
        let is_word = |span: &Span| text.get(span.start..span.end).is_some();
        let count = self.spans.iter().take_while(|span| is_word(span)).count();
        self.spans.truncate(count);
        self.document(text)
    }

    /// Takes the words that another tool found, as ranges of bytes.
    ///
    /// # Errors
    /// At the first range that is not a word of the text after the one before it.
    pub fn given<'d>(
        &'d mut self,
        text: &'d str,
        words: impl IntoIterator<Item = Range<usize>>,
    ) -> Result<Document<'d>, NotWords> {
        self.spans.clear();
        let mut last = 0;
        for (index, Range { start, end }) in words.into_iter().enumerate() {
            let holds = start >= last && text.get(start..end).is_some_and(|word| !word.is_empty());
            if !holds {
                let length = text.len();
                return Err(NotWords::Span {
                    index,
                    start,
                    end,
                    length,
                });
            }
            last = end;
            self.spans.push(Span { start, end });
        }
        Ok(self.document(text))
    }

    /// Takes the words that another tool found, as they are written: each stands in the text after the one before it.
    ///
    /// # Errors
    /// At the first word that is empty or does not stand there.
    pub fn found<'d, 'w>(
        &'d mut self,
        text: &'d str,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<Document<'d>, NotWords> {
        self.spans.clear();
        let mut last = 0;
        for (index, word) in words.into_iter().enumerate() {
            let place = Some(word).filter(|word| !word.is_empty());
            let Some(place) = place.and_then(|word| text[last..].find(word)) else {
                let word = word.to_owned();
                return Err(NotWords::Missing { index, word });
            };
            let start = last + place;
            last = start + word.len();
            self.spans.push(Span { start, end: last });
        }
        Ok(self.document(text))
    }

    fn document<'d>(&'d self, text: &'d str) -> Document<'d> {
        Document {
            text,
            spans: &self.spans,
        }
    }
}

impl<'d> Document<'d> {
    /// A text that nobody needs the words of.
    pub fn unsplit(text: &'d str) -> Self {
        Self { text, spans: &[] }
    }

    /// The text.
    pub fn text(&self) -> &'d str {
        self.text
    }

    /// Where the words stand.
    pub fn spans(&self) -> &'d [Span] {
        self.spans
    }

    /// The words.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &'d str> + use<'d> {
        let text = self.text;
        self.spans.iter().map(move |span| &text[span.start..span.end])
    }
}
