use std::fmt::{self, Write};

use crate::parse::Suffix;

/// Significant digits unless the format asks for others.
pub(crate) const DIGITS: usize = 3;

/// Prints `value` with the largest of `suffixes` that leaves at least one digit before the point,
/// in `digits` significant digits without trailing zeros.
pub(crate) fn number(value: f64, suffixes: &[Suffix], digits: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    // Rounding first keeps 999,999 from printing as `1000K`.
    let digits = digits.clamp(1, 17);
    let (suffix, scale) = suffixes
        .iter()
        .filter(|(_, scale)| rounded(value / scale, digits).abs() >= 1.0)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .or_else(|| suffixes.iter().find(|(_, scale)| *scale == 1.0))
        .copied()
        .unwrap_or(("", 1.0));
    let scaled = value / scale;
    if scaled == 0.0 {
        return format!("0{suffix}");
    }
    if !(1e-3..1e4).contains(&scaled.abs()) {
        return format!("{scaled:.*e}{suffix}", digits - 1);
    }
    let decimals = digits as i32 - 1 - scaled.abs().log10().floor() as i32;
    let fixed = format!("{scaled:.*}", decimals.max(0) as usize);
    let short = if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.')
    } else {
        &fixed
    };
    format!("{short}{suffix}")
}

fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

/// Writes `text` at the format's width, at the `usual` side unless the format says otherwise. Unlike
/// [`fmt::Formatter::pad`] it does not take the precision for a maximal length.
pub(crate) fn pad(formatter: &mut fmt::Formatter<'_>, text: &str, usual: fmt::Alignment) -> fmt::Result {
    let missing = formatter
        .width()
        .unwrap_or(0)
        .saturating_sub(text.chars().count());
    let left = match formatter.align().unwrap_or(usual) {
        fmt::Alignment::Left => 0,
        fmt::Alignment::Right => missing,
        fmt::Alignment::Center => missing / 2,
    };
    let fill = formatter.fill();
    (0..left).try_for_each(|_| formatter.write_char(fill))?;
    formatter.write_str(text)?;
    (left..missing).try_for_each(|_| formatter.write_char(fill))
}
