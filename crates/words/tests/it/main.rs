//! Words, sentences and simplified texts, as datatrove finds them and on any text.
#![allow(clippy::unwrap_used)]

mod any;
mod golden;
