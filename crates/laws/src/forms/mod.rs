//! One file a form, one line a form in [`registry`].

mod chinchilla;

pub use chinchilla::{Allocation, Chinchilla, ChinchillaForm, FLOPS_PER_PARAM_TOKEN};

use crate::error::InputError;
use crate::form::{Column, LawForm, Scale};
use crate::observations::suggestion;

const PARAMS: Column = Column {
    name: "params",
    unit: "parameters",
    meaning: "model parameters N",
    scale: Scale::Log,
    size: true,
};
const TOKENS: Column = Column {
    name: "tokens",
    unit: "tokens",
    meaning: "training tokens D, repeats counted",
    scale: Scale::Log,
    size: true,
};
const LOSS: Column = Column {
    name: "loss",
    unit: "nats/token or bits/byte",
    meaning: "validation loss L",
    scale: Scale::Log,
    size: false,
};

/// All forms, in the order of the list that users see.
pub fn registry() -> &'static [&'static dyn LawForm] {
    &[&ChinchillaForm]
}

/// The form of that name.
///
/// # Errors
/// [`InputError::UnknownForm`], with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn LawForm, InputError> {
    registry()
        .iter()
        .copied()
        .find(|form| form.name() == name)
        .ok_or_else(|| InputError::UnknownForm {
            name: name.into(),
            available: registry()
                .iter()
                .map(|form| form.name())
                .collect::<Vec<_>>()
                .join(", "),
            hint: suggestion(name, registry().iter().map(|form| form.name())),
        })
}

/// Every combination of the values of some columns, as rows.
fn grid(columns: &[&[f64]]) -> Vec<Vec<f64>> {
    columns.iter().fold(vec![Vec::new()], |rows, values| {
        rows.iter()
            .flat_map(|row| {
                values
                    .iter()
                    .map(move |value| row.iter().copied().chain([*value]).collect())
            })
            .collect()
    })
}
