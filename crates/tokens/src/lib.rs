//! Text to tokens and back: tokenizers that are learnt here, and those that others publish as a `tokenizer.json` or
//! within a GGUF file; text from tokens as they come; and the templates that conversations are written by.
//!
//! ```text
//!  tokenizer.json ─┐                 ┌─► splitters ─► byte-level BPE ─┐
//!  GGUF fields ────┼─► definition ───┤                                ├─► tokens
//!  learnt ─────────┘   (plain data)  └─► SentencePiece's BPE ─────────┘
//! ```
//!
//! A `tokenizer.json` of any other kind is the `tokenizers` library's to run. What is run here is linear in the length
//! of a text but for the merging of one word, which is n log n in the word's.

mod alphabet;
mod byte_level;
mod cache;
mod chat;
mod definition;
mod ends;
mod error;
mod gguf;
mod here;
mod json;
mod library;
mod merge;
mod pieces;
mod special;
mod splitters;
mod stream;
mod tokenizer;
mod train;
mod vocabulary;

pub use chat::{ChatTemplate, Message};
pub use definition::TokenKind;
pub use error::TokensError;
pub use gguf::GgufTokenizer;
pub use stream::{Stopped, TextStream};
pub use tokenizer::Tokenizer;
pub use train::WordCounts;

/// Version of tokenizers: raised when a text gives another vocabulary, or a vocabulary other tokens.
pub const NUMERICS: u32 = 1;

/// The token that separates documents, unless a loaded tokenizer names another.
pub const END_OF_TEXT: &str = "<|endoftext|>";
