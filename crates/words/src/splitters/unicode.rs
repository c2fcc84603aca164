use unicode_segmentation::UnicodeSegmentation;

use super::Split;
use crate::words::Span;

/// Unicode's words.
#[derive(Debug)]
pub struct Unicode;

impl Unicode {
    pub(crate) const ABOUT: &str = "Unicode's segments that hold a letter or a digit (UAX #29): DCLM's and datamap's, \
                                    and of texts in any language that writes spaces";
}

impl Split for Unicode {
    fn split(&self, text: &str, words: &mut Vec<Span>) {
        words.extend(text.unicode_word_indices().map(|(start, word)| Span {
            start,
            end: start + word.len(),
        }));
    }
}
