//! Repeated passages, against comparison of each place with each.

use std::ops::Range;

use proptest::prelude::*;
use triaxis_duplicates::{substrings, without};

use crate::common::{on, texts, workspace};

fn repeats(texts: &[&str], least: usize) -> Vec<Vec<Range<usize>>> {
    substrings::repeats(texts, least, &workspace(&std::env::temp_dir(), 16 << 20)).unwrap()
}

/// Every character all of whose bytes are in a passage that stands earlier.
fn plainly(texts: &[&str], least: usize) -> Vec<String> {
    let passages = |text: &str| {
        let windows = text.as_bytes().windows(least).map(<[u8]>::to_vec);
        windows.collect::<Vec<_>>()
    };
    let mut earlier: Vec<Vec<u8>> = Vec::new();
    let rest = texts.iter().map(|text| {
        let mut removed = vec![false; text.len()];
        for (place, passage) in passages(text).into_iter().enumerate() {
            if earlier.contains(&passage) {
                removed[place..place + least].fill(true);
            }
            earlier.push(passage);
        }
        let kept = text.char_indices().filter(|(place, character)| {
            !removed[*place..place + character.len_utf8()]
                .iter()
                .all(|removed| *removed)
        });
        kept.map(|(_, character)| character).collect()
    });
    rest.collect()
}

fn rest(texts: &[&str], least: usize) -> Vec<String> {
    let removed = repeats(texts, least);
    texts
        .iter()
        .zip(removed)
        .map(|(text, removed)| without(text, &removed))
        .collect()
}

proptest! {
    #[test]
    fn what_is_left_is_what_comparison_leaves(
        texts in prop::collection::vec("[ab\u{e9}\u{4e16}]{0,24}", 0..8),
        least in 1_usize..9,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        prop_assert_eq!(rest(&texts, least), plainly(&texts, least));
    }

    #[test]
    fn long_repetitions_are_no_special_case(period in "[abc]{1,5}", times in 1_usize..60, least in 1_usize..40) {
        let text = period.repeat(times);
        prop_assert_eq!(rest(&[&text, &text], least), plainly(&[&text, &text], least));
    }
}

#[test]
fn passages_end_with_their_documents() {
    // "ab" of the second and third stands across the border of the first two.
    assert_eq!(rest(&["xa", "by", "ab"], 2), ["xa", "by", "ab"]);
    assert_eq!(rest(&["xaby", "ab"], 2), ["xaby", ""]);
    assert_eq!(rest(&["", "", ""], 1), ["", "", ""]);
    assert!(repeats(&[], 5).is_empty());
}

#[test]
fn a_corpus_is_the_same_on_any_threads() {
    let texts = texts(1200);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected = on(1, || repeats(&texts, 50));
    assert!(expected.iter().filter(|removed| !removed.is_empty()).count() > 400);
    for threads in [2, 8] {
        assert_eq!(on(threads, || repeats(&texts, 50)), expected);
    }
}

#[test]
fn too_much_text_and_no_passage_are_refused() {
    let workspace = workspace(&std::env::temp_dir(), 1 << 20);
    let most = substrings::at_once(&workspace).0;
    let refused = |text: &str, least| {
        let refused = substrings::repeats(&[text], least, &workspace);
        refused.map_err(|error| error.to_string())
    };
    assert!(refused(&"a".repeat(most as usize - 1), 100).is_ok());
    let error = refused(&"a".repeat(most as usize), 100).unwrap_err();
    assert!(
        error.contains("are to be looked through at once, and 1MiB of memory have room for"),
        "{error}"
    );
    let error = refused("a", 0).unwrap_err();
    assert!(
        error.contains("`least = 0`: a passage has one byte at least"),
        "{error}"
    );
}
