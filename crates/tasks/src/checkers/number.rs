use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::{Asked, Checker, Judge, Refusal};
use crate::rational::Rational;
use crate::verdict::Verdict;

/// A number in a text: digits with commas between thousands or without, a part after a point, an exponent, the same over
/// another, and a percent sign.
static NUMBER: LazyLock<regex::Regex> = LazyLock::new(|| {
    let decimal = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?";
    let pattern = format!(
        r"(?P<sign>[-+\u{{2212}}]?)(?P<above>{decimal})(?:\s*/\s*(?P<below>{decimal}))?(?P<percent>\s*%)?"
    );
    regex::Regex::new(&pattern).expect("the pattern is one, as any test of numbers shows")
});

/// Answers whose last number is one of the problem's, or near it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Number {
    /// How far from the problem's answer it may be.
    pub absolute: f64,
    /// How far, as a share of the problem's answer.
    pub relative: f64,
}

impl Number {
    pub(super) const ABOUT: &str = "the last number of the text is the problem's, exactly or within a tolerance: decimals, \
        fractions, percents, with commas between thousands or without";
}

/// The last number of a text, in exact arithmetic.
fn last_number(text: &str) -> Option<Rational> {
    let found = NUMBER.captures_iter(text).last()?;
    let begin = found.get(0)?.start();
    // After a letter or a digit a sign is an operator, or a dash.
    let is_joined = text[..begin].ends_with(|sign: char| sign.is_alphanumeric() || sign == ')');
    let mut number = Rational::read(found.name("above")?.as_str())?;
    if let Some(below) = found.name("below") {
        number = number.over(Rational::read(below.as_str())?)?;
    }
    if found.name("percent").is_some() {
        number = number.over(Rational::whole(100))?;
    }
    let is_negative = matches!(&found["sign"], "-" | "\u{2212}") && !is_joined;
    if is_negative {
        Rational::whole(0).minus(number)
    } else {
        Some(number)
    }
}

impl Checker for Number {
    fn prepare(&self, asked: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        for (name, tolerance) in [("absolute", self.absolute), ("relative", self.relative)] {
            if !(tolerance >= 0.0 && tolerance.is_finite()) {
                return Err(Refusal::new(
                    "checker",
                    format!(
                        "`{name} = {tolerance}`: a tolerance is zero or a number above it; choose one, or leave it out"
                    ),
                ));
            }
        }
        let read = |answer: &String| {
            last_number(answer).ok_or_else(|| {
                Refusal::new(
                    "answer",
                    format!("`{answer}` has no number that can be read, which the checker `number` needs; give one"),
                )
            })
        };
        let numbers = asked.answers.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Arc::new(Near {
            numbers,
            settings: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct Near {
    numbers: Vec<Rational>,
    settings: Number,
}

impl Judge for Near {
    fn check(&self, _: &Asked, answer: &str) -> Verdict {
        let Some(given) = last_number(answer) else {
            return Verdict::unparsable("the answer has no number that can be read");
        };
        let is_near = |right: &Rational| {
            let (value, right) = (given.to_f64(), right.to_f64());
            (value - right).abs() <= self.settings.absolute.max(self.settings.relative * right.abs())
        };
        let has_tolerance = self.settings.absolute > 0.0 || self.settings.relative > 0.0;
        let is_right = |right: &Rational| given == *right || (has_tolerance && is_near(right));
        Verdict::of(self.numbers.iter().any(is_right))
    }

    fn plain(&self, answer: &str) -> Option<String> {
        last_number(answer).map(Rational::written)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::verdict;
    use super::*;

    #[test]
    fn the_last_number_is_read_as_people_write_it() {
        for (text, numerator, denominator) in [
            ("It is 42.", 42, 1),
            ("First 3, then $1,234.50!", 2469, 2),
            ("x = -7", -7, 1),
            ("10-4", 4, 1),
            ("12 %", 3, 25),
            ("so 3 / 4", 3, 4),
            ("= \u{2212}1/2", -1, 2),
            ("6.02e2", 602, 1),
            ("1, 2, 3", 3, 1),
            ("\\boxed{.5}", 1, 2),
        ] {
            assert_eq!(last_number(text), Rational::new(numerator, denominator), "{text}");
        }
        for text in ["", "none", "1/0", "-", &"9".repeat(1 << 20)] {
            assert_eq!(last_number(text), None);
        }
    }

    #[test]
    fn tolerances_are_kept() {
        let exact = json!({ "checker": "number" });
        assert_eq!(verdict(exact.clone(), &["1/3"], "0.333333"), Verdict::Wrong);
        assert_eq!(verdict(exact.clone(), &["0.5", "7"], "50%"), Verdict::Right);
        assert!(matches!(verdict(exact, &["0.5"], "half"), Verdict::Unparsable(_)));
        let near = json!({ "checker": "number", "relative": 1e-3 });
        assert_eq!(verdict(near.clone(), &["1/3"], "0.3334"), Verdict::Right);
        assert_eq!(verdict(near, &["1/3"], "0.334"), Verdict::Wrong);
        let near = json!({ "checker": "number", "absolute": 0.01 });
        assert_eq!(verdict(near, &["1/3"], "0.34"), Verdict::Right);
    }
}
