//! Settings that cannot be.

/// A setting that no filter can have, or a preset that there is not.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{name} = {value}: {rule}")]
pub struct Refused {
    /// Which setting, as `filter.setting`.
    pub name: String,
    /// What it was set to.
    pub value: String,
    /// What it must be, and what to do.
    pub rule: String,
}

impl Refused {
    pub(crate) fn new(name: impl Into<String>, value: impl ToString, rule: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.to_string(),
            rule: rule.into(),
        }
    }
}

/// Refuses a share outside 0 to 1.
pub(crate) fn share(filter: &str, name: &str, value: f64) -> Result<(), Refused> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Refused::new(
        format!("{filter}.{name}"),
        value,
        "a share is from 0 to 1; write 0.3 for 30%",
    ))
}

/// Refuses a number that is negative or no number.
pub(crate) fn amount(filter: &str, name: &str, value: f64) -> Result<(), Refused> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Refused::new(
        format!("{filter}.{name}"),
        value,
        "must be finite and not negative",
    ))
}

/// Refuses a least value above the most.
pub(crate) fn order(filter: &str, least: (&str, f64), most: (&str, f64)) -> Result<(), Refused> {
    if least.1 <= most.1 {
        return Ok(());
    }
    Err(Refused::new(
        format!("{filter}.{}", least.0),
        least.1,
        format!(
            "is above {} = {}, so that every document would go; lower it",
            most.0, most.1
        ),
    ))
}
