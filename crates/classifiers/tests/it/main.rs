//! Classifiers against fastText's answers, and on any file.
#![allow(clippy::unwrap_used)]

mod damage;
mod golden;
mod languages;
