//! What the filters of some steps measure of one text.

use serde::Serialize;
use triaxis_filters::{Bound, Chain, Desk, Facts, FilterSpec};

use crate::CurationError;
use crate::steps::{StepSpec, Work};

/// A measured value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The step that measured it.
    pub by: String,
    /// What was measured.
    pub name: String,
    /// The value.
    pub value: f64,
    /// What it must be.
    pub bound: Bound,
}

/// The settings of those of some steps that are filters.
pub(crate) fn filters(steps: &[StepSpec]) -> Vec<FilterSpec> {
    let filters = steps.iter().filter_map(|step| match step.work() {
        Work::Filter(filter) => Some(filter.clone()),
        Work::Copies(_) => None,
    });
    filters.collect()
}

/// All that the filters of some steps measure of a text, each of which reads what those before it left.
pub(crate) fn measured(
    steps: &[StepSpec],
    text: &str,
    facts: &Facts<'_>,
) -> Result<Vec<Measured>, CurationError> {
    let chain = Chain::new(&filters(steps))?;
    let mut measured = Vec::new();
    chain.measure(text, facts, &mut Desk::new(), |place, _, room| {
        measured.extend(room.checks().iter().map(|check| Measured {
            by: chain.filters()[place].kind().to_owned(),
            name: check.name.to_owned(),
            value: check.value,
            bound: check.bound,
        }));
    });
    Ok(measured)
}
