//! `bench test-time`, with the real program on a tiny model of chance weights.

use std::fmt::Write as _;

use serde_json::Value;

use crate::generate::{Kept, kept, text, triaxis};
use crate::support::{json, words};

/// Problems that a model of chance answers now and then.
fn problems(kept: &Kept) -> String {
    let mut lines = String::new();
    for (number, word) in ["the cat", "a dog", "the mat", "on", "logs", "and", "cats", "not"]
        .iter()
        .enumerate()
    {
        let line = format!(
            r#"{{"prompt": "{word}", "answer": "a", "checker": "contains", "level": {}}}"#,
            number % 2
        );
        writeln!(lines, "{line}").unwrap();
    }
    text(&kept.file("problems.jsonl", &lines)).to_owned()
}

fn bench(kept: &Kept, tasks: &[&str], more: &[&str]) -> std::process::Output {
    let with = [
        "bench",
        "test-time",
        text(&kept.model),
        "--tokenizer",
        text(&kept.tokenizer),
        "--most",
        "8",
        "--tasks",
    ];
    triaxis(&[&with, tasks, more].concat())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The same without times.
fn untimed(mut measured: Value) -> Value {
    for strategy in measured["strategies"].as_array_mut().unwrap() {
        strategy["spent"]
            .as_object_mut()
            .unwrap()
            .remove("seconds")
            .unwrap();
    }
    measured
}

const STRATEGIES: [&str; 5] = [
    "--strategies",
    "greedy",
    "sample",
    "majority:samples=4",
    "best-of-n:samples=8",
];

#[test]
fn strategies_are_told_with_what_they_took() {
    let kept = kept("a");
    let problems = problems(&kept);
    let more = [
        &STRATEGIES[..],
        &["--samples", "1..8", "--temperature", "1", "--format", "json"],
    ]
    .concat();
    let measured = json(&bench(&kept, &[&problems], &more));
    assert_eq!(measured["problems"], 8);
    let strategies = measured["strategies"].as_array().unwrap();
    let names: Vec<&str> = strategies
        .iter()
        .map(|one| one["strategy"].as_str().unwrap())
        .collect();
    assert_eq!(names, &STRATEGIES[1..]);
    for (strategy, samples) in strategies.iter().zip([1, 1, 4, 8]) {
        let counts =
            ["right", "wrong", "unparsable", "failed"].map(|of| strategy["answers"][of].as_u64().unwrap());
        assert_eq!(counts.iter().sum::<u64>(), 8);
        let accuracy = &strategy["accuracy"];
        assert!((number(&accuracy["value"]) - counts[0] as f64 / 8.0).abs() < 1e-12);
        assert!(number(&accuracy["interval"]["low"]) <= number(&accuracy["value"]));
        assert_eq!(strategy["outcomes"].as_array().unwrap().len(), 8);
        let spent = &strategy["spent"];
        assert_eq!(spent["samples"], 8 * samples);
        let sampled = number(&spent["sampled"]);
        assert!(sampled > 0.0 && sampled <= (8 * samples * 8) as f64);
        assert!((number(&strategy["tokens_per_problem"]) - sampled / 8.0).abs() < 1e-9);
        // Prompts are read once, however many samples there are.
        assert_eq!(spent["read"], strategies[0]["spent"]["read"]);
    }
    assert_eq!(strategies[0]["against_first"], Value::Null);
    let difference = number(&strategies[3]["against_first"]["found"]["difference"]["value"]);
    let accuracy = |at: usize| number(&strategies[at]["accuracy"]["value"]);
    assert!((difference - (accuracy(3) - accuracy(0))).abs() < 1e-12);
    let repeated = measured["repeated"].as_array().unwrap();
    let counts: Vec<u64> = repeated
        .iter()
        .map(|one| one["samples"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 2, 4, 8]);
    let passes: Vec<f64> = repeated.iter().map(|one| number(&one["pass"]["value"])).collect();
    assert!(
        passes.is_sorted() && passes[0] > 0.0 && passes[0] < passes[3],
        "{passes:?}"
    );
    // With a verifier that never errs the best of all samples is right where any is.
    assert!((accuracy(3) - passes[3]).abs() < 1e-12);
    let right = number(&measured["samples"]["right"]);
    assert!((passes[0] - right / 64.0).abs() < 1e-9);
    // Two of eight samples are enough for a law of eight problems.
    assert!(
        measured["law"]["found"]["predicted"]["value"].is_number() || measured["law"]["refused"].is_string()
    );

    let others = [&more[..], &["--places", "3", "--threads", "1"]].concat();
    let again = json(&bench(&kept, &[&problems], &others));
    assert_eq!(untimed(again), untimed(measured));
}

#[test]
fn tasks_are_asked_by_name_and_printed_as_tables() {
    let kept = kept("a");
    let problems = problems(&kept);
    let tasks = ["arithmetic", "reversed-addition", &problems];
    let output = bench(
        &kept,
        &tasks,
        &["--problems", "3", "--samples", "4", "--k", "1,3"],
    );
    let said = words(&output.stdout);
    assert!(output.status.success(), "{}", words(&output.stderr));
    assert!(
        said.contains("9 problems of arithmetic, reversed-addition"),
        "{said}"
    );
    for part in [
        "greedy",
        "majority:samples=4 less greedy:",
        "unparsable",
        "majority@k",
        "no law of coverage: 4 samples",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let level = bench(&kept, &["problems.jsonl"], &[]);
    assert_eq!(level.status.code(), Some(2));
    let one = bench(
        &kept,
        &[&problems],
        &[
            "--level",
            "1",
            "--samples",
            "2",
            "--strategies",
            "sample",
            "--format",
            "json",
        ],
    );
    assert_eq!(json(&one)["problems"], 4);
}

#[test]
fn what_cannot_be_asked_is_refused_with_its_remedy() {
    let kept = kept("a");
    let problems = problems(&kept);
    let unanswered = kept.file("unanswered.jsonl", "{\"prompt\": \"the cat\"}\n");
    let mixed = kept.file(
        "mixed.jsonl",
        "{\"prompt\": \"the cat\"}\n{\"prompt\": \"a dog\", \"answer\": 7, \"checker\": \"number\"}\n",
    );
    for (tasks, more, said) in [
        (
            "aritmetic",
            vec![],
            "`aritmetic` is no task: choose from arithmetic",
        ),
        ("aritmetic", vec![], "did you mean `arithmetic`?"),
        (
            &*problems,
            vec!["--strategies", "majorty"],
            "did you mean `majority`?",
        ),
        (
            &*problems,
            vec!["--strategies", "majority:samples=0"],
            "`samples = 0`: must be from 1",
        ),
        (
            &*problems,
            vec!["--samples", "1..8", "--k", "4,16"],
            "`--k 16`: must be from 1 to 8",
        ),
        (
            &*problems,
            vec!["--samples", "8..1"],
            "must be a number of samples",
        ),
        (
            &*problems,
            vec!["--temperature", "-1"],
            "`temperature = -1`: must be from 0",
        ),
        (&*problems, vec!["--level", "7"], "no line has `level` 7"),
        (
            "arithmetic",
            vec!["--level", "99"],
            "level 99 of the task `arithmetic`",
        ),
        (
            text(&unanswered),
            vec![],
            "field `answer`: a problem needs an answer",
        ),
        ("nowhere.jsonl", vec![], "correct the path"),
    ] {
        let output = bench(&kept, &[tasks], &more);
        let told = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{tasks} {more:?}: {told}");
        assert!(told.contains(said), "{said}: {told}");
    }
    // A line that holds no problem is told, and costs no other.
    let output = bench(
        &kept,
        &[text(&mixed)],
        &["--samples", "2", "--strategies", "sample", "--format", "json"],
    );
    assert!(
        words(&output.stderr).contains("left out:"),
        "{}",
        words(&output.stderr)
    );
    let measured = json(&output);
    assert_eq!(measured["problems"], 1);
    assert!(measured["left_out"][0].as_str().unwrap().contains("line 1"));
    // A prompt that does not fit fails alone; of nothing else there is nothing to tell.
    let long = format!(
        "{{\"prompt\": \"{}\", \"answer\": \"a\"}}\n",
        "the cat ".repeat(200)
    );
    let long = kept.file("long.jsonl", &long);
    let output = bench(&kept, &[text(&long)], &[]);
    let told = words(&output.stderr);
    assert!(
        told.contains("the model answered nothing") && told.contains("96"),
        "{told}"
    );
    // A model without a tokenizer.
    let bare = triaxis(&["bench", "test-time", text(&kept.model), "--tasks", "arithmetic"]);
    assert_eq!(bare.status.code(), Some(2));
    let told = words(&bare.stderr);
    assert!(
        told.contains("no tokenizer is beside") && told.contains("--tokenizer"),
        "{told}"
    );
}
