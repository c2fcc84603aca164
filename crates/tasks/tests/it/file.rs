//! Users' problems: what is read, what is refused by item, and that nothing ends the reading.

use std::io::{BufReader, Read};

use proptest::prelude::*;
use triaxis_tasks::{CheckerSpec, ItemError, Options, Problem, Problems, Verdict};
use triaxis_units::Bytes;

type Item = Result<Problem, ItemError>;

fn read(text: &str) -> Vec<Item> {
    Problems::new(text.as_bytes(), Options::default()).collect()
}

fn error(line: &str) -> String {
    let mut items = read(line);
    assert_eq!(items.len(), 1, "{line}");
    items.remove(0).unwrap_err().to_string()
}

#[test]
fn problems_are_read_with_what_they_say() {
    let text = concat!(
        r#"{"prompt": "a?", "answer": "b"}"#,
        "\n\r\n",
        r#"{"question": "c?", "answers": [1, 2.5, true], "id": 7, "level": 3, "checker": "number", "more": {}}"#,
        "\r\n",
        r#"{"prompt": "d?", "answer": ["x", "y"], "id": "last", "checker": {"checker": "contains", "all": true}}"#,
    );
    let text = text.replace("true], ", "3], ");
    let problems: Vec<Problem> = read(&format!("\u{feff}{text}"))
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let told = |problem: &Problem| {
        (
            problem.id.clone(),
            problem.level,
            problem.prompt.clone(),
            problem.answer.clone(),
        )
    };
    assert_eq!(
        problems.iter().map(told).collect::<Vec<_>>(),
        [
            ("1".to_owned(), None, "a?".to_owned(), Some("b".to_owned())),
            ("7".to_owned(), Some(3), "c?".to_owned(), Some("1".to_owned())),
            ("last".to_owned(), None, "d?".to_owned(), None),
        ]
    );
    assert_eq!(problems[0].check(" b\n"), Verdict::Right);
    assert_eq!(problems[1].check("so 2.50"), Verdict::Right);
    assert_eq!(problems[2].check("x and y"), Verdict::Right);
    assert_eq!(problems[2].check("x"), Verdict::Wrong);
    // No mark ends them, and they have no steps.
    assert_eq!(problems[1].check("first 1\nthen 9"), Verdict::Wrong);
    assert_eq!(problems[1].partial("1"), None);
}

#[test]
fn what_is_wrong_is_told_by_item_with_the_rule_and_the_remedy() {
    for (line, told) in [
        (
            r#"{"prompt": "a"}"#,
            "line 1, field `answer`: a problem needs an answer, and this one has none; give",
        ),
        (
            r#"{"prompt": "a", "answer": null}"#,
            "field `answer`: a problem needs an answer",
        ),
        (
            r#"{"prompt": "a", "answers": []}"#,
            "field `answer`: a problem needs an answer",
        ),
        (
            r#"{"prompt": "a", "answer": {"b": 1}}"#,
            "field `answer`: an answer is a text, a number or a truth",
        ),
        (
            r#"{"promt": "a", "answer": "b"}"#,
            "there is `promt`; did you mean `prompt`?",
        ),
        (
            r#"{"answer": "b"}"#,
            "field `prompt`: a problem needs a `prompt` (or `question`); give it",
        ),
        (
            r#"{"prompt": 1, "answer": "b"}"#,
            "field `prompt`: a prompt is a text",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "id": []}"#,
            "field `id`: an `id` is a text or a number",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "level": -1}"#,
            "field `level`: -1 is no level",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "checker": "numbr"}"#,
            "did you mean `number`?",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "checker": {"checker": "number", "off": 1}}"#,
            "unknown field `off`",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "checker": 3}"#,
            "field `checker`",
        ),
        (
            r#"{"prompt": "a", "answer": "b", "checker": "number"}"#,
            "`b` has no number that can be read",
        ),
        (
            r#"{"prompt": "a", "answer": "12", "checker": "choice"}"#,
            "`12` is no letter from A to Z",
        ),
        (
            r#"{"prompt": "a", "answer": "(", "checker": "regex"}"#,
            "`(` is no regular expression that can be used: ",
        ),
        (
            r#"{"prompt": "a", "answer": "\\w{9999}{99}", "checker": "regex"}"#,
            "can be used: ",
        ),
        (
            r#"{"prompt": "a", "answer": "", "checker": "contains"}"#,
            "an empty answer is in every text",
        ),
        (
            r#"{"prompt": "a", "answer": "1", "checker": {"checker": "number", "absolute": -1}}"#,
            "a tolerance is zero or",
        ),
        (
            r#"{"prompt": "a", "checker": "countdown"}"#,
            "field `metadata`: the checker `countdown` needs",
        ),
        (
            r#"{"prompt": "a", "checker": "command"}"#,
            "a line cannot name a command",
        ),
        (
            r#"{"prompt": "a", "checker": {"checker": "command", "command": ["true"]}}"#,
            "a line cannot name a command",
        ),
        (r#"["a"]"#, "a line is one JSON object"),
        (r#"{"prompt": "a""#, "a line is one JSON object, and this is none"),
    ] {
        let error = error(line);
        assert!(error.contains(told), "{line}: {error}");
    }
    let missing = Problems::open("no/such.jsonl".as_ref(), Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("`no/such.jsonl`, and it cannot be opened") && missing.contains("correct the path")
    );
}

