use serde::{Deserialize, Serialize};
use triaxis_words::{Document, lines};

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

/// Pages with several long lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct C4Paragraphs {
    /// Fewest lines that are long.
    pub least_paragraphs: usize,
    /// Fewest characters of a long line.
    pub least_length: usize,
}

impl C4Paragraphs {
    pub(crate) const ABOUT: &str = "pages with at least three lines of 200 characters: mC4's rule (Xue et al. 2021, \
                                    arXiv 2010.11934)";
}

impl Default for C4Paragraphs {
    fn default() -> Self {
        Self {
            least_paragraphs: 3,
            least_length: 200,
        }
    }
}

impl Settings for C4Paragraphs {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        Ok(Box::new(self.clone()))
    }
}

impl Judge for C4Paragraphs {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let is_long = |line: &&str| {
            let last = self.least_length.saturating_sub(1);
            line.len() >= self.least_length && (last == 0 || line.chars().nth(last).is_some())
        };
        let count = lines::by_feed(document.text()).filter(is_long).count();
        room.checks.push(Check::at_least(
            "long_lines",
            count as f64,
            self.least_paragraphs as f64,
        ));
        false
    }
}
