//! Rules that many fields share.

use crate::{PlanError, Uncertain};

/// How many times better or worse a text or an arm is at the most.
const MOST_WORTH: f64 = 1000.0;
/// Log odds by which queries are easier or harder at the most.
const MOST_ODDS: f64 = 20.0;

pub(super) fn refuse<T>(why: String) -> Result<T, PlanError> {
    Err(PlanError(why))
}

pub(super) fn positive(field: &str, value: f64) -> Result<(), PlanError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    refuse(format!("{field} is {value}: it must be above 0 and finite"))
}

/// Refuses what may be more than `largest`, where nothing can be said any more, or less than nothing.
pub(super) fn most(field: &str, value: &Uncertain<f64>, largest: f64, what: &str) -> Result<(), PlanError> {
    match [value.low(), value.high()]
        .into_iter()
        .find(|end| !(0.0..=largest).contains(end))
    {
        Some(end) => refuse(format!(
            "{field} may be {end}: it must be from 0 to {largest}, {what}"
        )),
        None => Ok(()),
    }
}

/// A sum of shares as it is told: without the digits that adding up leaves.
pub(super) fn sum(shares: f64) -> f64 {
    (shares * 1e6).round() / 1e6
}

pub(super) fn odds(field: &str, value: f64) -> Result<(), PlanError> {
    if value.abs() <= MOST_ODDS {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it is added to log odds, and must be from -{MOST_ODDS} to {MOST_ODDS}; 2.2 brings one right of \
         two to nine of ten"
    ))
}

pub(super) fn worth(field: &str, value: f64) -> Result<(), PlanError> {
    if (1.0 / MOST_WORTH..=MOST_WORTH).contains(&value) {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it is how many times as much it is worth, and must be from {} to {MOST_WORTH}; measure it with \
         two arms of a study",
        1.0 / MOST_WORTH
    ))
}

pub(super) fn epochs(field: &str, value: f64) -> Result<(), PlanError> {
    if value >= 1.0 {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it must be at least 1; name fewer texts instead"
    ))
}

pub(super) fn distinct<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<(), PlanError> {
    let mut seen = Vec::new();
    for name in names {
        if name.trim().is_empty() {
            return refuse(format!("an entry of {list} has an empty name: name it"));
        }
        if seen.contains(&name) {
            return refuse(format!(
                "two entries of {list} are called `{name}`: each needs a name of its own"
            ));
        }
        seen.push(name);
    }
    Ok(())
}
