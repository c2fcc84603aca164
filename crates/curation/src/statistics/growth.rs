//! How much of a text is new as it grows: different runs of tokens against documents.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Novelty;
use triaxis_random::mix;

/// Tokens of a run.
const ORDER: usize = Novelty::ORDER;
/// Different runs that are held. At least half as many are, once there are more, which gives errors of half a percent.
const ROOM: usize = 1 << 16;
/// Of a part of all runs, a sample is told of that has so many: an error of three percent.
const LEAST: u64 = 1 << 10;
/// Samples, each half of the one before it.
const SAMPLES: usize = 40;

/// Different runs of a text and of samples of its documents, each half of the one before it, from one reading. Of a run
/// the smallest sample that has it is held, so that the order of documents changes nothing.
///
/// Above `ROOM` different runs only those are held whose hashes are small, one in `sampled` (distinct sampling, Gibbons
/// 2001): the numbers are estimates of the whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Growth {
    /// By its hash, the last sample that has a run.
    seen: HashMap<u64, u8>,
    /// Hashes up to this are held.
    below: u64,
    /// How many times as many there are.
    sampled: u64,
    /// Of documents that are in a sample and in none behind it: how many, their tokens and their runs.
    counts: [[u64; 3]; SAMPLES],
}

/// A sample of a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grown {
    /// Its documents.
    pub documents: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Their runs of five tokens.
    pub runs: u64,
    /// Different ones of these.
    pub different: u64,
    /// Runs that a document brought on average which no document before it has, from the sample of half the size to this
    /// one.
    pub new_of_a_document: Option<f64>,
}

impl Default for Growth {
    fn default() -> Self {
        Self {
            seen: HashMap::new(),
            below: u64::MAX,
            sampled: 1,
            counts: [[0; 3]; SAMPLES],
        }
    }
}

impl Growth {
    /// Nothing yet, of which as few runs are held as of this one.
    pub(crate) fn beside(&self) -> Self {
        Self {
            below: self.below,
            sampled: self.sampled,
            ..Self::default()
        }
    }

    /// Adds a document by its tokens; `drawn` is a random number of its own.
    pub(crate) fn add(&mut self, tokens: impl IntoIterator<Item = u64>, drawn: u64) {
        // Half of all numbers begin with no zero, a quarter with one.
        let sample = (drawn.leading_zeros() as usize).min(SAMPLES - 1);
        let (mut last, mut count, mut runs) = ([0; ORDER], 0, 0);
        for token in tokens {
            last.rotate_left(1);
            last[ORDER - 1] = token;
            count += 1;
            if count >= ORDER as u64 {
                runs += 1;
                let absorb =
                    |state: u64, token: &u64| mix(state.wrapping_add(*token)).wrapping_add(ORDER as u64);
                self.see(mix(last.iter().fold(0, absorb)), sample as u8);
            }
        }
        for (held, more) in self.counts[sample].iter_mut().zip([1, count, runs]) {
            *held += more;
        }
    }

