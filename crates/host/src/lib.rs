//! What the machine gives: files that are whole or not there at all, the text in them, its processor, memory and
//! clock.

pub mod files;
pub mod machine;
pub mod text;
