//! Which documents no training may see: those of validation texts, and near copies of them.
//!
//! A near copy shares half of its 13-grams of words with the texts, or holds half of those of one of their
//! documents; 13 is the length by which Brown et al. (2020, arXiv 2005.14165, appendix C) look for overlaps. With
//! every twentieth word another, half of the 13-grams are left (0.95¹³ = 0.51), and a licence that begins a long
//! file is far from half of it.

use std::collections::{HashMap, HashSet};

use triaxis_random::mix;

use crate::Text;
use crate::left_out::Reason;
use crate::manifest::HeldOutFacts;
use crate::scan::fingerprint;

/// Words of an n-gram; a shorter text is one n-gram of all its words.
const WORDS: usize = 13;

/// Share of its n-grams from which on a document is a near copy.
const NEAR: f64 = 0.5;

/// Fingerprints of validation texts, by which a corpus is kept apart from them. The default holds nothing out.
#[derive(Debug, Default)]
pub struct HeldOut {
    names: Vec<String>,
    /// The text of each document, by the document's fingerprint.
    exact: HashMap<u128, usize>,
    /// The document of each n-gram, in `documents`: of several the first.
    grams: HashMap<u64, u32, ahash::RandomState>,
    documents: Vec<Document>,
    facts: Option<HeldOutFacts>,
}

#[derive(Debug)]
struct Document {
    text: usize,
    /// Its distinct n-grams, those it shares with an earlier one too.
    grams: usize,
}

/// Why a document is held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Held<'a> {
    pub(crate) reason: Reason,
    /// The text that it is found in.
    pub(crate) text: &'a str,
    /// Share of the n-grams that it has in common with it.
    pub(crate) share: f64,
}

impl HeldOut {
    /// The fingerprints of `texts`.
    pub fn of(texts: &[Text]) -> Self {
        let mut held_out = Self::default();
        for (index, text) in texts.iter().enumerate() {
            held_out.names.push(text.name.clone());
            for document in &text.documents {
                held_out.exact.entry(fingerprint(document)).or_insert(index);
                let mut own = HashSet::new();
                grams(document, |gram| {
                    own.insert(gram);
                });
                let number = held_out.documents.len() as u32;
                for gram in &own {
                    held_out.grams.entry(*gram).or_insert(number);
                }
                held_out.documents.push(Document {
                    text: index,
                    grams: own.len(),
                });
            }
        }
        held_out.facts = Self::identity_of(texts).map(|identity| HeldOutFacts {
            identity,
            texts: texts.iter().map(Text::facts).collect(),
        });
        held_out
    }

    /// Hash of all that decides what is held out for the sake of `texts`; none where nothing is.
    pub fn identity_of(texts: &[Text]) -> Option<String> {
        let mut hashes: Vec<String> = texts.iter().map(Text::identity).collect();
        hashes.sort_unstable();
        let rule = format!("{WORDS} words, {NEAR}");
        (!hashes.is_empty()).then(|| {
            let all = format!("{rule}: {}", hashes.join(" "));
            blake3::hash(all.as_bytes()).to_hex().to_string()
        })
    }

    pub(crate) fn identity(&self) -> Option<&str> {
        self.facts.as_ref().map(|facts| facts.identity.as_str())
    }

    pub(crate) fn facts(&self) -> Option<&HeldOutFacts> {
        self.facts.as_ref()
    }

    /// Why `text` is held out, if it is.
    pub(crate) fn find(&self, text: &str, fingerprint: u128) -> Option<Held<'_>> {
        if self.documents.is_empty() {
            return None;
        }
        if let Some(&found) = self.exact.get(&fingerprint) {
            return Some(Held {
                reason: Reason::HeldOut,
                text: &self.names[found],
                share: 1.0,
            });
        }
        let (mut all, mut shared) = (0_usize, 0_usize);
        let mut seen = HashSet::new();
        let mut shared_with: HashMap<u32, usize> = HashMap::new();
        grams(text, |gram| {
            all += 1;
            if let Some(&document) = self.grams.get(&gram) {
                shared += 1;
                if seen.insert(gram) {
                    *shared_with.entry(document).or_default() += 1;
                }
            }
        });
        let of_document = |(document, shared): (&u32, &usize)| {
            let document = &self.documents[*document as usize];
            (*shared as f64 / document.grams as f64, document.text)
        };
        // Of equal shares the first text, as a map has no order.
        let (most, text) = shared_with
            .iter()
            .map(of_document)
            .max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)))?;
        let share = most.max(shared as f64 / all as f64);
        (share >= NEAR).then(|| Held {
            reason: Reason::NearHeldOut,
            text: &self.names[text],
            share,
        })
    }
}

/// Gives the hash of every n-gram of a text's words to `each`, in order.
fn grams(text: &str, mut each: impl FnMut(u64)) {
    /// Odd, so that its powers are.
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    const OLDEST: u64 = BASE.wrapping_pow(WORDS as u32);
    let mut last = [0_u64; WORDS];
    let (mut sum, mut words) = (0_u64, 0);
    self::words(text, |word| {
        let oldest = std::mem::replace(&mut last[words % WORDS], word);
        sum = sum
            .wrapping_mul(BASE)
            .wrapping_add(word)
            .wrapping_sub(oldest.wrapping_mul(OLDEST));
        words += 1;
        if words >= WORDS {
            each(mix(sum));
        }
    });
    if (1..WORDS).contains(&words) {
        each(mix(sum ^ words as u64));
    }
}

