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
    parts: Vec<Part>,
}

/// What is seen of one source.
#[derive(Debug, Clone)]
struct Part {
    turns: u64,
    /// Blocks that are mostly of it.
    blocks: Vec<u32>,
    /// Tokens of these blocks by source.
    tokens: Vec<u64>,
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
        let all = Blocks::of(train, train.len(), config.context)?;
        let turns = turns(shares);
        let part = |turns: &u64| Part {
            turns: *turns,
            blocks: Vec::new(),
            tokens: vec![0; shares.len()],
        };
        let mut parts: Vec<Part> = turns.iter().map(part).collect();
        let most = |part: &Part| match config.unique {
            None => u64::MAX,
            Some(unique) => {
                let tokens = unique.as_f64() * part.turns as f64 / TURNS as f64;
                (tokens / config.context as f64).ceil() as u64
            }
        };
        for block in 0..all.count {
            let source = all
                .main_source(block)
                .and_then(|source| parts.get_mut(source as usize));
            let Some(part) = source.filter(|part| (part.blocks.len() as u64) < most(part)) else {
                continue;
            };
            part.blocks.push(block);
            for (source, tokens) in all.parts(block) {
                if let Some(sum) = part.tokens.get_mut(source as usize) {
                    *sum += tokens;
                }
            }
        }
        for (source, part) in parts.iter().enumerate().filter(|(_, part)| part.turns > 0) {
            let (found, wanted) = (part.blocks.len() as u64, most(part));
            if found == 0 || (wanted < u64::MAX && found < wanted) {
                return Err(too_little(source, shares[source], found, config.context));
            }
        }
        Ok(Some(Self {
            seed: config.seed,
            context: config.context,
            epochs: config.order,
            dealt: dealt(&turns),
            parts,
        }))
    }

    /// Where the `index`-th sequence of the training begins.
    fn start(&self, index: u64) -> usize {
        let (source, rank) = self.dealt[(index % TURNS) as usize];
        let part = &self.parts[source];
        let own = index / TURNS * part.turns + rank;
        let count = part.blocks.len() as u64;
        let epoch = match self.epochs {
            EpochOrder::Same => 0,
            _ => own / count,
        };
        let key = random::key(self.seed, "mixed data order", epoch << 32 | source as u64);
        part.blocks[permute(own % count, count, key) as usize] as usize * self.context
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
        let seen = self.parts.iter().filter(|part| part.turns > 0);
        let epochs =
            seen.map(|part| sequences as f64 * part.turns as f64 / TURNS as f64 / part.blocks.len() as f64);
        epochs.fold(0.0, f64::max)
    }

    /// The shares of the tokens that are seen, by source: those of the configuration but for blocks that are of several.
    fn seen(&self) -> Vec<f64> {
        let mut seen = vec![0.0; self.parts.len()];
        for part in self.parts.iter().filter(|part| part.turns > 0) {
            let all: u64 = part.tokens.iter().sum();
            for (seen, tokens) in seen.iter_mut().zip(&part.tokens) {
                *seen += part.turns as f64 / TURNS as f64 * *tokens as f64 / all as f64;
            }
        }
        seen
    }
}

/// The shares of the tokens that a training of `config` sees, by source, which blocks of several sources move a little; none
/// where its configuration has none.
///
/// # Errors
/// As [`run`](crate::run()) has it.
pub fn shares_seen(train: &dyn TokenSource, config: &TrainConfig) -> Result<Vec<f64>, TrainError> {
    Ok(Mixed::of(train, config)?
        .map(|mixed| mixed.seen())
        .unwrap_or_default())
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

/// Whose each turn is, and which of its own: those of any first turns are as near to the shares as whole numbers are (van
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
        assert_eq!(mixed.seen(), [0.5, 1229.0 / 4096.0, 819.0 / 4096.0]);
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
        let config = TrainConfig {
            context: 10,
            shares: vec![0.5, 0.5],
            ..config()
        };
        let seen = shares_seen(&text, &config).unwrap();
        // The first block is mostly of source 0, three tenths of it are not.
        assert!(
            (seen[0] - 0.35).abs() < 1e-12 && (seen[1] - 0.65).abs() < 1e-12,
            "{seen:?}"
        );
    }
}
