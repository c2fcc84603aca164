//! Answers that are held to a grammar, with the real program.

use serde_json::Value;

use crate::generate::{answers, kept, quantised, text, triaxis};
use crate::support::words;

/// The program in four gigabytes of addresses and twenty seconds of work.
#[cfg(target_os = "linux")]
fn bounded(arguments: &[&str]) -> std::process::Output {
    std::process::Command::new("sh")
        .args(["-c", "ulimit -v 4000000 && ulimit -t 20 && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_triaxis"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_schema_a_pattern_or_a_grammar_holds_every_answer() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let schema = kept.file(
        "schema.json",
        r#"{"type": "object", "additionalProperties": false, "required": ["a", "n"],
            "properties": {"a": {"enum": ["x", "yy"]}, "n": {"type": "integer", "minimum": 1, "maximum": 20}}}"#,
    );
    let rules = kept.file("rules.lark", "start: \"the \" (\"cat\" | \"dog\") \"!\"\n");
    let path = text(&model).to_owned();
    for draft in [&[][..], &["--draft", "look-up"], &["--draft", &path]] {
        let held = |arguments: &[&str]| {
            let all = [arguments, draft, &["--samples", "6"]].concat();
            let found = answers(&model, &all);
            let found = found.as_array().unwrap().iter();
            found
                .map(|answer| {
                    assert_eq!(answer["finish"], "end", "{answer}");
                    answer["text"].as_str().unwrap().to_owned()
                })
                .collect::<Vec<_>>()
        };
        for answer in held(&["--json-schema", text(&schema)]) {
            let value: Value = serde_json::from_str(&answer).unwrap();
            assert!(["x", "yy"].contains(&value["a"].as_str().unwrap()), "{answer}");
            assert!((1..=20).contains(&value["n"].as_u64().unwrap()), "{answer}");
        }
        for answer in held(&["--json-schema", r#"{"enum": [true, "mat"]}"#]) {
            assert!(["true", "\"mat\""].contains(&&*answer), "{answer}");
        }
        for answer in held(&["--regex", "(cat|dog)( on){2}"]) {
            assert!(["cat on on", "dog on on"].contains(&&*answer), "{answer}");
        }
        for answer in held(&["--grammar", text(&rules)]) {
            assert!(["the cat!", "the dog!"].contains(&&*answer), "{answer}");
        }
    }
}

#[test]
fn an_answer_that_is_cut_off_is_said_to_be() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let output = triaxis(&[
        "generate",
        text(&model),
        "the cat",
        "--most",
        "4",
        "--regex",
        "[a-z]{40}",
    ]);
    let said = words(&output.stderr);
    assert!(
        output.status.success() && said.contains("answer 1 is not whole: `--most`"),
        "{said}"
    );
    let whole = triaxis(&["generate", text(&model), "the cat", "--regex", "[a-z]{4}"]);
    assert_eq!((words(&whole.stderr).as_str(), whole.stdout.len()), ("", 5));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_held_to_is_refused_in_bounded_memory_and_time() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let model = text(&model);
    let refused = |arguments: &[&str], said: &str| {
        let output = bounded(&[&["generate", model, "the cat"], arguments].concat());
        let stderr = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}: {stderr}");
        assert!(
            stderr.contains(said) && !stderr.contains("panic"),
            "{said}: {stderr}"
        );
    };
    let nested = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
    refused(&["--regex", &nested(60_000)], "120001 bytes");
    refused(&["--regex", &nested(8_000)], "nest");
    refused(&["--regex", "(a{1000}){1000}{1000}"], "1000000000 bytes");
    refused(&["--regex", ""], "empty");
    refused(&["--regex", "a", "--json-schema", "{}"], "cannot be used with");
    refused(&["--json-schema", "nothing.json"], "correct the path");
    refused(&["--json-schema", "{\"type\": }"], "no JSON");
    refused(
        &[
            "--json-schema",
            r#"{"type": "string", "minLength": 3, "maxLength": 2}"#,
        ],
        "minLength",
    );
    let large = kept.file(
        "large.json",
        &format!(r#"{{"title": "{}"}}"#, "a".repeat(10_000_000)),
    );
    refused(&["--json-schema", text(&large)], "10000013 bytes");
    let deep = kept.file("deep.json", &r#"{"items":"#.repeat(10_000));
    refused(&["--json-schema", text(&deep)], "recursion limit");
    let rules = kept.file("deep.lark", &format!("start: {}", nested(8_000)));
    refused(&["--grammar", text(&rules)], "nested");
}
