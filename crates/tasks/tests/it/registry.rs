//! What every task owes.

use std::collections::HashSet;

use proptest::prelude::*;
use triaxis_tasks::{Problem, Purpose, Task, Verdict};

pub const PURPOSES: [Purpose; 3] = [Purpose::Training, Purpose::Choice, Purpose::Test];

/// Every task, with its usual settings and with others.
pub fn all() -> Vec<Task> {
    let usual = Task::REGISTRY
        .iter()
        .map(|entry| Task::named(entry.name).unwrap());
    let mut all: Vec<Task> = usual.collect();
    for task in all.clone() {
        let serde_json::Value::Object(fields) = serde_json::to_value(&task).unwrap() else {
            unreachable!("settings are an object")
        };
        if fields.get("scratchpad").is_some() {
            let mut fields = fields;
            fields["scratchpad"] = false.into();
            all.push(serde_json::from_value(fields.into()).unwrap());
        }
    }
    let others = [
        r#"{"task": "group-words", "group": "s5"}"#,
        r#"{"task": "graph-paths", "arms": 3}"#,
        r#"{"task": "graph-paths", "arms": 6}"#,
        r#"{"task": "arithmetic", "operations": ["*"]}"#,
        r#"{"task": "programs", "ask": "write"}"#,
    ];
    all.extend(others.map(|json| serde_json::from_str::<Task>(json).unwrap()));
    all
}

fn answer(problem: &Problem) -> &str {
    problem.answer.as_deref().unwrap()
}

#[test]
fn worked_answers_are_right_at_every_level_and_seed() {
    for task in all() {
        for level in task.levels() {
            for seed in 0..200 {
                let problem = task.problem(level, seed, Purpose::Test, 0).unwrap();
                let answer = answer(&problem);
                assert_eq!(
                    problem.check(answer),
                    Verdict::Right,
                    "{}: {problem:?}",
                    task.name()
                );
                // One line, ended by the mark, and nothing before it that is one.
                assert_eq!(answer.find('\n'), Some(answer.len() - 1), "{problem:?}");
                assert!(!problem.prompt.contains('\n'), "{problem:?}");
                assert!(problem.prompt.len() + answer.len() < 4096, "{problem:?}");
                assert_eq!(problem.check(answer.trim_end()), Verdict::Right, "{problem:?}");
                let more = format!("{answer}and what comes after");
                assert_eq!(problem.check(&more), Verdict::Right, "{problem:?}");
            }
        }
    }
}

#[test]
fn every_beginning_of_a_worked_answer_can_be_finished() {
    for task in all() {
        for level in task.levels() {
            let problem = task.problem(level, 5, Purpose::Test, 0).unwrap();
            let answer = answer(&problem);
            let scores = (0..=answer.len()).map(|end| problem.partial(&answer[..end]));
            let scores: HashSet<String> = scores.map(|score| format!("{score:?}")).collect();
            let is_judged = scores == ["Some(1.0)".to_owned()].into();
            assert!(
                is_judged || scores == ["None".to_owned()].into(),
                "{problem:?}: {scores:?}"
            );
        }
    }
}

/// Problems are part of what a record says: another one is another version of [`triaxis_tasks::NUMERICS`].
#[test]
fn problems_are_those_of_this_version() {
    assert_eq!(triaxis_tasks::NUMERICS, 1);
    let sum = |task: &Task| {
        let document = |level| {
            task.problem(level, 7, Purpose::Training, 3)
                .unwrap()
                .document()
                .unwrap()
        };
        let bytes = task.levels().flat_map(|level| document(level).into_bytes());
        bytes.fold(0_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        })
    };
    let usual = Task::REGISTRY
        .iter()
        .map(|entry| Task::named(entry.name).unwrap());
    let sums: Vec<String> = usual
        .map(|task| format!("{} {:016x}", task.name(), sum(&task)))
        .collect();
    assert_eq!(
        sums,
        [
            "arithmetic 0c84dc3423669452",
            "reversed-addition 5fa86ccb083459c8",
            "countdown 77d2b5105a953331",
            "sorting 4245d24e1e12efc8",
            "parity 73777ea76422adaf",
            "group-words 98ed6ade8aa1c7d3",
            "graph-paths 34deb0fbf3638fd6",
            "sudoku-4x4 ada4563f6effdc97",
            "satisfiability b1e4225b78c9e013",
            "programs 965b209b670d30ab",
            "json-schema f512d04c83850f6f",
            "unit-conversions c22bfe09154027eb"
        ]
    );
}

