//! Published studies refitted from their own runs. The runs lie outside the repository; where they
//! are absent each test says so and passes, except under `CI=true`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod chinchilla;
mod coverage;
mod data_constrained;
mod files;
mod finder;
mod gemstones;
mod gpt3;
mod kim;
mod ladder;
mod nanochat;
mod over_training;
mod parallel;
mod porian;
mod regmix;
mod routed;
mod scalebench;
mod study;

use study::{Study, hold};

/// All studies, in the order of the page.
const STUDIES: [&Study; 14] = [
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
    &scalebench::STUDY,
    &regmix::STUDY,
    &gpt3::STUDY,
    &kim::STUDY,
];

const HEAD: &str = "# Published studies, refitted from their own runs\n\n\
    Written by `cargo xtask reproductions` from the tests in `crates/laws/tests/published`, which hold every row to its \
    tolerance; a test fails when this page is stale. The runs lie outside the repository, in `../shared/published-runs`, \
    each with its source and licence. Where what is to be reproduced is not the published number it is another refit of \
    the same runs, and the text says which.\n\n";

#[test]
fn the_page_is_what_is_computed() {
    hold(HEAD, &STUDIES);
}
