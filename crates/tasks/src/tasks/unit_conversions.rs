use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{Computed, STEP};
use crate::generator::Generator;
use crate::problem::Question;
use crate::rational::Rational;
use crate::verdict::Verdict;

/// A unit, and how many of the first unit of its quantity it is, as a fraction.
type Unit = (&'static str, i128, i128);

/// Quantities, easy ones first. Factors are exact by definition: the SI (BIPM 2019, 9th edition), and the international
/// yard and pound of 1959, 0.9144 m and 0.45359237 kg.
const QUANTITIES: [&[Unit]; 6] = [
    &[("m", 1, 1), ("km", 1000, 1), ("cm", 1, 100), ("mm", 1, 1000)],
    &[("g", 1, 1), ("kg", 1000, 1), ("mg", 1, 1000), ("t", 1_000_000, 1)],
    &[("s", 1, 1), ("min", 60, 1), ("h", 3600, 1), ("d", 86_400, 1)],
    &[
        ("m2", 1, 1),
        ("cm2", 1, 10_000),
        ("ha", 10_000, 1),
        ("km2", 1_000_000, 1),
    ],
    &[
        ("m", 1, 1),
        ("in", 254, 10_000),
        ("ft", 3048, 10_000),
        ("yd", 9144, 10_000),
        ("mi", 1_609_344, 1000),
    ],
    &[
        ("g", 1, 1),
        ("lb", 45_359_237, 100_000),
        ("oz", 45_359_237, 1_600_000),
        ("kg", 1000, 1),
    ],
];

/// Amounts in another unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnitConversions {
    /// Whether the amount in the unit between is written.
    pub scratchpad: bool,
}

impl Default for UnitConversions {
    fn default() -> Self {
        Self { scratchpad: true }
    }
}

impl UnitConversions {
    pub(super) const ABOUT: &str = "amounts to be said in another unit, from metres in kilometres to miles in inches, by \
        factors that are exact; the amount in the first unit of the quantity is a step";
}

impl Generator for UnitConversions {
    fn dial(&self) -> &'static str {
        "quantities that are asked for, from lengths to pounds"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=QUANTITIES.len() as u32
    }

    fn instructions(&self) -> String {
        let answer = "Write the amount in the unit after `in` as a number, exactly, and end the line.";
        if self.scratchpad {
            format!("Write the amount in m, g, s or m2, followed by `;`. {answer}")
        } else {
            answer.to_owned()
        }
    }

    fn step(&self) -> Option<&'static str> {
        self.scratchpad.then_some(STEP)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        loop {
            let units = QUANTITIES[stream.below(level as usize)];
            let mut pair = units.to_vec();
            stream.draw_first(&mut pair, 2);
            let amount = Rational::new(1 + stream.below(999) as i128, [1, 10][stream.below(2)]);
            if let Some(asked) =
                amount.and_then(|amount| self.converted(amount, pair[0], pair[1], units[0].0))
            {
                return Arc::new(asked);
            }
        }
    }
}

impl UnitConversions {
    /// The question for an amount, unless its answer is no decimal that ends.
    fn converted(&self, amount: Rational, from: Unit, to: Unit, first: &str) -> Option<Computed> {
        let between = amount.times(Rational::new(from.1, from.2)?)?;
        let answer = between.over(Rational::new(to.1, to.2)?)?.written();
        let step = between.written();
        let prompt = format!("{} {} in {}:", amount.written(), from.0, to.0);
        let ends = !answer.contains('/') && answer.len() <= 14;
        ends.then(|| Computed {
            identity: prompt.clone(),
            prompt,
            steps: self.scratchpad.then(|| format!("{step} {first}{STEP}")),
            answer: format!("{answer} {}", to.0),
            compare: amounts,
            plain: plain_amount,
        })
    }
}

/// Amounts, however the number is written, with or without the unit.
fn amounts(given: &str, right: &str) -> Verdict {
    let (number, unit) = right.split_once(' ').unwrap_or((right, ""));
    let bare = given.strip_suffix(unit).unwrap_or(given);
    // An amount in another unit is read, and no answer.
    let units = || QUANTITIES.into_iter().flatten().map(|unit| unit.0);
    let other = units()
        .filter_map(|unit| given.strip_suffix(unit))
        .find_map(Rational::read);
    match Rational::read(bare) {
        Some(amount) => Verdict::of(Rational::read(number) == Some(amount)),
        None if other.is_some() => Verdict::Wrong,
        None => Verdict::unparsable("the answer is no amount"),
    }
}

/// An amount as all write it, where it has the unit that was asked for or none.
fn plain_amount(given: &str, right: &str) -> Option<String> {
    let unit = right.split_once(' ').map_or("", |(_, unit)| unit);
    let bare = given.strip_suffix(unit).unwrap_or(given);
    Rational::read(bare).map(Rational::written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_however_they_are_written() {
        for given in ["1609.344 m", "1,609.344", "1.609344e3m", "1609344/1000 m"] {
            assert_eq!(amounts(given, "1609.344 m"), Verdict::Right, "{given}");
        }
        for given in ["1609.344 km", "1609 m", "1609.344 cm", "0"] {
            assert_eq!(amounts(given, "1609.344 m"), Verdict::Wrong, "{given}");
        }
        assert!(matches!(amounts("a mile", "1609.344 m"), Verdict::Unparsable(_)));
    }

    #[test]
    fn amounts_that_are_one_are_one_vote() {
        for given in ["1609.344 m", "1,609.344", "1.609344e3m"] {
            assert_eq!(plain_amount(given, "1 m").as_deref(), Some("1609.344"), "{given}");
        }
        assert_eq!(plain_amount("1609.344 km", "1 m"), None);
    }

    /// Factors against the definitions by another way: feet of an inch, miles of a foot, ounces of a pound.
    #[test]
    fn factors_agree_with_one_another() {
        let of = |quantity: usize, unit: &str| {
            let found = QUANTITIES[quantity].iter().find(|other| other.0 == unit);
            found.and_then(|unit| Rational::new(unit.1, unit.2)).unwrap()
        };
        for (quantity, large, small, count) in [
            (4, "ft", "in", 12),
            (4, "yd", "ft", 3),
            (4, "mi", "yd", 1760),
            (5, "lb", "oz", 16),
            (2, "d", "h", 24),
            (3, "km2", "ha", 100),
        ] {
            assert_eq!(
                of(quantity, large).over(of(quantity, small)),
                Some(Rational::whole(count))
            );
        }
    }
}
