use std::sync::Mutex;

use ahash::AHashMap;
use compact_str::CompactString;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as Library};

use crate::alphabet::spelled;
use crate::splitters::words;
use crate::{END_OF_TEXT, Tokenizer, TokensError};

/// How often each word comes in the text that a tokenizer is trained on; counted from many threads.
#[derive(Default)]
pub struct WordCounts(Mutex<AHashMap<CompactString, u64>>);

impl WordCounts {
    /// Counts the words of some texts.
    ///
    /// # Errors
    /// When another thread stopped while it counted.
    pub fn add<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Result<(), TokensError> {
        let mut counts: AHashMap<&str, u64> = AHashMap::new();
        for text in texts {
            for word in words(text) {
                *counts.entry(word).or_default() += 1;
            }
        }
        let mut all = self.0.lock().map_err(TokensError::stopped)?;
        for (word, count) in counts {
            *all.entry(word.into()).or_default() += count;
        }
        Ok(())
    }
}

impl Tokenizer {
    /// Trains a byte-level BPE of `vocabulary` tokens: the end-of-text token first, then the bytes,
    /// then the merges.
    ///
    /// # Errors
    /// When the words do not support so many tokens.
    pub fn train(words: WordCounts, vocabulary: usize) -> Result<Self, TokensError> {
        let failed = |error: tokenizers::Error| TokensError::input(format!("tokenizer: {error}"));
        let words = words.0.into_inner().map_err(TokensError::stopped)?;
        let words = words
            .into_iter()
            .map(|(word, count)| (spelled(word.as_bytes()).into(), count))
            .collect();
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(vocabulary)
            .min_frequency(2)
            .special_tokens(vec![AddedToken::from(END_OF_TEXT, true)])
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let mut model = BPE::default();
        let special = trainer.do_train(&words, &mut model).map_err(failed)?;
        let byte_level = ByteLevel::new(false, false, true);
        let mut library = Library::new(model);
        library
            .with_pre_tokenizer(Some(byte_level))
            .with_decoder(Some(byte_level));
        library.add_special_tokens(special).map_err(failed)?;
        let reached = library.get_vocab_size(true);
        if reached < vocabulary {
            return Err(TokensError::input(format!(
                "a vocabulary of {vocabulary} cannot be trained: the training text supports {reached} at most; set \
                 `vocabulary` to {reached} or less, or take more text"
            )));
        }
        let json = library.to_string(true).map_err(failed)?;
        Self::from_json(json.into_bytes(), END_OF_TEXT)
    }
}
