//! Text to tokens and back: tokenizers that are learnt here, and those that others publish.

mod cache;
mod error;
mod split;
mod tokenizer;
mod train;

pub use error::TokensError;
pub use tokenizer::Tokenizer;
pub use train::WordCounts;

/// Version of tokenizers: raised when a text gives another vocabulary, or a vocabulary other tokens.
pub const NUMERICS: u32 = 1;

/// The token that separates documents, unless a loaded tokenizer names another.
pub const END_OF_TEXT: &str = "<|endoftext|>";
