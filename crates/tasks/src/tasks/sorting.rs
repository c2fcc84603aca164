use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::whole_steps;
use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

/// What parts numbers, and ends a step.
const SPACE: &str = " ";

/// Numbers to be put in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sorting {}

impl Sorting {
    pub(super) const ABOUT: &str = "numbers below a hundred, of which one may come again, to be put in order, the smallest \
        first; each number is a step";
}

impl Generator for Sorting {
    fn dial(&self) -> &'static str {
        "numbers to be sorted"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        2..=32
    }

    fn instructions(&self) -> String {
        "Write the numbers with spaces between them, the smallest first, each as often as it is given, and end the line."
            .to_owned()
    }

    fn step(&self) -> Option<&'static str> {
        Some(SPACE)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        Arc::new(Numbers((0..level).map(|_| stream.below(100) as u32).collect()))
    }
}

#[derive(Debug)]
struct Numbers(Vec<u32>);

impl Numbers {
    fn sorted(&self) -> Vec<u32> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }
}

fn written(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(SPACE)
}

impl Question for Numbers {
    fn prompt(&self) -> String {
        format!("sort {}:", written(&self.0))
    }

    fn identity(&self) -> String {
        written(&self.sorted())
    }

    fn worked(&self) -> Option<String> {
        Some(written(&self.sorted()))
    }

    fn check(&self, answer: &str) -> Verdict {
        let is_between = |sign: char| sign.is_whitespace() || sign == ',';
        let mut given = answer
            .split(is_between)
            .filter(|number| !number.is_empty())
            .peekable();
        if given.peek().is_none() {
            return Verdict::unparsable("the answer has no number");
        }
        let mut right = self.sorted().into_iter();
        let mut is_right = true;
        for number in given {
            if !number.bytes().all(|sign| sign.is_ascii_digit()) {
                return Verdict::unparsable("the answer has a word that is no number");
            }
            is_right &= right.next().is_some_and(|right| number.parse() == Ok(right));
        }
        Verdict::of(is_right && right.next().is_none())
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        let mut right = self.sorted().into_iter();
        let mut given = whole_steps(prefix, SPACE).filter(|number| !number.is_empty());
        let are_right = given.all(|number| right.next().is_some_and(|right| number.parse() == Ok(right)));
        Some(f64::from(are_right))
    }
}
