//! Beginnings that are shared.

use proptest::prelude::*;
use triaxis_blocks::Format;
use triaxis_infer::{Engine, PrefixCache, Sequence, Wanted};
use triaxis_model::Stack;
use triaxis_units::{Bytes, Tokens};

use crate::{bits_after, engine_of};

fn engine(pattern: &str) -> Engine {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 30, "width": 32, "layers": 2, "context": 700}}"#
    ))
    .unwrap();
    engine_of(&stack, 1, Some(Format::Q8_0))
}

/// The scores after tokens that follow a sequence.
fn after(engine: &mut Engine, sequence: &mut Sequence, tokens: &[u32]) -> Vec<u32> {
    bits_after(engine, sequence, tokens, Wanted::Last)
}

/// A text that is one of a few beginnings up to a place, and then its own.
fn text(beginning: usize, shared: usize, own: usize, length: usize) -> Vec<u32> {
    (0..length)
        .map(|index| match index < shared {
            true => (index * (beginning + 3) + index / 5) % 30,
            false => (index * 11 + own) % 30,
        } as u32)
        .collect()
}

/// What is read one after the other, of whom, and the most bytes that are kept.
fn readings() -> impl Strategy<Value = (Vec<(Vec<u32>, u8)>, u64)> {
    let one = (0..2_usize, 0..600_usize, 0..4_usize, 1..600_usize, 0..2_u8)
        .prop_map(|(beginning, shared, own, length, salt)| (text(beginning, shared, own, length), salt));
    let most = prop_oneof![Just(0), 1_u64..200_000, Just(u64::MAX)];
    (prop::collection::vec(one, 2..6), most)
}

fn found_or_not(pattern: &str, (texts, most): &(Vec<(Vec<u32>, u8)>, u64)) -> Result<(), TestCaseError> {
    let mut engine = engine(pattern);
    let mut prefixes = PrefixCache::new(&engine, Bytes(*most));
    for (text, salt) in texts {
        let (last, before) = text.split_last().unwrap();
        let mut own = engine.sequence();
        let expected = [
            after(&mut engine, &mut own, text),
            after(&mut engine, &mut own, &[1, 2]),
        ];
        let mut sequence = prefixes.read(&mut engine, before, &salt.to_string()).unwrap();
        prop_assert_eq!(sequence.tokens(), before);
        prop_assert!(prefixes.bytes().0 <= *most);
        // As answers go on: token by token, which attention does not mind, and the others do not after their beginning.
        let mut plain = engine.sequence();
        after(&mut engine, &mut plain, before);
        let found = [
            after(&mut engine, &mut sequence, &[*last]),
            after(&mut engine, &mut sequence, &[1, 2]),
        ];
        let stepped = [
            after(&mut engine, &mut plain, &[*last]),
            after(&mut engine, &mut plain, &[1, 2]),
        ];
        prop_assert!(found == stepped, "{} tokens", text.len());
        prop_assert!(pattern != "a" || found == expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn attention_has_the_same_bits_whether_a_beginning_is_found_or_read(all in readings()) {
        found_or_not("a", &all)?;
    }

    #[test]
    fn states_have_the_same_bits_whether_a_beginning_is_found_or_read(all in readings()) {
        found_or_not("d", &all)?;
    }

    #[test]
    fn hybrids_have_the_same_bits_whether_a_beginning_is_found_or_read(all in readings()) {
        found_or_not("ma", &all)?;
    }
}

#[test]
fn beginnings_are_found_as_far_as_they_are_shared() {
    for (pattern, piece) in [("a", 32), ("d", 256)] {
        let mut engine = engine(pattern);
        let mut prefixes = PrefixCache::new(&engine, Bytes(1 << 30));
        let mut found = |text: &[u32], salt: &str| {
            let before = prefixes.found().0;
            prefixes.read(&mut engine, text, salt).unwrap();
            (prefixes.found().0 - before) as usize
        };
        let shared = |own: usize| text(0, 560, own, 600);
        assert_eq!(found(&shared(0), "one"), 0);
        assert_eq!(found(&shared(0), "one"), 600 / piece * piece, "all that is whole");
        assert_eq!(found(&shared(1), "one"), 560 / piece * piece);
        assert_eq!(found(&shared(0)[..piece - 1], "one"), 0);
        assert_eq!(found(&shared(1), "two"), 0, "another salt shares nothing");
        assert_eq!(found(&text(1, 560, 0, 600), "one"), 0);
    }
}

#[test]
fn what_was_not_used_for_longest_is_forgotten_and_ends_before_beginnings() {
    let mut engine = engine("a");
    let page = {
        let mut one = PrefixCache::new(&engine, Bytes(1 << 30));
        one.read(&mut engine, &text(0, 32, 0, 32), "").unwrap();
        one.bytes().0
    };
    // Room for five pages: two beginnings of two, and an end.
    let mut prefixes = PrefixCache::new(&engine, Bytes(5 * page));
    let mut found = |text: &[u32]| {
        let before = prefixes.found();
        prefixes.read(&mut engine, text, "").unwrap();
        assert!(prefixes.bytes() <= Bytes(5 * page));
        Tokens(prefixes.found().0 - before.0).0 / 32
    };
    let first = |own| text(0, 64, own, 96);
    let second = |own| text(1, 64, own, 96);
    assert_eq!(found(&first(0)), 0);
    assert_eq!(found(&second(0)), 0, "the end of the first makes room");
    assert_eq!(found(&first(0)), 2);
    assert_eq!(found(&first(1)), 2);
    assert_eq!(found(&first(0)), 3);
    assert_eq!(
        found(&second(0)[..64]),
        1,
        "of the second, which was not used for long, the end went first"
    );
}

#[test]
fn a_cache_is_of_its_engine() {
    let (one, mut other) = (engine("a"), engine("a"));
    let mut prefixes = PrefixCache::new(&one, Bytes(1 << 20));
    let error = prefixes.read(&mut other, &[1, 2, 3], "").unwrap_err().to_string();
    assert!(error.contains("another engine"), "{error}");
}
