use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::verdict::Verdict;

/// Where a letter is said to be the answer, surest first: all of the text, after "answer", in parentheses, before other
/// words, anywhere by itself. Of each the last counts.
static PLACES: LazyLock<[regex::Regex; 5]> = LazyLock::new(|| {
    [
        r"^\s*\W?([A-Za-z])\W?\s*$",
        r"(?i:\banswer\b)(?i:\s+is)?[\s:*]*[(\[{]?([A-Z])\b",
        r"[(\[{]([A-Z])[)\]}]",
        r"^\s*([A-Z])[.):]",
        r"(?:^|[^\w'])([B-HJ-Z])(?:$|[^\w'])",
    ]
    .map(|pattern| regex::Regex::new(pattern).expect("the pattern is one, as any test of choices shows"))
});

/// Answers that are a letter, from A to Z.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {}

impl Choice {
    pub(super) const ABOUT: &str = "the letter that the text chooses, from A to Z: alone, after `answer`, in parentheses, or \
        the last that stands by itself";
}

/// The letter that a text chooses.
fn chosen(text: &str) -> Option<char> {
    let last = |place: &regex::Regex| place.captures_iter(text).last().map(|found| found[1].to_owned());
    let letter = PLACES.iter().find_map(last)?;
    letter.chars().next().map(|letter| letter.to_ascii_uppercase())
}

impl Checker for Choice {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        let read = |answer: &String| {
            chosen(answer).ok_or_else(|| {
                Refusal::new(
                    "answer",
                    format!(
                        "`{answer}` is no letter from A to Z, which the checker `choice` needs; give one"
                    ),
                )
            })
        };
        let letters = asked.answers.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Arc::new(Letters(letters)))
    }
}

#[derive(Debug)]
struct Letters(Vec<char>);

impl Judge for Letters {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        match chosen(answer) {
            Some(letter) => Verdict::of(self.0.contains(&letter)),
            None => Verdict::unparsable("the answer chooses no letter"),
        }
    }

    fn plain(&self, answer: &str) -> Option<String> {
        chosen(answer).map(String::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::verdict;
    use super::*;

    #[test]
    fn letters_are_found_where_people_put_them() {
        for (text, letter) in [
            ("B", 'B'),
            (" (c) ", 'C'),
            ("D.", 'D'),
            ("The answer is B, not C.", 'B'),
            ("Answer: **E**", 'E'),
            ("A is wrong. I choose (B)", 'B'),
            ("B) because it rains", 'B'),
            ("I think it is a D", 'D'),
        ] {
            assert_eq!(chosen(text), Some(letter), "{text}");
        }
        for text in ["", "none of them", "A man and I", "?", "12"] {
            assert_eq!(chosen(text), None, "{text}");
        }
        let choice = json!({ "checker": "choice" });
        assert_eq!(verdict(choice.clone(), &["B"], "(B)"), Verdict::Right);
        assert_eq!(verdict(choice.clone(), &["B"], "(A)"), Verdict::Wrong);
        assert!(matches!(
            verdict(choice, &["B"], "no idea"),
            Verdict::Unparsable(_)
        ));
    }
}
