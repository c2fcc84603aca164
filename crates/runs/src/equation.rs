//! A law with its numbers in the place of its parameters.

use triaxis_laws::Fit;
use triaxis_laws::form::{Definition, with_values};

/// The equation of a law with the values of `fit`.
pub fn with_numbers(definition: &Definition, fit: &Fit) -> String {
    with_values(&definition.equation, |name| {
        fit.parameter(name).map(|value| (value, number(value)))
    })
}

/// Four significant digits.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = 3 - size.log10().floor() as i32;
    format!("{value:.*}", digits.max(0) as usize)
}

/// A share in percent; one that is no share any more, as of a law that ran away, in few signs.
pub fn percent(share: f64, digits: usize) -> String {
    match 100.0 * share {
        percent if percent.abs() < 1e5 => format!("{percent:.digits$}%"),
        percent => format!("{percent:.1e}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, percent};

    #[test]
    fn shares_that_ran_away_are_short() {
        assert_eq!(percent(0.012_34, 2), "1.23%");
        assert_eq!(percent(1e250, 1), "1.0e252%");
    }

    #[test]
    fn numbers_have_four_digits() {
        let written = [1.817_22, 477.83, 2143.4, 0.0123, -0.0835, 1.2e-5, 3.4e7, 0.0].map(number);
        assert_eq!(
            written,
            [
                "1.817", "477.8", "2143", "0.01230", "-0.08350", "1.200e-5", "3.400e7", "0"
            ]
        );
    }
}
