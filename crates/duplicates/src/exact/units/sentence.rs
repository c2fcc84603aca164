use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::Splitter;

/// A sentence.
pub(super) struct Sentence;

impl Sentence {
    pub(super) const ABOUT: &'static str = "a sentence by Unicode's rule (UAX #29), mostly in runs of three \
         (C4, Raffel et al. 2020, arXiv 1910.10683, section 2.2)";
}

impl Splitter for Sentence {
    fn split(&self, text: &str, each: &mut dyn FnMut(Range<usize>)) {
        for (start, sentence) in text.split_sentence_bound_indices() {
            each(start..start + sentence.len());
        }
    }
}
