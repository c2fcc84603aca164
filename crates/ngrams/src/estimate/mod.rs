//! Interpolated modified Kneser-Ney estimates of a text that may be larger than memory.
//!
//! ```text
//! text ─► counts of the longest n-grams      in the order of their ends
//!      ─► counts that they are estimated by  by history
//!      ─► parts of probabilities             in the order of their ends
//!      ─► probabilities
//! ```
//!
//! Each arrow is a sort, in memory or on the disk ([`triaxis_duplicates::records`]).

mod adjust;
mod counter;
pub(crate) mod gram;
mod interpolate;

use std::path::{Path, PathBuf};

use triaxis_duplicates::DuplicatesError;
use triaxis_duplicates::records::Sorter;

use crate::NgramsError;
use crate::arpa::Sections;
use crate::discounts::Discounts;
use adjust::{Tally, adjust};
use counter::Counter;
use gram::{BEGIN, Gram, NOTHING};
use interpolate::{interpolate, shares};

/// What an estimate does after all text was counted, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Counts of shorter n-grams.
    Adjust,
    /// Parts of probabilities.
    Share,
    /// Probabilities.
    Interpolate,
}

/// How n-grams of one length are estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// N-grams in the model.
    pub count: u64,
    /// What is taken from counts of one, two, and three or more.
    pub discounts: Discounts,
    /// Whether the text told the discounts; otherwise they are those for lengths of which it has too few n-grams.
    pub is_told: bool,
}

/// Called with the stage, and how many of its records are done of how many at most.
pub(crate) type Told<'t> = &'t mut dyn FnMut(Stage, u64, u64);

/// Counts sentences and estimates a model, of an order that is known when it runs.
pub(crate) trait Estimator {
    /// Counts a sentence of `words` between its begin and its end, which it has.
    fn add(&mut self, sentence: &[u32]) -> Result<(), NgramsError>;

    /// Estimates all, and writes it into sections of an ARPA file.
    fn estimate(
        self: Box<Self>,
        sections: &mut Sections,
        told: Told<'_>,
    ) -> Result<Vec<Estimate>, NgramsError>;
}

/// The estimator of n-grams of up to `order` words; none where there is no such.
pub(crate) fn estimator(
    order: usize,
    prune: &[u64],
    folder: &Path,
    memory: usize,
) -> Option<Box<dyn Estimator>> {
    Some(match order {
        2 => Box::new(Estimation::<2>::new(prune, folder, memory)),
        3 => Box::new(Estimation::<3>::new(prune, folder, memory)),
        4 => Box::new(Estimation::<4>::new(prune, folder, memory)),
        5 => Box::new(Estimation::<5>::new(prune, folder, memory)),
        6 => Box::new(Estimation::<6>::new(prune, folder, memory)),
        _ => return None,
    })
}

struct Estimation<const N: usize> {
    counter: Counter<N>,
    prune: [u64; N],
    folder: PathBuf,
    memory: usize,
}

impl<const N: usize> Estimation<N> {
    fn new(prune: &[u64], folder: &Path, memory: usize) -> Self {
        // Two sorts are open at a time, and what is counted is held beside one.
        let memory = memory / 3;
        Self {
            counter: Counter::new(folder, memory),
            prune: std::array::from_fn(|length| prune.get(length).or(prune.last()).copied().unwrap_or(0)),
            folder: folder.to_owned(),
            memory,
        }
    }
}

impl<const N: usize> Estimator for Estimation<N> {
    fn add(&mut self, sentence: &[u32]) -> Result<(), NgramsError> {
        let mut gram: Gram<N> = [NOTHING; N];
        gram[0] = BEGIN;
        for word in sentence {
            gram.copy_within(..N - 1, 1);
            gram[0] = *word;
            self.counter.add(gram)?;
        }
        Ok(())
    }

    fn estimate(
        self: Box<Self>,
        sections: &mut Sections,
        told: Told<'_>,
    ) -> Result<Vec<Estimate>, NgramsError> {
        let Self {
            counter,
            prune,
            folder,
            memory,
        } = *self;
        let (count, counted) = counter.sorted()?;
        let mut by_history = Sorter::new(&folder, memory);
        let mut adjusted = 0;
        let counted = progress(counted, count, Stage::Adjust, told);
        let tallies = adjust(counted, &prune, |record| {
            adjusted += 1;
            Ok(by_history.push(record)?)
        })?;
        let discounts = tallies.map(|tally| tally.discounts().0);
        let mut by_end = Sorter::new(&folder, memory);
        let mut parts = 0;
        let by_history = progress(by_history.sorted()?, adjusted, Stage::Share, told);
        shares(by_history, &discounts, |share| {
            parts += 1;
            Ok(by_end.push(share)?)
        })?;
        // Nothing is before the begin of a sentence, which is no word that comes.
        let words = tallies[0].kept - 1;
        let by_end = progress(by_end.sorted()?, parts, Stage::Interpolate, told);
        interpolate(by_end, words, |estimated| {
            let length = gram::length(&estimated.gram);
            let words = estimated.gram[..length].iter().rev().copied();
            sections.push(words, estimated.probability, estimated.backoff)
        })?;
        Ok(tallies.iter().map(estimate).collect())
    }
}

fn estimate(tally: &Tally) -> Estimate {
    let (discounts, is_told) = tally.discounts();
    Estimate {
        count: tally.kept,
        discounts,
        is_told,
    }
}

/// Records, with how many there were told now and then.
fn progress<T>(
    records: impl Iterator<Item = Result<T, DuplicatesError>>,
    all: u64,
    stage: Stage,
    told: Told<'_>,
) -> impl Iterator<Item = Result<T, NgramsError>> {
    const EVERY: u64 = 1 << 16;
    let mut done = 0;
    records.map(move |record| {
        if done % EVERY == 0 {
            told(stage, done, all);
        }
        done += 1;
        Ok(record?)
    })
}
