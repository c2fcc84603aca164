//! Costs and supplies that others measured or computed. Tables lie outside the repository; where they
//! are absent each test says so and passes, except under `CI=true`.

mod data_wall;
mod information;
mod latency;
mod llm_analysis;
mod megatron;
mod next_experiment;
mod published_hours;
mod sardana;
mod worked;

use crate::study::{Study, hold};

/// All of them, in the order of the page.
const STUDIES: [&Study; 9] = [
    &megatron::STUDY,
    &published_hours::STUDY,
    &llm_analysis::STUDY,
    &latency::STUDY,
    &worked::STUDY,
    &sardana::STUDY,
    &information::STUDY,
    &data_wall::STUDY,
    &next_experiment::STUDY,
];

const HEAD: &str = "# Costs and supply, recomputed\n\n\
    From the tests in `crates/plan/tests/it/published`, written and held in the same way. No number here is fitted: \
    each follows from shapes, data sheets and published inputs.\n\n";

#[test]
fn the_page_is_what_is_computed() {
    hold(HEAD, &STUDIES);
}
