use serde::{Deserialize, Serialize};

/// What a checker says of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It answers the problem, as the worked answer or in another way.
    Right,
    /// It can be read, and does not answer the problem.
    Wrong,
    /// It cannot be read as an answer, for that reason; counted apart from wrong ones.
    Unparsable(String),
    /// The checker itself crashed or never ended, for that reason; says nothing of the answer.
    Failed(String),
}

impl Verdict {
    /// Whether the answer is right.
    pub fn is_right(&self) -> bool {
        *self == Self::Right
    }

    pub(crate) fn of(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }

    pub(crate) fn unparsable(reason: impl Into<String>) -> Self {
        Self::Unparsable(reason.into())
    }
}
