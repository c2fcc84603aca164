//! Exact arithmetic with fractions.

/// A fraction in lowest terms, its denominator above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

/// Digits of a number beyond which it is not read.
const DIGITS: usize = 30;

fn greatest_common_divisor(mut one: i128, mut other: i128) -> i128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

impl Rational {
    /// A fraction; none where it is one by zero, or too large.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator.checked_abs()?, denominator.checked_abs()?);
        if denominator == 0 {
            return None;
        }
        let divisor = divisor * denominator.signum();
        Some(Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        })
    }

    /// A whole number.
    pub const fn whole(number: i128) -> Self {
        Self {
            numerator: number,
            denominator: 1,
        }
    }

    /// The nearest number of double precision, or one beside it.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The sum, unless it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(
            left.checked_add(right)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    /// The difference, unless it is too large.
    pub fn minus(self, other: Self) -> Option<Self> {
        let negative = other.numerator.checked_neg()?;
        self.plus(Self {
            numerator: negative,
            ..other
        })
    }

    /// The product, unless it is too large.
    pub fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    /// The quotient, unless it is one by zero or too large.
    pub fn over(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }

    /// The number that all of a text is: whole, as a decimal with or without an exponent, with commas between thousands,
    /// or one such over another.
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => decimal(text.trim()),
            Some((above, below)) => decimal(above.trim())?.over(decimal(below.trim())?),
        }
    }

    /// The number as a decimal, where it has an end; else as a fraction.
    pub fn written(self) -> String {
        let mut scale = 1_i128;
        for places in 0..=20 {
            if scale % self.denominator == 0 {
                let scaled = self.numerator.checked_mul(scale / self.denominator);
                let Some(scaled) = scaled else { break };
                let sign = if scaled < 0 { "-" } else { "" };
                let digits = format!("{:0>1$}", scaled.unsigned_abs(), places + 1);
                let (whole, part) = digits.split_at(digits.len() - places);
                let point = if part.is_empty() { "" } else { "." };
                return format!("{sign}{whole}{point}{part}");
            }
            scale *= 10;
        }
        format!("{}/{}", self.numerator, self.denominator)
    }
}

fn decimal(text: &str) -> Option<Rational> {
    let (text, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((text, exponent)) => (text, exponent.parse::<i32>().ok()?),
    };
    let (is_negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole = thousands(whole)?;
    let digits = format!("{whole}{part}");
    let is_number = !digits.is_empty() && digits.bytes().all(|sign| sign.is_ascii_digit());
    let significant = digits.trim_start_matches('0');
    if !is_number || significant.len() > DIGITS || exponent.unsigned_abs() as usize > DIGITS {
        return None;
    }
    let number: i128 = if significant.is_empty() {
        0
    } else {
        significant.parse().ok()?
    };
    let number = if is_negative { -number } else { number };
    let exponent = exponent.checked_sub(i32::try_from(part.len()).ok()?)?;
    let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 {
        Rational::new(number.checked_mul(power)?, 1)
    } else {
        Rational::new(number, power)
    }
}

/// Digits without the commas between thousands; none where commas stand elsewhere.
fn thousands(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let mut has_more = false;
    let are_whole = groups.all(|group| {
        has_more = true;
        group.len() == 3
    });
    (are_whole && (!has_more || (1..=3).contains(&first.len()))).then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, numerator, denominator) in [
            ("12", 12, 1),
            ("-0.50", -1, 2),
            ("1,234,567", 1_234_567, 1),
            ("3/4", 3, 4),
            (" 6 / -4 ", -3, 2),
            ("1.5e3", 1500, 1),
            ("2e-2", 1, 50),
            ("\u{2212}7", -7, 1),
            (".5", 1, 2),
            ("000", 0, 1),
        ] {
            assert_eq!(
                Rational::read(text),
                Rational::new(numerator, denominator),
                "{text}"
            );
        }
        for text in [
            "", "-", "1,23", "1/0", "1/2/3", "1e99", "1.2.3", "one", "e5", "1 2", ",123",
        ] {
            assert_eq!(Rational::read(text), None, "{text}");
        }
        assert_eq!(Rational::read(&"9".repeat(1 << 20)), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (numerator, denominator, written) in [
            (5, 1, "5"),
            (-1, 8, "-0.125"),
            (1, 3, "1/3"),
            (254, 100, "2.54"),
            (-7, 2, "-3.5"),
        ] {
            let number = Rational::new(numerator, denominator).unwrap();
            assert_eq!(number.written(), written);
            assert_eq!(Rational::read(written), Some(number));
        }
    }

    #[test]
    fn what_is_too_large_is_none() {
        let large = Rational::whole(i128::MAX);
        assert_eq!(large.plus(large), None);
        assert_eq!(large.times(large), None);
        assert_eq!(Rational::whole(1).over(Rational::whole(0)), None);
        assert_eq!(Rational::new(i128::MIN, 1), None);
        let half = Rational::new(1, 2).unwrap();
        assert_eq!(half.minus(half), Some(Rational::whole(0)));
    }
}
