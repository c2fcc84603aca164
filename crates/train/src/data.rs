//! In which order a training sees its text: a pure function of (seed, step).

use std::ops::Range;

use serde::{Deserialize, Serialize};
use triaxis_corpus::{Document, TokenClasses};
use triaxis_host::Kind;
use triaxis_random as random;
use triaxis_units::Bytes;

use crate::error::TrainError;

/// Version of the order of the data: raised when a text, seed and step give other windows.
pub const NUMERICS: u32 = 1;

/// A text as tokens.
pub trait TokenSource: Sync {
    /// How many tokens it has.
    fn len(&self) -> usize;

    /// Copies the tokens from `start` on into `out`; the caller stays within the length.
    fn read(&self, start: usize, out: &mut [u32]);

    /// The documents of the text, in order; none where nobody knows.
    fn documents(&self) -> Vec<Document> {
        Vec::new()
    }

    /// The token that ends each of them, where one does.
    fn end_of_text(&self) -> Option<u32> {
        None
    }

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl TokenSource for [u32] {
    fn len(&self) -> usize {
        self.len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        out.copy_from_slice(&self[start..start + out.len()]);
    }
}

impl TokenSource for Vec<u32> {
    fn len(&self) -> usize {
        self.len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        self.as_slice().read(start, out);
    }
}

/// A text that trainings are evaluated on.
pub struct ValidationText {
    /// Its name.
    pub name: String,
    /// Its tokens.
    pub tokens: Box<dyn TokenSource>,
    /// The text that the tokens hold.
    pub bytes: Bytes,
    /// Its documents in order, by which its loss is given by source; none where nobody asks.
    pub documents: Vec<Document>,
    /// Names of the sources that the documents are of.
    pub sources: Vec<String>,
    /// What kind of text each token of the vocabulary is, by which choices of experts are told; none where nobody asks.
    pub classes: Option<TokenClasses>,
}

impl ValidationText {
    /// A text of one piece.
    pub fn new(name: &str, tokens: impl TokenSource + 'static, bytes: Bytes) -> Self {
        Self {
            name: name.to_owned(),
            tokens: Box::new(tokens),
            bytes,
            documents: Vec::new(),
            sources: Vec::new(),
            classes: None,
        }
    }
}

/// Token ids of some sequences of one length, and the token that follows each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Sequences.
    pub sequences: usize,
    /// Tokens a sequence.
    pub length: usize,
    /// `[sequences × length]`
    pub inputs: Vec<i64>,
    /// `[sequences × length]`
    pub targets: Vec<i64>,
    /// The token that ends each document, where one does.
    pub end_of_text: Option<u32>,
}

impl Batch {
    /// The windows of `length` inputs that begin at `starts`, with one more token each for the
    /// targets.
    ///
    /// # Errors
    /// When a token is not below `vocabulary`.
    pub fn read(
        source: &dyn TokenSource,
        split: &'static str,
        starts: &[usize],
        length: usize,
        vocabulary: usize,
    ) -> Result<Self, TrainError> {
        let capacity = starts.len() * length;
        let mut batch = Self {
            sequences: starts.len(),
            length,
            inputs: Vec::with_capacity(capacity),
            targets: Vec::with_capacity(capacity),
            end_of_text: source.end_of_text(),
        };
        let mut window = vec![0; length + 1];
        for &start in starts {
            read_window(source, split, start, &mut window, vocabulary)?;
            batch
                .inputs
                .extend(window[..length].iter().map(|&token| i64::from(token)));
            batch
                .targets
                .extend(window[1..].iter().map(|&token| i64::from(token)));
        }
        Ok(batch)
    }

    /// Some of its sequences.
    pub(crate) fn part(&self, sequences: Range<usize>) -> Self {
        let rows = sequences.start * self.length..sequences.end * self.length;
        Self {
            sequences: sequences.len(),
            inputs: self.inputs[rows.clone()].to_vec(),
            targets: self.targets[rows].to_vec(),
            ..*self
        }
    }

