//! A Bloom filter whose bits for one hash lie in one cache line (Putze, Sanders and Singler 2007).

use std::path::Path;

use triaxis_random::mix;

use crate::DuplicatesError;
use crate::records::{Reader, Record, write_whole};

/// Bits of a block, and the words of 64 that hold them.
const BITS: u64 = 512;
const WORDS: usize = 8;

/// Bits that one hash sets, at most; a number of 64 bits chooses seven.
const MOST: u32 = 14;
const CHOSEN_AT_ONCE: u32 = 7;

/// How large a filter is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    blocks: u64,
    /// Bits that one hash sets.
    set: u32,
}

impl Shape {
    /// The smallest filter that is mistaken about `false_positives` of new hashes once it holds `hashes`.
    pub(super) fn of(hashes: u64, false_positives: f64) -> Self {
        // Bits a hash, which the answer is between: one mistake in two takes 1.5, one in a million 36 and more.
        let (mut low, mut high) = (1.0_f64, 96.0_f64);
        while high - low > 1e-6 {
            let middle = (low + high) / 2.0;
            match best(BITS as f64 / middle).1 <= false_positives {
                true => high = middle,
                false => low = middle,
            }
        }
        Self {
            blocks: ((hashes as f64 * high / BITS as f64).ceil() as u64).max(1),
            set: best(BITS as f64 / high).0,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.blocks.saturating_mul(BITS / 8)
    }
}

/// How many bits a hash best sets where a block holds `load` hashes in the mean, and the false positives then.
fn best(load: f64) -> (u32, f64) {
    let rates = (1..=MOST).map(|set| (set, false_positives(load, set)));
    rates
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .expect("there is a choice")
}

/// False positives where a block holds `load` hashes in the mean, by Poisson's law, each of which sets `set` bits.
fn false_positives(load: f64, set: u32) -> f64 {
    let spread = 10.0 * load.sqrt() + 10.0;
    let (least, most) = ((load - spread).max(0.0) as u32, (load + spread) as u32);
    let mut probability = (-load).exp();
    let mut rate = 0.0;
    for held in 0..=most {
        if held > 0 {
            probability *= load / f64::from(held);
        }
        if held >= least {
            rate += probability * filled(f64::from(held * set), set);
        }
    }
    rate
}

/// The mean of the `set`-th power of the share of a block's bits that are set after `draws`, to the second order
/// about the mean share.
fn filled(draws: f64, set: u32) -> f64 {
    let bits = BITS as f64;
    let unset = (1.0 - 1.0 / bits).powf(draws);
    let both_unset = (1.0 - 2.0 / bits).powf(draws);
    let variance = unset / bits + (1.0 - 1.0 / bits) * both_unset - unset * unset;
    let (share, set) = (1.0 - unset, f64::from(set));
    match share > 0.0 {
        true => share.powf(set) * (1.0 + set * (set - 1.0) / 2.0 * variance / (share * share)),
        false => 0.0,
    }
}

/// A block that has a bit set, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    number: u64,
    bits: [u64; WORDS],
}

impl Record for Block {
    const WIDTH: usize = 8 + 8 * WORDS;

    fn write(&self, bytes: &mut [u8]) {
        self.number.write(&mut bytes[..8]);
        for (word, bytes) in self.bits.iter().zip(bytes[8..].chunks_exact_mut(8)) {
            word.write(bytes);
        }
    }

    fn read(bytes: &[u8]) -> Self {
        let mut words = bytes.chunks_exact(8).map(u64::read);
        let number = words.next().unwrap_or_default();
        let mut bits = [0; WORDS];
        bits.iter_mut().zip(words).for_each(|(bits, word)| *bits = word);
        Self { number, bits }
    }
}

/// The bits.
pub(super) struct Bits {
    shape: Shape,
    blocks: Vec<[u64; WORDS]>,
}

