//! Answers that a grammar holds.

use serde_json::Value;
use triaxis_infer::{
    Answer, Draft, Ended, Engine, Grammar, Helpers, InferError, LookUp, Options, Reading, Request, Sampling,
    SmallModel, Wanted, generate,
};
use triaxis_model::Stack;
use triaxis_tokens::{Tokenizer, WordCounts};

use crate::{random, source};

const TEXT: &str =
    r#"{"name": "Ada", "age": 36, "tags": ["a", "bb"], "ok": true} the cat 2024-05-17 abba null"#;

fn tokenizer() -> Tokenizer {
    let counts = WordCounts::default();
    counts.add([TEXT.repeat(20).as_str()].into_iter()).unwrap();
    Tokenizer::train(counts, 300).unwrap()
}

/// A tokenizer of two letters, which cannot write anything else.
fn two_letters() -> Tokenizer {
    let json = r#"{
        "version": "1.0",
        "added_tokens": [{"id": 2, "content": "<|endoftext|>", "special": true, "single_word": false, "lstrip": false,
                          "rstrip": false, "normalized": false}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}
    }"#;
    Tokenizer::from_json(json.as_bytes().to_vec(), "<|endoftext|>").unwrap()
}

fn engine(width: usize, tokenizer: &Tokenizer) -> Engine {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"pattern": "a", "vocabulary": {}, "width": {width}, "layers": 1, "context": 200}}"#,
        tokenizer.vocabulary()
    ))
    .unwrap();
    let (_, all) = random(&stack);
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    Engine::new(&source(&stack, &all), options).unwrap()
}

fn request(tokenizer: &Tokenizer, sampling: Sampling) -> Request {
    Request {
        prompt: tokenizer.encode("the cat").unwrap(),
        samples: 8,
        most: 120,
        sampling,
        ends: tokenizer.ends().clone(),
        known: tokenizer.vocabulary(),
        ..Request::default()
    }
}

fn held(
    engine: &mut Engine,
    request: &Request,
    grammar: &Grammar,
    draft: Option<&mut dyn Draft>,
) -> Vec<Answer> {
    let helpers = Helpers {
        draft,
        constraints: (0..request.samples).map(|_| grammar.answer()).collect(),
    };
    generate(engine, request, helpers, &mut |_, _| true).unwrap()
}

fn text(answer: &Answer, tokenizer: &Tokenizer) -> String {
    let bytes = answer
        .tokens
        .iter()
        .flat_map(|token| tokenizer.bytes_of(token.token));
    String::from_utf8(bytes.copied().collect()).unwrap()
}

/// The answers that ended by themselves, at several temperatures, by several seeds, with every kind of draft.
fn whole(grammar: &Grammar, tokenizer: &Tokenizer) -> Vec<String> {
    let (mut large, mut small) = (engine(32, tokenizer), engine(16, tokenizer));
    let mut found = Vec::new();
    for (seed, temperature) in [(1, 0.0), (2, 0.7), (3, 1.0), (4, 3.0)] {
        let sampling = Sampling {
            temperature,
            ..Sampling::default()
        };
        let request = Request {
            seed,
            ..request(tokenizer, sampling.clone())
        };
        let mut look_up = LookUp::default();
        let mut model = SmallModel::new(&mut small, tokenizer.vocabulary(), sampling).unwrap();
        let drafts: [Option<&mut dyn Draft>; 3] = [None, Some(&mut look_up), Some(&mut model)];
        for draft in drafts {
            let answers = held(&mut large, &request, grammar, draft);
            assert!(answers.iter().all(|answer| answer.ended != Ended::Nothing));
            let ended = answers.iter().filter(|answer| answer.ended == Ended::End);
            found.extend(ended.map(|answer| text(answer, tokenizer)));
        }
    }
    found
}

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

