use serde::{Deserialize, Serialize};
use triaxis_words::{Document, Splitter, classes, lines};

use super::{Dialect, Facts, Judge, Settings};
use crate::characters;
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::segments::Repeats;
use crate::verdict::{Check, share};

const FILTER: &str = "gopher-repetition";

/// Text that repeats itself: the most that a share may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GopherRepetition {
    /// Whose counting it is. To datatrove the first copy of a line is none, to the others it is; to dolma's
    /// first tagger blank lines are lines; and each counts the characters of repeated runs of words in its own way.
    pub dialect: Dialect,
    /// Of paragraphs, those that stand there more than once.
    pub duplicate_paragraphs: f64,
    /// The same of lines.
    pub duplicate_lines: f64,
    /// Of characters, those of repeated paragraphs.
    pub duplicate_paragraph_characters: f64,
    /// The same of lines.
    pub duplicate_line_characters: f64,
    /// Of characters, those of the run of two words that comes most often.
    pub top_2_gram: f64,
    /// The same of three words.
    pub top_3_gram: f64,
    /// The same of four words.
    pub top_4_gram: f64,
    /// Of characters, those of runs of five words that come more than once.
    pub duplicate_5_grams: f64,
    /// The same of six words.
    pub duplicate_6_grams: f64,
    /// The same of seven words.
    pub duplicate_7_grams: f64,
    /// The same of eight words.
    pub duplicate_8_grams: f64,
    /// The same of nine words.
    pub duplicate_9_grams: f64,
    /// The same of ten words.
    pub duplicate_10_grams: f64,
}

impl GopherRepetition {
    pub(crate) const ABOUT: &str = "lines, paragraphs and runs of words that repeat: Gopher's rules (Rae et al. 2021, \
                                    arXiv 2112.11446, table A1), by dialect";

    /// The bounds of runs of two words and more, by their names.
    fn runs(&self) -> [(&'static str, f64); 9] {
        [
            ("top_2_gram", self.top_2_gram),
            ("top_3_gram", self.top_3_gram),
            ("top_4_gram", self.top_4_gram),
            ("duplicate_5_grams", self.duplicate_5_grams),
            ("duplicate_6_grams", self.duplicate_6_grams),
            ("duplicate_7_grams", self.duplicate_7_grams),
            ("duplicate_8_grams", self.duplicate_8_grams),
            ("duplicate_9_grams", self.duplicate_9_grams),
            ("duplicate_10_grams", self.duplicate_10_grams),
        ]
    }

    /// Bounds of paragraphs and of lines, with the shares that they are of.
    fn segments(&self, paragraphs: Repeats, lines: Repeats, characters: usize) -> [Check; 4] {
        let shares = |repeats: Repeats| match self.dialect {
            Dialect::Datatrove => (
                share(repeats.later, repeats.segments),
                share(repeats.later_characters, characters),
            ),
            Dialect::Dolma | Dialect::DolmaV1 => (
                share(repeats.copies, repeats.segments),
                share(repeats.copies_characters, characters),
            ),
            Dialect::Dclm => (
                share(repeats.copies, repeats.segments),
                share(repeats.copies_characters, repeats.characters),
            ),
        };
        let (paragraph_share, paragraph_characters) = shares(paragraphs);
        let (line_share, line_characters) = shares(lines);
        let check = Check::at_most;
        let mut checks = [
            check("duplicate_paragraphs", paragraph_share, self.duplicate_paragraphs),
            check(
                "duplicate_paragraph_characters",
                paragraph_characters,
                self.duplicate_paragraph_characters,
            ),
            check("duplicate_lines", line_share, self.duplicate_lines),
            check(
                "duplicate_line_characters",
                line_characters,
                self.duplicate_line_characters,
            ),
        ];
        if self.dialect == Dialect::Dclm {
            checks = [checks[2], checks[0], checks[3], checks[1]];
        }
        checks
    }
}

impl Default for GopherRepetition {
    fn default() -> Self {
        Self {
            dialect: Dialect::Datatrove,
            duplicate_paragraphs: 0.3,
            duplicate_lines: 0.3,
            duplicate_paragraph_characters: 0.2,
            duplicate_line_characters: 0.2,
            top_2_gram: 0.2,
            top_3_gram: 0.18,
            top_4_gram: 0.16,
            duplicate_5_grams: 0.15,
            duplicate_6_grams: 0.14,
            duplicate_7_grams: 0.13,
            duplicate_8_grams: 0.12,
            duplicate_9_grams: 0.11,
            duplicate_10_grams: 0.1,
        }
    }
}

impl Settings for GopherRepetition {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        for (name, value) in [
            ("duplicate_paragraphs", self.duplicate_paragraphs),
            ("duplicate_lines", self.duplicate_lines),
            (
                "duplicate_paragraph_characters",
                self.duplicate_paragraph_characters,
            ),
            ("duplicate_line_characters", self.duplicate_line_characters),
        ]
        .into_iter()
        .chain(self.runs())
        {
            refused::share(FILTER, name, value)?;
        }
        Ok(Box::new(self.clone()))
    }
}

