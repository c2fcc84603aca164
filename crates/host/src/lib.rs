//! What the machine gives: files that are whole or not there at all, the text in them, its processor, memory and
//! clock; and what is at fault where it gives nothing.

pub mod fault;
pub mod files;
pub mod machine;
pub mod text;

pub use fault::Kind;
