//! What an answer may be, token by token.
//!
//! Tokens that may not come next are taken out before anything else is done to the scores but biases and penalties, so that
//! what is left is drawn as the model has it. The probabilities that are told of tokens are those of the whole vocabulary.

mod grammar;
mod language;
mod vocabulary;

pub use grammar::Grammar;

use crate::error::InferError;

/// Tells of each token whether it may come next.
pub type Allowed<'a> = Box<dyn Fn(u32) -> bool + 'a>;

/// What may come next in an answer, beside its probabilities.
pub trait Constraint {
    /// The tokens that may come next. One that ends answers may where the answer is whole.
    ///
    /// # Errors
    /// When to find them takes more work or memory than is given to it.
    fn allowed(&mut self) -> Result<Allowed<'_>, InferError>;

    /// Moves on by a token that came, one of those allowed.
    ///
    /// # Errors
    /// As [`allowed`](Self::allowed).
    fn accept(&mut self, token: u32) -> Result<(), InferError>;

    /// Whether the answer is whole and nothing but its end can come.
    fn is_complete(&self) -> bool {
        false
    }
}
