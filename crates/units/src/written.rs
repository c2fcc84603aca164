//! Numbers as tables and headings have them: `1,234,567`, `7B`, `5 PF-days`, `45%`.

use crate::parse::number_end;
use crate::quantity::nearly_whole;

/// A unit that a number can be written in.
///
/// ```
/// use triaxis_units::{Unit, UnitKind};
/// assert_eq!(Unit::read("B").map(|unit| unit.factor), Some(1e9));
/// assert_eq!(Unit::read("PFLOP/s-days").map(|unit| unit.factor), Some(8.64e19));
/// assert_eq!(Unit::read("%"), Some(Unit { factor: 0.01, kind: UnitKind::Share }));
/// assert_eq!(Unit::read("furlongs"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// What one of it is.
    pub factor: f64,
    /// What it can measure.
    pub kind: UnitKind,
}

/// What a unit can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// Anything: a thousand, a billion, `1e18`.
    Multiple,
    /// Floating-point operations.
    Operations,
    /// Shares of one.
    Share,
}

/// Letters as they stand; those below exa are read in lower case, too.
const LETTERS: [(&str, f64); 9] = [
    ("K", 1e3),
    ("M", 1e6),
    ("B", 1e9),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Z", 1e21),
    ("Y", 1e24),
];
const ANY_CASE: usize = 5;

const WORDS: [(&str, f64); 7] = [
    ("thousand", 1e3),
    ("million", 1e6),
    ("mn", 1e6),
    ("billion", 1e9),
    ("bn", 1e9),
    ("trillion", 1e12),
    ("tn", 1e12),
];

const SI: [(&str, f64); 8] = [
    ("kilo", 1e3),
    ("mega", 1e6),
    ("giga", 1e9),
    ("tera", 1e12),
    ("peta", 1e15),
    ("exa", 1e18),
    ("zetta", 1e21),
    ("yotta", 1e24),
];

const SPANS: [(&str, f64); 3] = [("day", 86_400.0), ("hour", 3600.0), ("year", 31_557_600.0)];

impl Unit {
    /// The unit that a text names: `B`, `millions`, `EFLOP`, `PF-days`, `%`, `1e9`, `10^9`, `1e18 FLOPs`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let power = text
            .strip_prefix("10^")
            .and_then(|power| power.parse::<i32>().ok());
        let of = |factor: f64, kind| Some(Self { factor, kind }).filter(|unit| unit.is_usable());
        if let Some(power) = power {
            return of(10_f64.powi(power), UnitKind::Multiple);
        }
        let (number, rest) = text.split_at(number_end(text));
        match (number, rest.trim()) {
            ("", rest) => Self::named(rest),
            (number, "") => of(number.parse().ok()?, UnitKind::Multiple),
            (number, rest) => {
                let unit = Self::named(rest)?;
                of(number.parse::<f64>().ok()? * unit.factor, unit.kind)
            }
        }
    }

    fn is_usable(self) -> bool {
        self.factor.is_finite() && self.factor > 0.0
    }

    fn named(text: &str) -> Option<Self> {
        let of = |factor, kind| Some(Self { factor, kind });
        if text == "%" {
            return of(0.01, UnitKind::Share);
        }
        let letter = |(place, (letter, _)): &(usize, &(&str, f64))| {
            *letter == text || *place < ANY_CASE && letter.eq_ignore_ascii_case(text)
        };
        if let Some((_, (_, factor))) = LETTERS.iter().enumerate().find(letter) {
            return of(*factor, UnitKind::Multiple);
        }
        let signs = text.chars().filter(|sign| sign.is_alphanumeric());
        let word: String = signs.flat_map(char::to_lowercase).collect();
        if matches!(word.as_str(), "percent" | "pct" | "percentage" | "percents") {
            return of(0.01, UnitKind::Share);
        }
        let singular = word.strip_suffix('s').unwrap_or(&word);
        if let Some((_, factor)) = WORDS.iter().find(|(known, _)| *known == singular) {
            return of(*factor, UnitKind::Multiple);
        }
        of(operations(&word)?, UnitKind::Operations)
    }
}

/// `eflop`, `petaflops`, `pfdays`, `pflopsdays`: a rate for a time is a number of operations, and a rate
/// without one is taken for the number, as people write FLOPS for FLOPs.
fn operations(word: &str) -> Option<f64> {
    let (rest, seconds) = SPANS
        .iter()
        .find_map(|(span, seconds)| {
            let singular = word.strip_suffix('s').unwrap_or(word);
            Some((singular.strip_suffix(span)?, *seconds))
        })
        .unwrap_or((word, 1.0));
    let is_timed = seconds > 1.0;
    let core = ["flops", "flop", "fs", "f"].into_iter().find_map(|core| {
        let alone = core.starts_with("fl") || is_timed;
        rest.strip_suffix(core).filter(|_| alone)
    })?;
    let prefix = match core {
        "" => 1.0,
        letter if letter.len() == 1 => {
            let mut letters = LETTERS.iter().filter(|(known, _)| *known != "B");
            letters.find(|(known, _)| known.eq_ignore_ascii_case(letter))?.1
        }
        name => SI.iter().find(|(known, _)| *known == name)?.1,
    };
    Some(prefix * seconds)
}

