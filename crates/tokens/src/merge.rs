//! The merging of neighbours into tokens, the best pair first: the one algorithm of byte-level BPE (Sennrich et al.
//! 2016) and of SentencePiece's BPE. A queue of pairs makes it n log n in the length of a word.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No token, and no neighbour.
pub(crate) const NONE: u32 = u32::MAX;

/// A piece of a word: at first a byte or a character, at last a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Symbol {
    pub(crate) token: u32,
    /// Its bytes within the word.
    pub(crate) start: u32,
    pub(crate) length: u32,
    previous: u32,
    next: u32,
}

/// What two neighbours become, and how early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) rank: u32,
    pub(crate) token: u32,
}

/// A merge that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// The rank above the left symbol: of equal ranks the one furthest left comes first.
    order: u64,
    token: u32,
    length: u32,
}

/// A word while it is merged; its room is used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Word {
    symbols: Vec<Symbol>,
    /// The merges of the word as it was, the first one last.
    seeds: Vec<Candidate>,
    /// Those that other merges made possible.
    queue: BinaryHeap<Reverse<Candidate>>,
}

impl Word {
    /// Begins another word.
    pub(crate) fn clear(&mut self) {
        self.symbols.clear();
        self.seeds.clear();
        self.queue.clear();
    }

    /// Appends a symbol of `length` bytes at `start`.
    pub(crate) fn push(&mut self, token: u32, start: usize, length: usize) {
        let at = self.symbols.len() as u32;
        let previous = at.checked_sub(1).unwrap_or(NONE);
        if let Some(last) = self.symbols.last_mut() {
            last.next = at;
        }
        self.symbols.push(Symbol {
            token,
            start: start as u32,
            length: length as u32,
            previous,
            next: NONE,
        });
    }

    /// Merges until `look` knows no two neighbours any more. It is asked at most three times as often as there are
    /// symbols.
    pub(crate) fn merge(&mut self, mut look: impl FnMut(&Symbol, &Symbol) -> Option<Merge>) {
        for left in 1..self.symbols.len() as u32 {
            let seed = self.candidate(left - 1, left, &mut look);
            self.seeds.extend(seed);
        }
        // Sorted once and apart, they keep the queue small.
        self.seeds.sort_unstable_by(|first, second| second.cmp(first));
        while let Some(best) = self.best() {
            let at = best.order as u32;
            let left = self.symbols[at as usize];
            if left.length == 0 || left.next == NONE {
                continue;
            }
            let right = self.symbols[left.next as usize];
            // Symbols only grow, so that a pair that is not what it was is longer.
            if left.length + right.length != best.length {
                continue;
            }
            self.symbols[left.next as usize].length = 0;
            let merged = &mut self.symbols[at as usize];
            (merged.token, merged.length, merged.next) = (best.token, best.length, right.next);
            let born = [
                (right.next != NONE).then_some((at, right.next)),
                (left.previous != NONE).then_some((left.previous, at)),
            ];
            if right.next != NONE {
                self.symbols[right.next as usize].previous = at;
            }
            for (left, right) in born.into_iter().flatten() {
                let candidate = self.candidate(left, right, &mut look);
                self.queue.extend(candidate.map(Reverse));
            }
        }
    }

    /// Takes the merge that comes first.
    fn best(&mut self) -> Option<Candidate> {
        let born = self.queue.peek().map(|Reverse(candidate)| *candidate);
        match self.seeds.last() {
            Some(seed) if born.is_none_or(|born| *seed < born) => self.seeds.pop(),
            _ => self.queue.pop().map(|Reverse(candidate)| candidate),
        }
    }

    fn candidate(
        &self,
        left: u32,
        right: u32,
        look: &mut impl FnMut(&Symbol, &Symbol) -> Option<Merge>,
    ) -> Option<Candidate> {
        let (first, second) = (&self.symbols[left as usize], &self.symbols[right as usize]);
        let Merge { rank, token } = look(first, second)?;
        Some(Candidate {
            order: u64::from(rank) << 32 | u64::from(left),
            token,
            length: first.length + second.length,
        })
    }

    /// The symbols that are left, in order.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter().filter(|symbol| symbol.length > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tokens are how many letters they have; two of one length merge, the shorter the earlier.
    fn doubled(left: &Symbol, right: &Symbol) -> Option<Merge> {
        (left.token == right.token).then(|| Merge {
            rank: left.token,
            token: 2 * left.token,
        })
    }

    fn word(letters: usize) -> Word {
        let mut word = Word::default();
        (0..letters).for_each(|at| word.push(1, at, 1));
        word
    }

    #[test]
    fn a_mebibyte_of_one_letter_takes_three_looks_a_letter_at_most() {
        let letters = 1 << 20;
        let (mut looks, mut word) = (0, word(letters));
        word.merge(|left, right| {
            looks += 1;
            doubled(left, right)
        });
        assert_eq!(word.symbols().count(), 1);
        assert!(looks <= 3 * letters, "{looks}");
    }

    /// By looking for the best pair anew after each merge.
    fn reference(mut tokens: Vec<u32>, look: impl Fn(u32, u32) -> Option<Merge>) -> Vec<u32> {
        loop {
            let pairs = tokens.windows(2).enumerate();
            let known = pairs
                .filter_map(|(at, pair)| look(pair[0], pair[1]).map(|merge| (merge.rank, at, merge.token)));
            let Some((_, at, token)) = known.min() else {
                return tokens;
            };
            tokens.splice(at..at + 2, [token]);
        }
    }

    proptest! {
        #[test]
        fn the_best_pair_is_always_merged_first(letters in prop::collection::vec(0_u32..3, 0..40), seed in any::<u64>()) {
            // A token is the string of its letters in base 4, so that all ways to it give the same one.
            let digits = |token: u32| (0..).take_while(|digit| token >> (2 * digit) > 0).count() as u32;
            let look = |left: u32, right: u32| {
                let token = (u64::from(left) << (2 * digits(right))) | u64::from(right);
                let mixed = (token ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                (token < 1 << 12 && mixed % 3 > 0).then_some(Merge { rank: (mixed % 97) as u32, token: token as u32 })
            };
            let mut word = Word::default();
            letters.iter().enumerate().for_each(|(at, letter)| word.push(letter + 1, at, 1));
            word.merge(|left, right| look(left.token, right.token));
            let found: Vec<u32> = word.symbols().map(|symbol| symbol.token).collect();
            prop_assert_eq!(found, reference(letters.iter().map(|letter| letter + 1).collect(), look));
        }
    }
}