impl Bits {
    /// None set.
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            blocks: vec![[0; WORDS]; shape.blocks as usize],
        }
    }

    /// The block of a hash, and its bits there.
    fn place(&self, hash: u64) -> (usize, [u64; WORDS]) {
        let block = (u128::from(hash) * u128::from(self.shape.blocks)) >> 64;
        let mut bits = [0; WORDS];
        let mut choice = 0;
        for number in 0..self.shape.set {
            if number % CHOSEN_AT_ONCE == 0 {
                choice = mix(hash.wrapping_add(u64::from(number) + 1));
            }
            bits[(choice % WORDS as u64) as usize] |= 1 << (choice / WORDS as u64 % 64);
            choice /= BITS;
        }
        (block as usize, bits)
    }

    /// Whether all bits of a hash are set.
    pub(super) fn has(&self, hash: u64) -> bool {
        let (block, bits) = self.place(hash);
        let held = &self.blocks[block];
        bits.iter().zip(held).all(|(bits, held)| bits & held == *bits)
    }

    /// Sets the bits of a hash.
    pub(super) fn add(&mut self, hash: u64) {
        let (block, bits) = self.place(hash);
        let held = self.blocks[block].iter_mut();
        held.zip(bits).for_each(|(held, bits)| *held |= bits);
    }

    /// The share of hashes that are taken for ones that were added: the mean over blocks of the share of their bits
    /// that are set, to the power of the bits of a hash.
    pub(super) fn false_positives(&self) -> f64 {
        let rate = |block: &[u64; WORDS]| {
            let set: u32 = block.iter().map(|word| word.count_ones()).sum();
            (f64::from(set) / BITS as f64).powi(self.shape.set as i32)
        };
        self.blocks.iter().map(rate).sum::<f64>() / self.blocks.len() as f64
    }

    pub(super) fn save(&self, path: &Path, holds: &str) -> Result<(), DuplicatesError> {
        let blocks = self.blocks.iter().zip(0..);
        let set = blocks.filter(|(bits, _)| **bits != [0; WORDS]);
        let blocks = set.map(|(bits, number)| Ok(Block { number, bits: *bits }));
        write_whole(path, holds, blocks).map(drop)
    }

    pub(super) fn load(&mut self, path: &Path, holds: &str) -> Result<(), DuplicatesError> {
        let mut blocks = Reader::<Block>::open(path, holds)?;
        while let Some(Block { number, bits }) = blocks.next_record()? {
            let place = usize::try_from(number).ok();
            let Some(held) = place.and_then(|number| self.blocks.get_mut(number)) else {
                let detail = format!("it has a block {number} of {}", self.shape.blocks);
                return Err(DuplicatesError::damaged(path, detail));
            };
            *held = bits;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use triaxis_random::Stream;

    use super::*;

    #[test]
    fn new_hashes_are_known_as_often_as_was_asked() {
        for (false_positives, hashes) in [(0.1, 200_000_u64), (0.01, 200_000), (0.001, 200_000)] {
            let mut bits = Bits::new(Shape::of(hashes, false_positives));
            let mut stream = Stream::new(1, "filter", 0);
            let added: Vec<u64> = (0..hashes).map(|_| stream.bits()).collect();
            added.iter().for_each(|hash| bits.add(*hash));
            assert!(added.iter().all(|hash| bits.has(*hash)));
            let asked = 1_000_000;
            let known = (0..asked).filter(|_| bits.has(stream.bits())).count();
            let (rate, spread) = (
                known as f64 / f64::from(asked),
                (false_positives / f64::from(asked)).sqrt(),
            );
            // Of this filter, and of how its blocks happen to be filled.
            assert!((rate - bits.false_positives()).abs() < 4.0 * spread, "{rate}");
            assert!(
                (rate / false_positives - 1.0).abs() < 0.05,
                "{rate} for {false_positives}"
            );
            assert!(
                rate <= false_positives + 4.0 * spread,
                "{rate} for {false_positives}"
            );
        }
    }

    #[test]
    fn a_block_costs_a_tenth_more_than_a_filter_in_one_piece() {
        // ln(100) / ln(2)² = 9.585 bits a hash, without blocks.
        let bits = Shape::of(1_000_000, 0.01).bytes() as f64 * 8.0 / 1e6;
        assert!((9.585..10.6).contains(&bits), "{bits}");
    }
}
