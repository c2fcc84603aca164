use std::fmt::Display;

use thiserror::Error;

/// Why a model could not be described, built, or filled with weights: always what was asked of it, as a message that
/// names the value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}")]
pub struct ModelError(pub(crate) String);

/// A rule on one field of a configuration.
pub(crate) fn rule(
    holds: bool,
    field: &'static str,
    value: impl Display,
    rule: impl Display,
    remedy: impl Display,
) -> Result<(), ModelError> {
    if holds {
        return Ok(());
    }
    Err(ModelError(format!("`{field} = {value}`: {rule}; {remedy}")))
}

/// The rule that a field, if it is given, is a number above 0 that `f32` has.
pub(crate) fn positive(field: &'static str, value: Option<f64>, remedy: &str) -> Result<(), ModelError> {
    let value = value.unwrap_or(1.0);
    rule(
        value > 0.0 && (value as f32).is_normal(),
        field,
        value,
        "must be a finite number above 0",
        remedy,
    )
}

/// The rule that a field lies in a range.
pub(crate) fn within(field: &'static str, value: usize, least: usize, most: usize) -> Result<(), ModelError> {
    rule(
        (least..=most).contains(&value),
        field,
        value,
        "is outside what is built",
        format!("choose from {least} to {most}"),
    )
}
