//! The tokens of a vocabulary as a tree of their bytes, in which grammars look for those that may come next.

use std::sync::Arc;

use llguidance::toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};
use triaxis_tokens::Tokenizer;

use crate::error::InferError;

/// The most bytes of a token: the tree counts in ten bits how far it goes back up.
const LONGEST_TOKEN: usize = 1000;
/// The most bytes of all tokens: the tree counts its nodes in 22 bits.
const MOST_BYTES: usize = (1 << 22) - 1;

/// The tokens of a vocabulary. Bytes are what the tokenizer says, so that what a grammar sees of
/// an answer is what is printed of it.
///
/// # Errors
/// When there are more than the tree can count.
pub(super) fn tree(tokenizer: &Tokenizer) -> Result<TokEnv, InferError> {
    let words: Vec<Vec<u8>> = (0..tokenizer.vocabulary() as u32)
        .map(|token| word(tokenizer, token))
        .collect();
    let bytes: usize = words.iter().map(Vec::len).sum();
    if bytes > MOST_BYTES {
        return Err(InferError::input(format!(
            "a vocabulary of {bytes} bytes: under a grammar it has at most {MOST_BYTES}; ask without one"
        )));
    }
    let ends: Vec<u32> = tokenizer.ends().iter().copied().collect();
    let facts = TokRxInfo::new(words.len() as u32, tokenizer.end_of_text());
    let tree = TokTrie::from(&facts, &words).with_eos_tokens(&ends);
    // Which tokens write a text is the model's choice: no text has tokens that it must be written with.
    Ok(Arc::new(ApproximateTokEnv::new(tree)))
}

/// What a token is in the tree: its bytes, a name that is no text, or nothing.
fn word(tokenizer: &Tokenizer, token: u32) -> Vec<u8> {
    let (bytes, mark) = (tokenizer.bytes_of(token), TokTrie::SPECIAL_TOKEN_MARKER);
    let is_control = tokenizer.is_special(token) || tokenizer.ends().contains(&token);
    match (is_control, bytes.len() <= LONGEST_TOKEN) {
        (true, true) => [&[mark], bytes].concat(),
        // The mark is a byte that no UTF-8 has.
        (false, true) if !bytes.contains(&mark) => bytes.to_vec(),
        _ => Vec::new(),
    }
}