fn stripped(segment: &str) -> Option<&str> {
    Some(classes::trim(segment)).filter(|segment| !segment.is_empty())
}

impl Judge for GopherRepetition {
    fn splitter(&self) -> Option<Splitter> {
        Some(match self.dialect {
            Dialect::Datatrove => Splitter::English,
            Dialect::Dolma | Dialect::DolmaV1 => Splitter::Whitespace,
            Dialect::Dclm => Splitter::Unicode,
        })
    }

    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text();
        let is_ascii = text.is_ascii();
        let is_empty = match self.dialect {
            Dialect::Dclm => classes::trim_start(text).is_empty(),
            Dialect::Datatrove | Dialect::Dolma | Dialect::DolmaV1 => text.is_empty(),
        };
        let characters = f64::from(u8::from(!is_empty));
        room.checks.push(Check::at_least("characters", characters, 1.0));
        let segments = &mut room.segments;
        let (paragraphs, found) = match self.dialect {
            Dialect::Datatrove => (
                segments.count(lines::paragraphs(classes::trim(text)), is_ascii),
                segments.count(lines::by_feeds(text), is_ascii),
            ),
            Dialect::Dolma => (
                Repeats::default(),
                segments.count(lines::by_feeds(text), is_ascii),
            ),
            Dialect::DolmaV1 => (Repeats::default(), segments.count(lines::by_feed(text), is_ascii)),
            Dialect::Dclm => (
                segments.count(text.split("\n\n").filter_map(stripped), is_ascii),
                segments.count(lines::by_feed(text).filter_map(stripped), is_ascii),
            ),
        };
        let grams = &mut room.grams;
        grams.read(document, is_ascii);
        let characters = match self.dialect {
            Dialect::Datatrove => characters::characters(text, is_ascii),
            Dialect::Dolma | Dialect::DolmaV1 | Dialect::Dclm => grams.all_characters(),
        };
        room.checks.extend(self.segments(paragraphs, found, characters));
        for (index, (name, bound)) in self.runs().into_iter().enumerate() {
            let size = index + 2;
            grams.longer();
            let part = match (self.dialect, size) {
                (Dialect::Datatrove, ..5) => {
                    let top = grams.top();
                    // The spaces between the words count, too.
                    top.count * (top.first + size - 1)
                }
                (Dialect::Dolma | Dialect::DolmaV1, ..5) => {
                    let top = grams.top();
                    top.count * top.first
                }
                (Dialect::Dclm, ..5) => {
                    let top = grams.top();
                    if top.count < 2 { 0 } else { top.count * top.longest }
                }
                (Dialect::Datatrove, _) => grams.walked(),
                (Dialect::Dolma | Dialect::DolmaV1, _) => grams.copies(),
                (Dialect::Dclm, _) => grams.covered(),
            };
            let is_of_runs = matches!(self.dialect, Dialect::Dolma | Dialect::DolmaV1) && size >= 5;
            let whole = if is_of_runs {
                grams.run_characters()
            } else {
                characters
            };
            room.checks.push(Check::at_most(name, share(part, whole), bound));
        }
        false
    }
}