/// Whether some text of `(ab|ba){1,2}` begins with these bytes, and whether they are one.
fn of_pairs(bytes: &[u8]) -> (bool, bool) {
    let pairs = ["ab", "ba"];
    let twice = pairs
        .iter()
        .flat_map(|first| pairs.map(|second| format!("{first}{second}")));
    let all: Vec<String> = twice.chain(pairs.map(str::to_owned)).collect();
    let begins = all.iter().any(|text| text.as_bytes().starts_with(bytes));
    (begins, all.iter().any(|text| text.as_bytes() == bytes))
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

/// The probabilities of the first two tokens under `(ab|ba){1,2}`, by the model's scores alone.
fn first_two(engine: &mut Engine, request: &Request, tokenizer: &Tokenizer) -> Vec<((u32, u32), f64)> {
    let mut after = |tokens: &[u32], bytes: &[u8]| {
        let mut sequence = engine.sequence();
        let scores = engine
            .read(&mut [Reading {
                sequence: &mut sequence,
                tokens,
                wanted: Wanted::Last,
            }])
            .unwrap();
        let may = |token: u32| match tokenizer.ends().contains(&token) {
            true => of_pairs(bytes).1,
            false => !tokenizer.is_special(token) && of_pairs(&[bytes, tokenizer.bytes_of(token)].concat()).0,
        };
        let weights: Vec<(u32, f64)> = (0u32..)
            .zip(scores)
            .filter(|(token, _)| may(*token))
            .map(|(token, score)| (token, (f64::from(score) / request.sampling.temperature).exp()))
            .collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        weights
            .into_iter()
            .map(move |(token, weight)| (token, weight / sum))
            .collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (first, probability) in after(&request.prompt, &[]) {
        let tokens = [&request.prompt[..], &[first]].concat();
        let bytes = tokenizer.bytes_of(first).to_vec();
        let then = after(&tokens, &bytes);
        all.extend(
            then.into_iter()
                .map(|(second, then)| ((first, second), probability * then)),
        );
    }
    all
}

#[test]
fn held_tokens_are_distributed_as_the_model_has_those_that_are_allowed() {
    let tokenizer = tokenizer();
    let grammar = Grammar::regex("(ab|ba){1,2}", &tokenizer).unwrap();
    let sampling = Sampling {
        temperature: 1.5,
        ..Sampling::default()
    };
    let request = Request {
        samples: 3000,
        // The second is drafted, too.
        most: 3,
        seed: 8,
        drafted: 2,
        ..request(&tokenizer, sampling.clone())
    };
    let (mut large, mut small) = (engine(32, &tokenizer), engine(16, &tokenizer));
    let expected = first_two(&mut large, &request, &tokenizer);
    assert!(expected.len() > 3, "{expected:?}");
    let mut look_up = LookUp { longest: 1 };
    let mut model = SmallModel::new(&mut small, tokenizer.vocabulary(), sampling).unwrap();
    let drafts: [Option<&mut dyn Draft>; 3] = [None, Some(&mut look_up), Some(&mut model)];
    let end = tokenizer.end_of_text();
    for draft in drafts {
        let answers = held(&mut large, &request, &grammar, draft);
        let at = |answer: &Answer, place: usize| answer.tokens.get(place).map_or(end, |token| token.token);
        let squares = expected.iter().map(|(pair, probability)| {
            let count = answers
                .iter()
                .filter(|answer| (at(answer, 0), at(answer, 1)) == *pair)
                .count();
            let mean = 3000.0 * probability;
            (count as f64 - mean).powi(2) / mean
        });
        let (distance, cells) = (squares.sum::<f64>(), expected.len() as f64);
        // The thousandth of a chi-squared distribution lies below its mean and five deviations.
        let far = cells + 5.0 * (2.0 * cells).sqrt();
        assert!(distance < far, "{distance} of {cells} cells");
    }
}

#[test]
fn probabilities_that_are_told_are_those_of_all_tokens() {
    let tokenizer = tokenizer();
    let mut engine = engine(32, &tokenizer);
    let request = Request {
        samples: 1,
        likeliest: Some(tokenizer.vocabulary()),
        ..request(&tokenizer, Sampling::default())
    };
    let free = generate(&mut engine, &request, Helpers::default(), &mut |_, _| true).unwrap();
    let grammar = Grammar::regex("[0-9]{3}", &tokenizer).unwrap();
    let answer = &held(&mut engine, &request, &grammar, None)[0];
    assert_eq!(answer.tokens[0].likeliest, free[0].tokens[0].likeliest);
    for token in &answer.tokens {
        let sum: f64 = token.likeliest.iter().map(|(_, log)| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(token.log_probability.unwrap() < -0.1);
    }
}

#[test]
fn an_answer_says_whether_it_is_whole() {
    let tokenizer = tokenizer();
    let mut large = engine(32, &tokenizer);
    let request = Request {
        most: 5,
        samples: 1,
        ..request(&tokenizer, Sampling::default())
    };
    let ended = |large: &mut Engine, pattern: &str| {
        let grammar = Grammar::regex(pattern, &tokenizer).unwrap();
        let answer = held(large, &request, &grammar, None).remove(0);
        (answer.ended, answer.tokens.len())
    };
    assert_eq!(ended(&mut large, "[^a]{90}").0, Ended::Most);
    // What is whole with the last token that it may have is no answer that was cut off.
    assert_eq!(ended(&mut large, "x{5}"), (Ended::End, 5));
    assert_eq!(ended(&mut large, "a{0}"), (Ended::End, 0));
    // A vocabulary that can begin an answer and not end it.
    let letters = two_letters();
    let mut engine = engine(32, &letters);
    let grammar = Grammar::regex(r"b\{", &letters).unwrap();
    let request = Request {
        prompt: vec![0],
        ends: letters.ends().clone(),
        known: letters.vocabulary(),
        ..request.clone()
    };
    for answer in held(&mut engine, &request, &grammar, None) {
        assert_eq!(
            (answer.ended, text(&answer, &letters).as_str()),
            (Ended::Nothing, "b")
        );
    }
}

#[test]
fn what_cannot_be_held_to_is_refused() {
    let (tokenizer, letters) = (tokenizer(), two_letters());
    let refused = |grammar: Result<Grammar, InferError>, words: &str| {
        let said = grammar.expect_err(words).to_string();
        assert!(
            said.contains(words) && said.lines().count() == 1 && said.len() < 600,
            "{words}: {said}"
        );
    };
    let regex = |pattern: &str| Grammar::regex(pattern, &tokenizer);
    let schema = |schema: &str| Grammar::json_schema(schema, &tokenizer);
    let nested =
        |depth: usize, open: &str, close: &str| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    refused(regex(""), "it is empty");
    refused(regex(&nested(60_000, "(", ")")), "120001 bytes");
    refused(regex(&nested(8_000, "(", ")")), "nest");
    refused(regex("(a{1000}){1000}{1000}"), "1000000000 bytes");
    refused(regex("(?:a{99}){99999}b"), "9899902 bytes");
    refused(regex("a(b"), "unclosed group");
    refused(regex("[a&&b]"), "no text matches");
    refused(regex(r"(a)\1"), "backreference");
    refused(regex(r"a\bb"), "borders of words");
    refused(regex("a\nb"), "control character");
    refused(regex("(?P<stop>a)b"), "stop");
    refused(schema(""), "it is empty");
    refused(schema("{"), "no JSON");
    refused(schema("[]"), "no object");
    refused(schema("false"), "allows nothing");
    refused(schema(&nested(60_000, r#"{"not":"#, "}")), "bytes");
    refused(schema(&nested(5_000, r#"{"items":"#, "}")), "recursion limit");
    refused(
        schema(&format!(r#"{{"title": "{}"}}"#, "a".repeat(10_000_000))),
        "10000013 bytes",
    );
    refused(
        schema(r#"{"type": "integer", "minimum": 9, "maximum": 1}"#),
        "minimum",
    );
    refused(schema(r#"{"not": {"type": "null"}}"#), "not");
    refused(schema(r##"{"$ref": "#/nothing"}"##), "nothing");
    refused(schema(r#"{"$ref": "https://example.org/schema"}"#), "example.org");
    refused(schema(r#"{"x-guidance": {"lenient": true}}"#), "x-guidance");
    refused(schema(r#"{"type": "string", "format": "no-such"}"#), "no-such");
    refused(schema(r#"{"type": "string", "pattern": "("}"#), "unclosed");
    refused(
        schema(r#"{"oneOf": [{"type": "integer"}, {"type": "number"}]}"#),
        "oneOf",
    );
    refused(
        Grammar::lark(&format!("start: {}", nested(2_000, "(", ")")), &tokenizer),
        "nested",
    );
    refused(Grammar::lark("start: missing", &tokenizer), "missing");
    refused(
        Grammar::json_schema(r#"{"type": "object"}"#, &letters),
        "vocabulary",
    );
    refused(Grammar::regex("c|d", &letters), "vocabulary");
}

#[test]
fn large_grammars_end_within_their_limits() {
    let tokenizer = tokenizer();
    let mut engine = engine(32, &tokenizer);
    let request = Request {
        most: 20,
        samples: 2,
        ..request(&tokenizer, Sampling::default())
    };
    // A chain of references, each to the next.
    let links: Vec<String> = (0..3000)
        .map(|link| format!(r##""{link}":{{"$ref":"#/$defs/{}"}}"##, link + 1))
        .collect();
    let chain = format!(
        r##"{{"$defs": {{{}, "3000": {{"type": "integer"}}}}, "$ref": "#/$defs/0"}}"##,
        links.join(",")
    );
    let recursive = r##"{"type": "array", "items": {"$ref": "#"}, "minItems": 1}"##;
    let letters = r"\pL".repeat(5000);
    let rules: String = (0..1500)
        .map(|rule| format!("r{rule}: r{}\n", rule + 1))
        .collect();
    let rules = format!("start: r0\n{rules}r1500: \"a\"\n");
    let all = [
        Grammar::json_schema(&chain, &tokenizer),
        Grammar::json_schema(recursive, &tokenizer),
        Grammar::regex(&letters, &tokenizer),
        Grammar::regex("(a|b|ab|ba|aab|[abc]{1,9}){1,99}", &tokenizer),
        Grammar::regex("(.{0,999}x){0,999}", &tokenizer),
        Grammar::lark(&rules, &tokenizer),
        Grammar::lark("start: start start | \"a\" | \"aa\" |", &tokenizer),
    ];
    for grammar in all.into_iter().flatten() {
        let helpers = Helpers {
            draft: None,
            constraints: (0..2).map(|_| grammar.answer()).collect(),
        };
        match generate(&mut engine, &request, helpers, &mut |_, _| true) {
            Ok(answers) => assert!(answers.iter().all(|answer| answer.ended != Ended::Nothing)),
            Err(error) => assert!(error.to_string().contains("asks for too much"), "{error}"),
        }
    }
}