#[test]
fn a_line_that_is_wrong_ends_nothing() {
    let right = r#"{"prompt": "a", "answer": "b"}"#;
    let long = format!(r#"{{"prompt": "{}", "answer": "b"}}"#, "x".repeat(500));
    let mut bytes = format!("{right}\nnone\n{long}\n{right}\n").into_bytes();
    bytes.extend(b"{\"prompt\": \"\xff\", \"answer\": 1}\n");
    bytes.extend(long.as_bytes());
    let options = Options {
        longest_line: Bytes(100),
        ..Options::default()
    };
    // A buffer that is smaller than a line.
    let items: Vec<Item> = Problems::new(BufReader::with_capacity(7, bytes.as_slice()), options).collect();
    let told: Vec<String> = items
        .iter()
        .map(|item| match item {
            Ok(problem) => problem.id.clone(),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(told.len(), 6, "{told:?}");
    assert_eq!((told[0].as_str(), told[3].as_str()), ("1", "4"));
    assert!(
        told[1].starts_with("line 2: a line is one JSON object"),
        "{told:?}"
    );
    assert_eq!(
        told[2],
        "line 3: the line is longer than 100B, the most that is read; shorten it"
    );
    assert!(told[4].starts_with("line 5: the line is no UTF-8"), "{told:?}");
    assert!(told[5].starts_with("line 6: the line is longer"), "{told:?}");
}

/// A line without end is not kept: it would be 64 GiB.
#[test]
fn a_line_without_end_takes_no_memory() {
    let endless = std::io::repeat(b'x').take(1 << 28);
    let items: Vec<Item> = Problems::new(BufReader::new(endless), Options::default()).collect();
    assert_eq!(items.len(), 1);
    assert!(items[0].as_ref().unwrap_err().message.contains("longer than"));
}

struct Failing(bool);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(std::io::Error::other("gone"));
        }
        let line = b"{\"prompt\": \"a\", \"answer\": \"b\"}\n";
        buffer[..line.len()].copy_from_slice(line);
        Ok(line.len())
    }
}

#[test]
fn a_reader_that_fails_is_told_once() {
    let items: Vec<Item> = Problems::new(BufReader::new(Failing(false)), Options::default()).collect();
    assert_eq!(items.len(), 2);
    let error = items[1].as_ref().unwrap_err().to_string();
    assert_eq!(error, "line 2: the file cannot be read on: gone; try it again");
}

