//! Some of many, all of which are as likely.

use std::collections::BTreeMap;

use triaxis_random::key;

/// Things drawn from as many as there are.
pub(crate) struct Drawn<T> {
    seen: u64,
    /// By a number that the seed gives each, and its place; the least ones stay.
    least: BTreeMap<(u64, u64), T>,
}

impl<T> Default for Drawn<T> {
    fn default() -> Self {
        Self {
            seen: 0,
            least: BTreeMap::new(),
        }
    }
}

impl<T> Drawn<T> {
    /// Sees one more, which is made if it is one of `count` that are drawn so far.
    pub(crate) fn add(&mut self, count: usize, seed: u64, make: impl FnOnce() -> T) {
        let place = (key(seed, "sample", self.seen), self.seen);
        self.seen += 1;
        let is_less = || self.least.last_key_value().is_some_and(|(last, _)| place < *last);
        if count > 0 && (self.least.len() < count || is_less()) {
            self.least.insert(place, make());
            if self.least.len() > count {
                self.least.pop_last();
            }
        }
    }

    /// In the order in which they were seen.
    pub(crate) fn all(self) -> Vec<T> {
        let mut all: Vec<_> = self
            .least
            .into_iter()
            .map(|((_, seen), one)| (seen, one))
            .collect();
        all.sort_by_key(|(seen, _)| *seen);
        all.into_iter().map(|(_, one)| one).collect()
    }
}
