//! Answers as they are written.

use std::sync::LazyLock;

use proptest::prelude::*;
use triaxis_infer::text::Written;
use triaxis_tokens::{Tokenizer, WordCounts};

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let counts = WordCounts::default();
    let text = "the café 🙂 and the naïve 🙂🙂 café, « the end »\n\n".repeat(20);
    counts.add([text.as_str()].into_iter()).unwrap();
    Tokenizer::train(counts, 280).unwrap()
});

/// The text of tokens before the first stop string to end, of those that end together the longest; and whether there is one.
fn reference(tokens: &[u32], stops: &[String]) -> (String, bool) {
    let text = tokens.iter().filter(|token| !TOKENIZER.is_special(**token));
    let bytes: Vec<u8> = text
        .flat_map(|token| TOKENIZER.bytes_of(*token))
        .copied()
        .collect();
    for end in 0..=bytes.len() {
        let ended = stops
            .iter()
            .filter(|stop| bytes[..end].ends_with(stop.as_bytes()));
        if let Some(longest) = ended.map(String::len).max() {
            return (
                String::from_utf8_lossy(&bytes[..end - longest]).into_owned(),
                true,
            );
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), false)
}

/// Tokens of a text, cut into other tokens than those that it has, with others between; and stop strings of it and not of it.
fn answers() -> impl Strategy<Value = (Vec<u32>, Vec<String>)> {
    let text = prop::sample::select(vec![
        "the café",
        "🙂",
        " and",
        " naïve",
        "«",
        " the end »",
        "\n\n",
        "é",
        "a",
    ]);
    let part = prop_oneof![
        // As they are written.
        6 => text.clone().prop_map(|text| TOKENIZER.encode(text).unwrap()),
        // Byte by byte.
        3 => text.prop_map(|text| text
            .bytes()
            .filter_map(|byte| (0..TOKENIZER.vocabulary() as u32).find(|&token| TOKENIZER.bytes_of(token) == [byte]))
            .collect()),
        // Anything, control tokens and parts of characters too.
        2 => (0..TOKENIZER.vocabulary() as u32).prop_map(|token| vec![token]),
    ];
    let tokens = prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat());
    let other = prop::sample::select(vec!["never", "end", "é", "🙂🙂", "\n", "fé a", " "]);
    (
        tokens,
        prop::collection::vec((0..60_usize, 1..6_usize), 0..2),
        prop::collection::vec(other, 0..2),
    )
        .prop_map(|(tokens, spans, others)| {
            let (text, _) = reference(&tokens, &[]);
            let of_text = spans
                .into_iter()
                .map(|(first, count)| text.chars().skip(first).take(count).collect());
            let stops = of_text.chain(others.into_iter().map(str::to_owned));
            (tokens, stops.filter(|stop: &String| !stop.is_empty()).collect())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_answer_is_its_text_up_to_a_stop_string_however_tokens_part_it((tokens, stops) in answers()) {
        let mut written = Written::new(&TOKENIZER, &stops).unwrap();
        let (mut text, mut goes_on) = (String::new(), true);
        for token in &tokens {
            if !goes_on {
                break;
            }
            let (new, more) = written.push(*token);
            text += &new;
            goes_on = more;
        }
        text += &written.finish();
        prop_assert_eq!(&text, written.text());
        prop_assert_eq!(goes_on, !written.is_stopped());
        prop_assert_eq!((text, written.is_stopped()), reference(&tokens, &stops));
    }
}
