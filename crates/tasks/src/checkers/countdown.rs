use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::expression::{Fault, value};
use crate::rational::Rational;
use crate::verdict::Verdict;

/// Answers that make a number of others, which `metadata` holds as reasoning-gym exports them: `numbers` and `target`.
/// Unlike there, a number counts as often as it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Countdown {}

impl Countdown {
    pub(super) const ABOUT: &str = "an expression that makes `metadata.target` of `metadata.numbers`, each used at most \
        once, as of reasoning-gym's Countdown";

    /// Whether a problem's metadata has what it needs.
    pub(crate) fn fits(asked: &Asked) -> bool {
        numbers(asked).is_some()
    }
}

/// The numbers of a problem, and what is to be made of them.
fn numbers(asked: &Asked) -> Option<Made> {
    let whole = |value: &serde_json::Value| value.as_i64().map(|number| Rational::whole(i128::from(number)));
    let numbers = asked.metadata.get("numbers")?.as_array()?;
    Some(Made {
        numbers: numbers.iter().map(whole).collect::<Option<_>>()?,
        target: whole(asked.metadata.get("target")?)?,
    })
}

impl Checker for Countdown {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        let made = numbers(asked).ok_or_else(|| {
            Refusal::new(
                "metadata",
                "the checker `countdown` needs whole `numbers` and a whole `target`; give both, or choose another checker",
            )
        })?;
        for answer in &asked.answers {
            if !made.check(asked, answer).is_right() {
                return Err(Refusal::new(
                    "answer",
                    format!(
                        "`{answer}` does not make the target of the numbers, each used at most once; correct it"
                    ),
                ));
            }
        }
        Ok(Arc::new(made))
    }

    fn needs_answers(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Made {
    numbers: Vec<Rational>,
    target: Rational,
}

impl Judge for Made {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        match value(answer, &mut self.numbers.clone()) {
            Ok(made) => Verdict::of(made == self.target),
            Err(Fault::Wrong) => Verdict::Wrong,
            Err(Fault::Unparsable(reason)) => Verdict::unparsable(reason),
        }
    }
}
