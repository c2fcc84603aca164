//! The registry of what is compared: a line and a file each.

use std::ops::Range;

mod document;
mod line;
mod paragraph;
mod sentence;

use document::Document;
use line::Line;
use paragraph::Paragraph;
use sentence::Sentence;

triaxis_names::registry! {
    /// What is compared and removed.
    pub enum Unit as splitter: Splitter {
        Document = "document",
        Paragraph = "paragraph",
        Line = "line",
        Sentence = "sentence",
    }
}

/// Parts a text.
pub(crate) trait Splitter {
    /// Shows where each unit of the text begins and ends to `each`, in order. Blank ones may be among them.
    fn split(&self, text: &str, each: &mut dyn FnMut(Range<usize>));
}

/// A unit of a text that has more than white space.
pub(crate) struct Piece<'t> {
    /// Without the white space around it.
    pub(crate) text: &'t str,
    /// With all up to the next one; the first has what stands before it, too.
    pub(crate) range: Range<usize>,
}

impl Unit {
    /// The units of a text that are not blank.
    pub(crate) fn pieces(self, text: &str) -> Vec<Piece<'_>> {
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        self.splitter().split(text, &mut |range| {
            let unit = text[range.clone()].trim();
            if unit.is_empty() {
                return;
            }
            let start = match pieces.last_mut() {
                Some(last) => {
                    last.range.end = range.start;
                    range.start
                }
                None => 0,
            };
            pieces.push(Piece {
                text: unit,
                range: start..text.len(),
            });
        });
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(unit: Unit, text: &str) -> Vec<(&str, &str)> {
        let pieces = unit.pieces(text);
        let ends = pieces.iter().map(|piece| piece.range.end);
        let starts = pieces.iter().skip(1).map(|piece| piece.range.start);
        assert!(ends.zip(starts).all(|(end, start)| end == start), "{text:?}");
        pieces
            .into_iter()
            .map(|piece| (piece.text, &text[piece.range]))
            .collect()
    }

    #[test]
    fn blank_units_are_of_the_one_before() {
        let text = "\n one\r\n\n \ntwo\nthree\n\n";
        let lines = [
            ("one", "\n one\r\n\n \n"),
            ("two", "two\n"),
            ("three", "three\n\n"),
        ];
        assert_eq!(pieces(Unit::Line, text), lines);
        let paragraphs = [("one", "\n one\r\n\n \n"), ("two\nthree", "two\nthree\n\n")];
        assert_eq!(pieces(Unit::Paragraph, text), paragraphs);
        assert_eq!(pieces(Unit::Document, text), [("one\r\n\n \ntwo\nthree", text)]);
        assert_eq!(
            pieces(Unit::Sentence, "One is first. Two is second.\n"),
            [
                ("One is first.", "One is first. "),
                ("Two is second.", "Two is second.\n")
            ]
        );
    }

    #[test]
    fn blank_texts_have_no_units() {
        for unit in Unit::ALL {
            assert!(pieces(*unit, "").is_empty() && pieces(*unit, " \n\u{2003}\r\n").is_empty());
        }
    }

    #[test]
    fn every_unit_is_described_and_named_once() {
        let names: std::collections::BTreeSet<&str> = Unit::REGISTRY.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), Unit::ALL.len());
        assert!(Unit::REGISTRY.iter().all(|entry| entry.about.len() > 20));
    }
}
