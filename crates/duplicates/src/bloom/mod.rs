//! Documents, or parts of them, most of whose runs of words were read before.
//!
//! A Bloom filter holds the runs of what was kept. A unit of whose runs a share of `share` or more is in it is
//! removed; of one that is kept the runs that are not in it yet are added, after all of its runs were asked for, so
//! that nothing is taken for a copy of itself. DCLM (Li et al. 2024, arXiv 2406.11794) removes paragraphs and
//! documents by runs of 13 words and a share of .8; where both are wanted, each is a [`Filter`] of its own.
//!
//! What is removed depends on the order of the documents, so the shards of a corpus are read one after another, each
//! with the filter that the one before it [saved](Filter::save).
//!
//! ```
//! use triaxis_duplicates::bloom::{Filter, Settings};
//! use triaxis_duplicates::exact::Unit;
//! use triaxis_duplicates::{Document, Position, Workspace};
//! let workspace = Workspace::new(std::env::temp_dir(), "1MiB".parse()?)?;
//! let mut filter = Filter::new(Settings { words: 3, ..Settings::dclm(Unit::Document, 1000) }, &workspace)?;
//! let texts = ["one two three four five", "six seven eight nine ten", "one two three four five"];
//! let documents: Vec<Document<'_>> =
//!     (0..).zip(texts).map(|(record, text)| Document { position: Position::new(0, record), text }).collect();
//! let removed = filter.add(&documents).into_iter().map(|judged| !judged.removed.is_empty());
//! assert_eq!(removed.collect::<Vec<_>>(), [false, false, true]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bits;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use bits::{Bits, Shape};
use rayon::prelude::*;
use triaxis_units::Bytes;
use triaxis_words::{Simplified, Simplify, Splitter, Words};
use twox_hash::XxHash3_64;

use crate::exact::Unit;
use crate::minhash::Shingles;
use crate::{Document, DuplicatesError, Workspace, ranges};

/// Version of which runs have equal bits: raised when any changes.
const NUMERICS: u32 = 1;

/// How what was read before is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// What is judged and removed.
    pub unit: Unit,
    /// Words of a run. A unit with fewer is kept, and none of it added.
    pub words: usize,
    /// Share of its runs from which on a unit is removed.
    pub share: f64,
    /// Share of new runs that are taken for known ones when `runs` were added.
    pub false_positives: f64,
    /// Different runs that are expected, about one a word.
    pub runs: u64,
    /// What a word is.
    pub splitter: Splitter,
    /// What of a text does not count.
    pub simplify: Simplify,
}

impl Settings {
    /// DCLM's: runs of 13 words, .8 of which were read before, one in a hundred taken for such by mistake.
    pub fn dclm(unit: Unit, runs: u64) -> Self {
        Self {
            unit,
            words: 13,
            share: 0.8,
            false_positives: 0.01,
            runs,
            splitter: Splitter::Unicode,
            simplify: Simplify {
                lowercase: false,
                numbers: false,
                weekdays: false,
                months: false,
                punctuation: false,
                whitespace: false,
                diacritics: false,
            },
        }
    }

    fn check(&self) -> Result<(), DuplicatesError> {
        if self.words == 0 {
            let rule = "a run has one word at least; 13 is usual";
            return Err(DuplicatesError::setting("words", 0, rule));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            let rule = "a share is above 0 and at most 1; .8 is usual";
            return Err(DuplicatesError::setting("share", self.share, rule));
        }
        if !(1e-6..=0.5).contains(&self.false_positives) {
            let rule = "a filter is mistaken about one run in a million to one in two; .01 is usual";
            return Err(DuplicatesError::setting(
                "false_positives",
                self.false_positives,
                rule,
            ));
        }
        if self.runs == 0 {
            let rule = "a filter is made for the runs it will hold, about one a word; say how many";
            return Err(DuplicatesError::setting("runs", 0, rule));
        }
        Ok(())
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, splitter) = (self.unit.name(), self.splitter.name());
        write!(
            out,
            "a Bloom filter of {} runs of {} words, unit {unit}, false positives {}, splitter {splitter}, {:?}, \
             version {NUMERICS}",
            self.runs, self.words, self.false_positives, self.simplify
        )
    }
}

