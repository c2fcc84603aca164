use std::ops::Range;

use super::Splitter;

/// A line.
pub(super) struct Line;

impl Line {
    pub(super) const ABOUT: &'static str = "a line: menus, notices and code that many documents share (CCNet, Wenzek et al. 2020, arXiv 1911.00359)";
}

impl Splitter for Line {
    fn split(&self, text: &str, each: &mut dyn FnMut(Range<usize>)) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            each(start..start + line.len());
            start += line.len();
        }
    }
}
