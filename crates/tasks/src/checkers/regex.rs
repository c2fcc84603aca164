use std::sync::Arc;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::verdict::Verdict;

/// Bytes that a compiled expression takes at most.
const LARGEST: usize = 1 << 20;

/// Answers that one of the problem's regular expressions matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Regex {
    /// Whether the expression has to match all of the answer, not some of it.
    pub whole: bool,
    /// Whether capital and small letters are the same.
    pub ignore_case: bool,
}

impl Regex {
    pub(super) const ABOUT: &str =
        "one of the problem's answers, which are regular expressions, matches the text";
}

impl Checker for Regex {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        let compile = |pattern: &String| {
            let text = if self.whole {
                format!(r"\A(?:{pattern})\z")
            } else {
                pattern.clone()
            };
            let mut builder = RegexBuilder::new(&text);
            builder
                .case_insensitive(self.ignore_case)
                .size_limit(LARGEST)
                .dfa_size_limit(LARGEST);
            builder.build().map_err(|error| {
                let error = error.to_string();
                let rule = error.lines().last().unwrap_or_default().trim();
                Refusal::new(
                    "answer",
                    format!("`{pattern}` is no regular expression that can be used: {rule}; correct it"),
                )
            })
        };
        let patterns = asked.answers.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Arc::new(Patterns(patterns)))
    }

    fn answers_are_right(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Patterns(Vec<regex::Regex>);

impl Judge for Patterns {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        if answer.is_empty() {
            return Verdict::unparsable("the answer is empty");
        }
        Verdict::of(self.0.iter().any(|pattern| pattern.is_match(answer)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::verdict;
    use super::*;

    #[test]
    fn expressions_match_some_or_all_of_an_answer() {
        let some = json!({ "checker": "regex" });
        assert_eq!(verdict(some.clone(), &["b+", "x"], "abbc"), Verdict::Right);
        assert_eq!(verdict(some.clone(), &["^b+$"], "abbc"), Verdict::Wrong);
        assert!(matches!(verdict(some, &["b"], ""), Verdict::Unparsable(_)));
        let all = json!({ "checker": "regex", "whole": true, "ignore_case": true });
        assert_eq!(verdict(all.clone(), &["b+|c"], "BB"), Verdict::Right);
        assert_eq!(verdict(all, &["b+|c"], "bbc"), Verdict::Wrong);
    }
}
