//! Lengths in characters.

/// Characters of a part of a text. Whether all of the text is ASCII is found once, and then tells of every part.
#[inline]
pub(crate) fn characters(part: &str, is_ascii: bool) -> usize {
    if is_ascii {
        part.len()
    } else {
        part.chars().count()
    }
}
