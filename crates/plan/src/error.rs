use thiserror::Error;
use triaxis_names::nearest;

/// Why no plan can be made: what was given, the rule, and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}")]
pub struct PlanError(pub(crate) String);

impl PlanError {
    /// A quantity that must be above zero is not.
    pub(crate) fn not_positive(field: &str, value: f64, remedy: &str) -> Self {
        Self(format!(
            "{field} is {value}: it must be above 0 and finite; {remedy}"
        ))
    }

    /// A share is outside 0 to 1.
    pub(crate) fn not_a_share(field: &str, value: f64, rule: &str) -> Self {
        Self(format!("{field} is {value}: it must be above 0 and {rule}"))
    }

    /// A name is not among those known.
    pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let meant = nearest(name, known.clone());
        let meant = meant.map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"));
        let known = known.collect::<Vec<_>>().join(", ");
        Self(format!("unknown {what} `{name}`{meant}; known: {known}"))
    }

    /// The constants of a law cannot be planned with.
    pub(crate) fn unusable(law: &str, reason: &str) -> Self {
        Self(format!(
            "the law `{law}` cannot be planned with: {reason}; fit again with more or wider spread runs, or plan with \
             published constants"
        ))
    }
}
