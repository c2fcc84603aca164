//! From a text to its signature.

use triaxis_words::{Simplified, Words};

use super::Settings;
use super::permutations::Permutations;
use crate::DuplicatesError;

/// Makes signatures of some settings.
pub struct Signer {
    settings: Settings,
    permutations: Permutations,
}

/// The room for a document on its way, which is reused. A thread has its own.
#[derive(Default)]
pub struct Room {
    simplified: Simplified,
    words: Words,
    shingles: Shingles,
    signature: Vec<u64>,
}

/// The hashes of a document's runs of words.
#[derive(Default)]
pub(crate) struct Shingles {
    /// The words with a space after each.
    joined: String,
    /// Where each word begins, and where one behind the last would.
    starts: Vec<usize>,
    hashes: Vec<u64>,
}

impl Signer {
    /// Makes signatures of `settings`.
    ///
    /// # Errors
    /// Where these [cannot be used](Settings::check).
    pub fn new(settings: Settings) -> Result<Self, DuplicatesError> {
        settings.check()?;
        Ok(Self {
            settings,
            permutations: Permutations::new(settings.seed, settings.bands * settings.rows),
        })
    }

    /// How signatures are made.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The hashes of a text's runs of words, in order.
    pub fn shingles<'r>(&self, text: &str, room: &'r mut Room) -> &'r [u64] {
        let simplified = self.settings.simplify.apply(text, &mut room.simplified);
        let document = room.words.split(self.settings.splitter, simplified);
        room.shingles.of(document.words(), self.settings.words, |run| {
            self.settings.hash.hasher().hash(run)
        })
    }

    /// The hashes of the runs of these words, in order.
    pub fn shingles_of<'w, 'r>(
        &self,
        words: impl IntoIterator<Item = &'w str>,
        room: &'r mut Room,
    ) -> &'r [u64] {
        room.shingles.of(words.into_iter(), self.settings.words, |run| {
            self.settings.hash.hasher().hash(run)
        })
    }

    /// The signature of a text, band by band; none of one with fewer words than a run has.
    pub fn sign<'r>(&self, text: &str, room: &'r mut Room) -> Option<&'r [u64]> {
        self.shingles(text, room);
        self.least(room)
    }

    /// As [`sign`](Self::sign), of words that were found elsewhere.
    pub fn sign_words<'w, 'r>(
        &self,
        words: impl IntoIterator<Item = &'w str>,
        room: &'r mut Room,
    ) -> Option<&'r [u64]> {
        self.shingles_of(words, room);
        self.least(room)
    }

    fn least<'r>(&self, room: &'r mut Room) -> Option<&'r [u64]> {
        if room.shingles.hashes.is_empty() {
            return None;
        }
        self.permutations
            .least(&room.shingles.hashes, &mut room.signature);
        Some(&room.signature)
    }
}

impl Shingles {
    /// The hashes of all runs of `count` words.
    pub(crate) fn of<'w>(
        &mut self,
        words: impl Iterator<Item = &'w str>,
        count: usize,
        hash: impl Fn(&[u8]) -> u64,
    ) -> &[u64] {
        self.joined.clear();
        self.starts.clear();
        for word in words {
            self.starts.push(self.joined.len());
            self.joined.push_str(word);
            self.joined.push(' ');
        }
        self.starts.push(self.joined.len());
        let joined = self.joined.as_bytes();
        let runs = self.starts.windows(count + 1);
        self.hashes.clear();
        self.hashes
            .extend(runs.map(|run| hash(&joined[run[0]..run[count] - 1])));
        &self.hashes
    }
}
