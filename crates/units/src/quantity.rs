use std::fmt::{self, Alignment};
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::parse::{self, Grammar, QuantityError};
use crate::print;

/// Largest integer up to which doubles hold every one exactly; counts above it are refused, not rounded.
const EXACT: u64 = 1 << 53;
const WHOLE: &str = "a whole number from 0 to 2^53";
const POSITIVE: &str = "zero or more, and finite";
const DOLLARS_ONLY: &str = "in US dollars: convert it at the rate of its day";

macro_rules! text_and_serde {
    ($name:ident, $repr:ty) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl Visitor<'_> for Either {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(
                            formatter,
                            "{}, as a number or a text",
                            $name::GRAMMAR.quantity
                        )
                    }

                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        $name::from_whole(value.into()).map_err(E::custom)
                    }

                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        $name::from_whole(value.into()).map_err(E::custom)
                    }

                    fn visit_f64<E: de::Error>(self, value: f64) -> Result<$name, E> {
                        $name::try_from(value).map_err(E::custom)
                    }

                    fn visit_str<E: de::Error>(self, value: &str) -> Result<$name, E> {
                        value.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self(<$repr>::default()), Add::add)
            }
        }

        /// How many times the other fits into this one.
        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 as f64 / other.0 as f64
            }
        }
    };
}

macro_rules! count {
    ($(#[$doc:meta])* $name:ident, $quantity:literal, $example:literal, $read:expr, $print:expr, $whole:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl $name {
            const GRAMMAR: Grammar = Grammar { quantity: $quantity, example: $example, suffixes: $read };

            /// The count as a double, for arithmetic that leaves the unit.
            pub fn as_f64(self) -> f64 {
                self.0 as f64
            }

            /// The nearest whole count.
            ///
            /// # Errors
            /// When `value` is negative, not finite, or above 2^53.
            pub fn from_f64_rounded(value: f64) -> Result<Self, QuantityError> {
                Self::try_from(value.round())
            }

            fn from_whole(value: i128) -> Result<Self, QuantityError> {
                u64::try_from(value)
                    .ok()
                    .filter(|count| *count <= EXACT)
                    .map(Self)
                    .ok_or_else(|| Self::GRAMMAR.out_of_range(value, WHOLE))
            }
        }

        impl TryFrom<f64> for $name {
            type Error = QuantityError;

            fn try_from(value: f64) -> Result<Self, QuantityError> {
                if (0.0..=EXACT as f64).contains(&value) && value.fract() == 0.0 {
                    Ok(Self(value as u64))
                } else {
                    Err(Self::GRAMMAR.out_of_range(value, WHOLE))
                }
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                // Plain digits never pass through a double, which would round beyond 2^53.
                let counted = match parse::digits(text) {
                    Some(whole) => Self::from_whole(whole),
                    None => {
                        let value = Self::GRAMMAR.read(text)?;
                        let whole: fn(f64) -> f64 = $whole;
                        Self::try_from(whole(value))
                    }
                };
                counted.map_err(|_| Self::GRAMMAR.out_of_range(text, WHOLE))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = formatter.precision().unwrap_or(print::DIGITS);
                print::pad(formatter, &print::number(self.0 as f64, $print, digits), Alignment::Left)
            }
        }

        /// Stops at the largest count.
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        /// Stops at zero: a count is never negative.
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        /// Stops at the largest count.
        impl Mul<u64> for $name {
            type Output = Self;
            fn mul(self, factor: u64) -> Self {
                Self(self.0.saturating_mul(factor))
            }
        }

        text_and_serde!($name, u64);
    };
}

