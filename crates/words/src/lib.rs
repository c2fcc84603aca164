//! A document split once into words, lines, paragraphs and sentences, each as a tool of the field defines them, for
//! all that is asked of it afterwards.
//!
//! ```
//! use triaxis_words::{Splitter, Words};
//! let mut words = Words::new();
//! let document = words.split(Splitter::English, "It cannot end (or so they say).");
//! let split: Vec<&str> = document.words().collect();
//! assert_eq!(split, ["It", "can", "not", "end", "(", "or", "so", "they", "say", ")", "."]);
//! ```
//!
//! Buffers are reused from document to document: a thread has its own [`Words`].

pub mod classes;
mod hash;
pub mod lines;
mod sentences;
mod simplify;
mod splitters;
mod words;

pub use hash::hash;
pub use sentences::{sentences, sentences_of};
pub use simplify::{Simplified, Simplify};
pub use splitters::{Splitter, pieces};
pub use words::{Document, NotWords, Span, Words};
