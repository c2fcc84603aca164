//! Curricula: the sequences that a training sees anyway, in an order of their own.

use crate::blocks::Blocks;
use crate::config::TrainConfig;
use crate::data::{EpochOrder, Order, TokenSource};
use crate::error::TrainError;
use crate::ngram::{self, NGram};

/// Version of what a curriculum puts where: raised when a text, curriculum, seed and step give other windows.
pub const NUMERICS: u32 = 1;

/// Tokens of the n-grams by which text is likely or not.
pub(crate) const NGRAM: usize = 3;

/// Sequences in the order of a curriculum: those that the plain order has, each epoch's sorted, equal ones as they stood.
#[derive(Debug, Clone)]
pub(crate) struct Sorted {
    context: usize,
    blocks: Vec<u32>,
}

impl Sorted {
    /// Of all sequences of the only training of a configuration, whose plain order is `order`; nothing where it has no
    /// curriculum.
    ///
    /// # Errors
    /// When a token is outside the vocabulary, or the text has no documents to be sorted by.
    pub(crate) fn of(
        train: &dyn TokenSource,
        tokens: usize,
        order: &Order,
        config: &TrainConfig,
    ) -> Result<Option<Self>, TrainError> {
        let Some(curriculum) = config.order.curriculum() else {
            return Ok(None);
        };
        let blocks = Blocks::of(train, tokens, config.context)?;
        let values = values(curriculum, train, &blocks, config)?;
        let steps = config.branches.iter().map(|branch| branch.end).max().unwrap_or(0);
        let sequences = steps * config.batch_sequences as u64;
        let count = u64::from(blocks.count);
        let mut all = Vec::with_capacity(sequences as usize);
        let mut first = 0;
        while first < sequences {
            let epoch = first..sequences.min(first + count);
            first = epoch.end;
            let mut seen: Vec<u32> = epoch
                .map(|index| (order.start(index) / config.context) as u32)
                .collect();
            seen.sort_by(|one, other| values[*one as usize].total_cmp(&values[*other as usize]));
            all.extend(seen);
        }
        Ok(Some(Self {
            context: config.context,
            blocks: all,
        }))
    }

    /// Where the sequences of `step` begin.
    pub(crate) fn batch(&self, step: u64, sequences: usize) -> Vec<usize> {
        let first = step as usize * sequences;
        let seen = &self.blocks[first..first + sequences];
        seen.iter().map(|block| *block as usize * self.context).collect()
    }
}

/// What each block is sorted by, the lowest first.
fn values(
    curriculum: EpochOrder,
    train: &dyn TokenSource,
    blocks: &Blocks,
    config: &TrainConfig,
) -> Result<Vec<f64>, TrainError> {
    let all = 0..blocks.count;
    Ok(match curriculum {
        EpochOrder::ShortFirst => all
            .map(|block| blocks.document_length(block).unwrap_or(0) as f64)
            .collect(),
        EpochOrder::LongFirst => all
            .map(|block| -(blocks.document_length(block).unwrap_or(0) as f64))
            .collect(),
        EpochOrder::SourcesInTurn => all
            .map(|block| blocks.main_source(block).map_or(0.0, f64::from))
            .collect(),
        EpochOrder::LikelyFirst => surprise(train, blocks, config)?,
        EpochOrder::UnlikelyFirst => surprise(train, blocks, config)?
            .iter()
            .map(|value| -value)
            .collect(),
        EpochOrder::Reshuffled | EpochOrder::Same => vec![0.0; blocks.count as usize],
    })
}

/// The mean loss of a block's tokens by n-grams of the other half of the text's blocks, so that none is counted for itself.
fn surprise(train: &dyn TokenSource, blocks: &Blocks, config: &TrainConfig) -> Result<Vec<f64>, TrainError> {
    let vocabulary = config.text_vocabulary();
    let context = config.context;
    let most = (ngram::MOST_TOKENS as usize / context).max(1);
    let half = |parity: u32| -> Result<NGram, TrainError> {
        let starts = (0..blocks.count).filter(|block| block % 2 == parity).take(most);
        let starts: Vec<usize> = starts.map(|block| block as usize * context).collect();
        NGram::count(train, &starts, context, NGRAM, vocabulary)
    };
    let others = [half(1)?, half(0)?];
    let mut window = vec![0; context + 1];
    let mut value = |block: u32| {
        train.read(block as usize * context, &mut window);
        let other = &others[(block % 2) as usize];
        let loss = |at: usize| {
            let from = (at + 1).saturating_sub(NGRAM);
            -other.probability(&window[from..at], window[at]).ln()
        };
        (1..=context).map(loss).sum::<f64>() / context as f64
    };
    Ok((0..blocks.count).map(&mut value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Branch;
    use crate::config::tests::config;
    use crate::data::tests::OfDocuments;

    /// The blocks of ten tokens that a training of seven steps of six sequences sees: an epoch of 40, and two more.
    fn seen(order: EpochOrder, text: &dyn TokenSource) -> Vec<usize> {
        let config = TrainConfig {
            context: 10,
            batch_sequences: 6,
            order,
            branches: vec![Branch { end: 7, decay: 1 }],
            ..config()
        };
        let plain = Order::new(config.seed, 401, 10).unwrap();
        let sorted = Sorted::of(text, 401, &plain, &config).unwrap().unwrap();
        let seen: Vec<usize> = (0..7).flat_map(|step| sorted.batch(step, 6)).collect();
        let (mut ours, mut plain) = (seen.clone(), plain.batch(0, 42));
        ours.sort_unstable();
        plain.sort_unstable();
        assert_eq!(ours, plain, "the same sequences");
        seen.iter().map(|start| start / 10).collect()
    }

    #[test]
    fn each_epoch_is_sorted_by_what_the_curriculum_says() {
        let text = OfDocuments::new(401, &[(0, 1), (100, 0), (150, 2)]);
        let lengths = |order| -> Vec<u64> {
            let length =
                |block: &usize| [100, 50, 250][usize::from(*block >= 10) + usize::from(*block >= 15)];
            seen(order, &text).iter().map(length).collect()
        };
        let short = lengths(EpochOrder::ShortFirst);
        assert!(short[..40].is_sorted() && short[40..].is_sorted(), "{short:?}");
        assert_eq!(short[..5], [50; 5]);
        assert!(lengths(EpochOrder::LongFirst)[..40].is_sorted_by(|one, other| one >= other));
        let sources: Vec<usize> = seen(EpochOrder::SourcesInTurn, &text)
            .iter()
            .map(|block| [1, 0, 2][usize::from(*block >= 10) + usize::from(*block >= 15)])
            .collect();
        assert!(sources[..40].is_sorted(), "{sources:?}");
        assert!(
            Sorted::of(&text, 401, &Order::new(1, 401, 10).unwrap(), &config())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn likely_text_is_what_the_rest_of_the_text_is_like() {
        // The last fifth is noise among counting.
        let token = |place: u32| {
            if place < 321 {
                place % 11
            } else {
                place * place * 7 / 3 % 13
            }
        };
        let text: Vec<u32> = (0..401).map(token).collect();
        let likely = seen(EpochOrder::LikelyFirst, &text);
        assert!(likely[..30].iter().all(|block| *block < 32), "{likely:?}");
        let unlikely = seen(EpochOrder::UnlikelyFirst, &text);
        assert!(unlikely[..8].iter().all(|block| *block >= 32), "{unlikely:?}");
    }
}
