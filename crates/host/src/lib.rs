//! What the machine gives: files that are whole or not there at all, the text in them, its processor, memory and
//! clock; what is at fault where it gives nothing; and calls that may panic.

pub mod fault;
pub mod files;
pub mod guard;
pub mod machine;
pub mod text;

pub use fault::Kind;
