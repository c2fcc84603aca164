//! Every splitter against the library's pre-tokenizers and their regular expressions.

use std::collections::BTreeSet;

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior};

use super::{SPLITTERS, Spelled, Splitter, classes::LOOKS, words};

const TEXTS: usize = 10_000;

/// The library's pre-tokenizer of a splitter.
fn reference(splitter: &Splitter) -> Sequence {
    let step = |spelled: Spelled<'_>| match spelled {
        Spelled::Pattern(pattern) => {
            let pattern = SplitPattern::Regex(pattern.to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
            PreTokenizerWrapper::Split(split.unwrap())
        }
        Spelled::Digits => PreTokenizerWrapper::Digits(Digits::new(true)),
        Spelled::ByteLevel => PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, true)),
    };
    Sequence::new(splitter.steps.iter().map(|of| step(of.spelled)).collect())
}

fn check(splitter: &Splitter, reference: &Sequence, text: &str) {
    let mut pieces = PreTokenizedString::from(text);
    reference.pre_tokenize(&mut pieces).unwrap();
    let expected: Vec<&str> = pieces
        .get_splits(OffsetReferential::Original, OffsetType::Byte)
        .into_iter()
        .map(|(_, (start, end), _)| &text[start..end])
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    splitter.each(text, &mut |word| found.push(word.to_owned()));
    let differs = found
        .iter()
        .zip(&expected)
        .position(|(found, expected)| found != expected);
    let near = |words: &[String]| {
        words
            .iter()
            .skip(differs.unwrap_or(0))
            .take(4)
            .cloned()
            .collect::<Vec<_>>()
    };
    let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
    assert!(
        found == expected,
        "{}: {:?} and not {:?}",
        splitter.name,
        near(&found),
        near(&expected)
    );
}

/// Numbers without a pattern, the same ones every time (Marsaglia 2003, "Xorshift RNGs").
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// A text of what patterns tell apart, and of any character.
fn text(numbers: &mut Numbers) -> String {
    let likely = [
        " ",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\u{a0}",
        "\u{2003}",
        "\u{85}",
        "'",
        "'s",
        "'LL",
        "'Re",
        "'\u{17f}",
        "a",
        "B",
        "word",
        "é",
        "e\u{301}",
        "ñ",
        "中",
        "文",
        "あ",
        "س",
        "1",
        "12",
        "345",
        "6789",
        "½",
        "²",
        "٣",
        "Ⅷ",
        ".",
        "...",
        "_",
        "-",
        "(",
        "$",
        "+",
        "=",
        "~",
        "|",
        "€",
        "🙂",
        "👩‍👧",
        "\u{200d}",
        "\u{feff}",
        "<|endoftext|>",
        "\0",
        "\u{10ffff}",
    ];
    (0..numbers.below(40))
        .map(|_| match numbers.below(12) {
            0 => char::from_u32(numbers.below(0x11_0000) as u32)
                .unwrap_or('\u{fffd}')
                .to_string(),
            1 => char::from_u32(numbers.below(0x3000) as u32)
                .unwrap_or('\u{fffd}')
                .to_string(),
            _ => likely[numbers.below(likely.len())].to_owned(),
        })
        .collect()
}

#[test]
fn words_are_those_of_the_library() {
    let known = [
        "",
        " ",
        "  ",
        "a",
        " a",
        "  a",
        "\n\n  let x = 10;\n",
        "it's they'll 'tis we've '' 'r",
        "\t\tx\t y",
        "日本 語１２3",
        "e\u{301}clair",
        "a\u{a0} b",
        "\u{3000}\u{3000}x",
        "x \n",
        "x\r\n\r\ny",
        "Ⅷ½ ²x_y",
        " 's",
        "  's",
        "Hello world 123",
        " 12 345.6",
        "a  1\n\n  b",
        "½ x² ٣٤",
        "héllo — 你好 🙂",
        "!!\n\n\r x",
        " \n \n  y",
    ];
    for splitter in SPLITTERS {
        let reference = reference(splitter);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        known.iter().for_each(|text| check(splitter, &reference, text));
        (0..TEXTS).for_each(|_| check(splitter, &reference, &text(&mut numbers)));
    }
}

#[test]
fn every_character_is_of_the_classes_that_the_library_has() {
    // Beyond, no character has a class until the tags.
    let characters: Vec<char> = ('\0'..'\u{32000}').chain('\u{e0000}'..'\u{e0200}').collect();
    for name in ["gpt-2", "smollm", "default"] {
        let splitter = Splitter::named(name).unwrap();
        let reference = reference(splitter);
        for some in characters.chunks(512) {
            let text: String = some.iter().flat_map(|one| ['x', *one, *one, '-']).collect();
            check(splitter, &reference, &text);
        }
    }
}

#[test]
fn a_character_is_looked_at_a_constant_number_of_times() {
    let patterns = [
        "a", " ", "\n", "7", "'", ".", "\n ", " \n", "a ", "'s", " .", "12 ", "\u{a0}", "é", "½", "\r\n\t",
    ];
    for splitter in SPLITTERS {
        for pattern in patterns {
            for tail in ["", "x", "\n", "1"] {
                let text = pattern.repeat(20_000) + tail;
                LOOKS.set(0);
                splitter.each(&text, &mut |_| {});
                let most = 5 * splitter.steps.len() * text.chars().count() + 100;
                assert!(
                    LOOKS.get() <= most,
                    "{} {pattern:?}: {}",
                    splitter.name,
                    LOOKS.get()
                );
            }
        }
    }
}

#[test]
fn names_are_there_once_and_unknown_ones_are_refused_with_those_there_are() {
    let mut names = BTreeSet::new();
    for splitter in SPLITTERS {
        assert!(!splitter.about.is_empty() && !splitter.steps.is_empty());
        for name in splitter.also.iter().chain([&splitter.name]) {
            assert!(names.insert(*name), "{name}");
            assert_eq!(Splitter::named(name).unwrap().name, splitter.name);
        }
        let spelled: Vec<_> = splitter.steps.iter().map(|step| step.spelled).collect();
        let found = Splitter::spelled(&spelled, splitter.ignore_merges).unwrap();
        assert_eq!(found.name, splitter.name);
    }
    let error = Splitter::named("qwen3").unwrap_err().to_string();
    assert!(
        error.contains("did you mean `qwen2`") && error.contains("`llama-bpe` ("),
        "{error}"
    );
}

#[test]
fn vocabularies_are_learnt_from_the_words_of_gpt2() {
    let text = " it's 12\n\n  words";
    assert_eq!(
        words(text).collect::<Vec<_>>(),
        [" it", "'s", " 12", "\n\n ", " words"]
    );
    assert_eq!(words("").count(), 0);
}
