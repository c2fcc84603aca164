//! How much of a corpus is new as it grows: different runs of tokens against all of them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use triaxis_random::{key, mix};

/// Tokens of a run: as many as of the longest n-grams whose loss a study tells.
const ORDER: usize = 5;
/// Different runs that are counted one by one: errors of a fifth of a percent in 8 MB.
const ROOM: usize = 1 << 18;
/// The first sample that is told of, in runs; each further one is twice as large.
const FIRST: u64 = 1024;

/// How often runs of tokens were seen, and how many different ones by how much text: runs lie within documents, whose
/// order is random, so that each first part is a sample of the whole.
///
/// Above `ROOM` different runs only those are counted whose hashes are small, one in `sampled`, with all their
/// occurrences (distinct sampling, Gibbons 2001): the numbers are estimates of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Novelty {
    /// Tokens of a run.
    pub order: usize,
    /// Tokens of the text.
    pub tokens: u64,
    /// Runs and different ones of samples, each twice the one before, and of all.
    pub samples: Vec<(u64, u64)>,
    /// Different runs that were seen once.
    pub once: u64,
    /// And twice.
    pub twice: u64,
    /// One of so many different runs was counted.
    pub sampled: u64,
}

/// Counts runs of tokens as they come.
struct Counter {
    seen: HashMap<u64, u32>,
    /// Hashes below this are counted.
    below: u64,
    /// How many times as many there are.
    sampled: u64,
    runs: u64,
    samples: Vec<(u64, u64)>,
}

impl Novelty {
    /// Tokens of a run.
    pub const ORDER: usize = ORDER;

    /// Of a stream of documents, each of which ends with `end_of_text`.
    pub(crate) fn of(tokens: impl IntoIterator<Item = u32>, end_of_text: u32) -> Self {
        let mut counter = Counter {
            seen: HashMap::new(),
            below: u64::MAX,
            sampled: 1,
            runs: 0,
            samples: Vec::new(),
        };
        let start = key(0, "runs of tokens", ORDER as u64);
        let (mut last, mut filled, mut count) = ([0_u32; ORDER], 0, 0);
        for token in tokens {
            count += 1;
            last.rotate_left(1);
            last[ORDER - 1] = token;
            filled += 1;
            if filled >= ORDER {
                let absorb = |state: u64, token: &u32| mix(state ^ u64::from(*token)).wrapping_add(start);
                counter.count(mix(last.iter().fold(start, absorb)));
            }
            if token == end_of_text {
                filled = 0;
            }
        }
        counter.told(count)
    }

    /// Runs of all text.
    pub fn runs(&self) -> u64 {
        self.samples.last().map_or(0, |(runs, _)| *runs)
    }
}

impl Counter {
    fn count(&mut self, hash: u64) {
        self.runs += 1;
        if hash <= self.below {
            let times = self.seen.entry(hash).or_insert(0);
            *times = times.saturating_add(1);
            while self.seen.len() > ROOM {
                self.below >>= 1;
                self.sampled *= 2;
                self.seen.retain(|hash, _| *hash <= self.below);
            }
        }
        if self.runs >= FIRST && self.runs.is_power_of_two() {
            self.samples.push((self.runs, self.different()));
        }
    }

    fn different(&self) -> u64 {
        (self.seen.len() as u64 * self.sampled).min(self.runs)
    }

    fn told(mut self, tokens: u64) -> Novelty {
        let all = (self.runs, self.different());
        if self.samples.last().is_none_or(|last| last.0 != all.0) {
            self.samples.push(all);
        }
        let of = |times: u32| self.seen.values().filter(|seen| **seen == times).count() as u64 * self.sampled;
        Novelty {
            order: ORDER,
            tokens,
            once: of(1),
            twice: of(2),
            sampled: self.sampled,
            samples: self.samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use triaxis_random::Stream;

    use super::*;

    /// Documents of tokens by a law of Zipf.
    fn stream(tokens: usize, vocabulary: f64) -> Vec<u32> {
        let mut random = Stream::new(5, "novelty", 0);
        (0..tokens)
            .map(|place| match place % 97 {
                96 => 0,
                _ => vocabulary.powf(random.uniform()) as u32,
            })
            .collect()
    }

    /// Counted one by one, document by document.
    fn plain(tokens: &[u32]) -> HashMap<&[u32], u32> {
        let mut seen = HashMap::new();
        for document in tokens.split_inclusive(|token| *token == 0) {
            for run in document.windows(ORDER) {
                *seen.entry(run).or_insert(0) += 1;
            }
        }
        seen
    }

    #[test]
    fn few_runs_are_counted_exactly() {
        let tokens = stream(20_000, 12.0);
        let (found, counted) = (Novelty::of(tokens.iter().copied(), 0), plain(&tokens));
        let of = |times: u32| counted.values().filter(|seen| **seen == times).count() as u64;
        assert_eq!((found.once, found.twice, found.sampled), (of(1), of(2), 1));
        let runs: u32 = counted.values().sum();
        assert_eq!(
            found.samples.last(),
            Some(&(u64::from(runs), counted.len() as u64))
        );
        assert_eq!((found.tokens, found.runs()), (20_000, u64::from(runs)));
        // Each first part is counted as if it were all.
        let sizes: Vec<u64> = found.samples.iter().map(|(runs, _)| *runs).collect();
        assert_eq!(sizes[..4], [1024, 2048, 4096, 8192]);
        // A document of 97 tokens has 93 runs: eleven and one more are 1024.
        let first = Novelty::of(tokens.iter().copied().take(11 * 97 + ORDER), 0);
        assert_eq!(first.samples.last(), found.samples.first());
    }

    #[test]
    fn many_runs_are_estimated_from_a_part_of_them() {
        let tokens = stream(1_500_000, 90.0);
        let (found, counted) = (Novelty::of(tokens.iter().copied(), 0), plain(&tokens));
        assert!(found.sampled > 1 && counted.len() > ROOM, "{found:?}");
        let of = |times: u32| counted.values().filter(|seen| **seen == times).count() as f64;
        let near = |ours: u64, true_one: f64| (ours as f64 / true_one - 1.0).abs() < 0.01;
        assert!(
            near(found.samples.last().unwrap().1, counted.len() as f64),
            "{found:?}"
        );
        assert!(
            near(found.once, of(1)) && (found.twice as f64 / of(2) - 1.0).abs() < 0.03,
            "{found:?}"
        );
    }

    #[test]
    fn what_has_no_runs_tells_of_none() {
        let none = Novelty::of([1, 2, 0, 3, 0, 4], 0);
        assert_eq!((none.runs(), none.once, none.tokens), (0, 0, 6));
        assert_eq!(none.samples, [(0, 0)]);
    }
}
