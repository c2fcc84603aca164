use serde::{Deserialize, Serialize};
use triaxis_words::Document;

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "licences";

/// Licences that ask for no more than to be named, as SPDX names them.
const PERMISSIVE: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "PostgreSQL",
    "Python-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Documents that may be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Licences {
    /// The licences that are accepted, by their SPDX names, in any case. Of `A OR B` one must be, of `A AND B` both.
    pub accept: Vec<String>,
    /// Whether documents stay that state none.
    pub accept_unstated: bool,
}

impl Licences {
    pub(crate) const ABOUT: &str = "documents under a licence of a list, by SPDX expressions; permissive ones by \
                                    default, as in The Stack (Kocetkov et al. 2022, arXiv 2211.15533)";
}

impl Default for Licences {
    fn default() -> Self {
        Self {
            accept: PERMISSIVE.map(str::to_owned).to_vec(),
            accept_unstated: false,
        }
    }
}

impl Settings for Licences {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        if self.accept.is_empty() && !self.accept_unstated {
            return Err(Refused::new(
                format!("{FILTER}.accept"),
                "[]",
                "no document would stay; name licences, or leave it out for permissive ones",
            ));
        }
        Ok(Box::new(self.clone()))
    }
}

/// Reads an expression: alternatives of parts of names and of expressions in parentheses.
struct Reader<'e> {
    words: std::iter::Peekable<std::vec::IntoIter<&'e str>>,
    accept: &'e [String],
}

impl Reader<'_> {
    /// What begins here, up to the end or a closing parenthesis. Depth is bounded, since each level recurs.
    fn alternatives(&mut self, depth: usize) -> Option<bool> {
        let mut any = self.parts(depth)?;
        while self
            .words
            .next_if(|word| word.eq_ignore_ascii_case("or") || *word == "/")
            .is_some()
        {
            any |= self.parts(depth)?;
        }
        Some(any)
    }

    fn parts(&mut self, depth: usize) -> Option<bool> {
        let mut all = self.part(depth)?;
        while self
            .words
            .next_if(|word| word.eq_ignore_ascii_case("and"))
            .is_some()
        {
            all &= self.part(depth)?;
        }
        Some(all)
    }

    fn part(&mut self, depth: usize) -> Option<bool> {
        let word = self.words.next()?;
        if word == "(" {
            let inner = self.alternatives(depth.checked_sub(1)?)?;
            return (self.words.next() == Some(")")).then_some(inner);
        }
        let is_joint = |joint: &&str| word.eq_ignore_ascii_case(joint);
        if ["or", "and", "with", "/", ")"].iter().any(is_joint) {
            return None;
        }
        let is_accepted = self.accept.iter().any(|known| known.eq_ignore_ascii_case(word));
        if self
            .words
            .next_if(|word| word.eq_ignore_ascii_case("with"))
            .is_some()
        {
            // An exception only permits more.
            self.words.next()?;
        }
        Some(is_accepted)
    }
}

/// Whether an expression is accepted; none where it cannot be read.
fn is_accepted(expression: &str, accept: &[String]) -> Option<bool> {
    let mut words = Vec::new();
    for word in expression.split_whitespace() {
        let mut rest = word;
        while let Some(place) = rest.find(['(', ')', '/']) {
            words.extend(Some(&rest[..place]).filter(|word| !word.is_empty()));
            words.push(&rest[place..=place]);
            rest = &rest[place + 1..];
        }
        words.extend(Some(rest).filter(|word| !word.is_empty()));
    }
    let words = words.into_iter().peekable();
    let mut reader = Reader { words, accept };
    let accepted = reader.alternatives(16)?;
    reader.words.next().is_none().then_some(accepted)
}

impl Judge for Licences {
    fn measure(&self, _: &Document<'_>, facts: &Facts<'_>, room: &mut Room) -> bool {
        let stated = facts.licence.map(str::trim).filter(|licence| !licence.is_empty());
        let (name, accepted) = match stated {
            None => ("licence_stated", self.accept_unstated),
            Some(licence) => match is_accepted(licence, &self.accept) {
                None => ("licence_read", false),
                Some(accepted) => ("licence_accepted", accepted),
            },
        };
        room.checks
            .push(Check::at_least(name, f64::from(u8::from(accepted)), 1.0));
        false
    }
}
