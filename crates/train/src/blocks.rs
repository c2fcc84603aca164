//! The blocks of a text by the documents that they are of.

use triaxis_corpus::Document;
use triaxis_host::Kind;

use crate::data::TokenSource;
use crate::error::TrainError;

/// The documents of a text's blocks of `context` tokens.
pub(crate) struct Blocks {
    documents: Vec<Document>,
    context: usize,
    /// How many there are.
    pub(crate) count: u32,
}

impl Blocks {
    /// Those of the first `tokens` tokens.
    ///
    /// # Errors
    /// When there are more than 2^32.
    pub(crate) fn of(train: &dyn TokenSource, tokens: usize, context: usize) -> Result<Self, TrainError> {
        let count = u32::try_from(tokens.saturating_sub(1) / context).map_err(|_| {
            TrainError::new(
                Kind::Input,
                format!("a text of {tokens} tokens has more than 2^32 sequences of {context}"),
            )
        })?;
        Ok(Self {
            documents: train.documents(),
            context,
            count,
        })
    }

    /// The place of the document that a block begins in.
    pub(crate) fn document(&self, block: u32) -> Option<usize> {
        let place = u64::from(block) * self.context as u64;
        let after = self.documents.partition_point(|document| document.start <= place);
        after.checked_sub(1)
    }

    /// The source of the document that a block begins in.
    pub(crate) fn source(&self, block: u32) -> Option<u32> {
        Some(self.documents[self.document(block)?].source)
    }

    /// How many tokens a block has of each source, by its place, in the order of the text.
    pub(crate) fn parts(&self, block: u32) -> impl Iterator<Item = (u32, u64)> + '_ {
        let start = u64::from(block) * self.context as u64;
        let end = start + self.context as u64;
        let first = self.document(block).unwrap_or(self.documents.len());
        let within = self.documents[first..].iter().enumerate();
        let within = within.take_while(move |(_, document)| document.start < end);
        within.map(move |(after, document)| {
            let next = self
                .documents
                .get(first + after + 1)
                .map_or(end, |next| next.start);
            (document.source, next.min(end) - document.start.max(start))
        })
    }

    /// The source that most of a block's tokens are of, the first of several.
    pub(crate) fn main_source(&self, block: u32) -> Option<u32> {
        let mut sums: Vec<(u32, u64)> = Vec::new();
        for (source, tokens) in self.parts(block) {
            match sums.iter_mut().find(|(known, _)| *known == source) {
                Some((_, sum)) => *sum += tokens,
                None => sums.push((source, tokens)),
            }
        }
        let most = sums.iter().map(|(_, tokens)| *tokens).max()?;
        sums.into_iter()
            .find(|(_, tokens)| *tokens == most)
            .map(|(source, _)| source)
    }

    /// The length of the document that a block begins in; that of the last ends with the blocks.
    pub(crate) fn document_length(&self, block: u32) -> Option<u64> {
        let place = self.document(block)?;
        let end = u64::from(self.count) * self.context as u64;
        let next = self.documents.get(place + 1).map_or(end, |next| next.start);
        Some(next - self.documents[place].start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::OfDocuments;

    #[test]
    fn a_block_is_of_the_documents_that_its_tokens_are_of() {
        let text = OfDocuments::new(401, &[(0, 0), (95, 1), (103, 0), (107, 2), (310, 1)]);
        let blocks = Blocks::of(&text, 401, 10).unwrap();
        assert_eq!(blocks.count, 40);
        assert_eq!(blocks.parts(9).collect::<Vec<_>>(), [(0, 5), (1, 5)]);
        assert_eq!(blocks.parts(10).collect::<Vec<_>>(), [(1, 3), (0, 4), (2, 3)]);
        let main: Vec<Option<u32>> = [0, 9, 10, 11, 39].map(|block| blocks.main_source(block)).into();
        assert_eq!(main, [Some(0), Some(0), Some(0), Some(2), Some(1)]);
        assert_eq!(
            [9, 10, 11].map(|block| blocks.source(block)),
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!(
            [0, 10, 39].map(|block| blocks.document_length(block)),
            [Some(95), Some(8), Some(90)]
        );
        let nobody_knows = Blocks::of(&vec![0; 401], 401, 10).unwrap();
        assert_eq!(
            (nobody_knows.main_source(3), nobody_knows.document_length(3)),
            (None, None)
        );
    }
}
