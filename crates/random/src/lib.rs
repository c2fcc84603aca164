//! Counter-based random streams: a value depends only on its key and its place in the stream, so a
//! run that stops and resumes anywhere draws what it would have drawn undisturbed.

/// Version of what a stream of a key holds: raised when a number drawn from any changes.
pub const NUMERICS: u32 = 1;

/// Finalizer of SplitMix64 (Steele, Lea and Flood 2014, figure 16): a bijection on 64 bits that
/// spreads every input bit over the whole output.
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Step of the counter: the golden ratio in 64 bits.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The key of a stream: equal for equal (seed, purpose, step), unrelated otherwise.
pub fn key(seed: u64, purpose: &str, step: u64) -> u64 {
    let absorb = |state: u64, value: u64| mix((state ^ value).wrapping_add(GOLDEN));
    let named = purpose
        .bytes()
        .fold(mix(seed.wrapping_add(GOLDEN)), |state, byte| {
            absorb(state, u64::from(byte))
        });
    absorb(named, step)
}

/// A stream of random numbers keyed by (seed, purpose, step).
///
/// ```
/// use triaxis_random::Stream;
/// let draw = || Stream::new(1, "example", 7).normal();
/// assert_eq!(draw().to_bits(), draw().to_bits());
/// ```
#[derive(Debug, Clone)]
pub struct Stream {
    key: u64,
    counter: u64,
}

impl Stream {
    /// The stream of this key, at its beginning.
    pub fn new(seed: u64, purpose: &str, step: u64) -> Self {
        Self {
            key: key(seed, purpose, step),
            counter: 0,
        }
    }

    /// The next 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.key.wrapping_add(self.counter))
    }

    /// The next uniform number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next whole number below `bound`, each as likely; 0 where there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        // A product with a uniform number below one rounds to `bound` at most where that is beyond 2^53.
        ((self.uniform() * bound as f64) as usize).min(bound.saturating_sub(1))
    }

    /// Puts values into a random order, each as likely (Fisher and Yates 1938).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }

    /// Draws so many of the values, in random order, and puts them first.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn draw_first<T>(&mut self, values: &mut [T], count: usize) {
        for place in 0..count {
            values.swap(place, place + self.below(values.len() - place));
        }
    }

    /// The next standard normal number (Box and Muller 1958; the second of the pair is not used).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_the_moments_of_a_normal_distribution() {
        let mut stream = Stream::new(3, "moments", 0);
        let draws: Vec<f64> = (0..200_000).map(|_| stream.normal()).collect();
        let moment = |power: i32| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / draws.len() as f64;
        assert!(moment(1).abs() < 0.01, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.015, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.1, "fourth moment {}", moment(4));
    }

    #[test]
    fn numbers_below_a_bound_come_as_often() {
        let mut stream = Stream::new(5, "below", 0);
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|_| counts[stream.below(7)] += 1);
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 400),
            "{counts:?}"
        );
        assert_eq!((stream.below(1), stream.below(0)), (0, 0));
    }

    #[test]
    fn orders_hold_each_value_once_and_come_as_often() {
        let mut stream = Stream::new(6, "orders", 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let mut order = [0, 1, 2];
            stream.shuffle(&mut order);
            *counts.entry(order.to_vec()).or_insert(0_u32) += 1;
            let mut drawn = [0, 1, 2, 3];
            stream.draw_first(&mut drawn, 2);
            *counts.entry(drawn[..2].to_vec()).or_insert(0) += 1;
            drawn.sort_unstable();
            assert_eq!(drawn, [0, 1, 2, 3]);
        }
        // 6 orders of three, and 12 of two of four.
        assert_eq!(counts.len(), 18);
        for (order, count) in counts {
            let expected = if order.len() == 3 { 4000 } else { 2000 };
            assert!(count.abs_diff(expected) < 250, "{order:?}: {count}");
        }
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_step() {
        let keys = [
            key(0, "a", 0),
            key(1, "a", 0),
            key(0, "b", 0),
            key(0, "a", 1),
            key(0, "", 0),
            key(0, "aa", 0),
        ];
        for (index, left) in keys.iter().enumerate() {
            assert!(keys.iter().skip(index + 1).all(|right| right != left));
        }
    }
}
