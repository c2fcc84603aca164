use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::verdict::Verdict;

/// Answers that are one of the problem's to the letter, but for spaces around them and how many there are between words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exact {
    /// Whether capital and small letters are the same.
    pub ignore_case: bool,
    /// Whether the last line that is not empty is the answer, not all of the text.
    pub last_line: bool,
}

impl Exact {
    pub(super) const ABOUT: &str = "the answer is one of the problem's to the letter, spaces aside";

    /// What of a text is the answer.
    fn said<'t>(&self, text: &'t str) -> &'t str {
        match self.last_line {
            true => text.lines().last().unwrap_or_default(),
            false => text,
        }
    }

    fn spaced(&self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        if self.ignore_case {
            text.to_lowercase()
        } else {
            text
        }
    }
}

impl Checker for Exact {
    fn prepare(&self, _: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        Ok(Arc::new(self.clone()))
    }
}

impl Judge for Exact {
    fn check(&self, asked: &Asked, answer: &str) -> Verdict {
        let answer = self.said(answer);
        if answer.trim().is_empty() {
            return Verdict::unparsable("the answer is empty");
        }
        let answer = self.spaced(answer);
        Verdict::of(asked.answers.iter().any(|right| self.spaced(right) == answer))
    }

    fn plain(&self, answer: &str) -> Option<String> {
        Some(self.spaced(self.said(answer))).filter(|plain| !plain.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::verdict;
    use super::*;

    #[test]
    fn letters_count_and_spaces_do_not() {
        let exact = json!({ "checker": "exact" });
        assert_eq!(
            verdict(exact.clone(), &["New York", "NYC"], " New  York\n"),
            Verdict::Right
        );
        assert_eq!(
            verdict(exact.clone(), &["New York", "NYC"], "NYC"),
            Verdict::Right
        );
        assert_eq!(verdict(exact.clone(), &["New York"], "new york"), Verdict::Wrong);
        assert!(matches!(
            verdict(exact, &["New York"], " "),
            Verdict::Unparsable(_)
        ));
        let loose = json!({ "checker": "exact", "ignore_case": true, "last_line": true });
        assert_eq!(
            verdict(loose, &["New York"], "Let me think.\nnew york"),
            Verdict::Right
        );
    }
}