/// What was read before, and the judge by it.
pub struct Filter {
    settings: Settings,
    bits: Bits,
}

/// What is to be done with a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What of it to remove: parts on borders of its characters, in order, that do not touch.
    pub removed: Vec<Range<usize>>,
    /// Its runs of words, within its units.
    pub runs: u64,
    /// Those of them that were read before.
    pub known: u64,
}

/// A unit and the hashes of its runs.
struct Hashed {
    range: Range<usize>,
    runs: Vec<u64>,
}

impl Filter {
    /// A filter with nothing in it.
    ///
    /// # Errors
    /// Where a setting breaks its rule, or the memory does not hold so many runs.
    pub fn new(settings: Settings, workspace: &Workspace) -> Result<Self, DuplicatesError> {
        settings.check()?;
        let shape = Shape::of(settings.runs, settings.false_positives);
        let memory = workspace.memory();
        if shape.bytes() > memory.0 {
            let held = (memory.0 as f64 / shape.bytes() as f64 * settings.runs as f64).floor();
            return Err(DuplicatesError::memory(format!(
                "a filter of {} runs with {} of false positives takes {}, and {memory} of memory hold {held:.0} \
                 runs: give more memory, more false positives, or less text",
                settings.runs,
                settings.false_positives,
                Bytes(shape.bytes())
            )));
        }
        Ok(Self {
            settings,
            bits: Bits::new(shape),
        })
    }

    /// A filter as it was [saved](Self::save) with these settings.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where the file cannot be read, is damaged or of other settings.
    pub fn load(path: &Path, settings: Settings, workspace: &Workspace) -> Result<Self, DuplicatesError> {
        let mut filter = Self::new(settings, workspace)?;
        filter.bits.load(path, &settings.to_string())?;
        Ok(filter)
    }

    /// Writes the filter, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), DuplicatesError> {
        self.bits.save(path, &self.settings.to_string())
    }

    /// Share of new runs that are taken for known ones by now.
    pub fn false_positives(&self) -> f64 {
        self.bits.false_positives()
    }

    /// Judges documents in their order and adds what is kept of them. Runs are hashed on all threads of the pool.
    pub fn add(&mut self, batch: &[Document<'_>]) -> Vec<Judged> {
        let settings = self.settings;
        let hashed: Vec<Vec<Hashed>> = batch
            .par_iter()
            .map_init(Room::default, |room, document| {
                hashed(&settings, document.text, room)
            })
            .collect();
        hashed.into_iter().map(|units| self.judge(units)).collect()
    }

    fn judge(&mut self, units: Vec<Hashed>) -> Judged {
        let mut judged = Judged {
            removed: Vec::new(),
            runs: 0,
            known: 0,
        };
        for unit in units {
            let known = unit.runs.iter().filter(|run| self.bits.has(**run)).count();
            judged.runs += unit.runs.len() as u64;
            judged.known += known as u64;
            let is_copy =
                !unit.runs.is_empty() && known as f64 >= self.settings.share * unit.runs.len() as f64;
            match is_copy {
                true => ranges::add(&mut judged.removed, unit.range),
                false => unit.runs.iter().for_each(|run| self.bits.add(*run)),
            }
        }
        judged
    }
}

/// The room for a document on its way.
#[derive(Default)]
struct Room {
    simplified: Simplified,
    words: Words,
    shingles: Shingles,
}

fn hashed(settings: &Settings, text: &str, room: &mut Room) -> Vec<Hashed> {
    let pieces = settings.unit.pieces(text).into_iter();
    let hashed = pieces.map(|piece| {
        let simplified = settings.simplify.apply(piece.text, &mut room.simplified);
        let words = room.words.split(settings.splitter, simplified).words();
        Hashed {
            range: piece.range,
            runs: room
                .shingles
                .of(words, settings.words, XxHash3_64::oneshot)
                .to_vec(),
        }
    });
    hashed.collect()
}
