//! Text to tokens and back.
#![allow(clippy::unwrap_used)]

mod learnt;
mod library;
mod support;