/// `0.1B` is 100000000.00000001 in doubles: whole to within the rounding of the product.
pub(crate) fn nearly_whole(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() <= whole.abs() * 4.0 * f64::EPSILON {
        whole
    } else {
        value
    }
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $quantity:literal, $example:literal, $suffixes:expr, $read:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl $name {
            const GRAMMAR: Grammar = Grammar { quantity: $quantity, example: $example, suffixes: $suffixes };

            fn from_whole(value: i128) -> Result<Self, QuantityError> {
                Self::try_from(value as f64)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = QuantityError;

            fn try_from(value: f64) -> Result<Self, QuantityError> {
                if value >= 0.0 && value.is_finite() {
                    // Adding zero turns the negative zero into the common one.
                    Ok(Self(value + 0.0))
                } else {
                    Err(Self::GRAMMAR.out_of_range(value, POSITIVE))
                }
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                let read: fn(&Grammar, &str) -> Result<f64, QuantityError> = $read;
                Self::try_from(read(&Self::GRAMMAR, text)?)
                    .map_err(|_| Self::GRAMMAR.out_of_range(text, POSITIVE))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        /// May fall below zero, which prints but does not read back.
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        text_and_serde!($name, f64);
    };
}

count!(
    /// A number of trainable parameters: `7B`.
    Params, "a number of parameters", "7B", parse::COUNT, parse::COUNT, nearly_whole
);
count!(
    /// A number of tokens: `1.4T`.
    Tokens, "a number of tokens", "1.4T", parse::COUNT, parse::COUNT, nearly_whole
);
count!(
    /// A number of requests to a served model: `200M`.
    Requests, "a number of requests", "200M", parse::COUNT, parse::COUNT, nearly_whole
);
count!(
    /// A number of bytes: `24GiB` (powers of 1024) or `24GB` (powers of 1000), rounded to whole bytes;
    /// it prints in powers of 1024.
    Bytes, "a number of bytes", "24GiB", parse::BYTES, parse::BINARY, whole_bytes
);
amount!(
    /// A number of floating-point operations: `3e21`, `5P`; a multiply-add is two.
    Flops, "a number of floating-point operations", "3e21", parse::OPERATIONS, Grammar::read
);
amount!(
    /// A span of time: `90s`, `5min`, `1h 30min`, `7d`.
    Seconds, "a time", "90s", parse::SECONDS, Grammar::read_sum
);
amount!(
    /// An amount of US dollars: `$1.5M`, the sign optional.
    Dollars, "an amount of dollars", "$1.5M", parse::DOLLARS, read_dollars
);

/// `0.1GiB` is no whole number of bytes, and nobody minds; half a byte alone is an error.
fn whole_bytes(value: f64) -> f64 {
    if value >= 1024.0 {
        value.round()
    } else {
        nearly_whole(value)
    }
}

fn read_dollars(grammar: &Grammar, text: &str) -> Result<f64, QuantityError> {
    let trimmed = text.trim();
    let word = "USD";
    let trimmed = trimmed.strip_prefix(word).or_else(|| trimmed.strip_suffix(word));
    let trimmed = trimmed.unwrap_or(text).trim();
    if is_foreign(trimmed) {
        return Err(grammar.out_of_range(text, DOLLARS_ONLY));
    }
    let amount = trimmed.strip_prefix('$').unwrap_or(trimmed);
    grammar.read(&without_commas(amount))
}

/// An amount without the commas between its thousands, where all are where they belong.
fn without_commas(amount: &str) -> String {
    let end = amount.find('.').unwrap_or(amount.len());
    let (whole, rest) = amount.split_at(end);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_number = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let belongs = |group: &str| group.len() == 3 && is_number(group);
    match (1..=3).contains(&first.len()) && is_number(first) && groups.all(belongs) {
        true => whole.replace(',', "") + rest,
        false => amount.to_owned(),
    }
}

/// Whether an amount names another currency: by its sign, or by three letters before or behind.
fn is_foreign(text: &str) -> bool {
    let code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_number = |sign: char| sign.is_ascii_digit() || ". _$".contains(sign);
    let mut words = text.split(is_number).filter(|word| !word.is_empty());
    text.contains(['€', '£', '¥', '₹', '₩', '₽', '₿']) || words.any(code) && text.parse::<f64>().is_err()
}

impl Flops {
    /// `6 N D`, the training estimate of Kaplan et al. 2020 (section 2.1).
    pub fn six_nd(params: Params, tokens: Tokens) -> Self {
        Self(6.0 * params.as_f64() * tokens.as_f64())
    }

    /// `2 N D`, the matching estimate for a forward pass.
    pub fn two_nd(params: Params, tokens: Tokens) -> Self {
        Self(2.0 * params.as_f64() * tokens.as_f64())
    }
}

impl fmt::Display for Flops {
    /// Always with an exponent, as the literature writes budgets: `3.00e21`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = formatter.precision().unwrap_or(print::DIGITS).clamp(1, 17);
        let text = match self.0 {
            0.0 => "0".to_owned(),
            value => format!("{value:.*e}", digits - 1),
        };
        print::pad(formatter, &text, Alignment::Left)
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = formatter.precision().unwrap_or(print::DIGITS);
        let sign = if self.0 < 0.0 { "-" } else { "" };
        print::pad(
            formatter,
            &format!("{sign}${}", print::number(self.0.abs(), parse::DOLLARS, digits)),
            Alignment::Left,
        )
    }
}

impl Seconds {
    /// The median of some times, the longer of two in the middle; none of none.
    ///
    /// ```
    /// # use triaxis_units::Seconds;
    /// assert_eq!(Seconds::median(&[4.0, 1.0, 3.0, 2.0].map(Seconds)), Seconds(3.0));
    /// ```
    pub fn median(times: &[Self]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for Seconds {
    /// Two units at most: `1h 20min`, `3min 5s`, `12s`, `40ms`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0.0 { "-" } else { "" };
        print::pad(
            formatter,
            &format!("{sign}{}", span(self.0.abs())),
            Alignment::Left,
        )
    }
}

fn span(seconds: f64) -> String {
    let whole = seconds.round();
    let pair = |large: f64, large_unit: &str, small: f64, small_unit: &str| {
        format!(
            "{}{large_unit} {}{small_unit}",
            (whole / large).floor(),
            (whole % large / small).floor()
        )
    };
    match seconds {
        // Half a millisecond below a second already rounds to one.
        seconds if seconds == 0.0 || !seconds.is_finite() => format!("{seconds}s"),
        seconds if seconds < 0.9995 => print::number(seconds * 1e3, MILLISECONDS, print::DIGITS),
        _ if whole < 60.0 => format!("{whole}s"),
        _ if whole < 3600.0 => pair(60.0, "min", 1.0, "s"),
        _ if whole < 86_400.0 => pair(3600.0, "h", 60.0, "min"),
        _ if whole < 10_000.0 * 86_400.0 => pair(86_400.0, "d", 3600.0, "h"),
        _ => print::number(seconds / 86_400.0, DAYS, print::DIGITS),
    }
}

const MILLISECONDS: &[parse::Suffix] = &[("ms", 1.0)];
const DAYS: &[parse::Suffix] = &[("d", 1.0)];
