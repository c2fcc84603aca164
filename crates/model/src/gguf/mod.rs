//! GGUF: models in the files that llama.cpp and what is built on it read and write. The files as such are the containers
//! room's.

mod dialects;
mod model;
mod quantise;
mod tokenizer;

pub use self::model::GgufModel;
pub use self::quantise::{Beside, Choice, Chosen, export, plan};
pub use self::tokenizer::TokenizerFields;