/// Digits and letters that are changed to another of their kind, one at a time.
fn corrupted(answer: &str) -> Vec<String> {
    let signs: Vec<char> = answer.chars().collect();
    let changed = |place: usize| {
        let other = match signs[place] {
            '9' => '8',
            digit if digit.is_ascii_digit() => (digit as u8 + 1) as char,
            'z' => 'y',
            letter if letter.is_ascii_lowercase() => (letter as u8 + 1) as char,
            _ => '?',
        };
        let mut signs = signs.clone();
        signs[place] = other;
        signs.into_iter().collect()
    };
    (0..signs.len()).map(changed).collect()
}

#[test]
fn an_answer_that_is_corrupted_is_seldom_right() {
    for task in all() {
        for level in task.levels() {
            let (mut right, mut corruptions) = (0, 0);
            for index in 0..20 {
                let problem = task.problem(level, 9, Purpose::Test, index).unwrap();
                // What stands before the answer itself may hold anything.
                let worked = answer(&problem).trim_end();
                let last = task.marks().step.filter(|mark| *mark == ";");
                let begin = last.and_then(|mark| worked.rfind(mark)).map_or(0, |end| end + 1);
                for changed in corrupted(&worked[begin..]) {
                    corruptions += 1;
                    right += usize::from(
                        problem
                            .check(&format!("{}{changed}", &worked[..begin]))
                            .is_right(),
                    );
                }
                for nothing in ["", " ", "\n", "?!"] {
                    let verdict = problem.check(nothing);
                    assert!(!verdict.is_right(), "{problem:?} takes {nothing:?}");
                }
            }
            assert!(
                4 * right <= corruptions,
                "{} {level}: {right} of {corruptions}",
                task.name()
            );
        }
    }
}

#[test]
fn problems_hang_on_level_seed_purpose_and_index() {
    for task in all() {
        let (least, most) = task.levels().into_inner();
        let prompts = |level, seed, purpose| -> Vec<String> {
            (0..8)
                .map(|index| task.problem(level, seed, purpose, index).unwrap().prompt)
                .collect()
        };
        let first = prompts(most, 1, Purpose::Training);
        assert_eq!(first, prompts(most, 1, Purpose::Training));
        for other in [
            prompts(least, 1, Purpose::Training),
            prompts(most, 2, Purpose::Training),
            prompts(most, 1, Purpose::Choice),
            prompts(most, 1, Purpose::Test),
        ] {
            assert_ne!(first, other, "{}", task.name());
        }
        assert!(first.iter().collect::<HashSet<_>>().len() > 4, "{first:?}");
    }
}

#[test]
fn no_problem_of_one_purpose_is_one_of_another() {
    for task in all() {
        // The smallest space has the most to meet in.
        let level = *task.levels().start();
        let [training, choice, test] = PURPOSES.map(|purpose| {
            let problems = (0..600).map(|index| task.problem(level, index % 3, purpose, index).unwrap());
            problems
                .map(|problem| problem.prompt)
                .collect::<HashSet<String>>()
        });
        assert!(training.is_disjoint(&test), "{}", task.name());
        assert!(
            training.is_disjoint(&choice) && choice.is_disjoint(&test),
            "{}",
            task.name()
        );
        let documents = task.documents(&[level], 3).unwrap();
        for document in documents.take(300) {
            let begins = |prompt: &String| document.starts_with(prompt);
            assert!(!test.iter().any(begins), "{document}");
        }
    }
}

