//! The best text last: what a training sees once it no longer shares its steps with others.

use triaxis_random as random;

use crate::blocks::Blocks;
use crate::data::{TokenSource, permute};
use crate::error::TrainError;
use triaxis_host::Kind;

/// The blocks of a text that begin in a document of some sources, each epoch in a permutation of its own.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    seed: u64,
    context: usize,
    blocks: Vec<u32>,
}

impl Late {
    /// Of the first `tokens` tokens of a text, those of `sources`; nothing where none are named.
    ///
    /// # Errors
    /// When no block begins in a document of theirs, or there are more than 2^32.
    pub(crate) fn of(
        train: &dyn TokenSource,
        tokens: usize,
        seed: u64,
        context: usize,
        sources: &[u32],
    ) -> Result<Option<Self>, TrainError> {
        if sources.is_empty() {
            return Ok(None);
        }
        let all = Blocks::of(train, tokens, context)?;
        let is_of_them = |block: &u32| all.source(*block).is_some_and(|of| sources.contains(&of));
        let blocks: Vec<u32> = (0..all.count).filter(is_of_them).collect();
        match blocks.is_empty() {
            false => Ok(Some(Self {
                seed,
                context,
                blocks,
            })),
            true => Err(TrainError::new(
                Kind::Input,
                format!(
                    "`decay_on`: no sequence of {context} of the {tokens} training tokens begins in a document of these \
                     sources; name others, give them more weight, or take more text"
                ),
            )),
        }
    }

    /// Where the sequences of `step` begin, counted from the first that sees this text alone.
    pub(crate) fn batch(&self, step: u64, sequences: usize) -> Vec<usize> {
        let count = self.blocks.len() as u64;
        let start = |index: u64| {
            let key = random::key(self.seed, "late data order", index / count);
            self.blocks[permute(index % count, count, key) as usize] as usize * self.context
        };
        let first = step * sequences as u64;
        (first..first + sequences as u64).map(start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::OfDocuments;

    fn text() -> OfDocuments {
        OfDocuments::new(401, &[(0, 0), (95, 1), (203, 0), (310, 2)])
    }

    #[test]
    fn the_decay_sees_the_blocks_of_its_sources_each_once_an_epoch() {
        let late = Late::of(&text(), 401, 3, 10, &[1, 2]).unwrap().unwrap();
        // Of 40 blocks those from 100 to 200, and from 310 on.
        let expected: Vec<usize> = (10..=20).chain(31..40).map(|block| block * 10).collect();
        let epoch = |from: u64| {
            let mut starts: Vec<usize> = (from..from + 5).flat_map(|step| late.batch(step, 4)).collect();
            starts.sort_unstable();
            starts
        };
        assert_eq!((epoch(0), epoch(5)), (expected.clone(), expected));
        assert_ne!(late.batch(0, 4), late.batch(5, 4));
    }

    #[test]
    fn sources_without_a_block_are_refused() {
        assert!(Late::of(&text(), 401, 3, 10, &[]).unwrap().is_none());
        let error = Late::of(&text(), 401, 3, 10, &[5]).unwrap_err().to_string();
        assert!(error.contains("no sequence of 10"), "{error}");
        // Those beyond the unique tokens are none.
        assert!(Late::of(&text(), 301, 3, 10, &[2]).is_err());
    }
}
