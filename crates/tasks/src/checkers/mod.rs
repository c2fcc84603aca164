//! The registry of checkers of users' problems, and one file for each.

mod choice;
mod command;
mod contains;
mod countdown;
mod exact;
mod number;
mod regex;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::problem::Question;
use crate::verdict::Verdict;

pub use self::regex::Regex;
pub use choice::Choice;
pub use command::Command;
pub use contains::Contains;
pub use countdown::Countdown;
pub use exact::Exact;
pub use number::Number;

triaxis_names::registry! {
    /// A checker of users' problems with its settings; `checker` chooses which.
    ///
    /// Where a text says `<answer>...</answer>`, the last of them is the answer; else all of it is.
    pub enum CheckerSpec by "checker" as checker: Checker {
        Exact = "exact",
        Number = "number",
        Choice = "choice",
        Regex = "regex",
        Contains = "contains",
        Countdown = "countdown",
        Command = "command",
    }
}

/// What a problem of a user's says.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub id: String,
    pub prompt: String,
    pub answers: Vec<String>,
    pub metadata: Value,
}

/// Why a problem cannot be checked: which field says what it may not, and what to do.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub field: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// What a line of the registry does.
pub(crate) trait Checker {
    /// What judges answers to a problem.
    ///
    /// # Errors
    /// Where the problem's own answers are none that it could judge.
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal>;

    /// Whether a problem must have answers.
    fn needs_answers(&self) -> bool {
        true
    }

    /// Whether the first of the problem's answers answers it.
    fn answers_are_right(&self) -> bool {
        true
    }
}

/// What judges answers to one problem.
pub(crate) trait Judge: fmt::Debug + Send + Sync {
    fn check(&self, asked: &Asked, answer: &str) -> Verdict;

    /// An answer as all who mean it write it; `None` where it cannot be read.
    fn plain(&self, _answer: &str) -> Option<String> {
        None
    }
}

impl CheckerSpec {
    /// Whether it runs a program of the user's.
    pub fn is_command(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    /// The question of a problem.
    pub(crate) fn question(&self, asked: Asked) -> Result<Arc<dyn Question>, Refusal> {
        let checker = self.checker();
        if asked.answers.is_empty() && checker.needs_answers() {
            return Err(Refusal::new(
                "answer",
                "a problem needs an answer, and this one has none; give `answer` or `answers`",
            ));
        }
        let judge = checker.prepare(&asked)?;
        Ok(Arc::new(Judged {
            is_worked: checker.answers_are_right(),
            asked,
            judge,
        }))
    }
}

#[derive(Debug)]
struct Judged {
    asked: Asked,
    judge: Arc<dyn Judge>,
    is_worked: bool,
}

impl Question for Judged {
    fn prompt(&self) -> String {
        self.asked.prompt.clone()
    }

    fn worked(&self) -> Option<String> {
        self.asked.answers.first().filter(|_| self.is_worked).cloned()
    }

    fn check(&self, answer: &str) -> Verdict {
        self.judge.check(&self.asked, tagged(answer).trim())
    }

    /// What the checker cannot read is itself.
    fn canonical(&self, answer: &str) -> Option<String> {
        let answer = tagged(answer).trim();
        let plain = || self.judge.plain(answer).unwrap_or_else(|| answer.to_owned());
        (!answer.is_empty()).then(plain)
    }
}

/// What stands in the last `<answer>...</answer>` of a text; all of it where there is none.
fn tagged(text: &str) -> &str {
    let inner = text
        .rsplit_once("</answer>")
        .and_then(|(before, _)| before.rsplit_once("<answer>"));
    inner.map_or(text, |(_, inner)| inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a checker of those settings says of an answer to a problem with these.
    pub fn verdict(settings: Value, answers: &[&str], given: &str) -> Verdict {
        let spec: CheckerSpec = serde_json::from_value(settings).unwrap();
        let asked = Asked {
            id: "1".to_owned(),
            prompt: "?".to_owned(),
            answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
            metadata: Value::Null,
        };
        spec.question(asked).unwrap().check(given)
    }

    #[test]
    fn the_last_tagged_answer_counts() {
        for (text, inner) in [
            ("a", "a"),
            ("<answer>a</answer> b", "a"),
            ("<answer>a</answer><answer>b</answer>", "b"),
            ("<answer>a", "<answer>a"),
            ("a</answer>", "a</answer>"),
        ] {
            assert_eq!(tagged(text), inner);
        }
        let exact = json!({ "checker": "exact" });
        assert!(verdict(exact, &["b"], "think a <answer> b </answer>.").is_right());
    }
}
