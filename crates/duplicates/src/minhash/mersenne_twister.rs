//! MT19937 (Matsumoto and Nishimura 1998) as numpy's `RandomState` draws from it.

/// Words of the state, and the distance of those that are mixed.
const WORDS: usize = 624;
const DISTANCE: usize = 397;

/// A stream of numbers.
pub(super) struct MersenneTwister {
    state: [u32; WORDS],
    /// Words of the state that were given out.
    given: usize,
}

impl MersenneTwister {
    /// The stream of `seed`.
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for index in 1..WORDS {
            let last = state[index - 1];
            state[index] = (last ^ (last >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(index as u32);
        }
        Self { state, given: WORDS }
    }

    /// The next 32 bits.
    fn next_half(&mut self) -> u32 {
        if self.given == WORDS {
            self.twist();
        }
        let word = self.state[self.given];
        self.given += 1;
        let word = word ^ (word >> 11);
        let word = word ^ ((word << 7) & 0x9d2c_5680);
        let word = word ^ ((word << 15) & 0xefc6_0000);
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for index in 0..WORDS {
            let (this, next) = (self.state[index], self.state[(index + 1) % WORDS]);
            let joined = (this & 0x8000_0000) | (next & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[index] = self.state[(index + DISTANCE) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.given = 0;
    }

    /// The next number from `least` to `most`: as many bits as the width of the range has, high half first, until
    /// they are within it.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        let width = most - least;
        let mask = u64::MAX >> width.leading_zeros();
        loop {
            let high = u64::from(self.next_half()) << 32;
            let drawn = (high | u64::from(self.next_half())) & mask;
            if drawn <= width {
                return least + drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_reference() {
        // The 10,000th number of seed 5489, by the C++ standard's [rand.predef].
        let mut stream = MersenneTwister::new(5489);
        let drawn = (0..10_000).map(|_| stream.next_half()).last();
        assert_eq!(drawn, Some(4_123_659_995));
    }
}
