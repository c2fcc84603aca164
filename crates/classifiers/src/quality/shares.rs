//! Which share of bad texts a threshold keeps, at the end of a model's file, where fastText does not look.

use std::path::Path;

use crate::ClassifierError;

/// What it begins with.
const MARK: [u8; 16] = *b"triaxis shares 1";
/// Most scores that are kept.
const MOST: usize = 1001;

/// Scores of bad texts that were held out, by rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// How many texts there were.
    texts: u32,
    /// Scores at equal distances of rank, rising.
    scores: Vec<f32>,
}

impl Shares {
    pub(super) fn of(scores: impl Iterator<Item = f32>) -> Self {
        let mut all: Vec<f32> = scores.collect();
        all.sort_by(f32::total_cmp);
        let count = all.len().min(MOST);
        let rank = |place: usize| place * (all.len() - 1) / (count - 1).max(1);
        Self {
            texts: all.len() as u32,
            scores: (0..count).map(|place| all[rank(place)]).collect(),
        }
    }

    /// Writes it after a model.
    pub(super) fn append(&self, file: &mut Vec<u8>) {
        file.extend(MARK);
        file.extend(self.texts.to_le_bytes());
        file.extend((self.scores.len() as u32).to_le_bytes());
        file.extend(self.scores.iter().flat_map(|score| score.to_le_bytes()));
    }

    /// Reads what follows a model, if it is this.
    pub(crate) fn read(rest: &[u8]) -> Option<Self> {
        let (head, scores) = rest.strip_prefix(&MARK)?.split_first_chunk::<8>()?;
        let [texts, count] = *head.as_chunks::<4>().0 else {
            return None;
        };
        let [texts, count] = [texts, count].map(u32::from_le_bytes);
        let (scores, after) = scores.as_chunks::<4>();
        let scores: Vec<f32> = scores.iter().map(|score| f32::from_le_bytes(*score)).collect();
        let is_whole = after.is_empty() && scores.len() == count as usize && count > 1;
        (is_whole && scores.is_sorted()).then_some(Self { texts, scores })
    }

    /// The most bytes that it takes.
    pub(crate) const fn most_bytes() -> usize {
        MARK.len() + 8 + 4 * MOST
    }

    /// The threshold that keeps a share of texts like those.
    ///
    /// # Errors
    /// When they are too few to tell so small a share.
    pub fn threshold(&self, keep: f64, model: &Path) -> Result<f64, ClassifierError> {
        let texts = f64::from(self.texts);
        if keep * texts < 10.0 || (1.0 - keep) * texts < 10.0 {
            return Err(ClassifierError::input(format!(
                "`keep = {keep}` with {}: it was measured on {texts} texts, which tell shares from {:.2} to {:.2}; give a \
                 `threshold`, or train with more texts",
                model.display(),
                10.0 / texts,
                1.0 - 10.0 / texts
            )));
        }
        let at = (1.0 - keep) * (self.scores.len() - 1) as f64;
        let (below, part) = (at.floor() as usize, at.fract());
        let score = |place: usize| self.scores.get(place).copied().map_or(1.0, f64::from);
        Ok(score(below) * (1.0 - part) + score(below + 1) * part)
    }
}
