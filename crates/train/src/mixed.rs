//! Text of several sources in shares of one's own: each sequence is of the source whose turn it is.

use triaxis_host::Kind;
use triaxis_random as random;

use crate::blocks::Blocks;
use crate::config::TrainConfig;
use crate::data::{EpochOrder, TokenSource, permute};
use crate::error::TrainError;

/// Version of what shares choose: raised when a text, shares, seed and step give other windows.
pub const NUMERICS: u32 = 1;

/// Turns after which those of all sources are dealt out as before: shares are whole numbers of them.
const TURNS: u64 = 1 << 12;

/// The blocks of a text by source, each source seen in its share of the sequences, in permutations of its own.
#[derive(Debug, Clone)]
pub(crate) struct Mixed {
    seed: u64,
    context: usize,
    epochs: EpochOrder,
    /// Whose each turn is, and which of its own.
    dealt: Vec<(usize, u64)>,
    /// Turns of each source.
    turns: Vec<u64>,
    texts: Vec<SourceText>,
}

/// What trainings with shares see of a source: the sequences that are mostly of it.
#[derive(Debug, Clone, Default)]
pub struct SourceText {
    blocks: Vec<u32>,
    /// Tokens of these blocks by source.
    tokens: Vec<u64>,
}

impl SourceText {
    /// How many sequences there are.
    pub fn sequences(&self) -> u64 {
        self.blocks.len() as u64
    }
}

/// What trainings with shares see of each source of a text, in sequences of `context` tokens: of each so many at `most`, the
/// first; see [`most_sequences`].
///
/// # Errors
/// When the text has more than 2^32 sequences.
pub fn source_texts(
    train: &dyn TokenSource,
    context: usize,
    most: &[u64],
) -> Result<Vec<SourceText>, TrainError> {
    let all = Blocks::of(train, train.len(), context)?;
    let empty = SourceText {
        blocks: Vec::new(),
        tokens: vec![0; most.len()],
    };
    let mut texts = vec![empty; most.len()];
    for block in 0..all.count {
        let Some(source) = all.main_source(block).map(|source| source as usize) else {
            continue;
        };
        let Some(text) = texts
            .get_mut(source)
            .filter(|text| text.sequences() < most[source])
        else {
            continue;
        };
        text.blocks.push(block);
        for (source, tokens) in all.parts(block) {
            if let Some(sum) = text.tokens.get_mut(source as usize) {
                *sum += tokens;
            }
        }
    }
    Ok(texts)
}

/// How many sequences of each source a training with shares sees at most: as many as its unique tokens have, if it has some.
pub fn most_sequences(config: &TrainConfig) -> Vec<u64> {
    let most = |turns: u64| match config.unique {
        None => u64::MAX,
        Some(unique) => {
            let tokens = unique.as_f64() * turns as f64 / TURNS as f64;
            (tokens / config.context as f64).ceil() as u64
        }
    };
    turns(&config.shares).into_iter().map(most).collect()
}

/// The first source that is to have a share and has no sequence, or fewer than `most` where that is a number.
pub fn source_of_too_little(shares: &[f64], texts: &[SourceText], most: &[u64]) -> Option<usize> {
    let has_too_little = |source: &usize| {
        let (found, most) = (texts[*source].sequences(), most[*source]);
        found == 0 || (most < u64::MAX && found < most)
    };
    let turns = turns(shares);
    (0..shares.len())
        .filter(|source| turns[*source] > 0)
        .find(has_too_little)
}

/// The shares of the tokens that a training sees, by source: `shares`, but for sequences that are of several.
pub fn shares_seen(shares: &[f64], texts: &[SourceText]) -> Vec<f64> {
    let mut seen = vec![0.0; shares.len()];
    let turns = turns(shares);
    for (turns, text) in turns.iter().zip(texts).filter(|(turns, _)| **turns > 0) {
        let all: u64 = text.tokens.iter().sum();
        for (seen, tokens) in seen.iter_mut().zip(&text.tokens) {
            *seen += *turns as f64 / TURNS as f64 * *tokens as f64 / all.max(1) as f64;
        }
    }
    seen
}