    /// Adds all documents of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        while self.sampled < other.sampled {
            self.halve();
        }
        for (hash, sample) in &other.seen {
            self.see(*hash, *sample);
        }
        for (held, more) in self
            .counts
            .iter_mut()
            .flatten()
            .zip(other.counts.iter().flatten())
        {
            *held += more;
        }
    }

    fn see(&mut self, hash: u64, sample: u8) {
        if hash > self.below {
            return;
        }
        let last = self.seen.entry(hash).or_insert(sample);
        *last = sample.max(*last);
        while self.seen.len() > ROOM {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.below >>= 1;
        self.sampled *= 2;
        self.seen.retain(|hash, _| *hash <= self.below);
    }

    /// The samples of which enough is known, from the smallest on.
    pub(crate) fn told(&self) -> Vec<Grown> {
        let mut held = [0; SAMPLES];
        self.seen
            .values()
            .for_each(|sample| held[usize::from(*sample)] += 1);
        let (mut told, mut different, mut counts): (Vec<Grown>, u64, _) = (Vec::new(), 0, [0; 3]);
        for (more_different, more) in held.iter().zip(&self.counts).rev() {
            different += more_different;
            counts
                .iter_mut()
                .zip(more)
                .for_each(|(count, more)| *count += more);
            let [documents, tokens, runs] = counts;
            let before = told.last().copied();
            let is_rough = self.sampled > 1 && different < LEAST;
            if is_rough || documents == before.map_or(0, |before| before.documents) {
                continue;
            }
            let different = (different * self.sampled).min(runs);
            let new = |before: Grown| {
                (different as f64 - before.different as f64) / (documents - before.documents) as f64
            };
            told.push(Grown {
                documents,
                tokens,
                runs,
                different,
                new_of_a_document: before.map(new),
            });
        }
        told
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use triaxis_random::Stream;

    use super::*;

    type Document = (Vec<u64>, u64);

    fn of<'d>(documents: impl IntoIterator<Item = &'d Document>) -> Growth {
        let mut growth = Growth::default();
        for (tokens, drawn) in documents {
            growth.add(tokens.iter().copied(), *drawn);
        }
        growth
    }

    /// Different runs of documents whose number is below a bound.
    fn plain(documents: &[Document], zeros: u32) -> (u64, u64) {
        let taken = documents
            .iter()
            .filter(|(_, drawn)| drawn.leading_zeros() >= zeros);
        let runs = taken.clone().flat_map(|(tokens, _)| tokens.windows(ORDER));
        (taken.count() as u64, runs.collect::<HashSet<_>>().len() as u64)
    }

    proptest! {
        #[test]
        fn each_sample_is_counted_as_if_it_were_all(
            (documents, shuffled, cut) in prop::collection::vec((prop::collection::vec(0_u64..3, 0..30), any::<u64>()), 1..40)
                .prop_flat_map(|all| (Just(all.clone()), Just(all.clone()).prop_shuffle(), 0..=all.len()))
        ) {
            let told = of(&documents).told();
            for sample in &told {
                let counted = (0..64).map(|zeros| plain(&documents, zeros)).find(|plain| plain.0 == sample.documents);
                prop_assert_eq!(counted.unwrap().1, sample.different);
            }
            prop_assert_eq!(told.last().unwrap().documents, documents.len() as u64);
            let (one, other) = shuffled.split_at(cut);
            let mut merged = of(other);
            merged.merge(&of(one));
            prop_assert_eq!(merged.told(), told);
        }
    }

    /// Documents by a law of Zipf.
    fn zipf(count: usize) -> Vec<Document> {
        let mut random = Stream::new(5, "growth", 0);
        let mut document = || (0..300).map(|_| 90_f64.powf(random.uniform()) as u64).collect();
        let texts: Vec<Vec<u64>> = (0..count).map(|_| document()).collect();
        texts.into_iter().map(|tokens| (tokens, random.bits())).collect()
    }

    #[test]
    fn many_runs_are_estimated_and_the_order_changes_nothing() {
        let documents = zipf(3000);
        let growth = of(&documents);
        assert!(growth.sampled > 1 && growth.seen.len() <= ROOM);
        let told = growth.told();
        for (sample, zeros) in told.iter().rev().zip(0..2) {
            let (count, different) = plain(&documents, zeros);
            assert_eq!(sample.documents, count);
            let error = sample.different as f64 / different as f64 - 1.0;
            assert!(error.abs() < 0.02, "{sample:?} {different}");
        }
        let mut parts = Growth::default();
        for part in documents.chunks(700).rev() {
            let mut more = parts.beside();
            part.iter()
                .for_each(|(tokens, drawn)| more.add(tokens.iter().copied(), *drawn));
            parts.merge(&more);
        }
        assert_eq!(parts, growth);
    }

    #[test]
    fn a_copy_brings_nothing_new() {
        let (mut documents, half) = (zipf(64), 1 << 62);
        for (number, (_, drawn)) in documents.iter_mut().enumerate() {
            *drawn = half + number as u64;
        }
        let copies: Vec<Document> = documents
            .iter()
            .map(|(tokens, _)| (tokens.clone(), u64::MAX))
            .collect();
        let told = of(documents.iter().chain(&copies)).told();
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].new_of_a_document, Some(0.0));
        assert_eq!((told[0].documents, told[1].documents), (64, 128));
    }
}
