//! Texts of others on a terminal, and small pictures of numbers.

use std::fmt::Write;

use triaxis_curation::Summary;

use crate::output::is_obeyed;

/// Characters of a document that are shown.
const SHOWN: usize = 400;

/// Heights of a bar, from the lowest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A text in which what a terminal obeys is spelled out, lines and tabs too, as `\u{1b}` and `\n`.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        match is_obeyed(sign) {
            true => shown.extend(sign.escape_default()),
            false => shown.push(sign),
        }
    }
    shown
}

/// The beginning of a text, indented.
pub fn beginning(text: &str) -> String {
    let mut shown = String::new();
    let beginning: String = text.chars().take(SHOWN).collect();
    for line in beginning.lines() {
        let _ = writeln!(shown, "    {}", escaped(line).trim_end());
    }
    if text.len() > beginning.len() {
        let _ = writeln!(shown, "    … {} bytes more", text.len() - beginning.len());
    }
    shown
}

/// A number in four digits or so.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1000.0.. => format!("{value:.0}"),
        0.001.. => {
            let places = (3 - value.abs().log10().floor() as i32).max(0) as usize;
            let fixed = format!("{value:.places$}");
            match fixed.contains('.') {
                true => fixed.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => fixed,
            }
        }
        _ => format!("{value:.1e}"),
    }
}

/// A histogram in one line, from which number to which.
pub fn histogram(summary: &Summary) -> String {
    let most = summary.histogram.iter().map(|bar| bar.count).max().unwrap_or(0);
    let drawn: String = summary
        .histogram
        .iter()
        .map(|bar| match bar.count {
            0 => ' ',
            count => HEIGHTS[((count * HEIGHTS.len() as u64).div_ceil(most.max(1)) as usize).clamp(1, 8) - 1],
        })
        .collect();
    let (first, last) = (summary.histogram.first(), summary.histogram.last());
    let (from, to) = (first.map_or(0.0, |bar| bar.from), last.map_or(0.0, |bar| bar.to));
    format!("|{drawn}| {} to {}", number(from), number(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_moves_the_cursor_or_turns_text_round() {
        let text = "a\u{1b}[2Jb\r\u{7}\u{202e}c\tdé\u{9b}";
        assert_eq!(escaped(text), "a\\u{1b}[2Jb\\r\\u{7}\\u{202e}c\\tdé\\u{9b}");
        assert_eq!(beginning("one \u{8}\ntwo"), "    one \\u{8}\n    two\n");
        assert!(beginning(&"é".repeat(500)).ends_with("… 200 bytes more\n"));
    }

    #[test]
    fn numbers_keep_four_digits() {
        let shown = [0.0, 0.5, 0.12345, 12.0, 99.994, 123.45, 45678.9, 0.000123, -0.25].map(number);
        assert_eq!(
            shown,
            [
                "0", "0.5", "0.1235", "12", "99.99", "123.5", "45679", "1.2e-4", "-0.25"
            ]
        );
    }
}
