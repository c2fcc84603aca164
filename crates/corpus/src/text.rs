//! Where a long text is cut.

use std::ops::RangeInclusive;

/// Where to cut a text, within `window`: after the last paragraph that ends there, else after the last line,
/// sentence or word, else between characters.
pub(crate) fn boundary(text: &[u8], window: RangeInclusive<usize>) -> usize {
    let ends: [fn(&[u8]) -> bool; 4] = [
        |head| head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n"),
        |head| head.ends_with(b"\n"),
        |head| {
            [". ", "! ", "? ", "。"]
                .iter()
                .any(|end| head.ends_with(end.as_bytes()))
        },
        |head| head.last().is_some_and(u8::is_ascii_whitespace),
    ];
    let last = |ends: &fn(&[u8]) -> bool| window.clone().rev().find(|&at| ends(&text[..at]));
    ends.iter().find_map(last).unwrap_or_else(|| {
        let is_start = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
        let nearest = window.clone().rev().take(4).find(is_start);
        nearest.unwrap_or(*window.end())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_at_the_largest_unit_that_ends_in_the_window() {
        let text = "One two. Three four.\nFive six.\n\nSeven eight.\nNine";
        let cut = |window: RangeInclusive<usize>| &text[..boundary(text.as_bytes(), window)];
        assert_eq!(cut(10..=48), "One two. Three four.\nFive six.\n\n");
        assert_eq!(cut(10..=31), "One two. Three four.\nFive six.\n");
        assert_eq!(cut(5..=20), "One two. ");
        assert_eq!(cut(10..=17), "One two. Three ");
        assert_eq!(cut(10..=13), "One two. Thre");
        assert_eq!(boundary("ありがとう".as_bytes(), 4..=8), 6);
    }

    proptest! {
        #[test]
        fn a_cut_lies_in_its_window_and_between_characters(text in "(a|é|日|𝄞| |\n|\\. ){12,80}", from in 0_usize..6, more in 4_usize..12) {
            let window = from..=from + more;
            let cut = boundary(text.as_bytes(), window.clone());
            prop_assert!(window.contains(&cut) && text.is_char_boundary(cut));
        }
    }
}
