use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::expression::{Fault, value};
use crate::rational::Rational;
use crate::verdict::Verdict;

/// Answers that make a number of others, which `metadata` holds as reasoning-gym exports them: `numbers` and `target`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Countdown {
    /// Whether every number has to be used, as reasoning-gym 0.1.25 asks and earlier versions do not.
    pub all: bool,
}

impl Countdown {
    pub(super) const ABOUT: &str = "an expression that makes `metadata.target` of `metadata.numbers`, each used at most \
        once or all of them, as of reasoning-gym's Countdown";

    /// What judges a problem of reasoning-gym's Countdown, by the rule that its prompt tells.
    pub(crate) fn fitting(asked: &Asked) -> Option<Self> {
        let says = |words: &str| asked.prompt.contains(words);
        let all = (says("all the numbers") || says("all of these numbers")) && !says("some or all");
        // Earlier exports do not say of which set they are.
        let set = asked.metadata.get("source_dataset");
        let is_countdown = set.is_none_or(|set| set == "countdown");
        (is_countdown && made(asked, all).is_some()).then_some(Self { all })
    }
}

/// What is to be made of a problem's numbers.
fn made(asked: &Asked, all: bool) -> Option<Made> {
    let whole = |value: &serde_json::Value| value.as_i64().map(|number| Rational::whole(i128::from(number)));
    let numbers = asked.metadata.get("numbers")?.as_array()?;
    Some(Made {
        all,
        numbers: numbers.iter().map(whole).collect::<Option<_>>()?,
        target: whole(asked.metadata.get("target")?)?,
    })
}

impl Checker for Countdown {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        let made = made(asked, self.all).ok_or_else(|| {
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
                        "`{answer}` does not make the target of the numbers, {}; correct it",
                        if self.all {
                            "all of them once"
                        } else {
                            "each at most once"
                        }
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
    all: bool,
    numbers: Vec<Rational>,
    target: Rational,
}

impl Judge for Made {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        let mut left = self.numbers.clone();
        match value(answer, &mut left) {
            Ok(made) => Verdict::of(made == self.target && (left.is_empty() || !self.all)),
            Err(Fault::Wrong) => Verdict::Wrong,
            Err(Fault::Unparsable(reason)) => Verdict::unparsable(reason),
        }
    }
}
