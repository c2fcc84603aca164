//! Parts of a text, by where they begin and end in bytes.

use std::ops::Range;

/// A text without parts of it, which are on its characters' borders and in order.
///
/// ```
/// assert_eq!(triaxis_duplicates::without("one, two, three", &[0..5, 8..15]), "two");
/// ```
pub fn without(text: &str, parts: &[Range<usize>]) -> String {
    let removed: usize = parts.iter().map(Range::len).sum();
    let mut rest = String::with_capacity(text.len().saturating_sub(removed));
    let mut kept = 0;
    for part in parts {
        rest.push_str(&text[kept..part.start]);
        kept = part.end;
    }
    rest.push_str(&text[kept..]);
    rest
}

/// Adds a part that begins no earlier than those before it, as one with the last where they touch.
pub(crate) fn add(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
        _ => parts.push(part),
    }
}
