use thiserror::Error;

/// A text that is not the quantity it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// No leading number, or a number that is not finite.
    #[error("`{text}` is not {quantity}: it must start with a finite number, as in `{example}`")]
    NotANumber {
        /// What was read.
        text: String,
        /// The quantity's name, with its article.
        quantity: &'static str,
        /// A text that would be accepted.
        example: &'static str,
    },
    /// A suffix that this quantity does not have.
    #[error("`{text}` is not {quantity}: its suffix is `{suffix}` and must be {allowed}")]
    UnknownSuffix {
        /// What was read.
        text: String,
        /// The quantity's name, with its article.
        quantity: &'static str,
        /// The part after the number.
        suffix: String,
        /// The suffixes that are accepted.
        allowed: String,
    },
    /// Below zero, too large to hold, or a fraction of something that comes whole.
    #[error("`{text}` is not {quantity}: it must be {rule}")]
    OutOfRange {
        /// What was read.
        text: String,
        /// The quantity's name, with its article.
        quantity: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
}

/// A unit suffix and what it multiplies by.
pub(crate) type Suffix = (&'static str, f64);

pub(crate) const COUNT: &[Suffix] = &[("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)];
pub(crate) const OPERATIONS: &[Suffix] = &[
    ("", 1.0),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Z", 1e21),
];
pub(crate) const BYTES: &[Suffix] = &[
    ("", 1.0),
    ("B", 1.0),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];
/// Bytes print in powers of 1024 only.
pub(crate) const BINARY: &[Suffix] = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];
pub(crate) const SECONDS: &[Suffix] = &[
    ("s", 1.0),
    ("", 1.0),
    ("ms", 1e-3),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];
pub(crate) const DOLLARS: &[Suffix] = &[("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9)];
pub(crate) const PLAIN: &[Suffix] = &[("", 1.0)];

/// What a quantity is called and which suffixes it has.
#[derive(Clone, Copy)]
pub(crate) struct Grammar {
    pub(crate) quantity: &'static str,
    pub(crate) example: &'static str,
    pub(crate) suffixes: &'static [Suffix],
}

impl Grammar {
    /// Reads `number suffix`, white space between them and underscores in the number allowed.
    ///
    /// The longest numeric prefix is the number, so that the `E` of `3E` is a suffix and that of `3E2`
    /// an exponent. Suffixes match exactly first, then without regard to case.
    pub(crate) fn read(&self, text: &str) -> Result<f64, QuantityError> {
        let body = body(text);
        let (number, suffix) = self.part(text, &body)?;
        Ok(number * self.scale(text, suffix)?)
    }

    /// Reads a sum of such parts, as in `1h 30min`; each needs its suffix unless it stands alone.
    pub(crate) fn read_sum(&self, text: &str) -> Result<f64, QuantityError> {
        let body = body(text);
        let (mut rest, mut total) = (body.as_str(), 0.0);
        loop {
            let number = number_end(rest);
            let after = rest[number..].find(|c: char| c.is_ascii_digit() || c == '.');
            let (part, tail) = rest.split_at(after.map_or(rest.len(), |after| number + after));
            let (value, suffix) = self.part(text, part)?;
            let alone = tail.is_empty() && part.len() == body.len();
            if suffix.is_empty() && !alone {
                return Err(self.unknown(text, suffix));
            }
            total += value * self.scale(text, suffix)?;
            rest = tail;
            if rest.is_empty() {
                return Ok(total);
            }
        }
    }

    /// An error for a value that breaks `rule`.
    pub(crate) fn out_of_range(&self, text: impl ToString, rule: &'static str) -> QuantityError {
        QuantityError::OutOfRange {
            text: text.to_string(),
            quantity: self.quantity,
            rule,
        }
    }

    fn part<'a>(&self, text: &str, part: &'a str) -> Result<(f64, &'a str), QuantityError> {
        let (number, suffix) = part.split_at(number_end(part));
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok((number, suffix.trim())),
            _ => Err(QuantityError::NotANumber {
                text: text.to_owned(),
                quantity: self.quantity,
                example: self.example,
            }),
        }
    }

    fn scale(&self, text: &str, suffix: &str) -> Result<f64, QuantityError> {
        let exact = self.suffixes.iter().find(|(known, _)| *known == suffix);
        // A small `e` with nothing after it is an exponent cut short, not exa.
        let loose = || {
            self.suffixes
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(suffix))
        };
        let found = if suffix == "e" {
            exact
        } else {
            exact.or_else(loose)
        };
        found
            .map(|(_, scale)| *scale)
            .ok_or_else(|| self.unknown(text, suffix))
    }

    fn unknown(&self, text: &str, suffix: &str) -> QuantityError {
        let allowed: Vec<String> = self
            .suffixes
            .iter()
            .map(|(known, _)| *known)
            .filter(|known| !known.is_empty())
            .map(|known| format!("`{known}`"))
            .collect();
        QuantityError::UnknownSuffix {
            text: text.to_owned(),
            quantity: self.quantity,
            suffix: suffix.to_owned(),
            allowed: if allowed.is_empty() {
                "none at all".to_owned()
            } else {
                format!("one of {}", allowed.join(", "))
            },
        }
    }
}

/// The whole number that `text` is, if it is nothing else.
pub(crate) fn digits(text: &str) -> Option<i128> {
    body(text).parse().ok()
}

fn body(text: &str) -> String {
    text.trim().chars().filter(|c| *c != '_').collect()
}

/// Where the longest number `text` begins with ends: sign, digits, point, digits, exponent.
pub(crate) fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let sign = |from: usize| from + usize::from(matches!(bytes.get(from), Some(b'+' | b'-')));
    let digits = |from: usize| {
        from + bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = digits(sign(0));
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent = sign(end + 1);
        if digits(exponent) > exponent {
            end = digits(exponent);
        }
    }
    end
}
