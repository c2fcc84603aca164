//! Answers that are cut, and grammars that cannot be held to.

use triaxis_infer::{Ended, Engine, Grammar, Helpers, InferError, Request, Sampling, generate};

use super::{engine, held, request, text, tokenizer, two_letters};

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
