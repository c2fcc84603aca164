//! Text to tokens and back.
#![allow(clippy::unwrap_used)]

mod chat;
mod exports;
mod gguf;
mod golden;
mod hostile;
mod learnt;
mod library;
mod real;
mod special;
mod stream;
mod support;