impl Mixed {
    /// As a configuration has it; nothing where it has no shares.
    ///
    /// # Errors
    /// When a source has a share and no block that is mostly of it, or fewer tokens than its share of the unique ones.
    pub(crate) fn of(train: &dyn TokenSource, config: &TrainConfig) -> Result<Option<Self>, TrainError> {
        let shares = &config.shares;
        if shares.is_empty() {
            return Ok(None);
        }
        let most = most_sequences(config);
        let texts = source_texts(train, config.context, &most)?;
        if let Some(source) = source_of_too_little(shares, &texts, &most) {
            let found = texts[source].sequences();
            return Err(too_little(source, shares[source], found, config.context));
        }
        let turns = turns(shares);
        Ok(Some(Self {
            seed: config.seed,
            context: config.context,
            epochs: config.order,
            dealt: dealt(&turns),
            turns,
            texts,
        }))
    }

    /// Where the `index`-th sequence of the training begins.
    fn start(&self, index: u64) -> usize {
        let (source, rank) = self.dealt[(index % TURNS) as usize];
        let text = &self.texts[source];
        let own = index / TURNS * self.turns[source] + rank;
        let count = text.sequences();
        let epoch = match self.epochs {
            EpochOrder::Same => 0,
            _ => own / count,
        };
        let key = random::key(self.seed, "mixed data order", epoch << 32 | source as u64);
        text.blocks[permute(own % count, count, key) as usize] as usize * self.context
    }

    /// Where the sequences of `step` begin.
    pub(crate) fn batch(&self, step: u64, sequences: usize) -> Vec<usize> {
        let first = step * sequences as u64;
        (first..first + sequences as u64)
            .map(|index| self.start(index))
            .collect()
    }

    /// Epochs in `sequences` sequences, of the source that is repeated most.
    pub(crate) fn epochs(&self, sequences: u64) -> f64 {
        let seen = self.turns.iter().zip(&self.texts);
        let seen = seen.filter(|(turns, _)| **turns > 0);
        let epochs = seen
            .map(|(turns, text)| sequences as f64 * *turns as f64 / TURNS as f64 / text.sequences() as f64);
        epochs.fold(0.0, f64::max)
    }
}

/// Shares as whole numbers of turns, those cut off most rounded up.
fn turns(shares: &[f64]) -> Vec<u64> {
    let sum: f64 = shares.iter().sum();
    let exact: Vec<f64> = shares.iter().map(|share| share / sum * TURNS as f64).collect();
    let mut turns: Vec<u64> = exact.iter().map(|exact| exact.floor() as u64).collect();
    let left = TURNS.saturating_sub(turns.iter().sum());
    let mut order: Vec<usize> = (0..shares.len()).filter(|source| shares[*source] > 0.0).collect();
    order.sort_by(|one, other| exact[*other].fract().total_cmp(&exact[*one].fract()));
    for source in order.into_iter().cycle().take(left as usize) {
        turns[source] += 1;
    }
    turns
}

/// Whose each turn is, and which of its own: those of any first turns are within four of the shares (van
/// der Corput's sequence).
fn dealt(turns: &[u64]) -> Vec<(usize, u64)> {
    let ends: Vec<u64> = turns
        .iter()
        .scan(0, |end, turns| {
            *end += turns;
            Some(*end)
        })
        .collect();
    let mut ranks = vec![0; turns.len()];
    let one = |turn: u64| {
        let place = turn.reverse_bits() >> (u64::BITS - TURNS.trailing_zeros());
        let source = ends.partition_point(|end| *end <= place);
        ranks[source] += 1;
        (source, ranks[source] - 1)
    };
    (0..TURNS).map(one).collect()
}

fn too_little(source: usize, share: f64, blocks: u64, context: usize) -> TrainError {
    TrainError::new(
        Kind::Input,
        format!(
            "`shares`: source {source} of the corpus, counted from 0, is to be {share} of what is seen and has {blocks} sequences \
             of {context} tokens that are mostly of it, too few; lower its share or the unique tokens, or add text"
        ),
    )
}