/// Gives the hash of every word of a text to `each`: runs of letters and digits in lower case. In scripts that do not
/// part words each character is one.
fn words(text: &str, mut each: impl FnMut(u64)) {
    let mut word = None;
    for character in text.chars() {
        let alone =
            matches!(u32::from(character), 0x0e00..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x9fff | 0x2_0000..);
        if !character.is_alphanumeric() || alone {
            word.take().into_iter().for_each(|word| each(mix(word)));
        }
        if !character.is_alphanumeric() {
            continue;
        }
        let mut hash = word.unwrap_or_default();
        let mut add = |character: char| hash = mix_in(hash, character);
        match character.is_ascii() {
            true => add(character.to_ascii_lowercase()),
            false => character.to_lowercase().for_each(add),
        }
        match alone {
            true => each(mix(hash)),
            false => word = Some(hash),
        }
    }
    word.into_iter().for_each(|word| each(mix(word)));
}

/// One step of FNV-1a (Fowler, Noll and Vo), of characters.
fn mix_in(hash: u64, character: char) -> u64 {
    (hash ^ u64::from(character))
        .wrapping_mul(0x0000_0100_0000_01b3)
        .wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(name: &str, documents: &[&str]) -> Text {
        Text {
            name: name.to_owned(),
            documents: documents.iter().map(|document| (*document).to_owned()).collect(),
            left_out: Default::default(),
        }
    }

    /// Words `from` to `until` of a text that repeats no word.
    fn words_of(from: usize, until: usize) -> String {
        (from..until).map(|word| format!("word{word} ")).collect()
    }

    fn find(held_out: &HeldOut, text: &str) -> Option<(Reason, f64)> {
        let held = held_out.find(text, fingerprint(text))?;
        Some((held.reason, held.share))
    }

    #[test]
    fn copies_are_found_and_what_shares_less_than_half_is_not() {
        let document = words_of(0, 112);
        let held_out = HeldOut::of(&[text("news", &[&document, "Short one."])]);
        assert_eq!(find(&held_out, &document), Some((Reason::HeldOut, 1.0)));
        let other_look = document.to_uppercase().replace(' ', ",\n  ");
        assert_eq!(find(&held_out, &other_look), Some((Reason::NearHeldOut, 1.0)));
        // In a file of many other words, all of the document is there, and then 50 and 49 of its 100 13-grams.
        let within = |part: String| format!("{} {part} {}", words_of(1000, 3000), words_of(4000, 5000));
        assert_eq!(
            find(&held_out, &within(document.clone())),
            Some((Reason::NearHeldOut, 1.0))
        );
        assert_eq!(
            find(&held_out, &within(words_of(10, 72))),
            Some((Reason::NearHeldOut, 0.5))
        );
        assert_eq!(find(&held_out, &within(words_of(10, 71))), None);
        // A part of the document alone is a copy, however small, and one word of another text is none.
        assert_eq!(
            find(&held_out, &words_of(10, 40)),
            Some((Reason::NearHeldOut, 1.0))
        );
        assert_eq!(find(&held_out, &words_of(10, 22)), None);
        assert_eq!(find(&held_out, "short: one!"), Some((Reason::NearHeldOut, 1.0)));
        assert_eq!(find(&held_out, "short"), None);
        assert_eq!(find(&held_out, "..."), None);
    }

    #[test]
    fn a_passage_repeated_is_no_document() {
        let held_out = HeldOut::of(&[text("news", &[&words_of(0, 112)])]);
        let repeated = format!("{} {}", words_of(0, 13).repeat(100), words_of(1000, 9000));
        assert_eq!(find(&held_out, &repeated), None);
    }

    #[test]
    fn texts_without_spaces_have_words() {
        let document = "我能吞下玻璃而不伤身体。春眠不觉晓，处处闻啼鸟，夜来风雨声，花落知多少。";
        let held_out = HeldOut::of(&[text("verse", &[document])]);
        let near = format!("他说：{document}然后离开。");
        assert_eq!(find(&held_out, &near), Some((Reason::NearHeldOut, 1.0)));
        assert_eq!(
            find(&held_out, "白日依山尽，黄河入海流，欲穷千里目，更上一层楼。"),
            None
        );
    }

    #[test]
    fn the_identity_is_of_the_texts_in_any_order() {
        let (one, other) = (text("a", &["x"]), text("b", &["y"]));
        let identity = |texts: &[&Text]| {
            HeldOut::identity_of(&texts.iter().map(|text| (*text).clone()).collect::<Vec<_>>())
        };
        assert_eq!(identity(&[]), None);
        assert_eq!(identity(&[&one, &other]), identity(&[&other, &one]));
        assert_ne!(identity(&[&one, &other]), identity(&[&one]));
        assert_eq!(
            HeldOut::of(std::slice::from_ref(&one)).identity(),
            identity(&[&one]).as_deref()
        );
    }

    proptest! {
        #[test]
        fn an_n_gram_has_one_hash_wherever_it_stands(before in "([a-c]{1,3} ){0,20}", gram in "([a-c]{1,3} ){13}", after in "([a-c]{1,3} ){0,20}") {
            let hashes = |text: &str| {
                let mut all = Vec::new();
                grams(text, |hash| all.push(hash));
                all
            };
            let whole = hashes(&format!("{before}{gram}{after}"));
            let place = before.split_whitespace().count();
            prop_assert_eq!(whole[place], hashes(&gram)[0]);
            prop_assert_eq!(whole.len(), place + after.split_whitespace().count() + 1);
        }

        #[test]
        fn a_document_is_held_out_whatever_stands_around_it(before in "([a-z]{1,8} ){0,40}", document in "([a-z]{1,8} ){13,40}", after in "([a-z]{1,8} ){0,40}") {
            let held_out = HeldOut::of(&[text("t", &[&document])]);
            let found = find(&held_out, &format!("{before}{document}{after}"));
            prop_assert!(found.is_some());
        }
    }
}
