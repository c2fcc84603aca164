use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::verdict::Verdict;

/// Answers that have one of the problem's in them, or all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contains {
    /// Whether all of the problem's answers have to be in it, not one.
    pub all: bool,
    /// Whether capital and small letters are the same.
    pub ignore_case: bool,
}

impl Contains {
    pub(super) const ABOUT: &str = "one of the problem's answers, or all of them, is in the text";

    fn plain(&self, text: &str) -> String {
        if self.ignore_case {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    }
}

impl Checker for Contains {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        if asked.answers.iter().any(String::is_empty) {
            return Err(Refusal::new(
                "answer",
                "an empty answer is in every text; give what the checker `contains` is to look for",
            ));
        }
        let plain = asked.answers.iter().map(|answer| self.plain(answer));
        Ok(Arc::new(Parts {
            settings: self.clone(),
            parts: plain.collect(),
        }))
    }

    fn answers_are_right(&self) -> bool {
        !self.all
    }
}

#[derive(Debug)]
struct Parts {
    settings: Contains,
    parts: Vec<String>,
}

impl Judge for Parts {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        if answer.is_empty() {
            return Verdict::unparsable("the answer is empty");
        }
        let answer = self.settings.plain(answer);
        let mut parts = self.parts.iter();
        let is_in = |part: &String| answer.contains(part);
        Verdict::of(if self.settings.all {
            parts.all(is_in)
        } else {
            parts.any(is_in)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::verdict;
    use super::*;

    #[test]
    fn one_or_all_answers_are_looked_for() {
        let one = json!({ "checker": "contains" });
        assert_eq!(
            verdict(one.clone(), &["Paris", "Lyon"], "It is Lyon."),
            Verdict::Right
        );
        assert_eq!(verdict(one.clone(), &["Paris"], "It is paris."), Verdict::Wrong);
        assert!(matches!(verdict(one, &["Paris"], ""), Verdict::Unparsable(_)));
        let all = json!({ "checker": "contains", "all": true, "ignore_case": true });
        assert_eq!(
            verdict(all.clone(), &["Paris", "Lyon"], "paris, lyon"),
            Verdict::Right
        );
        assert_eq!(verdict(all, &["Paris", "Lyon"], "Paris"), Verdict::Wrong);
    }
}
