use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::parse::{self, QuantityError};
use crate::{Bytes, Tokens};

macro_rules! loss {
    ($(#[$doc:meta])* $name:ident, $description:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                parse::read(text, $description, $example, parse::PLAIN).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let decimals = formatter.precision().unwrap_or(4);
                formatter.pad_integral(self.0 >= 0.0, "", &format!("{:.decimals$}", self.0.abs()))
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
    /// The same loss per byte of text, for a text of `bytes` that is `tokens` long.
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
    /// The same loss per token, for a text of `bytes` that is `tokens` long.
    pub fn to_nats(self, tokens: Tokens, bytes: Bytes) -> Nats {
        Nats(self.0 * std::f64::consts::LN_2 * bytes.as_f64() / tokens.as_f64())
    }
}
