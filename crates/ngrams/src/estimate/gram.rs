//! N-grams as numbers, and the records that they are sorted as.

use std::cmp::Ordering;

use triaxis_duplicates::records::Record;

/// Stands in a gram where it has no more words.
pub(crate) const NOTHING: u32 = 0;
/// Any word that the model does not know.
pub(crate) const UNKNOWN: u32 = 1;
/// What stands before a sentence.
pub(crate) const BEGIN: u32 = 2;
/// What stands after a sentence.
pub(crate) const END: u32 = 3;
/// The first number of a word.
pub(crate) const FIRST_WORD: u32 = 4;

/// At most `N` words, the last one first. In the order of arrays a gram stands before all that end with it.
pub(crate) type Gram<const N: usize> = [u32; N];

/// Words of a gram.
pub(crate) fn length<const N: usize>(gram: &Gram<N>) -> usize {
    gram.iter().take_while(|word| **word != NOTHING).count()
}

/// What a gram's last word follows.
pub(crate) fn history<const N: usize>(gram: &Gram<N>) -> Gram<N> {
    std::array::from_fn(|place| gram.get(place + 1).copied().unwrap_or(NOTHING))
}

/// How often a gram stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted<const N: usize> {
    pub(crate) gram: Gram<N>,
    pub(crate) count: u64,
}

/// The count that a gram is estimated by. Those of one history stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adjusted<const N: usize> {
    pub(crate) gram: Gram<N>,
    pub(crate) count: u64,
    /// Whether it will be in the model.
    pub(crate) is_kept: bool,
}

impl<const N: usize> Ord for Adjusted<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |record: &Self| (record.gram[0], record.count, record.is_kept);
        self.gram[1..]
            .cmp(&other.gram[1..])
            .then_with(|| key(self).cmp(&key(other)))
    }
}

impl<const N: usize> PartialOrd for Adjusted<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is known of a gram, in the order of grams: its part of the probability first, then what it leaves as a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share<const N: usize> {
    pub(crate) gram: Gram<N>,
    /// Whether `left` is what this gram leaves; otherwise it is what its history does.
    pub(crate) is_history: bool,
    /// Bits of the gram's own part.
    own: u64,
    left: u64,
}

impl<const N: usize> Share<N> {
    /// A gram's own part, and what its history leaves to those of fewer words.
    pub(crate) fn of_gram(gram: Gram<N>, own: f64, left: f64) -> Self {
        let (own, left) = (own.to_bits(), left.to_bits());
        Self {
            gram,
            is_history: false,
            own,
            left,
        }
    }

    /// What a history leaves.
    pub(crate) fn of_history(gram: Gram<N>, left: f64) -> Self {
        Self {
            is_history: true,
            ..Self::of_gram(gram, 0.0, left)
        }
    }

    pub(crate) fn own(&self) -> f64 {
        f64::from_bits(self.own)
    }

    pub(crate) fn left(&self) -> f64 {
        f64::from_bits(self.left)
    }
}

/// Writes a gram and then numbers.
fn write<const N: usize>(bytes: &mut [u8], gram: &Gram<N>, numbers: &[u64], flag: Option<bool>) {
    let (words, rest) = bytes.split_at_mut(4 * N);
    let words = words.as_chunks_mut::<4>().0;
    words
        .iter_mut()
        .zip(gram)
        .for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    let places = rest.as_chunks_mut::<8>().0;
    places
        .iter_mut()
        .zip(numbers)
        .for_each(|(bytes, number)| *bytes = number.to_le_bytes());
    if let Some((last, flag)) = bytes.last_mut().zip(flag) {
        *last = flag.into();
    }
}

/// The gram, the numbers behind it, and the flag in the end.
fn read<const N: usize, const M: usize>(bytes: &[u8]) -> (Gram<N>, [u64; M], bool) {
    let (words, rest) = bytes.split_at(4 * N);
    let words = words.as_chunks::<4>().0;
    let numbers = rest.as_chunks::<8>().0;
    (
        std::array::from_fn(|place| u32::from_le_bytes(words[place])),
        std::array::from_fn(|place| u64::from_le_bytes(numbers[place])),
        bytes.last().is_some_and(|flag| *flag != 0),
    )
}

impl<const N: usize> Record for Counted<N> {
    const WIDTH: usize = 4 * N + 8;

    fn write(&self, bytes: &mut [u8]) {
        write(bytes, &self.gram, &[self.count], None);
    }

    fn read(bytes: &[u8]) -> Self {
        let (gram, [count], _) = read(bytes);
        Self { gram, count }
    }
}

impl<const N: usize> Record for Adjusted<N> {
    const WIDTH: usize = 4 * N + 9;

    fn write(&self, bytes: &mut [u8]) {
        write(bytes, &self.gram, &[self.count], Some(self.is_kept));
    }

    fn read(bytes: &[u8]) -> Self {
        let (gram, [count], is_kept) = read(bytes);
        Self { gram, count, is_kept }
    }
}

impl<const N: usize> Record for Share<N> {
    const WIDTH: usize = 4 * N + 17;

    fn write(&self, bytes: &mut [u8]) {
        write(bytes, &self.gram, &[self.own, self.left], Some(self.is_history));
    }

    fn read(bytes: &[u8]) -> Self {
        let (gram, [own, left], is_history) = read(bytes);
        Self {
            gram,
            is_history,
            own,
            left,
        }
    }
}