    /// The same with each window, the inputs of a sequence and the token after the last, as `change` has it, of the same
    /// length.
    pub(crate) fn changed(&self, mut change: impl FnMut(&[i64]) -> Vec<i64>) -> Self {
        let rows = self
            .inputs
            .chunks_exact(self.length)
            .zip(self.targets.chunks_exact(self.length));
        let windows = rows.map(|(inputs, targets)| change(&[inputs, &targets[self.length - 1..]].concat()));
        let windows: Vec<Vec<i64>> = windows.collect();
        let of = |range: Range<usize>| {
            windows
                .iter()
                .flat_map(|window| window[range.clone()].to_vec())
                .collect()
        };
        Self {
            inputs: of(0..self.length),
            targets: of(1..self.length + 1),
            ..*self
        }
    }
}

/// Reads what begins at `start` into `window`.
///
/// # Errors
/// When a token is not below `vocabulary`.
pub(crate) fn read_window(
    source: &dyn TokenSource,
    split: &str,
    start: usize,
    window: &mut [u32],
    vocabulary: usize,
) -> Result<(), TrainError> {
    source.read(start, window);
    let Some(offset) = window.iter().position(|&token| token as usize >= vocabulary) else {
        return Ok(());
    };
    let (token, position) = (window[offset], start + offset);
    let message = format!(
        "token {token} at position {position} of the {split} split is outside the model's vocabulary of {vocabulary}; \
         set the architecture's `vocabulary` to the tokenizer's"
    );
    Err(TrainError::new(Kind::Input, message))
}

/// How the order of the data goes on after the first epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochOrder {
    /// Each epoch has a permutation of its own.
    #[default]
    Reshuffled,
    /// Every epoch has that of the first.
    Same,
    /// Curricula: each epoch has the sequences of its own permutation, sorted by the length of the documents that they begin
    /// in, the shortest first;
    ShortFirst,
    /// the longest first;
    LongFirst,
    /// by how likely trigrams of the rest of the text find them, the likeliest first;
    LikelyFirst,
    /// the least likely first;
    UnlikelyFirst,
    /// by source, in the order of the corpus' sources: tiers of quality, the best last.
    SourcesInTurn,
}

impl EpochOrder {
    /// Each order.
    pub const ALL: [Self; 7] = [
        Self::Reshuffled,
        Self::Same,
        Self::ShortFirst,
        Self::LongFirst,
        Self::LikelyFirst,
        Self::UnlikelyFirst,
        Self::SourcesInTurn,
    ];

    /// This, if it sorts the sequences of a whole training, which then shares no steps with others.
    pub fn curriculum(self) -> Option<Self> {
        match self {
            Self::Reshuffled | Self::Same => None,
            sorted => Some(sorted),
        }
    }

    /// Whether it is the one that configurations leave out.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The order of the training text: its blocks of `context` tokens, by default each epoch in a new permutation.
///
/// Block `i` reads tokens `i · context ..= (i + 1) · context`, so that every token but the first is
/// a target once an epoch; what is left at the end, less than a block, is not used.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    seed: u64,
    context: usize,
    blocks: u64,
    epochs: EpochOrder,
}

impl Order {
    /// The order of a text of `tokens` tokens.
    ///
    /// # Errors
    /// When it has not one block.
    pub fn new(seed: u64, tokens: usize, context: usize) -> Result<Self, TrainError> {
        let blocks = tokens.saturating_sub(1) / context;
        if blocks == 0 {
            return Err(TrainError::too_few("training", tokens, context + 1));
        }
        Ok(Self {
            seed,
            context,
            blocks: blocks as u64,
            epochs: EpochOrder::default(),
        })
    }

    /// The same first epoch, followed by others in that order.
    pub fn followed(self, epochs: EpochOrder) -> Self {
        Self { epochs, ..self }
    }

    /// Where the `index`-th sequence of the training begins.
    pub fn start(&self, index: u64) -> usize {
        let epoch = match self.epochs {
            EpochOrder::Same => 0,
            _ => index / self.blocks,
        };
        let key = random::key(self.seed, "data order", epoch);
        permute(index % self.blocks, self.blocks, key) as usize * self.context
    }

    /// Epochs in `sequences` sequences.
    pub fn epochs(&self, sequences: u64) -> f64 {
        sequences as f64 / self.blocks as f64
    }

    /// Where the sequences of `step` begin.
    pub fn batch(&self, step: u64, sequences: usize) -> Vec<usize> {
        (0..sequences as u64)
            .map(|sequence| self.start(step * sequences as u64 + sequence))
            .collect()
    }
}

