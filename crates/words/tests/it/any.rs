//! Any text: words are of it, and time is linear in it.

use std::time::Instant;

use proptest::prelude::*;
use triaxis_words::{NotWords, Simplified, Simplify, Splitter, Words, classes, lines, sentences};

/// Text with what splitters look at, mixed with anything.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,6}",
        "[-.,:;!?'\"()/+$%&#*_~=<>]{1,4}",
        "[ \n\r\t\u{85}\u{a0}\u{2028}]{1,3}",
        "[0-9]{1,3}(km|%|\\$)?",
        "\\PC{0,4}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn words_follow_one_another_and_hold_what_is_no_space(text in texts()) {
        let mut words = Words::new();
        for splitter in Splitter::ALL {
            let document = words.split(*splitter, &text);
            let spans: Vec<_> = document.spans().iter().map(|span| span.start..span.end).collect();
            let split: Vec<&str> = document.words().collect();
            // Unicode's words hold a mark with the space that it is on.
            if *splitter != Splitter::Unicode {
                prop_assert!(split.iter().all(|word| !word.chars().any(classes::is_space)), "{split:?}");
                let kept: String = text.chars().filter(|sign| !classes::is_space(*sign)).collect();
                prop_assert_eq!(split.concat(), kept);
            }
            prop_assert!(sentences(&document) <= spans.len() + 1);
            let mut others = Words::new();
            prop_assert!(others.given(&text, spans).is_ok());
        }
    }

    #[test]
    fn lines_hold_all_but_their_ends(text in texts()) {
        let without = |text: &str, ends: &[char]| text.replace(ends, "");
        prop_assert_eq!(lines::by_feeds(&text).collect::<String>(), without(&text, &['\n']));
        let ends = ['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}'];
        prop_assert_eq!(lines::universal(&text).collect::<String>(), without(&text, &ends));
        prop_assert!(lines::paragraphs(&text).all(|paragraph| !paragraph.contains("\n\n")));
    }

    #[test]
    fn what_is_simple_stays_so(text in texts()) {
        let (mut room, mut other) = (Simplified::default(), Simplified::default());
        let simple = Simplify { numbers: false, ..Simplify::default() };
        let once = simple.apply(&text, &mut room);
        // Letters that decompose into capitals or spaces need a second pass.
        let twice = simple.apply(once, &mut other).to_owned();
        let thrice = simple.apply(&twice, &mut room);
        prop_assert_eq!(&twice, thrice);
    }
}

#[test]
fn words_that_are_not_of_the_text_are_refused() {
    let mut words = Words::new();
    let text = "über alles";
    let error = words.given(text, [0..5, 1..2]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "word 1 is bytes 1..2 of a text of 11: words must follow one another, hold something, and begin and end at \
         characters; count in bytes of UTF-8"
    );
    for wrong in [0..1, 5..5, 6..12] {
        assert!(words.given(text, std::iter::once(wrong)).is_err());
    }
    let error = words.found(text, ["alles", "über"]).unwrap_err();
    assert!(matches!(error, NotWords::Missing { index: 1, .. }), "{error}");
    assert!(words.found(text, [""]).is_err());
}

#[test]
fn hostile_texts_take_linear_time() {
    let start = Instant::now();
    let mut words = Words::new();
    let mut room = Simplified::default();
    for piece in [
        "a", "(", ".", "'", "a.", "a@", ":)", "é", "\n", "-", "1.", "…", "'s", "a://", "\u{301}",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        for splitter in Splitter::ALL {
            let document = words.split(*splitter, &text);
            assert!(sentences(&document) >= 1);
        }
        assert!(Simplify::default().apply(&text, &mut room).len() <= text.len());
    }
    // A pass over these 4 MiB that is not linear takes many minutes.
    assert!(start.elapsed().as_secs() < 120);
}
