//! Contractions that are several words, and abbreviations and faces that are one.

use std::sync::LazyLock;

use crate::hash;
use crate::words::Span;

/// Words and what may be joined to each, of which a bar ends a part: also with a capital at the beginning.
const CONTRACTIONS: &[(&str, &str)] = &[
    ("i", "'m m 'm|a m|a"),
    ("i you he she it we they", "'ll ll 'll|'ve ll|ve 'd d 'd|'ve d|ve"),
    ("i you we they", "'ve ve"),
    ("you we they", "'re re"),
    ("he she it who what when where why how there that this", "'s s"),
    (
        "who what when where why how there that this these those",
        "'ll ll 'll|'ve ll|ve 'd d 'd|'ve d|ve",
    ),
    ("who what when where why how there these those", "'re re 've ve"),
    (
        "ca could do does did had may might must need ought sha should wo would",
        "n't nt n't|'ve nt|ve",
    ),
    ("could might must should would", "'ve ve"),
    ("ai are is was were have has dare", "n't nt"),
    ("how", "'d|'y"),
    ("not", "'ve ve"),
    ("can", "not"),
    ("gon", "na"),
    ("got", "ta"),
    ("let", "'s"),
    ("c'm", "on"),
];

/// The same, as they are.
const AS_THEY_ARE: &[(&str, &str)] = &[
    ("1 2 3 4 5 6 7 8 9 10 11 12", "a.m. am p.m. pm"),
    ("y'", "all"),
    ("y", "all"),
    ("°", "c|. f|. k|. C|. F|. K|."),
];

/// Contractions that are words of another meaning.
const WORDS: &str = "Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore";

/// What would be taken apart and is one word.
const WHOLE: &str = "doin' Doin' goin' Goin' nothin' Nothin' nuthin' Nuthin' ol' Ol' somethin' Somethin' 'em 'll 'nuff \
    'S 's ‘S ‘s and/or w/o 're 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout ma'am Ma'am o'clock O'clock lovin' \
    Lovin' havin' Havin' Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. \
    Jan. Jul. Jun. Kan. Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. \
    Oct. Okla. Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. 'd a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. \
    Gen. Gov. i.e. I.e. I.E. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. \
    v.s. — ' \\\") <space> '' C++ a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u. v. w. x. y. z. ä. ö. ü. \
    :) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( \
    :-(( :((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 \
    :() >:o :* :-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< ._. \
    ;_; -_- -__- v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 (^_^) \
    (-_-) (._.) (>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>";

/// Bytes of each word of an exception, of which there are four at most; unused ones are 0.
pub(super) type Parts = [u8; 4];
/// More than three times the exceptions, and a power of two.
const SLOTS: usize = 4096;
/// No exception.
const EMPTY: u16 = u16::MAX;

struct Exception {
    written: Box<str>,
    parts: Parts,
}

/// All exceptions, by their hashes.
pub(super) struct Exceptions {
    entries: Vec<Exception>,
    slots: Box<[u16; SLOTS]>,
    /// Bytes of the longest.
    longest: usize,
    /// By its first byte, a bit for each length of an exception; the same by its last. Few words pass both.
    lengths_by_first: Box<[u32; 256]>,
    lengths_by_last: Box<[u32; 256]>,
}

/// The bit of a length: all of 31 bytes and more share one.
fn bit(length: usize) -> u32 {
    1 << length.min(31)
}

static EXCEPTIONS: LazyLock<Exceptions> = LazyLock::new(Exceptions::new);

fn capitalised(word: &str) -> String {
    let mut signs = word.chars();
    let first = signs.next().map(|sign| sign.to_ascii_uppercase());
    first.into_iter().chain(signs).collect()
}

