use std::ops::Range;

use super::Splitter;
use super::line::Line;

/// Lines up to a blank one.
pub(super) struct Paragraph;

impl Paragraph {
    pub(super) const ABOUT: &'static str =
        "a paragraph: lines without a blank one between them (Dolma, Soldaini et al. 2024, arXiv 2402.00159)";
}

impl Splitter for Paragraph {
    fn split(&self, text: &str, each: &mut dyn FnMut(Range<usize>)) {
        let mut paragraph: Option<Range<usize>> = None;
        Line.split(text, &mut |line| {
            let is_blank = text[line.clone()].trim().is_empty();
            match (&mut paragraph, is_blank) {
                (Some(open), false) => open.end = line.end,
                (None, false) => paragraph = Some(line),
                (open, true) => open.take().into_iter().for_each(&mut *each),
            }
        });
        paragraph.into_iter().for_each(each);
    }
}
