use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};
use triaxis_words::Document;

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "urls";

/// Documents by where they were. One without a URL stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Urls {
    /// Domains, with all that is below them.
    pub domains: Vec<String>,
    /// Whole URLs.
    pub urls: Vec<String>,
    /// Words of which none may stand between the signs of a URL, as they are written there.
    pub words: Vec<String>,
    /// Words of which a few may.
    pub soft_words: Vec<String>,
    /// How many of these are too many.
    pub too_many_soft_words: usize,
    /// What may stand nowhere in a URL, in any case and with whatever signs between its letters.
    pub parts: Vec<String>,
}

impl Urls {
    pub(crate) const ABOUT: &str = "lists of domains, URLs, words and parts of words of URLs: RefinedWeb's filter \
                                    (Penedo et al. 2023, arXiv 2306.01116, G.1) as datatrove has it; no list is built in";
}

impl Default for Urls {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            urls: Vec::new(),
            words: Vec::new(),
            soft_words: Vec::new(),
            too_many_soft_words: 2,
            parts: Vec::new(),
        }
    }
}

/// The letters and digits of a text, in small letters.
fn letters(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|sign| sign.to_ascii_lowercase()).collect()
}

fn set<'w>(words: impl IntoIterator<Item = &'w String>, read: fn(&str) -> String) -> HashSet<String> {
    words.into_iter().map(|word| read(word)).collect()
}

impl Settings for Urls {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        for (name, list) in [
            ("words", &self.words),
            ("soft_words", &self.soft_words),
            ("parts", &self.parts),
        ] {
            if let Some(empty) = list.iter().find(|word| letters(word).is_empty()) {
                return Err(Refused::new(
                    format!("{FILTER}.{name}"),
                    format!("{empty:?}"),
                    "holds no letter or digit, which are all that is looked for in a URL; remove it",
                ));
            }
        }
        if self.too_many_soft_words == 0 {
            return Err(Refused::new(
                format!("{FILTER}.too_many_soft_words"),
                0,
                "every document would go; 2 is usual",
            ));
        }
        let parts = AhoCorasick::new(set(&self.parts, letters)).map_err(|error| {
            let value = format!("{} parts", self.parts.len());
            Refused::new(format!("{FILTER}.parts"), value, format!("{error}; give fewer"))
        })?;
        Ok(Box::new(Prepared {
            domains: set(&self.domains, |domain| {
                domain.trim().trim_matches('.').to_lowercase()
            }),
            urls: set(&self.urls, |url| url.trim().to_owned()),
            words: set(&self.words, letters),
            soft_words: set(&self.soft_words, letters),
            too_many: self.too_many_soft_words,
            parts,
        }))
    }
}

struct Prepared {
    domains: HashSet<String>,
    urls: HashSet<String>,
    words: HashSet<String>,
    soft_words: HashSet<String>,
    too_many: usize,
    parts: AhoCorasick,
}

/// The host of a URL, in small letters.
fn host(url: &str) -> String {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().unwrap_or("");
    host.trim_matches('.').to_lowercase()
}

impl Judge for Prepared {
    fn measure(&self, _: &Document<'_>, facts: &Facts<'_>, room: &mut Room) -> bool {
        let Some(url) = facts.url else { return false };
        let host = host(url);
        let above = host.match_indices('.').map(|(place, _)| &host[place + 1..]);
        let is_listed = std::iter::once(host.as_str())
            .chain(above)
            .any(|domain| self.domains.contains(domain));
        let words: HashSet<&str> = url.split(|sign: char| !sign.is_ascii_alphanumeric()).collect();
        let found = |list: &HashSet<String>| words.iter().filter(|word| list.contains(**word)).count();
        let has_part = self.parts.is_match(&letters(url));
        let check = |name, count: usize, most: usize| Check::at_most(name, count as f64, most as f64);
        room.checks.extend([
            check("domain", usize::from(is_listed), 0),
            check("url", usize::from(self.urls.contains(url)), 0),
            check("words", found(&self.words), 0),
            check("soft_words", found(&self.soft_words), self.too_many - 1),
            check("parts", usize::from(has_part), 0),
        ]);
        false
    }
}
