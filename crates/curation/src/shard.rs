//! A recipe shared out over processes: which documents are whose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Documents;
use triaxis_duplicates::Position;

use crate::CurationError;

/// Shards at most: each is read through memory of its own when they are merged.
const MOST: u32 = 64;
/// Documents of a large file that are in one shard before the next has as many.
const BLOCK: u32 = 256;

/// One of several processes, each of which reads a share of the documents: `2/4` is the second of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    /// From 1.
    number: u32,
    of: u32,
}

impl Shard {
    /// Shard `number`, from 1, of so many.
    ///
    /// # Errors
    /// Where there is no such shard, or there are too many.
    pub fn new(number: u32, of: u32) -> Result<Self, CurationError> {
        if !(1..=MOST).contains(&of) || !(1..=of).contains(&number) {
            return Err(CurationError::input(format!(
                "`{number}/{of}` is no shard: give its number, from 1, and how many there are, {MOST} at most, as 2/4"
            )));
        }
        Ok(Self { number, of })
    }

    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = CurationError;

    fn from_str(text: &str) -> Result<Self, CurationError> {
        let numbers = text.split_once('/');
        match numbers.map(|(number, of)| (number.trim().parse(), of.trim().parse())) {
            Some((Ok(number), Ok(of))) => Self::new(number, of),
            _ => Err(CurationError::input(format!(
                "`{text}` is no shard: give its number and how many there are, as 2/4"
            ))),
        }
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = CurationError;

    fn try_from(text: String) -> Result<Self, CurationError> {
        text.parse()
    }
}

/// Whose a file's documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// All of one shard's, by its number from 0.
    Of(u32),
    /// Everybody's, block by block.
    Shared,
}

/// The documents of a shard.
pub(crate) struct Share {
    shard: Shard,
    files: Vec<Whose>,
}

impl Share {
    /// Every process finds the same shares: a file that is more than a share is shared by blocks of documents, and of the
    /// others, from the largest on, each goes to the shard with the least so far.
    pub(crate) fn new(documents: &Documents, shard: Shard) -> Self {
        let sizes: Vec<u64> = (0..documents.files())
            .map(|file| documents.file(file).size.0)
            .collect();
        Self {
            shard,
            files: shares(&sizes, shard.of),
        }
    }

    fn place(&self) -> u32 {
        self.shard.number - 1
    }

    /// Whether any of a file's documents may be of the shard.
    pub(crate) fn reads(&self, file: usize) -> bool {
        self.files[file] == Whose::Shared || self.counts(file)
    }

    /// Whether a document is of the shard, whose file it [reads](Self::reads).
    pub(crate) fn has(&self, position: Position) -> bool {
        match self.files[position.file as usize] {
            Whose::Of(place) => place == self.place(),
            Whose::Shared => position.record / BLOCK % self.shard.of == self.place(),
        }
    }

    /// Whether the shard counts what of a file is left out, which one must.
    pub(crate) fn counts(&self, file: usize) -> bool {
        match self.files[file] {
            Whose::Of(place) => place == self.place(),
            Whose::Shared => self.place() == 0,
        }
    }
}

fn shares(sizes: &[u64], of: u32) -> Vec<Whose> {
    let share = sizes.iter().sum::<u64>() / u64::from(of);
    let mut whose = vec![Whose::Shared; sizes.len()];
    let mut whole: Vec<usize> = (0..sizes.len())
        .filter(|file| of == 1 || sizes[*file] <= share)
        .collect();
    whole.sort_by_key(|file| std::cmp::Reverse(sizes[*file]));
    let mut loads = vec![0_u64; of as usize];
    for file in whole {
        let place = (0..loads.len())
            .min_by_key(|place| loads[*place])
            .unwrap_or_default();
        // A file of no bytes is work, too.
        loads[place] += sizes[file].max(1);
        whose[file] = Whose::Of(place as u32);
    }
    whose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_the_least_and_what_is_more_than_a_share_to_all() {
        use Whose::*;
        assert_eq!(shares(&[5, 4, 3, 3, 1], 2), [Of(0), Of(1), Of(1), Of(0), Of(1)]);
        assert_eq!(shares(&[90, 4, 4, 2], 4), [Shared, Of(0), Of(1), Of(2)]);
        assert_eq!(shares(&[90], 4), [Shared]);
        assert_eq!(shares(&[90, 1], 1), [Of(0), Of(0)]);
        assert_eq!(shares(&[0, 0, 0], 2), [Of(0), Of(1), Of(0)]);
    }

    #[test]
    fn a_shard_is_written_as_it_is_read() {
        let shard: Shard = "2/4".parse().unwrap();
        assert_eq!(
            (shard, shard.to_string().as_str()),
            (Shard::new(2, 4).unwrap(), "2/4")
        );
        for text in ["0/4", "5/4", "1/0", "1/65", "2", "a/b", "-1/2"] {
            let refused = text.parse::<Shard>().unwrap_err().to_string();
            assert!(refused.contains(text) && refused.contains("as 2/4"), "{refused}");
        }
    }
}
