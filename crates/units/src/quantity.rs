use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::parse::{self, QuantityError};

/// Largest integer a double holds exactly; counts above it are refused rather than rounded.
const EXACT: f64 = 9_007_199_254_740_992.0;

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
                        write!(formatter, "{}, as a number or a text", $name::DESCRIPTION)
                    }

                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        $name::try_from(value as f64).map_err(E::custom)
                    }

                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        $name::try_from(value as f64).map_err(E::custom)
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

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
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
    ($(#[$doc:meta])* $name:ident, $description:literal, $example:literal, $suffixes:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl $name {
            const DESCRIPTION: &str = $description;

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
        }

        impl TryFrom<f64> for $name {
            type Error = QuantityError;

            fn try_from(value: f64) -> Result<Self, QuantityError> {
                if (0.0..=EXACT).contains(&value) && value.fract() == 0.0 {
                    Ok(Self(value as u64))
                } else {
                    Err(QuantityError::OutOfRange {
                        text: value.to_string(),
                        quantity: $description,
                        rule: "a whole number from 0 to 2^53",
                    })
                }
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                let value = parse::read(text, $description, $example, $suffixes)?;
                // `0.1B` is 100000000.00000001 in doubles: whole to within the rounding of the product.
                let whole = value.round();
                let value = if (value - whole).abs() <= whole.abs() * 4.0 * f64::EPSILON { whole } else { value };
                Self::try_from(value).map_err(|_| QuantityError::OutOfRange {
                    text: text.to_owned(),
                    quantity: $description,
                    rule: "a whole number from 0 to 2^53",
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&parse::print(self.0 as f64, $suffixes, 3))
            }
        }

        impl Sub for $name {
            type Output = Self;
            /// Stops at zero: a count is never negative.
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl Mul<u64> for $name {
            type Output = Self;
            fn mul(self, factor: u64) -> Self {
                Self(self.0 * factor)
            }
        }

        text_and_serde!($name, u64);
    };
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $description:literal, $example:literal, $suffixes:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl $name {
            const DESCRIPTION: &str = $description;
        }

        impl TryFrom<f64> for $name {
            type Error = QuantityError;

            fn try_from(value: f64) -> Result<Self, QuantityError> {
                if value >= 0.0 && value.is_finite() {
                    Ok(Self(value))
                } else {
                    Err(QuantityError::OutOfRange {
                        text: value.to_string(),
                        quantity: $description,
                        rule: "zero or more, and finite",
                    })
                }
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                let bare = text.trim().strip_prefix('$').filter(|_| $description == "amount of dollars");
                let value = parse::read(bare.unwrap_or(text), $description, $example, $suffixes)?;
                Self::try_from(value).map_err(|_| QuantityError::OutOfRange {
                    text: text.to_owned(),
                    quantity: $description,
                    rule: "zero or more, and finite",
                })
            }
        }

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
    Params, "number of parameters", "7B", parse::COUNT
);
count!(
    /// A number of tokens: `1.4T`.
    Tokens, "number of tokens", "1.4T", parse::COUNT
);
count!(
    /// A number of requests to a served model: `200M`.
    Requests, "number of requests", "200M", parse::COUNT
);
count!(
    /// A number of bytes: `24GiB` (powers of 1024) or `24GB` (powers of 1000).
    Bytes, "number of bytes", "24GiB", parse::BYTES
);
amount!(
    /// A number of floating-point operations: `3e21`; a multiply-add is two.
    Flops, "number of floating-point operations", "3e21", parse::OPERATIONS
);
amount!(
    /// A span of time: `90s`, `5min`, `2h`.
    Seconds, "time", "90s", parse::SECONDS
);
amount!(
    /// An amount of US dollars: `$1.5M`.
    Dollars, "amount of dollars", "1.5M", parse::DOLLARS
);

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
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 == 0.0 {
            "0".to_owned()
        } else {
            format!("{:.2e}", self.0)
        };
        formatter.pad(&text)
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("${}", parse::print(self.0, parse::DOLLARS, 3)))
    }
}

impl fmt::Display for Seconds {
    /// Two units at most: `1h 20min`, `3min 5s`, `12s`, `40ms`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.round();
        let text = if self.0 < 1.0 {
            format!("{}ms", (self.0 * 1e3).round())
        } else if whole < 60.0 {
            format!("{whole}s")
        } else if whole < 3600.0 {
            format!("{}min {}s", (whole / 60.0).floor(), whole % 60.0)
        } else if whole < 86_400.0 {
            format!(
                "{}h {}min",
                (whole / 3600.0).floor(),
                (whole % 3600.0 / 60.0).floor()
            )
        } else {
            format!(
                "{}d {}h",
                (whole / 86_400.0).floor(),
                (whole % 86_400.0 / 3600.0).floor()
            )
        };
        formatter.pad(&text)
    }
}
