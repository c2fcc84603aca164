//! Text as its bytes come.

use proptest::prelude::*;
use triaxis_tokens::{Stopped, TextStream, Tokenizer};

use crate::golden::ByteLevel;
use crate::support::LEARNT;

/// What comes out of a stream of parts, and where it was stopped.
fn streamed<'b>(stops: &[&str], parts: impl IntoIterator<Item = &'b [u8]>) -> (String, Option<Stopped>) {
    let mut stream = TextStream::new(stops).unwrap();
    let mut text: String = parts.into_iter().map(|part| stream.push(part)).collect();
    text += &stream.finish();
    (text, stream.stopped())
}

/// By looking through all bytes: the stop string that ends first, of those that end together the longest.
fn reference(stops: &[&str], bytes: &[u8]) -> (String, Option<Stopped>) {
    for end in 0..=bytes.len() {
        let ended = stops
            .iter()
            .enumerate()
            .filter(|(_, stop)| bytes[..end].ends_with(stop.as_bytes()));
        if let Some((stop, text)) = ended.max_by_key(|(at, stop)| (stop.len(), usize::MAX - at)) {
            let at = end - text.len();
            let before = String::from_utf8_lossy(&bytes[..at]).into_owned();
            return (before, Some(Stopped { stop, at }));
        }
    }
    (String::from_utf8_lossy(bytes).into_owned(), None)
}

#[test]
fn split_characters_wait_and_whole_ones_do_not() {
    let mut stream = TextStream::new(["STOP"]).unwrap();
    for (bytes, text) in [
        (&b"caf"[..], "caf"),
        (b"\xc3", ""),
        (b"\xa9 \xf0\x9f", "é "),
        (b"\x99", ""),
        (b"\x82", "🙂"),
        (b"  two  spaces ", "  two  spaces "),
        ("\u{fffd}".as_bytes(), "\u{fffd}"),
        (b"\xff", "\u{fffd}"),
        (b"\xe2\x82", ""),
        (b"x", "\u{fffd}x"),
        (b"ST", ""),
        (b"S", "ST"),
        (b"TO", ""),
        (b"!", "STO!"),
    ] {
        assert_eq!(stream.push(bytes), text, "{bytes:?}");
    }
    assert_eq!(stream.push(b"end STO"), "end ");
    assert_eq!(stream.finish(), "STO");
    assert_eq!(stream.push(b"P on"), "P on", "what was given out stops nothing");
    assert_eq!(stream.stopped(), None);
}

#[test]
fn a_stop_string_is_found_across_tokens_and_left_out() {
    assert_eq!(
        streamed(&["\n\nUser:", "</s>"], [&b"Yes.\n"[..], b"\nUs", b"er: and"]),
        ("Yes.".to_owned(), Some(Stopped { stop: 0, at: 4 }))
    );
    // The one that ends first stops, though another began before.
    let first = ("a".to_owned(), Some(Stopped { stop: 1, at: 1 }));
    assert_eq!(streamed(&["abcd", "bc"], [&b"abcd"[..]]), first);
    assert_eq!(streamed(&["aab"], [&b"aa"[..], b"ab"]).0, "a");
    assert_eq!(streamed(&["é"], [&b"caf\xc3"[..], b"\xa9"]).0, "caf");
    let error = TextStream::new(["a", ""]).unwrap_err().to_string();
    assert!(error.contains("stop string 2 is empty"), "{error}");
}

#[test]
fn tokens_of_byte_level_and_of_pieces_give_their_text() {
    let golden = ByteLevel::read();
    let pieces = Tokenizer::from_gguf(crate::golden::pieces(false)).unwrap();
    for tokenizer in [&*LEARNT, &pieces] {
        for text in &golden.texts {
            let tokens = tokenizer.encode(text).unwrap();
            let parts = tokens.iter().map(|token| tokenizer.bytes_of(*token));
            assert_eq!(&streamed(&["<never>"], parts).0, text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_comes_out_does_not_hang_on_how_the_bytes_are_parted(
        bytes in prop::collection::vec(prop::sample::select(vec![
            b'a', b'b', b'c', b' ', 0xc3, 0xa9, 0xf0, 0x9f, 0x99, 0x82, 0xff, 0xe2,
        ]), 0..60),
        stops in prop::collection::vec("[abc]{2,5}|é|é🙂| a", 0..4),
        cuts in prop::collection::vec(0_usize..60, 0..20),
    ) {
        let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        prop_assert_eq!(streamed(&stops, parts), reference(&stops, &bytes));
    }

    #[test]
    fn text_is_held_back_no_longer_than_it_must(text in "[abé🙂 ]{0,40}", stop in "[ab]{1,4}c") {
        // A stop string that never comes holds back no more than its own length.
        let mut stream = TextStream::new([&stop]).unwrap();
        let mut given = 0;
        for (at, byte) in text.bytes().enumerate() {
            given += stream.push(&[byte]).len();
            prop_assert!(given + stop.len() + 3 > at, "{given} of {at}");
        }
    }
}
