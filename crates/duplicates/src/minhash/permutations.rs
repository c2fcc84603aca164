//! The permutations of hashes, and the least that each makes of a set.

use super::mersenne_twister::MersenneTwister;

/// The Mersenne prime that permutations are modulo of.
pub(super) const PRIME: u64 = (1 << 61) - 1;

/// Permutations that are computed at once: as many as two vectors of AVX2 hold.
const LANES: usize = 8;

/// What is added so that, as signed numbers, sums past the prime come before all others.
const OFFSET: u64 = (1 << 63) - PRIME;

/// Permutations `h → (a h + b mod 2⁶⁴) mod (2⁶¹ − 1)`.
pub(super) struct Permutations {
    count: usize,
    /// `a` and `b` of each; those past the last repeat nothing and are not given out.
    constants: Vec<([u64; LANES], [u64; LANES])>,
}

impl Permutations {
    /// `count` permutations of `seed`, as numpy's `RandomState(seed).randint` draws first all `a`, then all `b`.
    pub(super) fn new(seed: u32, count: usize) -> Self {
        let mut stream = MersenneTwister::new(seed);
        let a: Vec<u64> = (0..count).map(|_| stream.between(1, PRIME - 1)).collect();
        let b: Vec<u64> = (0..count).map(|_| stream.between(0, PRIME - 1)).collect();
        let lanes = |values: &[u64]| {
            let mut lanes = [0; LANES];
            lanes[..values.len()].copy_from_slice(values);
            lanes
        };
        let constants = a.chunks(LANES).zip(b.chunks(LANES));
        Self {
            count,
            constants: constants.map(|(a, b)| (lanes(a), lanes(b))).collect(),
        }
    }

    /// The least of each permutation over `hashes`, of which there is at least one.
    pub(super) fn least(&self, hashes: &[u64], least: &mut Vec<u64>) {
        least.clear();
        vectorised(
            #[inline(always)]
            || {
                for (a, b) in &self.constants {
                    least.extend(least_of(hashes, a, b));
                }
            },
        );
        least.truncate(self.count);
    }
}

/// The least of some permutations over `hashes`.
#[inline(always)]
fn least_of(hashes: &[u64], a: &[u64; LANES], b: &[u64; LANES]) -> [u64; LANES] {
    let mut least = [i64::MAX; LANES];
    for hash in hashes {
        for lane in 0..LANES {
            let line = hash.wrapping_mul(a[lane]).wrapping_add(b[lane]);
            // At most seven above the prime, as 2⁶¹ is 1 modulo it.
            let folded = (line & PRIME) + (line >> 61);
            least[lane] = least[lane].min(folded.wrapping_add(OFFSET) as i64);
        }
    }
    // One sum in 2⁵⁸ is past the prime, and so 0 to 7 in truth: which of these is the least is then asked plainly.
    if least.iter().any(|least| *least < 0) {
        return plainly(hashes, a, b);
    }
    least.map(|least| (least as u64).wrapping_sub(OFFSET))
}

/// As [`least_of`], as the definition says.
#[cold]
fn plainly(hashes: &[u64], a: &[u64; LANES], b: &[u64; LANES]) -> [u64; LANES] {
    std::array::from_fn(|lane| {
        let permuted = hashes
            .iter()
            .map(|hash| hash.wrapping_mul(a[lane]).wrapping_add(b[lane]) % PRIME);
        permuted.min().expect("there is a hash at least")
    })
}

/// Runs `work` with the vector instructions that the processor has. Whole numbers come out the same with any.
#[inline(always)]
fn vectorised(work: impl FnOnce()) {
    #[cfg(target_arch = "x86_64")]
    if let Some(processor) = pulp::x86::V3::try_new() {
        return processor.vectorize(work);
    }
    work()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_is_that_of_the_definition(seed: u32, count in 1_usize..40, hashes in prop::collection::vec(any::<u64>(), 1..60)) {
            let permutations = Permutations::new(seed, count);
            let mut least = Vec::new();
            permutations.least(&hashes, &mut least);
            let constants = permutations.constants.iter();
            let mut expected: Vec<u64> = constants.flat_map(|(a, b)| plainly(&hashes, a, b)).collect();
            expected.truncate(count);
            prop_assert_eq!(least, expected);
        }
    }

    #[test]
    fn sums_about_the_prime_and_its_multiples_are_right() {
        for multiple in 0..=8_u128 {
            for distance in -9..=9_i128 {
                let Ok(line) = u64::try_from(multiple as i128 * i128::from(PRIME) + distance) else {
                    continue;
                };
                let permuted = |line: u64| least_of(&[line], &[1; LANES], &[0; LANES])[0];
                assert_eq!(permuted(line), line % PRIME);
                // Beside a small and a large one.
                let least = least_of(&[line, 3, PRIME - 1], &[1; LANES], &[0; LANES])[0];
                assert_eq!(least, (line % PRIME).min(3));
            }
        }
    }
}
