//! Exports of reasoning-gym with the scores that it gives itself, by `tests/golden/make.py`.

use serde_json::Value;
use triaxis_tasks::{Options, Problems, Verdict};

const EXPORT: &str = include_str!("../golden/reasoning_gym.jsonl");

#[test]
fn answers_are_right_where_reasoning_gym_scores_them_one() {
    let (mut right, mut without) = (0, Vec::new());
    let problems = Problems::new(EXPORT.as_bytes(), Options::default());
    for (line, problem) in EXPORT.lines().zip(problems) {
        let item: Value = serde_json::from_str(line).unwrap();
        let set = item["metadata"]["source_dataset"].as_str().unwrap();
        let problem = match problem {
            Ok(problem) => problem,
            Err(error) => {
                assert!(error.message.contains("needs an answer"), "{error}");
                without.push(set.to_owned());
                continue;
            }
        };
        assert_eq!(problem.prompt, item["question"].as_str().unwrap());
        for scored in item["scores"].as_array().unwrap() {
            let (answer, score) = (scored[0].as_str().unwrap(), scored[1].as_f64().unwrap());
            let verdict = problem.check(answer);
            assert_eq!(
                verdict.is_right(),
                score == 1.0,
                "{set}: {answer}: {verdict:?}, {score}"
            );
            right += usize::from(verdict.is_right());
            // Countdown tells what is wrong from what cannot be read.
            if set == "countdown" {
                let expected = if matches!(verdict, Verdict::Unparsable(_)) {
                    0.01
                } else {
                    0.05
                };
                assert!(
                    score == 1.0 || score == expected,
                    "{answer}: {verdict:?}, {score}"
                );
            }
        }
    }
    assert_eq!(right, 40);
    // Those whose answer is None are told, by item.
    assert_eq!(without, ["graph_color", "propositional_logic"]);
}
