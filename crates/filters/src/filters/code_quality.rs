use serde::{Deserialize, Serialize};
use triaxis_words::{Document, classes, lines};

use super::{Facts, Judge, Settings};
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::verdict::{Check, share};

const FILTER: &str = "code-quality";

/// Source code that people wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeQuality {
    /// Most characters of the longest line.
    pub longest_line: usize,
    /// Most characters of a line on average.
    pub mean_line_length: f64,
    /// Of characters, fewest that are letters or digits.
    pub alphanumeric_characters: f64,
    /// Ends of the names of files that stay, such as `.rs`; where none is given all do, and where some are a document
    /// without a path goes.
    pub extensions: Vec<String>,
}

impl CodeQuality {
    pub(crate) const ABOUT: &str = "length of lines, letters and digits, names of files: the rules for code of Codex \
                                    (Chen et al. 2021, arXiv 2107.03374, section 3.1), as RedPajama has them";
}

impl Default for CodeQuality {
    fn default() -> Self {
        Self {
            longest_line: 1000,
            mean_line_length: 100.0,
            alphanumeric_characters: 0.25,
            extensions: Vec::new(),
        }
    }
}

impl Settings for CodeQuality {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        refused::share(FILTER, "alphanumeric_characters", self.alphanumeric_characters)?;
        refused::amount(FILTER, "mean_line_length", self.mean_line_length)?;
        if self.extensions.iter().any(String::is_empty) {
            return Err(Refused::new(
                format!("{FILTER}.extensions"),
                "\"\"",
                "every name ends so; remove it, or leave the list empty to take all files",
            ));
        }
        Ok(Box::new(self.clone()))
    }
}

impl Judge for CodeQuality {
    fn measure(&self, document: &Document<'_>, facts: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text();
        let (mut count, mut longest, mut characters) = (0, 0, 0);
        for line in lines::universal(text) {
            let length = line.chars().count();
            count += 1;
            longest = longest.max(length);
            characters += length;
        }
        let is_alphanumeric = |sign: &char| match sign {
            '\0'..='\x7f' => sign.is_ascii_alphanumeric(),
            _ => classes::is_letter(*sign) || sign.is_numeric(),
        };
        let alphanumeric = text.chars().filter(is_alphanumeric).count();
        let is_named = self.extensions.is_empty()
            || facts
                .path
                .is_some_and(|path| self.extensions.iter().any(|extension| path.ends_with(extension)));
        room.checks.extend([
            Check::at_least("extension", f64::from(u8::from(is_named)), 1.0),
            Check::at_least("characters", text.len().min(1) as f64, 1.0),
            Check::at_most("longest_line", longest as f64, self.longest_line as f64),
            Check::at_most(
                "mean_line_length",
                share(characters, count),
                self.mean_line_length,
            ),
            Check::at_least(
                "alphanumeric_characters",
                share(alphanumeric, text.chars().count()),
                self.alphanumeric_characters,
            ),
        ]);
        false
    }
}
