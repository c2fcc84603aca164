//! What a word is, by the tools that count them.

mod english;
mod unicode;
mod whitespace;

use triaxis_names::registry;

use crate::words::Span;

pub(crate) trait Split {
    /// Appends the words of a text.
    fn split(&self, text: &str, words: &mut Vec<Span>);
}

registry! {
    /// How text is split into words.
    pub enum Splitter as split: Split {
        English = "english",
        Unicode = "unicode",
        Whitespace = "whitespace",
    }
}

pub use english::English;
pub use unicode::Unicode;
pub use whitespace::{Whitespace, pieces};