impl Exceptions {
    pub(super) fn get() -> &'static Self {
        &EXCEPTIONS
    }

    fn new() -> Self {
        let mut exceptions = Self {
            entries: Vec::new(),
            slots: Box::new([EMPTY; SLOTS]),
            longest: 0,
            lengths_by_first: Box::new([0; 256]),
            lengths_by_last: Box::new([0; 256]),
        };
        for (stems, endings) in CONTRACTIONS {
            for stem in stems.split(' ') {
                for ending in endings.split(' ') {
                    exceptions.add(&[stem, ending].join("|"));
                    exceptions.add(&[&capitalised(stem), ending].join("|"));
                }
            }
        }
        for (stems, endings) in AS_THEY_ARE {
            for stem in stems.split(' ') {
                for ending in endings.split(' ') {
                    exceptions.add(&[stem, ending].join("|"));
                }
            }
        }
        for word in WHOLE.split_ascii_whitespace() {
            exceptions.insert(word.to_owned(), &[word]);
            exceptions.insert(word.replace('\'', "’"), &[&word.replace('\'', "’")]);
        }
        exceptions
    }

    /// Adds an exception whose words are told apart by bars, with both kinds of apostrophe.
    fn add(&mut self, words: &str) {
        if WORDS.split(' ').any(|word| word == words.replace('|', "")) {
            return;
        }
        for words in [words.to_owned(), words.replace('\'', "’")] {
            let parts: Vec<&str> = words.split('|').collect();
            self.insert(parts.concat(), &parts);
        }
    }

    fn insert(&mut self, written: String, words: &[&str]) {
        if self.find(written.as_bytes()).is_some() {
            return;
        }
        let mut parts = Parts::default();
        for (part, word) in parts.iter_mut().zip(words) {
            *part = word.len() as u8;
        }
        let mut slot = hash(written.as_bytes()) as usize % SLOTS;
        while self.slots[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        self.slots[slot] = self.entries.len() as u16;
        self.longest = self.longest.max(written.len());
        if let (Some(first), Some(last)) = (written.bytes().next(), written.bytes().next_back()) {
            self.lengths_by_first[usize::from(first)] |= bit(written.len());
            self.lengths_by_last[usize::from(last)] |= bit(written.len());
        }
        let written = written.into_boxed_str();
        self.entries.push(Exception { written, parts });
    }

    /// Bytes of the words of an exception.
    #[inline]
    pub(super) fn parts(&self, written: &[u8]) -> Option<&Parts> {
        let (first, last) = (usize::from(*written.first()?), usize::from(*written.last()?));
        if self.lengths_by_first[first] & self.lengths_by_last[last] & bit(written.len()) == 0 {
            return None;
        }
        self.find(written)
    }

    fn find(&self, written: &[u8]) -> Option<&Parts> {
        let mut slot = hash(written) as usize % SLOTS;
        while self.slots[slot] != EMPTY {
            let entry = &self.entries[usize::from(self.slots[slot])];
            if entry.written.as_bytes() == written {
                return Some(&entry.parts);
            }
            slot = (slot + 1) % SLOTS;
        }
        None
    }

    /// Joins words of one piece, from `first`, that together are one: faces, mostly, whose parts came off one by one.
    pub(super) fn join(&self, text: &str, words: &mut Vec<Span>, first: usize) {
        if words.len() < first + 2 {
            return;
        }
        let (mut from, mut to) = (first, first);
        while from < words.len() {
            let count = self.joined(text, &words[from..]);
            words[to] = Span {
                start: words[from].start,
                end: words[from + count - 1].end,
            };
            from += count;
            to += 1;
        }
        words.truncate(to);
    }

    /// How many of the words at the beginning are one together.
    #[inline]
    fn joined(&self, text: &str, words: &[Span]) -> usize {
        let start = words[0].start;
        let first = usize::from(text.as_bytes()[start]);
        if self.lengths_by_first[first] == 0 {
            return 1;
        }
        let most = words
            .iter()
            .take(self.longest)
            .take_while(|word| word.end - start <= self.longest)
            .count();
        let is_whole = |count: &usize| {
            let written = &text.as_bytes()[start..words[*count - 1].end];
            self.parts(written).is_some_and(|parts| parts[1] == 0)
        };
        (2..=most).rev().find(is_whole).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_room() {
        let exceptions = Exceptions::get();
        assert!(
            exceptions.entries.len() * 3 < SLOTS,
            "{}",
            exceptions.entries.len()
        );
        assert!(exceptions.entries.iter().all(|entry| {
            let length = entry.parts.iter().map(|part| usize::from(*part)).sum::<usize>();
            length == entry.written.len()
        }));
    }
}
