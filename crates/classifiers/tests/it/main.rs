//! Classifiers against fastText's answers, and on any file.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod damage;
mod golden;
mod languages;
mod quality;
