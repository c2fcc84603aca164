//! What comes of a grammar is a text of it.

use serde_json::Value;
use triaxis_infer::Grammar;

use super::{of_pairs, tokenizer, whole};

#[test]
fn answers_match_the_regular_expression() {
    let tokenizer = tokenizer();
    for pattern in [
        "yes|no|maybe",
        "[a-z]{3,9}",
        r"\d{4}-(0[1-9]|1[0-2])-[0-3]\d",
        r"(?i)the cat( (sat|ran)){1,4}\.",
        r"(/[a-z]{1,5}){1,3}\\/",
        "^a+b?$",
        r#""([^"\\\x00-\x1f]|\\["\\n]){0,6}""#,
        "(é|ß|日本|🙂){2}",
        r"\w{5}",
        "a{0}",
    ] {
        let grammar = Grammar::regex(pattern, &tokenizer).unwrap();
        let expression = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        let found = whole(&grammar, &tokenizer);
        assert!(found.len() > 20, "{pattern}: {} of 96 ended", found.len());
        for answer in found {
            assert!(expression.is_match(&answer), "{pattern}: {answer:?}");
        }
    }
}

/// Whether a string has so many characters.
fn is_string(value: &Value, least: usize, most: usize) -> bool {
    let length = value.as_str().map(|text| text.chars().count());
    length.is_some_and(|length| (least..=most).contains(&length))
}

fn has_only(value: &Value, keys: &[&str]) -> bool {
    let own = value.as_object().unwrap();
    own.keys().all(|key| keys.contains(&key.as_str()))
}

#[test]
fn answers_are_values_of_the_schema() {
    type Check = fn(&Value) -> bool;
    let cases: [(&str, Check); 7] = [
        (r#"{"enum": ["red", 5, null, {"a": [true]}]}"#, |value| {
            let all = serde_json::json!(["red", 5, null, {"a": [true]}]);
            all.as_array().unwrap().contains(value)
        }),
        (
            r#"{"type": "integer", "minimum": -7, "exclusiveMaximum": 120}"#,
            |value| {
                // `-0` is an integer of JSON.
                let number = value.as_f64().unwrap();
                number.fract() == 0.0 && (-7.0..120.0).contains(&number)
            },
        ),
        (
            r#"{"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4}"#,
            |value| {
                let items = value.as_array().unwrap();
                (2..=4).contains(&items.len()) && items.iter().all(Value::is_boolean)
            },
        ),
        (r#"{"type": "string", "minLength": 1, "maxLength": 6}"#, |value| {
            is_string(value, 1, 6)
        }),
        (
            r#"{"type": "object", "additionalProperties": false, "required": ["zip", "age"], "properties": {
                "zip": {"type": "string", "pattern": "^[0-9]{5}$"}, "note": {"type": "string", "maxLength": 3},
                "age": {"type": "integer", "minimum": 0, "maximum": 130}}}"#,
            |value| {
                let zip = value["zip"].as_str().unwrap();
                zip.len() == 5
                    && zip.bytes().all(|byte| byte.is_ascii_digit())
                    && value["age"].as_u64().is_some_and(|age| age <= 130)
                    && value.get("note").is_none_or(|note| is_string(note, 0, 3))
                    && has_only(value, &["zip", "note", "age"])
            },
        ),
        (
            r##"{"$defs": {"tree": {"type": "object", "additionalProperties": false, "required": ["of"], "properties":
                {"of": {"type": "array", "maxItems": 1, "items": {"$ref": "#/$defs/tree"}}}}}, "$ref": "#/$defs/tree"}"##,
            |value| {
                fn is_tree(value: &Value) -> bool {
                    let below = value["of"].as_array().unwrap();
                    has_only(value, &["of"]) && below.len() <= 1 && below.iter().all(is_tree)
                }
                is_tree(value)
            },
        ),
        (
            r#"{"anyOf": [{"const": null}, {"type": "object", "additionalProperties": false, "required": ["in"],
                "properties": {"in": {"type": "object", "additionalProperties": false, "properties":
                {"x": {"enum": ["on", "off"]}}}}}]}"#,
            |value| {
                let inner = &value["in"];
                value.is_null()
                    || inner.is_object()
                        && has_only(value, &["in"])
                        && has_only(inner, &["x"])
                        && inner.get("x").is_none_or(|x| x == "on" || x == "off")
            },
        ),
    ];
    let tokenizer = tokenizer();
    for (schema, holds) in cases {
        let grammar = Grammar::json_schema(schema, &tokenizer).unwrap();
        let found = whole(&grammar, &tokenizer);
        assert!(found.len() > 20, "{schema}: {} of 96 ended", found.len());
        for answer in found {
            let value: Value = serde_json::from_str(&answer).unwrap();
            assert!(holds(&value), "{schema}: {answer}");
        }
    }
}

#[test]
fn answers_are_texts_of_a_grammar_with_rules() {
    let tokenizer = tokenizer();
    let rules = "start: pair\npair: \"(\" pair? \")\" | /[0-9]{1,2}/\n";
    let grammar = Grammar::lark(rules, &tokenizer).unwrap();
    let found = whole(&grammar, &tokenizer);
    assert!(found.len() > 20, "{} of 96 ended", found.len());
    for answer in found {
        let opened = answer.bytes().take_while(|byte| *byte == b'(').count();
        let inner = answer[opened..].strip_suffix(&")".repeat(opened)).unwrap();
        assert!(
            (inner.is_empty() && opened > 0) || inner.parse::<u8>().is_ok_and(|_| inner.len() <= 2),
            "{answer}"
        );
    }
}

#[test]
fn what_is_allowed_is_what_some_text_of_the_language_begins_with() {
    let tokenizer = tokenizer();
    let grammar = Grammar::regex("(ab|ba){1,2}", &tokenizer).unwrap();
    let mut open = vec![(grammar.answer(), Vec::new(), Vec::new())];
    let mut seen = 0;
    while let Some((mut answer, bytes, path)) = open.pop() {
        let complete = answer.is_complete();
        let mut next = Vec::new();
        let allowed = answer.allowed().unwrap();
        for token in 0..tokenizer.vocabulary() as u32 {
            let expected = match tokenizer.ends().contains(&token) {
                true => of_pairs(&bytes).1,
                false if tokenizer.is_special(token) => false,
                false => of_pairs(&[&bytes, tokenizer.bytes_of(token)].concat()).0,
            };
            assert_eq!(allowed(token), expected, "{token} after {bytes:?}");
            if expected && !tokenizer.ends().contains(&token) {
                next.push(token);
            }
        }
        drop(allowed);
        assert_eq!(complete, next.is_empty(), "{bytes:?}");
        seen += 1;
        for token in next {
            let path: Vec<u32> = [&path[..], &[token]].concat();
            let mut answer = grammar.answer();
            path.iter().for_each(|&token| answer.accept(token).unwrap());
            let bytes = [&bytes, tokenizer.bytes_of(token)].concat();
            open.push((answer, bytes, path));
        }
    }
    assert!(seen > 12, "{seen} places");
}