/// Rounds of the Feistel network; four make a pseudorandom permutation (Luby and Rackoff 1988), the
/// rest cover that the rounds' function is a plain mixer.
const ROUNDS: u64 = 6;

/// Where `index` goes in a permutation of `0..size` chosen by `key`: a Feistel network over the next
/// power of four, walked until it comes back into range (Black and Rogaway 2002, section 3).
pub(crate) fn permute(index: u64, size: u64, key: u64) -> u64 {
    let bits = u64::BITS - (size - 1).leading_zeros();
    let half = bits.div_ceil(2).max(1);
    let mask = (1u64 << half) - 1;
    let mut value = index;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..ROUNDS {
            let scrambled = random::mix(key ^ random::mix(right | round << 48));
            (left, right) = (right, left ^ (scrambled & mask));
        }
        value = left << half | right;
        if value < size {
            return value;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A text of documents that begin at places, each of a source.
    pub(crate) struct OfDocuments(usize, Vec<Document>);

    impl OfDocuments {
        pub(crate) fn new(tokens: usize, documents: &[(u64, u32)]) -> Self {
            let document = |(start, source): &(u64, u32)| Document {
                start: *start,
                bytes: 1,
                source: *source,
            };
            Self(tokens, documents.iter().map(document).collect())
        }
    }

    impl TokenSource for OfDocuments {
        fn len(&self) -> usize {
            self.0
        }

        fn read(&self, _: usize, out: &mut [u32]) {
            out.fill(0);
        }

        fn documents(&self) -> Vec<Document> {
            self.1.clone()
        }
    }

    #[test]
    fn every_epoch_visits_every_block_once_in_an_order_of_its_own() {
        for blocks in [1usize, 2, 3, 5, 16, 17, 100, 1000] {
            let order = Order::new(7, blocks * 4 + 1, 4).unwrap();
            let epoch = |epoch: u64| -> Vec<usize> {
                (0..blocks as u64)
                    .map(|place| order.start(epoch * blocks as u64 + place))
                    .collect()
            };
            let (first, second) = (epoch(0), epoch(1));
            let mut sorted = first.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..blocks).map(|block| block * 4).collect::<Vec<_>>());
            if blocks >= 16 {
                assert_ne!(first, second);
                assert_ne!(first, sorted);
                let fixed = first
                    .iter()
                    .enumerate()
                    .filter(|&(place, &start)| start == place * 4)
                    .count();
                assert!(fixed < 8, "{fixed} of {blocks} blocks stay where they are");
            }
        }
    }

    #[test]
    fn epochs_in_the_same_order_repeat_the_first() {
        let reshuffled = Order::new(7, 101, 4).unwrap();
        let same = reshuffled.followed(EpochOrder::Same);
        let epoch = |order: Order, epoch: u64| -> Vec<usize> {
            (0..25).map(|place| order.start(25 * epoch + place)).collect()
        };
        assert_eq!(epoch(same, 0), epoch(reshuffled, 0));
        assert_eq!(epoch(same, 3), epoch(same, 0));
        assert_ne!(epoch(reshuffled, 3), epoch(same, 3));
        assert_eq!(same.epochs(100), 4.0);
    }

    #[test]
    fn the_order_depends_on_the_seed() {
        let starts = |seed| Order::new(seed, 1001, 10).unwrap().batch(3, 8);
        assert_eq!(starts(1), starts(1));
        assert_ne!(starts(1), starts(2));
    }

    #[test]
    fn batches_hold_each_window_and_the_tokens_that_follow() {
        let text: Vec<u32> = (0..10).collect();
        let batch = Batch::read(&text, "training", &[0, 4], 3, 10).unwrap();
        assert_eq!(batch.inputs, [0, 1, 2, 4, 5, 6]);
        assert_eq!(batch.targets, [1, 2, 3, 5, 6, 7]);
        let error = Batch::read(&text, "training", &[4], 3, 7)
            .unwrap_err()
            .to_string();
        assert!(error.contains("token 7 at position 7"), "{error}");
        let error = Order::new(0, 3, 3).unwrap_err().to_string();
        assert!(error.contains("has 3 tokens and one sequence needs 4"), "{error}");
    }
}