/// As reasoning-gym writes them, with Countdown's numbers in the metadata; a problem whose answer is None is told.
#[test]
fn exports_of_reasoning_gym_are_read() {
    let text = concat!(
        r#"{"question": "Calculate 139 using the numbers 36, 29, 95, 32, 4, 15.", "answer": "15 - 4 + 95 + 36 - 32 + 29", "#,
        r#""metadata": {"source_dataset": "countdown", "source_index": 0, "numbers": [36, 29, 95, 32, 4, 15], "target": 139}}"#,
        "\n",
        r#"{"question": "What is 1 + 1?", "answer": "2", "metadata": {"source_dataset": "chain_sum"}}"#,
        "\n",
        r#"{"question": "Colour the graph.", "answer": null, "metadata": {"source_dataset": "graph_color"}}"#,
        "\n",
        r#"{"question": "Make 5 of 2, 3.", "answer": "2*3", "metadata": {"numbers": [2, 3], "target": 5}}"#,
        "\n",
        r#"{"question": "Which is largest?", "answer": "3", "metadata": {"numbers": [2, 3], "target": 5, "source_dataset": "x"}}"#,
        "\n",
        r#"{"question": "Make 5 of 2, 7.", "answer": "-2 + 7", "metadata": {"numbers": [2, 7], "target": 5}}"#,
    );
    let items = read(text);
    let countdown = items[0].as_ref().unwrap();
    assert_eq!(
        countdown.check(countdown.answer.as_deref().unwrap()),
        Verdict::Right
    );
    assert_eq!(
        countdown.check("<answer>36 + 95 + (15 - 4) + 29 - 32</answer>"),
        Verdict::Right
    );
    assert_eq!(countdown.check("4*36 - 15/ (32 - 29)"), Verdict::Right);
    assert_eq!(countdown.check("36 + 95"), Verdict::Wrong);
    assert_eq!(countdown.check("36 + 36 + 95 - 29 + 1"), Verdict::Wrong);
    assert!(matches!(countdown.check("I do not know"), Verdict::Unparsable(_)));
    assert_eq!(items[1].as_ref().unwrap().check("2"), Verdict::Right);
    assert!(items[2].as_ref().unwrap_err().message.contains("needs an answer"));
    assert!(
        items[3]
            .as_ref()
            .unwrap_err()
            .message
            .contains("does not make the target")
    );
    assert_eq!(items[4].as_ref().unwrap().check("3"), Verdict::Right);
    assert!(items[5].is_ok());
}

#[test]
fn the_checker_of_a_file_judges_lines_that_name_none() {
    let options = Options {
        checker: Some(serde_json::from_str(r#"{"checker": "number", "relative": 0.1}"#).unwrap()),
        ..Options::default()
    };
    let text = "{\"prompt\": \"a\", \"answer\": 10}\n{\"prompt\": \"a\", \"answer\": \"10\", \"checker\": \"exact\"}";
    let problems: Vec<Problem> = Problems::new(text.as_bytes(), options)
        .map(Result::unwrap)
        .collect();
    assert!(problems[0].check("10.5").is_right() && !problems[1].check("10.5").is_right());
}

#[test]
fn lines_of_the_registry_of_checkers_are_described() {
    for entry in CheckerSpec::REGISTRY {
        assert!(entry.about.len() > 30, "{}", entry.name);
        let settings = format!(r#"{{"checker": "{}", "command": ["true"]}}"#, entry.name);
        let settings = if entry.name == "command" {
            settings
        } else {
            format!(r#"{{"checker": "{}"}}"#, entry.name)
        };
        let spec: CheckerSpec = serde_json::from_str(&settings).unwrap();
        assert_eq!(
            (spec.kind(), spec.is_command()),
            (entry.name, entry.name == "command")
        );
        let again = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<CheckerSpec>(&again).unwrap(), spec);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-zA-Z0-9(){}*+., \\[\\]^$|?-]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Into::into)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_bytes_are_problems_or_told(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let lines = bytes.split(|&byte| byte == b'\n').count();
        let items = Problems::new(bytes.as_slice(), Options::default()).count();
        prop_assert!(items <= lines);
    }

    #[test]
    fn any_fields_are_a_problem_or_told(
        prompt in json(), answer in json(), level in json(), checker in prop_oneof![
            json(),
            prop::sample::select(CheckerSpec::REGISTRY.iter().map(|entry| entry.name).collect::<Vec<_>>())
                .prop_map(Into::into),
        ],
        metadata in json(), given in "[a-zA-Z0-9(){}<>/%., -]{0,30}",
    ) {
        let line = serde_json::json!({
            "prompt": prompt, "answer": answer, "level": level, "checker": checker, "metadata": metadata,
        });
        for item in read(&line.to_string()) {
            match item {
                Ok(problem) => prop_assert!(!matches!(problem.check(&given), Verdict::Failed(_))),
                Err(error) => prop_assert!(error.line == 1 && error.message.len() > 20),
            }
        }
    }
}

#[test]
fn hostile_answers_cost_little() {
    for checker in ["exact", "number", "choice", "contains"] {
        let answer = if checker == "number" { "1" } else { "B" };
        let line = format!(r#"{{"prompt": "a", "answer": "{answer}", "checker": "{checker}"}}"#);
        let problem = read(&line).remove(0).unwrap();
        for part in [
            "(",
            "1,",
            "A ",
            "-1/",
            "<answer>",
            "</answer>",
            "1e9 ",
            "\u{1f600}",
            " ",
        ] {
            let text = part.repeat((1 << 20) / part.len());
            assert!(
                !matches!(problem.check(&text), Verdict::Failed(_)),
                "{checker} {part}"
            );
        }
    }
}
