use std::fmt::{self, Alignment};
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::parse::{self, Grammar, QuantityError};
use crate::{Bytes, Tokens, print};

macro_rules! loss {
    ($(#[$doc:meta])* $name:ident, $quantity:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            const GRAMMAR: Grammar =
                Grammar { quantity: $quantity, example: $example, suffixes: parse::PLAIN };
        }

        impl TryFrom<f64> for $name {
            type Error = QuantityError;

            fn try_from(value: f64) -> Result<Self, QuantityError> {
                if value >= 0.0 && value.is_finite() {
                    Ok(Self(value + 0.0))
                } else {
                    Err(Self::GRAMMAR.out_of_range(value, "zero or more, and finite"))
                }
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                Self::try_from(Self::GRAMMAR.read(text)?)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl Visitor<'_> for Either {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(formatter, "{}, as a number or a text", $quantity)
                    }

                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        self.visit_f64(value as f64)
                    }

                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        self.visit_f64(value as f64)
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

        /// Four decimals unless the precision says otherwise; powers of ten from a million on.
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let decimals = formatter.precision().unwrap_or(4);
                let text = match self.0.abs() < 1e6 {
                    true => format!("{:.decimals$}", self.0),
                    false => format!("{:.decimals$e}", self.0),
                };
                print::pad(formatter, &text, Alignment::Right)
            }
        }
    };
}

loss!(
    /// Cross-entropy in nats per token. Compares only between runs of one tokenizer.
    Nats, "loss in nats per token", "3.21"
);
loss!(
    /// Cross-entropy in bits per byte of the text. Compares across tokenizers and architectures.
    BitsPerByte, "loss in bits per byte", "1.05"
);

impl Nats {
    /// The same loss per byte of text, for a text of `bytes` that is `tokens` long. No number for an
    /// empty text.
    ///
    /// ```
    /// use triaxis_units::{Bytes, Nats, Tokens};
    /// let loss = Nats(std::f64::consts::LN_2 * 4.0);
    /// assert!((loss.to_bits_per_byte(Tokens(100), Bytes(400)).0 - 1.0).abs() < 1e-12);
    /// ```
    pub fn to_bits_per_byte(self, tokens: Tokens, bytes: Bytes) -> BitsPerByte {
        BitsPerByte(self.0 * tokens.as_f64() / (bytes.as_f64() * std::f64::consts::LN_2))
    }
}

impl BitsPerByte {
    /// The same loss per token, for a text of `bytes` that is `tokens` long. No number for an empty text.
    pub fn to_nats(self, tokens: Tokens, bytes: Bytes) -> Nats {
        Nats(self.0 * std::f64::consts::LN_2 * bytes.as_f64() / tokens.as_f64())
    }
}
