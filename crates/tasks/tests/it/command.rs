//! Checkers that are programs: what they are told, what their ends mean, and what keeps them in. Where the system offers
//! no sandbox, that they are refused.

use std::time::{Duration, Instant};

use serde_json::json;
use triaxis_tasks::{Options, Problem, Problems, Verdict};

/// A problem that a shell script judges, or why there is none.
fn problem(script: &str, settings: serde_json::Value) -> Result<Problem, String> {
    let mut checker = json!({ "checker": "command", "command": ["sh", "-c", script] });
    checker
        .as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let options = Options {
        checker: Some(serde_json::from_value(checker).unwrap()),
        ..Options::default()
    };
    let line = r#"{"prompt": "6*7?", "answer": 42, "id": "x", "metadata": {"hint": "forty-two"}}"#;
    let mut problems = Problems::new(line.as_bytes(), options);
    problems.next().unwrap().map_err(|error| error.to_string())
}

/// The same in a sandbox; none where this system offers none, which is then refused in words.
fn sandboxed(script: &str) -> Option<Problem> {
    match problem(script, json!({ "limits": { "wall": "1min", "processor": 1 } })) {
        Ok(problem) => Some(problem),
        Err(error) => {
            assert!(
                error.contains("this system offers none") && error.contains("unsafe_commands"),
                "{error}"
            );
            None
        }
    }
}

fn failure(problem: &Problem, answer: &str) -> String {
    let verdict = problem.check(answer);
    let Verdict::Failed(reason) = &verdict else {
        unreachable!("{verdict:?} is no failure")
    };
    reason.clone()
}

#[test]
fn a_command_is_told_the_problem_and_the_answer() {
    let script = r#"read -r line; case $line in *'"prompt":"6*7?"'*'"answers":["42"]'*'"hint":"forty-two"'*'"answer":"42"'*) exit 0;; *) exit 1;; esac"#;
    for problem in sandboxed(script)
        .into_iter()
        .chain(problem(script, json!({ "unsafe_commands": true })))
    {
        assert_eq!(problem.check("42"), Verdict::Right);
        assert_eq!(problem.check("41"), Verdict::Wrong);
        assert_eq!(problem.check(&"a'\"\n$(exit 0)".repeat(100_000)), Verdict::Wrong);
    }
}

#[test]
fn what_neither_ends_with_zero_nor_one_has_failed() {
    for (script, told) in [
        (
            "echo lost >&2; exit 3",
            "ended with 3, neither 0 for right nor 1 for wrong: lost",
        ),
        ("exit 110", "ended with"),
        ("kill -9 $$", "killed"),
        ("yes error >&2 & sleep 0.1; kill $!; exit 2", ": error"),
    ] {
        for problem in sandboxed(script)
            .into_iter()
            .chain(problem(script, json!({ "unsafe_commands": true })))
        {
            let reason = failure(&problem, "42");
            assert!(reason.contains(told), "{script}: {reason}");
            assert!(reason.len() < 1000);
        }
    }
    let no_program = |unsafe_commands: bool| {
        let checker = json!({ "checker": "command", "command": ["no-such-program"], "unsafe_commands": unsafe_commands });
        let options = Options {
            checker: Some(serde_json::from_value(checker).unwrap()),
            ..Options::default()
        };
        let mut problems = Problems::new(r#"{"prompt": "a"}"#.as_bytes(), options);
        problems.next().unwrap()
    };
    for problem in [no_program(true), no_program(false)].into_iter().flatten() {
        assert!(failure(&problem, "42").contains("`no-such-program`"));
    }
}

#[test]
fn what_does_not_end_is_ended() {
    for script in [
        "sleep 60",
        "sleep 60 & sleep 60",
        "trap '' TERM INT; while :; do sleep 1; done",
    ] {
        let limits = json!({ "unsafe_commands": true, "limits": { "wall": 0.2 } });
        let problem = problem(script, limits).unwrap();
        let begin = Instant::now();
        assert!(
            failure(&problem, "42").contains("did not end within its time"),
            "{script}"
        );
        assert!(begin.elapsed() < Duration::from_secs(20), "{script}");
    }
}

#[test]
fn a_sandbox_has_no_network_and_limits() {
    // More interfaces than `lo`, which the first two lines of the table come before.
    if let Some(problem) = sandboxed("test $(wc -l < /proc/self/net/dev) -le 3") {
        assert_eq!(problem.check("42"), Verdict::Right);
    }
    // Processor time: a loop that never sleeps is ended long before the wall's minute.
    if let Some(problem) = sandboxed("sh -c 'while :; do :; done'; exit 7") {
        assert!(failure(&problem, "42").contains("ended with 7"));
    }
    // Memory: a gigabyte and a half of one line.
    if let Some(problem) =
        sandboxed("head -c 1600000000 /dev/zero | tail -c 1500000000 > /dev/null || exit 7")
    {
        assert!(failure(&problem, "42").contains("ended with 7"));
    }
    // Files.
    if let Some(problem) = sandboxed("f=$(mktemp); head -c 2000000 /dev/zero > $f || r=5; rm -f $f; exit $r")
    {
        assert!(failure(&problem, "42").contains("ended with 5"));
    }
    // Variables of the environment, such as keys.
    if let Some(problem) = sandboxed("test -z \"$HOME$USER$CARGO_MANIFEST_DIR\"") {
        assert_eq!(problem.check("42"), Verdict::Right);
    }
}

#[test]
fn settings_that_no_command_can_have_are_refused() {
    for (settings, told) in [
        (json!({ "command": [] }), "`command` is empty"),
        (json!({ "command": [""] }), "`command` is empty"),
        (
            json!({ "limits": { "wall": 0.0 } }),
            "`wall = 0s`: a limit is above zero",
        ),
        (json!({ "limits": { "processor": 1e9 } }), "`processor = "),
        (json!({ "limits": { "memory": 0 } }), "`memory = 0`"),
    ] {
        let error = problem("exit 0", settings).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
