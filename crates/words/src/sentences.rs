//! Sentences by the rule of spaCy's sentencizer.

use crate::classes::{is_terminal, is_unicode_punctuation};
use crate::{Document, Span};

/// The number of sentences of a document, at least one: a sentence ends with a word that is one character of the
/// kind that ends sentences, and what punctuation follows that. Spaces other than a single one are a word of their own
/// to spaCy, which a sentence may begin with.
pub fn sentences(document: &Document<'_>) -> usize {
    sentences_of(document.text(), document.spans(), 0, document.text().len())
}

/// The number of sentences of a part of a text, from byte `start` to before `end`, whose words these are: spans that
/// are not within it, or not of the text, are no words.
pub fn sentences_of(text: &str, words: &[Span], start: usize, end: usize) -> usize {
    let mut count = 1;
    let mut has_ended = false;
    let mut last = start;
    for span in words {
        let parts = (text.get(last..span.start), text.get(span.start..span.end));
        let (Some(gap), Some(word)) = parts else { continue };
        last = span.end;
        if has_ended && !gap.is_empty() && gap != " " {
            count += 1;
            has_ended = false;
        }
        let is_end = is_end(word);
        if has_ended && !is_end && !word.chars().all(is_unicode_punctuation) {
            count += 1;
            has_ended = false;
        }
        has_ended |= is_end;
    }
    let gap = text.get(last..end).unwrap_or("");
    count + usize::from(has_ended && !gap.is_empty() && gap != " ")
}

#[inline]
fn is_end(word: &str) -> bool {
    if word.len() > 4
        || word
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
    {
        return false;
    }
    let mut signs = word.chars();
    signs.next().is_some_and(is_terminal) && signs.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Splitter, Words};

    #[test]
    fn sentences_are_counted() {
        let mut words = Words::new();
        for (text, count) in [
            ("", 1),
            ("no end", 1),
            ("One. Two!", 2),
            ("One.\" Two?) Three", 3),
            ("One...  two", 1),
            ("One.  ", 2),
            ("One. ", 1),
        ] {
            assert_eq!(
                sentences(&words.split(Splitter::English, text)),
                count,
                "{text:?}"
            );
        }
    }
}
