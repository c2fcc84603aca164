use std::ops::Range;

use super::Splitter;

/// The whole document.
pub(super) struct Document;

impl Document {
    pub(super) const ABOUT: &'static str =
        "the whole document, but for white space at its ends; what most corpora do first";
}

impl Splitter for Document {
    fn split(&self, text: &str, each: &mut dyn FnMut(Range<usize>)) {
        each(0..text.len());
    }
}
