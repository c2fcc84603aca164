use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{STEP, whole_steps};
use crate::expression::{Fault, apply, value};
use crate::generator::Generator;
use crate::problem::Question;
use crate::rational::Rational;
use crate::verdict::Verdict;

/// Results of operations up to this are drawn.
const LARGEST: i128 = 999;
/// Numbers are drawn up to this.
const NUMBERS: usize = 25;

/// A number to be reached from others, each of which may be used once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Countdown {
    /// Whether worked answers go an operation at a time, or are one expression. Both are right wherever they are.
    pub scratchpad: bool,
}

impl Default for Countdown {
    fn default() -> Self {
        Self { scratchpad: true }
    }
}

impl Countdown {
    pub(super) const ABOUT: &str = "Countdown: a number to be made of others by + - * /, each at most once (Gandhi et al. \
        2024, Stream of Search, arXiv 2404.03683)";
}

impl Generator for Countdown {
    fn dial(&self) -> &'static str {
        "numbers that are given"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        2..=6
    }

    fn instructions(&self) -> String {
        let asked = "Make the number after `>` of the numbers before it by + - * /, each used at most once. ";
        let answer = if self.scratchpad {
            "Write steps such as `2*3=6`, with `;` between them, each of numbers that are given or made; every result is \
             whole, and the last is the number asked for. End the line."
        } else {
            "Write one expression and end the line."
        };
        format!("{asked}{answer}")
    }

    fn step(&self) -> Option<&'static str> {
        self.scratchpad.then_some(STEP)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        loop {
            let numbers: Vec<i128> = (0..level).map(|_| 1 + stream.below(NUMBERS) as i128).collect();
            let (steps, expression, target) = made(&numbers, stream);
            // Of no use where nothing was to be made.
            if !numbers.contains(&target) {
                let worked = if self.scratchpad {
                    steps.join(STEP)
                } else {
                    expression
                };
                return Arc::new(Numbers {
                    numbers,
                    target,
                    worked,
                    has_steps: self.scratchpad,
                });
            }
        }
    }
}

/// Numbers put together two at a time until one is left: the steps, the same as one expression, and what it makes.
fn made(numbers: &[i128], stream: &mut Stream) -> (Vec<String>, String, i128) {
    let mut pool: Vec<(i128, String)> = numbers
        .iter()
        .map(|number| (*number, number.to_string()))
        .collect();
    let mut steps = Vec::new();
    while pool.len() > 1 {
        stream.shuffle(&mut pool);
        let (Some(one), Some(other)) = (pool.pop(), pool.pop()) else {
            break;
        };
        let (large, small) = if one.0 >= other.0 {
            (one, other)
        } else {
            (other, one)
        };
        let (a, b) = (large.0, small.0);
        let choices = [
            Some(('+', a + b)),
            (a > b).then(|| ('-', a - b)),
            (b > 1).then(|| ('*', a * b)),
            (b > 1 && a % b == 0).then(|| ('/', a / b)),
        ];
        let choices: Vec<(char, i128)> = choices
            .into_iter()
            .flatten()
            .filter(|choice| choice.1 <= LARGEST)
            .collect();
        // Never empty: unequal numbers have a difference, equal ones a quotient or, of ones, a sum.
        let (sign, result) = choices[stream.below(choices.len())];
        steps.push(format!("{a}{sign}{b}={result}"));
        pool.push((result, format!("({}{sign}{})", large.1, small.1)));
    }
    let (target, expression) = pool.pop().unwrap_or_default();
    let bare = expression
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    (steps, bare.unwrap_or(&expression).to_owned(), target)
}

#[derive(Debug)]
struct Numbers {
    numbers: Vec<i128>,
    target: i128,
    worked: String,
    has_steps: bool,
}

impl Numbers {
    fn pool(&self) -> Vec<Rational> {
        self.numbers.iter().copied().map(Rational::whole).collect()
    }

    /// Does steps one after the other: what is left of the pool, with the result of the last, which is given back too.
    fn follow<'t>(
        &self,
        steps: impl Iterator<Item = &'t str>,
    ) -> Result<(Vec<Rational>, Option<Rational>), Fault> {
        let (mut pool, mut last) = (self.pool(), None);
        for step in steps {
            let (made, said) = match step.split_once('=') {
                Some((made, said)) => (made, Some(said)),
                None => (step, None),
            };
            let result = value(made, &mut pool)?;
            if let Some(said) = said {
                let said = Rational::read(said).ok_or(Fault::Unparsable("what follows `=` is no number"))?;
                if said != result {
                    return Err(Fault::Wrong);
                }
            }
            pool.push(result);
            last = Some(result);
        }
        Ok((pool, last))
    }
}

impl Question for Numbers {
    fn prompt(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        format!("{}>{}:", numbers.join(" "), self.target)
    }

    fn identity(&self) -> String {
        let mut sorted = self.numbers.clone();
        sorted.sort_unstable();
        format!("{sorted:?}>{}", self.target)
    }

    fn worked(&self) -> Option<String> {
        Some(self.worked.clone())
    }

    fn check(&self, answer: &str) -> Verdict {
        let answer = answer.trim();
        let steps = answer.strip_suffix(STEP).unwrap_or(answer).split(STEP);
        match self.follow(steps) {
            Ok((_, last)) => Verdict::of(last == Some(Rational::whole(self.target))),
            Err(Fault::Wrong) => Verdict::Wrong,
            Err(Fault::Unparsable(reason)) => Verdict::unparsable(reason),
        }
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        if !self.has_steps {
            return None;
        }
        let mut steps = whole_steps(prefix, STEP).peekable();
        // Every problem was made by a solution.
        if steps.peek().is_none() {
            return Some(1.0);
        }
        let can_be_made = self
            .follow(steps)
            .is_ok_and(|(pool, _)| reaches(pool, Rational::whole(self.target), &mut HashSet::new()));
        Some(f64::from(can_be_made))
    }
}

/// Whether a number is in the pool or can be made of its numbers, each used at most once.
fn reaches(mut pool: Vec<Rational>, target: Rational, seen: &mut HashSet<Vec<Rational>>) -> bool {
    if pool.contains(&target) {
        return true;
    }
    pool.sort_unstable();
    if pool.len() < 2 || !seen.insert(pool.clone()) {
        return false;
    }
    let pairs = (0..pool.len()).flat_map(|one| (0..pool.len()).map(move |other| (one, other)));
    for (one, other) in pairs.filter(|(one, other)| one != other) {
        let rest = pool
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != one && *place != other);
        let rest: Vec<Rational> = rest.map(|(_, number)| *number).collect();
        for operator in ['+', '-', '*', '/'] {
            if one > other && matches!(operator, '+' | '*') {
                continue;
            }
            if let Some(made) = apply(operator, pool[one], pool[other]) {
                let next = [rest.as_slice(), &[made]].concat();
                if reaches(next, target, seen) {
                    return true;
                }
            }
        }
    }
    false
}