#[cfg(test)]
mod tests {
    use triaxis_units::Tokens;

    use super::*;
    use crate::config::tests::config;
    use crate::data::tests::OfDocuments;

    /// 40 blocks of 10 tokens: those of source 0, 1 and 2 are 20, 12 and 8.
    fn text() -> OfDocuments {
        OfDocuments::new(401, &[(0, 0), (100, 1), (220, 0), (320, 2)])
    }

    fn mixed(shares: &[f64], unique: Option<Tokens>) -> Result<Option<Mixed>, TrainError> {
        let config = TrainConfig {
            context: 10,
            shares: shares.to_vec(),
            unique,
            ..config()
        };
        Mixed::of(&text(), &config)
    }

    fn source(start: usize) -> usize {
        match start {
            100..220 => 1,
            320.. => 2,
            _ => 0,
        }
    }

    #[test]
    fn first_sequences_have_the_shares_as_nearly_as_whole_numbers_do() {
        let mixed = mixed(&[0.5, 0.3, 0.2], None).unwrap().unwrap();
        for sequences in [10, 100, 1000, 4096, 10_000] {
            let starts = mixed.batch(0, sequences);
            for (which, share) in [0.5, 0.3, 0.2].iter().enumerate() {
                let found = starts.iter().filter(|start| source(**start) == which).count();
                let off = (found as f64 - share * sequences as f64).abs();
                assert!(off <= 4.0, "{found} of {sequences} for {share}");
            }
        }
        let seen = shares_seen(&[0.5, 0.3, 0.2], &mixed.texts);
        assert_eq!(seen, [0.5, 1229.0 / 4096.0, 819.0 / 4096.0]);
        // Twelve blocks of the second source, three tenths of 80 sequences.
        assert!((mixed.epochs(80) - 80.0 * 1229.0 / 4096.0 / 12.0).abs() < 1e-12);
        // The same from any step on.
        assert_eq!(mixed.batch(5, 4), mixed.batch(0, 24)[20..]);
    }

    #[test]
    fn each_block_of_a_source_is_seen_once_an_epoch() {
        let mixed = mixed(&[0.0, 1.0, 0.0], None).unwrap().unwrap();
        let epoch = |first: u64| {
            let mut starts = mixed.batch(first, 12);
            let order = starts.clone();
            starts.sort_unstable();
            assert_eq!(starts, (10..22).map(|block| block * 10).collect::<Vec<_>>());
            order
        };
        assert_ne!(epoch(0), epoch(1));
        assert_eq!(mixed.epochs(24), 2.0);
    }

    #[test]
    fn unique_tokens_are_shared_out_and_what_is_not_there_is_refused() {
        let few = mixed(&[0.5, 0.5, 0.0], Some(Tokens(60))).unwrap().unwrap();
        let mut starts = few.batch(0, 600);
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts, [0, 10, 20, 100, 110, 120]);
        assert!(mixed(&[], None).unwrap().is_none());
        for (shares, unique) in [
            (&[0.0, 0.0, 0.0, 1.0][..], None),
            (&[0.2, 0.0, 0.8], Some(Tokens(200))),
        ] {
            let error = mixed(shares, unique).unwrap_err().to_string();
            assert!(
                error.contains("`shares`: source") && error.contains("lower its share"),
                "{error}"
            );
        }
    }

    #[test]
    fn blocks_of_several_sources_count_for_each() {
        let text = OfDocuments::new(41, &[(0, 0), (7, 1)]);
        let texts = source_texts(&text, 10, &[u64::MAX; 2]).unwrap();
        let seen = shares_seen(&[0.5, 0.5], &texts);
        // The first block is mostly of source 0, three tenths of it are not.
        assert!(
            (seen[0] - 0.35).abs() < 1e-12 && (seen[1] - 0.65).abs() < 1e-12,
            "{seen:?}"
        );
    }
}
