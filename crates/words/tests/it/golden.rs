//! Equal to datatrove and spaCy (`tests/golden/make.py`).

use serde_json::Value;
use triaxis_words::{Simplified, Simplify, Splitter, Words, sentences};

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    let values = value.as_array().unwrap().iter();
    values.map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn words_are_those_of_spacy() {
    let mut words = Words::new();
    for case in cases() {
        for (text, expected) in [("text", "words"), ("simplified", "simplified_words")] {
            let text = case[text].as_str().unwrap();
            let split: Vec<&str> = words.split(Splitter::English, text).words().collect();
            assert_eq!(split, strings(&case[expected]), "{text:?}");
        }
    }
}

#[test]
fn sentences_are_those_of_spacy() {
    let mut words = Words::new();
    for case in cases() {
        let text = case["text"].as_str().unwrap();
        let given = words.found(text, strings(&case["words"])).unwrap();
        assert_eq!(
            sentences(&given) as u64,
            case["sentences"].as_u64().unwrap(),
            "{text:?}"
        );
    }
}

#[test]
fn texts_are_simplified_as_datatrove_does() {
    let mut room = Simplified::default();
    let otherwise = Simplify {
        lowercase: false,
        whitespace: false,
        numbers: false,
        weekdays: true,
        months: true,
        ..Simplify::default()
    };
    for case in cases() {
        let text = case["text"].as_str().unwrap();
        assert_eq!(
            Simplify::default().apply(text, &mut room),
            case["simplified"].as_str().unwrap(),
            "{text:?}"
        );
        assert_eq!(
            otherwise.apply(&text.to_lowercase(), &mut room),
            case["simplified_otherwise"].as_str().unwrap(),
            "{text:?}"
        );
    }
}
