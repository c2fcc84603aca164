use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

/// Sums of numbers that are written from the last digit on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReversedAddition {}

impl ReversedAddition {
    pub(super) const ABOUT: &str = "sums of two numbers with all digits written from the last on, so that each digit of \
        the answer hangs on two others and a carry (Lee et al. 2023, arXiv 2307.03381)";
}

impl Generator for ReversedAddition {
    fn dial(&self) -> &'static str {
        "digits of each number"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        2..=32
    }

    fn instructions(&self) -> String {
        "Add the numbers. All are written from the last digit to the first, and so is the sum. Write it and end the line."
            .to_owned()
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let mut digits = || (0..level).map(|_| stream.below(10) as u8).collect();
        Arc::new(Sum([digits(), digits()]))
    }
}

/// Digits from the last on.
#[derive(Debug)]
struct Sum([Vec<u8>; 2]);

impl Sum {
    /// Digits of the sum, of which the last one may be zero.
    fn digits(&self) -> Vec<u8> {
        let mut carry = 0;
        let columns = self.0[0].iter().zip(&self.0[1]).map(|(one, other)| {
            let sum = one + other + carry;
            carry = sum / 10;
            sum % 10
        });
        let mut digits: Vec<u8> = columns.collect();
        digits.push(carry);
        digits
    }
}

fn written(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

impl Question for Sum {
    fn prompt(&self) -> String {
        format!("{}+{}=", written(&self.0[0]), written(&self.0[1]))
    }

    fn identity(&self) -> String {
        let mut numbers = self.0.clone();
        numbers.sort_unstable();
        format!("{numbers:?}")
    }

    /// All answers of a level are equally long, so that no length has to be guessed.
    fn worked(&self) -> Option<String> {
        Some(written(&self.digits()))
    }

    fn check(&self, answer: &str) -> Verdict {
        let answer = answer.trim();
        if answer.is_empty() || !answer.bytes().all(|sign| sign.is_ascii_digit()) {
            return Verdict::unparsable("the answer is no row of digits");
        }
        // Zeros at the end are those before a number that is written from the first digit on.
        let right = written(&self.digits());
        Verdict::of(answer.trim_end_matches('0') == right.trim_end_matches('0'))
    }

    /// Zeros at the end are none of the number's.
    fn canonical(&self, answer: &str) -> Option<String> {
        let answer = answer.trim();
        let is_number = answer.bytes().all(|sign| sign.is_ascii_digit());
        let digits = if is_number {
            answer.trim_end_matches('0')
        } else {
            answer
        };
        (!answer.is_empty()).then(|| if digits.is_empty() { "0" } else { digits }.to_owned())
    }

    /// Each digit is a step.
    fn partial(&self, prefix: &str) -> Option<f64> {
        let right = written(&self.digits());
        Some(f64::from(right.starts_with(prefix.trim())))
    }
}
