//! How near copies are looked for.

use std::fmt;

use serde::{Deserialize, Serialize};
use triaxis_words::{Simplify, Splitter};

use super::ShingleHash;
use crate::DuplicatesError;

/// Version of which documents have equal keys, given their words: raised when any changes.
const NUMERICS: u32 = 1;

/// Hashes of a signature at most: beyond, a signature is longer than most texts.
const MOST: usize = 1 << 14;

/// Words of a run at most.
const LONGEST: usize = 1 << 10;

/// How near copies are looked for; as [`datatrove`](Self::datatrove) does where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Words of a run.
    pub words: usize,
    /// Bands, one of which must agree.
    pub bands: usize,
    /// Hashes of a band, which must all agree.
    pub rows: usize,
    /// Chooses the permutations.
    pub seed: u32,
    /// What runs are hashed by; FineWeb's is `sha1`.
    pub hash: ShingleHash,
    /// What a word is.
    pub splitter: Splitter,
    /// What of a text does not count.
    pub simplify: Simplify,
}

impl Default for Settings {
    fn default() -> Self {
        Self::datatrove()
    }
}

impl Settings {
    /// datatrove's: 14 bands of 8 rows over runs of five words, by XXH64.
    pub fn datatrove() -> Self {
        Self {
            words: 5,
            bands: 14,
            rows: 8,
            seed: 1,
            hash: ShingleHash::XxHash64,
            splitter: Splitter::English,
            simplify: Simplify::default(),
        }
    }

    /// FineWeb's (Penedo et al. 2024): datatrove's by SHA-1.
    pub fn fineweb() -> Self {
        Self {
            hash: ShingleHash::Sha1,
            ..Self::datatrove()
        }
    }

    /// These with another number of bands and rows. RedPajama-V2 has 14 × 9, 9 × 13 and 5 × 25 for documents alike by
    /// .7, .8 and .9.
    pub fn with_bands(self, bands: usize, rows: usize) -> Self {
        Self { bands, rows, ..self }
    }

    /// Refuses settings that find nothing or cannot be computed with.
    ///
    /// # Errors
    /// Says which, with its rule and a remedy.
    pub fn check(&self) -> Result<(), DuplicatesError> {
        let refuse = |key, value, rule: &str| Err(DuplicatesError::setting(key, value, rule));
        if !(1..=LONGEST).contains(&self.words) {
            return refuse("words", self.words, "a run has 1 to 1,024 words; 5 is usual");
        }
        if self.bands == 0 {
            return refuse(
                "bands",
                0,
                "documents are compared by one band at least; 14 is usual",
            );
        }
        if self.rows == 0 {
            return refuse("rows", 0, "a band has one row at least; 8 is usual");
        }
        match self.bands.checked_mul(self.rows) {
            Some(..=MOST) => Ok(()),
            _ => {
                let value = format_args!("{} and rows = {}", self.bands, self.rows);
                let rule = "a signature has at most 16,384 hashes; give fewer of one of them";
                Err(DuplicatesError::setting("bands", value, rule))
            }
        }
    }

    /// The probability with which two documents of some likeness are found: `1 − (1 − s^rows)^bands`.
    ///
    /// ```
    /// let found = triaxis_duplicates::minhash::Settings::datatrove().chance(0.8);
    /// assert!((found - 0.924).abs() < 5e-4);
    /// ```
    pub fn chance(&self, likeness: f64) -> f64 {
        let band = likeness.clamp(0.0, 1.0).powf(self.rows as f64);
        // Of small chances the digits stay.
        -(self.bands as f64 * (-band).ln_1p()).exp_m1()
    }

    /// The likeness of documents that are found as likely as not.
    ///
    /// ```
    /// let settings = triaxis_duplicates::minhash::Settings::datatrove();
    /// assert!((settings.chance(settings.threshold()) - 0.5).abs() < 1e-12);
    /// ```
    pub fn threshold(&self) -> f64 {
        let band = -(0.5_f64.ln() / self.bands as f64).exp_m1();
        band.powf(1.0 / self.rows as f64)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            words,
            bands,
            rows,
            seed,
            ..
        } = self;
        let (hash, splitter) = (self.hash.name(), self.splitter.name());
        write!(
            out,
            "near copies, {bands} bands of {rows} rows, runs of {words} words, seed {seed}, hash {hash}, splitter \
             {splitter}, {:?}, version {NUMERICS}",
            self.simplify
        )
    }
}
