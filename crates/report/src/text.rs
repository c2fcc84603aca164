//! Numbers as the page writes them. A number that is not finite is a dash, never `NaN`.

use triaxis_units::{Bytes, Dollars, Params};

use crate::view::{Estimate, Interval};

/// Stands where there is nothing to say.
pub(crate) const NOTHING: &str = "–";

/// From here on a number in full is too long to read.
const LONG: f64 = 1e9;

/// `1.23M`: a count, in three significant digits.
pub(crate) fn count(value: f64) -> String {
    match Params::from_f64_rounded(value) {
        Ok(count) => count.to_string(),
        Err(_) => scientific(value),
    }
}

/// `12,345,678`: a count in full.
pub(crate) fn whole(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// `3.2×10¹⁵`: two significant digits, as compute is written.
pub(crate) fn scientific(value: f64) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.1e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    let power = format!("10{}", superscript(exponent));
    if mantissa == "1" {
        power
    } else {
        format!("{mantissa}×{power}")
    }
}

fn superscript(digits: &str) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |digit| RAISED[digit as usize]);
    digits.chars().map(raise).collect()
}

/// Three significant digits without an exponent where that stays short.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e5).contains(&magnitude) {
        return scientific(value);
    }
    let decimals = match magnitude {
        m if m >= 100.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 || m == 0.0 => 2,
        m if m >= 0.1 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// The same without trailing zeros, as ticks are written.
pub(crate) fn short(value: f64) -> String {
    let text = number(value);
    if text.contains('.') && !text.contains('×') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A loss: four decimals.
pub(crate) fn loss(value: f64) -> String {
    fixed(value, 4)
}

/// A loss or a share in four decimals, a size as a count.
pub(crate) fn measured(value: f64) -> String {
    match value.abs() < 1e4 {
        true => loss(value),
        false => count(value),
    }
}

/// A number with so many decimals; one that ran away is short.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    match value.abs() < LONG {
        true => format!("{value:.decimals$}"),
        false => scientific(value),
    }
}

/// `−0.0123`: a difference of losses.
pub(crate) fn signed(value: f64) -> String {
    format!("{value:+.4}").replace('-', "−")
}

/// `+1.25%` from a fraction.
pub(crate) fn signed_percent(fraction: f64) -> String {
    match 100.0 * fraction {
        percent if percent.abs() < LONG => format!("{percent:+.2}%").replace('-', "−"),
        percent if percent.is_finite() => format!("{}%", scientific(percent)),
        _ => NOTHING.to_owned(),
    }
}

/// `12.5%` from a fraction.
pub(crate) fn percent(fraction: f64) -> String {
    match 100.0 * fraction {
        percent if percent.is_finite() => {
            let text = fixed(percent, 1);
            match text.strip_suffix(".0").unwrap_or(&text) {
                "-0" => "0%".to_owned(),
                text => format!("{text}%"),
            }
        }
        _ => NOTHING.to_owned(),
    }
}

/// `4.2×`: how many times.
pub(crate) fn factor(value: f64) -> String {
    format!(
        "{}×",
        if value == 0.0 {
            "0".to_owned()
        } else {
            short(value)
        }
    )
}

/// `[0.44, 0.55]`.
pub(crate) fn interval(interval: &Interval, print: impl Fn(f64) -> String) -> String {
    format!("[{}, {}]", print(interval.low), print(interval.high))
}

/// `0.49 [0.44, 0.55]`.
pub(crate) fn estimate(estimate: &Estimate, print: impl Fn(f64) -> String) -> String {
    match &estimate.interval {
        Some(range) if print(range.low) != print(range.high) => {
            format!("{} {}", print(estimate.value), interval(range, print))
        }
        _ => print(estimate.value),
    }
}

/// `1 trial`, `3 trials`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `24.3 MB`: sizes of text, in powers of 1000.
pub(crate) fn bytes(value: Bytes) -> String {
    const STEPS: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")];
    let step = STEPS.into_iter().find(|(scale, _)| value.as_f64() >= *scale);
    match step {
        Some((scale, unit)) => format!("{} {unit}", number(value.as_f64() / scale)),
        None => format!("{} B", value.0),
    }
}

/// `$1.23M`; a fraction of a cent is said to be one.
pub(crate) fn dollars(value: Dollars) -> String {
    if value.0 > 0.0 && value.0 < 0.01 {
        "< $0.01".to_owned()
    } else if value.0 < 1000.0 {
        format!("${}", fixed(value.0, 2))
    } else {
        value.to_string()
    }
}

/// Text for Plotly, which reads a little HTML in names and hovers: taken literally.
pub(crate) fn literal(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_for_people() {
        assert_eq!(count(1_234_567.0), "1.23M");
        assert_eq!(count(f64::NAN), NOTHING);
        assert_eq!(whole(0), "0");
        assert_eq!(whole(999), "999");
        assert_eq!(whole(1_234_567), "1,234,567");
        assert_eq!(scientific(3.24e15), "3.2×10¹⁵");
        assert_eq!(scientific(1e21), "10²¹");
        assert_eq!(scientific(2.5e-4), "2.5×10⁻⁴");
        assert_eq!(number(0.4934), "0.493");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(4e-5), "4×10⁻⁵");
        assert_eq!(number(f64::INFINITY), NOTHING);
        assert_eq!(fixed(1e250, 2), "10²⁵⁰");
        assert_eq!(fixed(f64::NAN, 2), NOTHING);
        assert_eq!(percent(3.2e247), "3.2×10²⁴⁹%");
        assert_eq!(signed_percent(1e250), "10²⁵²%");
        assert_eq!(signed_percent(-0.0125), "−1.25%");
        assert_eq!(percent(0.9), "90%");
        assert_eq!([percent(-0.0004), percent(-0.0006)], ["0%", "-0.1%"]);
        assert_eq!(factor(4.0), "4×");
        assert_eq!(bytes(Bytes(24_300_000)), "24.3 MB");
        assert_eq!(bytes(Bytes(12)), "12 B");
        assert_eq!(dollars(Dollars(0.0004)), "< $0.01");
        assert_eq!(dollars(Dollars(0.0)), "$0.00");
        assert_eq!(dollars(Dollars(1_234_000.0)), "$1.23M");
        assert_eq!(factor(1.2e6), "1.2×10⁶×");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(100.0), "100");
        assert_eq!(plural(1, "trial"), "1 trial");
        assert_eq!(literal("<b>&"), "&lt;b&gt;&amp;");
    }

    #[test]
    fn writes_an_estimate_with_its_interval() {
        let range = Interval {
            low: 0.44,
            high: 0.55,
            level: 0.9,
        };
        let whole = Estimate {
            value: 0.49,
            interval: Some(range),
        };
        assert_eq!(estimate(&whole, |v| fixed(v, 2)), "0.49 [0.44, 0.55]");
        assert_eq!(
            estimate(
                &Estimate {
                    value: 0.49,
                    interval: None
                },
                number
            ),
            "0.490"
        );
    }
}
