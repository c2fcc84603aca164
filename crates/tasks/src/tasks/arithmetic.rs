use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{Computed, STEP, ended, numbers, plain_number};
use crate::error::TaskError;
use crate::generator::Generator;
use crate::problem::Question;

/// Sums, differences and products of numbers of several digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arithmetic {
    /// Whether answers are worked out by columns, or by digits of the second factor.
    pub scratchpad: bool,
    /// What is asked for, each as often.
    pub operations: Vec<Operation>,
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Their sum.
    #[serde(rename = "+")]
    Sum,
    /// Their difference, the larger number first.
    #[serde(rename = "-")]
    Difference,
    /// Their product.
    #[serde(rename = "*")]
    Product,
}

impl Default for Arithmetic {
    fn default() -> Self {
        Self {
            scratchpad: true,
            operations: vec![Operation::Sum, Operation::Difference, Operation::Product],
        }
    }
}

impl Arithmetic {
    pub(super) const ABOUT: &str = "sums, differences and products of numbers of so many digits, worked out by columns \
        from the last digit on (Nye et al. 2021, arXiv 2112.00114) or answered at once";
}

impl Generator for Arithmetic {
    fn dial(&self) -> &'static str {
        "digits of each number"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=12
    }

    fn instructions(&self) -> String {
        let steps = "Work it out from the last digit on, each step followed by `;`: of a sum `digit+digit+carry=sum`, of a \
            difference `digit-digit-borrow=difference`, of a product `sum so far+first*part of second=new sum`. Then ";
        let answer = "write the result and end the line.";
        if self.scratchpad {
            format!("{steps}{answer}")
        } else {
            "Write the result and end the line.".to_owned()
        }
    }

    fn step(&self) -> Option<&'static str> {
        self.scratchpad.then_some(STEP)
    }

    fn validate(&self) -> Result<(), TaskError> {
        if self.operations.is_empty() {
            return Err(TaskError::new(
                "`operations` of the task `arithmetic` is empty: give at least one of \"+\", \"-\" and \"*\", or leave it out",
            ));
        }
        Ok(())
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let operation = self.operations[stream.below(self.operations.len())];
        let least = if level == 1 { 0 } else { 10_usize.pow(level - 1) };
        let mut number = || (least + stream.below(10_usize.pow(level) - least)) as i128;
        let (one, other) = (number(), number());
        let (small, large) = (one.min(other), one.max(other));
        let (sign, one, result, steps) = match operation {
            Operation::Sum => ('+', (one, other), one + other, sum(one, other, level)),
            Operation::Difference => (
                '-',
                (large, small),
                large - small,
                difference(large, small, level),
            ),
            Operation::Product => ('*', (one, other), one * other, product(one, other, level)),
        };
        Arc::new(Computed {
            prompt: format!("{}{sign}{}=", one.0, one.1),
            identity: format!("{small}{sign}{large}"),
            steps: self.scratchpad.then(|| ended(steps)),
            answer: result.to_string(),
            compare: numbers,
            plain: plain_number,
        })
    }
}

/// Digits of a number, the last one first.
fn digits(number: i128, count: u32) -> impl Iterator<Item = i128> {
    (0..count).map(move |place| number / 10_i128.pow(place) % 10)
}

fn sum(one: i128, other: i128, count: u32) -> Vec<String> {
    let mut carry = 0;
    let column = |(digit, below)| {
        let sum = digit + below + carry;
        let step = format!("{digit}+{below}+{carry}={sum}");
        carry = sum / 10;
        step
    };
    digits(one, count).zip(digits(other, count)).map(column).collect()
}

fn difference(one: i128, other: i128, count: u32) -> Vec<String> {
    let mut borrow = 0;
    let column = |(digit, below)| {
        let difference = digit - below - borrow;
        let step = format!("{digit}-{below}-{borrow}={difference}");
        borrow = i128::from(difference < 0);
        step
    };
    digits(one, count).zip(digits(other, count)).map(column).collect()
}

fn product(one: i128, other: i128, count: u32) -> Vec<String> {
    let mut sum = 0;
    let row = |(place, digit)| {
        let part = digit * 10_i128.pow(place);
        let next = sum + one * part;
        let step = format!("{sum}+{one}*{part}={next}");
        sum = next;
        step
    };
    (0..count).zip(digits(other, count)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_carry_and_borrow() {
        assert_eq!(sum(58, 67, 2), ["8+7+0=15", "5+6+1=12"]);
        assert_eq!(difference(45, 18, 2), ["5-8-0=-3", "4-1-1=2"]);
        assert_eq!(product(12, 34, 2), ["0+12*4=48", "48+12*30=408"]);
    }
}
