use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};
use triaxis_words::Document;

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "c4-bad-words";

/// Pages without any of some words.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct C4BadWords {
    /// The words and phrases, in any case. None are built in.
    pub words: Vec<String>,
    /// Whether they count inside longer words, too, as is needed where no spaces are written.
    #[serde(default)]
    pub inside_words: bool,
}

impl C4BadWords {
    pub(crate) const ABOUT: &str = "pages with a word of a list that is given: C4's rule (Raffel et al. 2020, arXiv \
                                    1910.10683, section 2.2)";
}

impl Settings for C4BadWords {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        let words = || self.words.iter().map(|word| word.trim().to_lowercase());
        if words().any(|word| word.is_empty()) {
            return Err(Refused::new(
                format!("{FILTER}.words"),
                "\"\"",
                "an empty word stands in every document; remove it from the list",
            ));
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(words())
            .map_err(|error| {
                let value = format!("{} words", self.words.len());
                Refused::new(
                    format!("{FILTER}.words"),
                    value,
                    format!("{error}; give fewer words"),
                )
            })?;
        Ok(Box::new(Prepared {
            finder,
            inside_words: self.inside_words,
        }))
    }
}

struct Prepared {
    finder: AhoCorasick,
    inside_words: bool,
}

impl Judge for Prepared {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text().to_lowercase();
        let is_of_word = |sign: char| sign.is_alphanumeric() || sign == '_';
        let count = self
            .finder
            .find_overlapping_iter(&text)
            .filter(|found| {
                let before = text[..found.start()].chars().next_back();
                let after = text[found.end()..].chars().next();
                self.inside_words || !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
            })
            .count();
        room.checks.push(Check::at_most("bad_words", count as f64, 0.0));
        false
    }
}