/// A number as it is written, with the unit after it.
///
/// ```
/// use triaxis_units::Written;
/// let read = |text| Written::read(text).map(Written::value);
/// assert_eq!(read("1,234,567"), Some(1_234_567.0));
/// assert_eq!(read("1.4T"), Some(1.4e12));
/// assert_eq!(read("2.5 EFLOP"), Some(2.5e18));
/// assert_eq!(read("7Q"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// The number before the unit.
    pub number: f64,
    /// The unit, if there is one.
    pub unit: Option<Unit>,
}

impl Written {
    /// Reads a number, its thousands parted or not, and a unit.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Some(Self { number, unit: None });
        }
        let text = ungrouped(text)?;
        let (number, rest) = text.split_at(number_end(&text));
        let unit = match rest.trim() {
            "" => None,
            rest => Some(Unit::named(rest)?),
        };
        Some(Self {
            number: number.parse().ok()?,
            unit,
        })
    }

    /// The number that is meant.
    pub fn value(self) -> f64 {
        self.unit
            .map_or(self.number, |unit| nearly_whole(self.number * unit.factor))
    }
}

/// A text without the signs that part the thousands of the number it begins with: all of one kind, and
/// three digits after each; underscores may stand anywhere. `None` where they stand otherwise.
fn ungrouped(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|sign| *sign != '_').collect();
    let start = text
        .find(|sign: char| sign.is_ascii_digit())
        .unwrap_or(text.len());
    let is_parting = |sign: char| matches!(sign, ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}');
    let body = &text[start..];
    let run = body
        .find(|sign: char| !sign.is_ascii_digit() && !is_parting(sign))
        .unwrap_or(body.len());
    let digits = body[..run].trim_end_matches(is_parting);
    let Some(parting) = digits.chars().find(|sign| is_parting(*sign)) else {
        return (!body[digits.len()..].starts_with(|sign| is_parting(sign) && sign != ' ')).then_some(text);
    };
    let mut groups = digits.split(parting);
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    let is_three = |group: &str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    (first && groups.all(is_three)).then(|| {
        let whole: String = digits.chars().filter(char::is_ascii_digit).collect();
        format!("{}{whole}{}", &text[..start], &body[digits.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_write_them() {
        for (text, factor) in [
            ("B", 1e9),
            ("b", 1e9),
            ("billions", 1e9),
            ("M", 1e6),
            ("Thousand", 1e3),
            ("1e9", 1e9),
            ("10^18", 1e18),
            ("FLOPs", 1.0),
            ("FLOP", 1.0),
            ("EFLOP", 1e18),
            ("ZFLOPs", 1e21),
            ("exaFLOPs", 1e18),
            ("1e18 FLOPs", 1e18),
            ("PF-days", 8.64e19),
            ("pf_days", 8.64e19),
            ("PFLOP/s-days", 8.64e19),
            ("petaflop/s-day", 8.64e19),
            ("TF-hours", 3.6e15),
            ("percent", 0.01),
            ("%", 0.01),
            ("E", 1e18),
        ] {
            assert_eq!(Unit::read(text).map(|unit| unit.factor), Some(factor), "{text}");
        }
        for text in [
            "",
            "e",
            "nats",
            "GPU-hours",
            "f",
            "pf",
            "days",
            "0",
            "-1",
            "1e999",
            "flopsy",
        ] {
            assert_eq!(Unit::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_with_parted_thousands_and_units() {
        for (text, value) in [
            ("3.5", 3.5),
            ("-1e-3", -1e-3),
            ("1,234", 1234.0),
            ("-1,234,567.5", -1_234_567.5),
            ("1 234 567", 1_234_567.0),
            ("1'234'567", 1_234_567.0),
            ("1\u{202f}234", 1234.0),
            ("1_000_000", 1e6),
            ("7B", 7e9),
            ("7 B", 7e9),
            ("1.4T", 1.4e12),
            ("0.1B", 1e8),
            ("1,300M", 1.3e9),
            ("3e21 FLOPs", 3e21),
            ("5 PF-days", 4.32e20),
            ("45%", 0.45),
        ] {
            assert_eq!(Written::read(text).map(Written::value), Some(value), "{text}");
        }
        for text in [
            "",
            "B",
            "1,23",
            "1,2345",
            "12,34,567",
            "1,234'567",
            "1.4Q",
            "7 models",
            "1,",
            ",5",
            "3,5",
            "1..2",
            "v2",
            "2024-01-01",
            "1 2",
        ] {
            assert_eq!(Written::read(text), None, "{text}");
        }
    }
}
