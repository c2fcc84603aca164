//! The `tokenizer.json` of the `tokenizers` library.

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{config, write};