#[test]
fn problems_that_are_to_differ_do() {
    for task in all() {
        let level = *task.levels().start();
        let problems = task.distinct(level, 3, Purpose::Test, 50).unwrap();
        let prompts: HashSet<&str> = problems.iter().map(|problem| problem.prompt.as_str()).collect();
        assert_eq!(prompts.len(), problems.len(), "{}", task.name());
        assert!(problems.len() > 4, "{}: {}", task.name(), problems.len());
        assert!(task.distinct(level - 1, 3, Purpose::Test, 50).is_err());
    }
    // A digit each: of 165 sums, differences and products that differ an eighth.
    let small = Task::named("arithmetic").unwrap();
    let all = small.distinct(1, 3, Purpose::Test, 1000).unwrap().len();
    assert!((10..40).contains(&all), "{all}");
    assert_eq!(small.distinct(1, 4, Purpose::Test, 1000).unwrap().len(), all);
}

#[test]
fn documents_are_problems_of_the_training_level_by_level() {
    for task in all() {
        let (least, most) = task.levels().into_inner();
        let documents: Vec<String> = task.documents(&[least, most], 4).unwrap().take(6).collect();
        let expected = |place: u64| {
            let level = [least, most][place as usize % 2];
            task.problem(level, 4, Purpose::Training, place / 2)
                .unwrap()
                .document()
                .unwrap()
        };
        assert_eq!(documents, Vec::from_iter((0..6).map(expected)));
    }
}

#[test]
fn lines_of_the_registry_are_described_and_read_again() {
    for task in all() {
        assert!(task.about().len() > 40 && task.instructions().len() > 20 && !task.dial().is_empty());
        let json = serde_json::to_string(&task).unwrap();
        assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), task);
        let unknown = format!(r#"{{"task": "{}", "scrachpad": true}}"#, task.name());
        let error = serde_json::from_str::<Task>(&unknown).unwrap_err().to_string();
        assert!(error.contains("unknown field `scrachpad`"), "{error}");
    }
}

#[test]
fn messages_name_the_value_the_rule_and_the_remedy() {
    let error = Task::named("aritmetic").unwrap_err().to_string();
    assert!(
        error.contains("choose from arithmetic, ") && error.ends_with("did you mean `arithmetic`?"),
        "{error}"
    );
    for task in all() {
        let (least, most) = task.levels().into_inner();
        for level in [least - 1, most + 1] {
            let error = task.problem(level, 0, Purpose::Test, 0).unwrap_err().to_string();
            assert!(
                error.contains(&format!("from {least} to {most}; choose one of these")),
                "{error}"
            );
        }
        let error = task.documents(&[], 0).unwrap_err().to_string();
        assert!(error.contains("give at least one"), "{error}");
        assert!(task.documents(&[least, most + 1], 0).is_err());
    }
    let none = serde_json::from_str::<Task>(r#"{"task": "arithmetic", "operations": []}"#).unwrap();
    let error = none.validate().unwrap_err().to_string();
    assert!(
        error.contains("`operations` of the task `arithmetic` is empty"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_judged(text in "[0-9a-zA-Z+*/=;:(){}\", .\u{2212}-]{0,60}", seed: u64, index: u64) {
        for task in all() {
            let problem = task.problem(*task.levels().start(), seed, Purpose::Test, index).unwrap();
            let verdict = problem.check(&text);
            prop_assert!(!matches!(verdict, Verdict::Failed(_)));
            let score = problem.partial(&text);
            prop_assert!(score.is_none_or(|score| (0.0..=1.0).contains(&score)));
        }
    }
}

#[test]
fn hostile_answers_cost_little() {
    let texts: Vec<String> = [
        "(",
        ")",
        "[",
        "{\"a\":",
        "1",
        "-",
        "1+",
        ";",
        "=",
        " ",
        "\u{1f600}",
        "a ",
        "3(",
    ]
    .iter()
    .map(|part| part.repeat((1 << 20) / part.len()))
    .collect();
    for task in all() {
        let problem = task.problem(*task.levels().end(), 2, Purpose::Test, 0).unwrap();
        for text in &texts {
            assert!(!problem.check(text).is_right(), "{}: {}", task.name(), &text[..4]);
            assert!(problem.partial(text).is_none_or(f64::is_finite));
        }
    }
}
