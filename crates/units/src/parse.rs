use thiserror::Error;

/// A text that is not the quantity it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// No leading number, or a number that is not finite.
    #[error("`{text}` is not a {quantity}: it must start with a finite number, as in `{example}`")]
    NotANumber {
        /// What was read.
        text: String,
        /// The quantity's name.
        quantity: &'static str,
        /// A text that would be accepted.
        example: &'static str,
    },
    /// A suffix that this quantity does not have.
    #[error("`{text}` is not a {quantity}: the unit `{suffix}` must be one of {allowed}")]
    UnknownSuffix {
        /// What was read.
        text: String,
        /// The quantity's name.
        quantity: &'static str,
        /// The part after the number.
        suffix: String,
        /// The suffixes that are accepted.
        allowed: String,
    },
    /// Below zero, too large to hold, or a fraction of something that comes whole.
    #[error("`{text}` is not a {quantity}: it must be {rule}")]
    OutOfRange {
        /// What was read.
        text: String,
        /// The quantity's name.
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

/// Reads `number suffix` (white space between them allowed) against a table of suffixes.
///
/// The longest numeric prefix is the number, so that the `E` of `3E` is a suffix and that of `3E2`
/// an exponent. Suffixes are matched exactly first, then without regard to case.
pub(crate) fn read(
    text: &str,
    quantity: &'static str,
    example: &'static str,
    suffixes: &[Suffix],
) -> Result<f64, QuantityError> {
    let trimmed = text.trim();
    let body: String = trimmed.chars().filter(|c| *c != '_').collect();
    let (number, rest) = (0..=body.len())
        .rev()
        .filter(|&end| {
            body.is_char_boundary(end) && body[..end].ends_with(|c: char| c.is_ascii_digit() || c == '.')
        })
        .find_map(|end| {
            body[..end]
                .parse::<f64>()
                .ok()
                .map(|number| (number, body[end..].trim()))
        })
        .filter(|(number, _)| number.is_finite())
        .ok_or_else(|| QuantityError::NotANumber {
            text: text.to_owned(),
            quantity,
            example,
        })?;
    let exact = suffixes.iter().find(|(suffix, _)| *suffix == rest);
    let (_, scale) = exact
        .or_else(|| {
            suffixes
                .iter()
                .find(|(suffix, _)| suffix.eq_ignore_ascii_case(rest))
        })
        .ok_or_else(|| QuantityError::UnknownSuffix {
            text: text.to_owned(),
            quantity,
            suffix: rest.to_owned(),
            allowed: suffixes
                .iter()
                .filter(|(suffix, _)| !suffix.is_empty())
                .map(|(suffix, _)| format!("`{suffix}`"))
                .collect::<Vec<_>>()
                .join(", "),
        })?;
    Ok(number * scale)
}

/// Prints `value` with the largest of `suffixes` that leaves at least one digit before the point,
/// in `digits` significant digits without trailing zeros.
pub(crate) fn print(value: f64, suffixes: &[Suffix], digits: usize) -> String {
    let magnitude = value.abs();
    let rounded = round_significant(magnitude, digits);
    let (suffix, scale) = suffixes
        .iter()
        .filter(|(_, scale)| *scale <= rounded)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .or_else(|| suffixes.iter().find(|(_, scale)| *scale == 1.0))
        .copied()
        .unwrap_or(("", 1.0));
    let scaled = value / scale;
    if scaled != 0.0 && !(1e-3..1e4).contains(&scaled.abs()) {
        return format!("{:.*e}{suffix}", digits - 1, scaled);
    }
    let decimals = if scaled == 0.0 {
        0
    } else {
        digits as i32 - 1 - scaled.abs().log10().floor() as i32
    };
    let fixed = format!("{scaled:.*}", decimals.max(0) as usize);
    let short = if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.')
    } else {
        &fixed
    };
    format!("{short}{suffix}")
}

fn round_significant(value: f64, digits: usize) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}
