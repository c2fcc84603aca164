//! Counter-based random streams: the same (seed, purpose, index) gives the same numbers on any thread.

use statrs::distribution::{ContinuousCDF, Normal};

use super::golden::GOLDEN_PART;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of random numbers keyed by seed, purpose and index; drawing from one never moves another.
///
/// The generator is SplitMix64 (Steele et al. 2014) on a hashed key.
#[derive(Debug, Clone)]
pub struct Stream {
    key: u64,
    counter: u64,
}

/// The finaliser of SplitMix64: a bijection of 64 bits that mixes well.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Stream {
    /// The stream for one piece of work.
    ///
    /// ```
    /// use triaxis_laws::numeric::Stream;
    /// let mut first = Stream::new(1, "bootstrap", 7);
    /// let mut again = Stream::new(1, "bootstrap", 7);
    /// assert_eq!(first.uniform(), again.uniform());
    /// ```
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut key = mix(seed.wrapping_add(GOLDEN));
        for byte in purpose.bytes() {
            key = mix(key ^ u64::from(byte).wrapping_mul(GOLDEN));
        }
        Self {
            key: mix(key ^ mix(index.wrapping_add(GOLDEN))),
            counter: 0,
        }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix(self.key.wrapping_add(self.counter.wrapping_mul(GOLDEN)))
    }

    /// A number in the open interval (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// An index in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// A draw from the standard normal distribution, by inversion.
    pub fn normal(&mut self) -> f64 {
        Normal::standard().inverse_cdf(self.uniform())
    }

    /// `most` of `rows` rows, or all when they are no more, drawn evenly and in order (selection sampling: Knuth
    /// 1997, section 3.4.2).
    pub fn select(&mut self, rows: usize, most: usize) -> Vec<usize> {
        let mut selected = Vec::with_capacity(most.min(rows));
        for row in 0..rows {
            if self.below(rows - row) < most.saturating_sub(selected.len()) {
                selected.push(row);
            }
        }
        selected
    }

    /// How often each of `rows` is drawn in `rows` draws with replacement: a bootstrap sample as weights.
    pub fn resample_counts(&mut self, rows: usize) -> Vec<f64> {
        let mut counts = vec![0.0; rows];
        for _ in 0..rows {
            counts[self.below(rows)] += 1.0;
        }
        counts
    }
}

/// Whose turn each of `count` is, and which of its own: every one has as many turns as its weight says, in any first
/// part of them as in all (Weyl's sequence of the golden ratio).
///
/// ```
/// let turns = triaxis_laws::numeric::turns(&[3.0, 1.0], 400);
/// assert_eq!(turns.iter().filter(|(whose, _)| *whose == 1).count(), 100);
/// ```
pub fn turns(weights: &[f64], count: usize) -> Vec<(usize, usize)> {
    let total: f64 = weights.iter().sum();
    let mut used = vec![0; weights.len()];
    let one = |at: usize| {
        let place = ((at as f64 + 0.5) * GOLDEN_PART).fract() * total;
        let mut sum = 0.0;
        let reached = weights.iter().position(|weight| {
            sum += weight;
            place < sum
        });
        let whose = reached.unwrap_or(weights.len() - 1);
        used[whose] += 1;
        (whose, used[whose] - 1)
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_in_order_and_of_the_number_asked() {
        for (rows, most) in [(100, 7), (7, 7), (3, 7), (5, 0)] {
            let selected = Stream::new(1, "rows", 0).select(rows, most);
            assert_eq!(selected.len(), most.min(rows), "{rows} {most}");
            assert!(
                selected.is_sorted_by(|one, other| one < other) && selected.iter().all(|row| *row < rows)
            );
        }
    }

    #[test]
    fn streams_are_independent_of_each_other() {
        let mut first = Stream::new(1, "a", 0);
        let others = [
            Stream::new(2, "a", 0),
            Stream::new(1, "b", 0),
            Stream::new(1, "a", 1),
        ];
        let value = first.bits();
        for mut other in others {
            assert_ne!(value, other.bits());
        }
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let mut stream = Stream::new(3, "moments", 0);
        let draws: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        let counts = stream.resample_counts(50);
        assert_eq!(counts.iter().sum::<f64>(), 50.0);
    }
}
