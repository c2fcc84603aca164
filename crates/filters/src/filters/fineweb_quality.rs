use serde::{Deserialize, Serialize};
use triaxis_words::{Document, Splitter, classes, lines};

use super::{Facts, Judge, Settings};
use crate::characters::characters;
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::verdict::{Check, share};

const FILTER: &str = "fineweb-quality";

/// Text in sentences rather than in lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FineWebQuality {
    /// Of lines that are not blank, fewest that end as sentences do.
    pub lines_with_end: f64,
    /// Whether a document of which no line ends so stays.
    pub allow_none_with_end: bool,
    /// Of lines that are not blank, most that are short.
    pub short_lines: f64,
    /// Most characters of a short line.
    pub short_line_length: usize,
    /// Of characters that end no line, most that lines have which stood there before.
    pub duplicate_line_characters: f64,
    /// Most line feeds a word.
    pub line_feeds: f64,
}

impl FineWebQuality {
    pub(crate) const ABOUT: &str = "ends of lines, short and repeated lines, lists: the rules that FineWeb added \
                                    (Penedo et al. 2024, arXiv 2406.17557)";
}

impl Default for FineWebQuality {
    fn default() -> Self {
        Self {
            lines_with_end: 0.12,
            allow_none_with_end: false,
            short_lines: 0.67,
            short_line_length: 30,
            duplicate_line_characters: 0.01,
            line_feeds: 0.3,
        }
    }
}

impl Settings for FineWebQuality {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        for (name, value) in [
            ("lines_with_end", self.lines_with_end),
            ("short_lines", self.short_lines),
            ("duplicate_line_characters", self.duplicate_line_characters),
        ] {
            refused::share(FILTER, name, value)?;
        }
        refused::amount(FILTER, "line_feeds", self.line_feeds)?;
        Ok(Box::new(self.clone()))
    }
}

impl Judge for FineWebQuality {
    fn splitter(&self) -> Option<Splitter> {
        Some(Splitter::English)
    }

    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text();
        let is_ascii = text.is_ascii();
        let (mut ends, mut with_end, mut short) = (0, 0, 0);
        let found = lines::by_feed(text).filter(|line| {
            ends += 1;
            if classes::trim_start(line).is_empty() {
                return false;
            }
            with_end += usize::from(line.ends_with(classes::is_terminal));
            let is_short = line.len() <= self.short_line_length
                || !is_ascii && line.chars().nth(self.short_line_length).is_none();
            short += usize::from(is_short);
            true
        });
        let repeats = room.segments.count(found, is_ascii);
        // The last line ends with the text.
        let (count, feeds) = (repeats.segments, ends - 1);
        let characters = characters(text, is_ascii) - feeds;
        let is_allowed = with_end == 0 && self.allow_none_with_end;
        let least = if is_allowed { 0.0 } else { self.lines_with_end };
        room.checks.extend([
            Check::at_least("lines", count as f64, 1.0),
            Check::at_least("lines_with_end", share(with_end, count), least),
            Check::at_most("short_lines", share(short, count), self.short_lines),
            Check::at_most(
                "duplicate_line_characters",
                share(repeats.later_characters, characters),
                self.duplicate_line_characters,
            ),
            Check::at_most(
                "line_feeds",
                share(feeds, document.spans().len()),
                self.line_feeds,
            ),
        ]);
        false
    }
}
