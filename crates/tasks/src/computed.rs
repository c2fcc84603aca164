//! Questions whose answer and steps are computed one after the other, so that there is one of each.

use crate::problem::Question;
use crate::rational::Rational;
use crate::verdict::Verdict;

/// What ends a step.
pub const STEP: &str = ";";

/// A question with one answer, which stands after its steps.
#[derive(Debug)]
pub struct Computed {
    pub prompt: String,
    /// What the split of purposes goes by.
    pub identity: String,
    /// Steps before the answer, each with its mark; none where no scratchpad is asked for.
    pub steps: Option<String>,
    pub answer: String,
    /// What an answer is beside the right one.
    pub compare: fn(given: &str, right: &str) -> Verdict,
    /// What an answer is as all who mean it write it, beside the right one; `None` where it cannot be read.
    pub plain: fn(given: &str, right: &str) -> Option<String>,
}

impl Question for Computed {
    fn prompt(&self) -> String {
        self.prompt.clone()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn worked(&self) -> Option<String> {
        Some(format!(
            "{}{}",
            self.steps.as_deref().unwrap_or_default(),
            self.answer
        ))
    }

    fn check(&self, answer: &str) -> Verdict {
        let last = answer.rsplit(STEP).next().unwrap_or(answer);
        (self.compare)(last.trim(), &self.answer)
    }

    /// What cannot be read is itself.
    fn canonical(&self, answer: &str) -> Option<String> {
        let last = answer.rsplit(STEP).next().unwrap_or(answer).trim();
        let plain = || (self.plain)(last, &self.answer).unwrap_or_else(|| last.to_owned());
        (!last.is_empty()).then(plain)
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        let mut expected = whole_steps(self.steps.as_deref()?, STEP);
        let are_right = whole_steps(prefix, STEP).all(|step| expected.next() == Some(step));
        Some(f64::from(are_right))
    }
}

/// Steps, each with its mark.
pub fn ended(steps: impl IntoIterator<Item = String>) -> String {
    steps
        .into_iter()
        .flat_map(|step| [step, STEP.to_owned()])
        .collect()
}

/// The steps of a text that are ended, without spaces around them.
pub fn whole_steps<'t>(prefix: &'t str, mark: &str) -> impl Iterator<Item = &'t str> + use<'t> {
    let ended = prefix.rfind(mark).map(|end| &prefix[..end]);
    let mark = mark.to_owned();
    let mut left = ended;
    std::iter::from_fn(move || {
        let text = left?;
        let (step, rest) = match text.split_once(&mark) {
            Some((step, rest)) => (step, Some(rest)),
            None => (text, None),
        };
        left = rest;
        Some(step.trim())
    })
}

/// Answers that are numbers, however they are written.
pub fn numbers(given: &str, right: &str) -> Verdict {
    // A number of more digits than are read is one, and none that was asked for.
    let is_long = given.len() > 30 && given.bytes().all(|sign| sign.is_ascii_digit());
    match Rational::read(given) {
        Some(number) => Verdict::of(Some(number) == Rational::read(right)),
        None if is_long => Verdict::Wrong,
        None => Verdict::unparsable("the answer is no number"),
    }
}

/// A number as all write it.
pub fn plain_number(given: &str, _: &str) -> Option<String> {
    Rational::read(given).map(Rational::written)
}

/// A word without spaces.
pub fn plain_word(given: &str, _: &str) -> Option<String> {
    let word: String = given.chars().filter(|sign| !sign.is_whitespace()).collect();
    (!word.is_empty()).then_some(word)
}

/// Answers that are words over the signs of the right one's kind, spaces aside.
pub fn words(given: &str, right: &str, is_sign: fn(char) -> bool) -> Verdict {
    let mut signs = given.chars().filter(|sign| !sign.is_whitespace()).peekable();
    if signs.peek().is_none() || !signs.clone().all(is_sign) {
        return Verdict::unparsable("the answer has signs that no answer has, or none");
    }
    Verdict::of(signs.eq(right.chars().filter(|sign| !sign.is_whitespace())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_are_ended_are_looked_at() {
        let steps = |text| Vec::from_iter(whole_steps(text, ";"));
        assert_eq!(steps("a; b;c"), ["a", "b"]);
        assert_eq!(steps("a;b;"), ["a", "b"]);
        assert_eq!(steps(";"), [""]);
        assert!(steps("a").is_empty() && steps("").is_empty());
    }
}
