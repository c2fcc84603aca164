//! Published studies refitted from their own runs. The runs lie outside the repository; where they
//! are absent each test says so and passes, except under `CI=true`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod chinchilla;
mod coverage;
mod data_constrained;
mod files;
mod finder;
mod gemstones;
mod ladder;
mod nanochat;
mod over_training;
mod parallel;
mod porian;
mod routed;
mod study;

use study::{Study, page};

/// All studies, in the order of the page.
const STUDIES: [&Study; 10] = [
    &chinchilla::STUDY,
    &data_constrained::STUDY,
    &over_training::STUDY,
    &porian::STUDY,
    &nanochat::STUDY,
    &gemstones::STUDY,
    &routed::STUDY,
    &parallel::STUDY,
    &ladder::STUDY,
    &coverage::STUDY,
];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reproductions.md");

#[test]
fn the_page_is_what_is_computed() {
    let writing = std::env::var_os("TRIAXIS_WRITE_REPRODUCTIONS").is_some();
    let Some(text) = page(&STUDIES) else {
        assert!(!writing, "the page needs the runs of every study");
        return;
    };
    if writing {
        std::fs::write(PAGE, text).unwrap();
        return;
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let stale = text.lines().zip(written.lines().chain(std::iter::repeat("")));
    let first = stale.into_iter().find(|(new, old)| new != old);
    assert!(
        text == written,
        "docs/reproductions.md is stale: run `cargo xtask reproductions`; first difference: {first:?}"
    );
}
