//! Tasks with checkers as verifiers.

use std::sync::Arc;

use triaxis_random::Stream;
use triaxis_search::{
    Checked, Driver, Ended, Finished, Frame, Log, Reader, SampleRequest, Sampled, Sampler, ScoreRequest,
    Scored, SearchError, Task, Verifier,
};
use triaxis_tasks::{Purpose, Task as Asked, Verdict};
use triaxis_units::Seconds;

use crate::worlds::spec;

fn problems(task: &str) -> Vec<triaxis_tasks::Problem> {
    let task = Asked::named(task).unwrap();
    let level = *task.levels().start().max(&3);
    (0..20)
        .map(|index| task.problem(level, 1, Purpose::Test, index).unwrap())
        .collect()
}

fn scores(checked: &mut Checked, problem: &str, said: &str, of: Scored) -> Result<f64, String> {
    let request = ScoreRequest {
        problem: problem.into(),
        prompt: "".into(),
        said: said.into(),
        of,
    };
    let verdict = checked.score(&[request]).unwrap().remove(0);
    verdict.map(|verdict| verdict.score)
}

#[test]
fn a_worked_answer_is_right_and_read() {
    for task in ["arithmetic", "countdown", "parity"] {
        let problems = problems(task);
        let mut checked = Checked::new(problems.clone()).unwrap();
        for problem in &problems {
            let worked = problem.answer.clone().unwrap();
            assert_eq!(
                scores(&mut checked, &problem.id, &worked, Scored::Answer),
                Ok(1.0),
                "{task}"
            );
            assert_eq!(scores(&mut checked, &problem.id, "?", Scored::Answer), Ok(0.0));
            assert_eq!(checked.check(&problem.id, &worked), Ok(Verdict::Right));
            let read = checked.answer(&problem.id, &worked).unwrap();
            assert!(
                worked.contains(&read) && !read.contains(problem.marks.stop.unwrap()),
                "{read}"
            );
            assert_eq!(
                checked.answer(&problem.id, &format!("{worked}and more")),
                Some(read)
            );
            assert!(scores(&mut checked, &problem.id, &worked, Scored::Likelihood).is_err());
        }
        let unknown = scores(&mut checked, "another", "1", Scored::Answer).unwrap_err();
        assert!(unknown.starts_with("`another` is no problem"), "{unknown}");
        assert!(Checked::new([problems[0].clone(), problems[0].clone()]).is_err());
    }
}

/// A model that says each sign of the worked answer with a probability, and else another.
struct Careless {
    worked: std::collections::BTreeMap<String, String>,
    going: Vec<(usize, SampleRequest)>,
}

impl Careless {
    fn say(&self, request: &SampleRequest) -> (String, Ended) {
        let worked: Vec<char> = self.worked[&*request.problem].chars().collect();
        let mut said = String::new();
        let before = request.said.chars().count();
        for (place, sign) in worked.iter().enumerate().skip(before) {
            let mut stream = Stream::new(request.seed, "sign", place as u64);
            let is_kept = stream.uniform() < 0.6 || !sign.is_ascii_digit();
            said.push(if is_kept {
                *sign
            } else {
                char::from(b'0' + stream.below(10) as u8)
            });
            if request.stop.as_deref().is_some_and(|stop| said.ends_with(stop)) {
                return (said, Ended::End);
            }
            if request.marks.iter().any(|mark| said.ends_with(mark.as_str())) {
                return (said, Ended::Mark);
            }
        }
        (said, Ended::End)
    }
}

impl Sampler for Careless {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going.extend(requests);
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let going = std::mem::take(&mut self.going);
        let reply = |(number, request): (usize, SampleRequest)| {
            let (text, ended) = self.say(&request);
            let said = Sampled {
                tokens: text.chars().count() as u64,
                before: request.prefix().chars().count() as u64,
                text,
                log_probability: 0.0,
                self_certainty: None,
                ended,
                seconds: Seconds(0.0),
            };
            (number, Ok(said))
        };
        Ok(going.into_iter().map(reply).collect())
    }
}

#[test]
fn strategies_solve_more_of_a_task_with_its_checkers() {
    let problems = problems("arithmetic");
    let checked = Checked::new(problems.clone()).unwrap();
    let worked = problems
        .iter()
        .map(|problem| (problem.id.clone(), problem.answer.clone().unwrap()));
    let mut model = Careless {
        worked: worked.collect(),
        going: Vec::new(),
    };
    let mut solved = |text: &str| {
        let strategy = spec(text);
        let task = |(problem, frame)| Task {
            problem,
            strategy: strategy.clone(),
            frame: Arc::new(frame),
        };
        let tasks: Vec<Task> = checked.problems(&Frame::default()).map(task).collect();
        let ran = Driver {
            sampler: &mut model,
            verifier: &mut checked.clone(),
            reader: &checked,
            log: &mut Log::in_memory(),
            salt: "",
            places: 8,
        }
        .run(&tasks)
        .unwrap();
        let is_right = |outcome: &&triaxis_search::Outcome| {
            let answer = outcome.answer().unwrap();
            checked.check(&outcome.problem, &answer.said) == Ok(Verdict::Right)
        };
        ran.outcomes.iter().filter(is_right).count()
    };
    let one = solved("sample");
    assert!(one < 8, "{one} of 20");
    for text in [
        "first-verified:samples=64",
        "beam:beams=16,width=4",
        "dvts:beams=16,width=4",
        "rebase:width=16",
    ] {
        let more = solved(text);
        assert!(more > one + 6, "{text}: {more}, and {one} by one sample");
    }
}

#[test]
fn numbers_that_are_one_are_one_vote() {
    let problems = problems("arithmetic");
    let name = problems[0].id.clone();
    let checked = Checked::new(problems).unwrap();
    let read = |said: &str| checked.answer(&name, said);
    assert_eq!(read("1+2=3;07\n"), Some("7".to_owned()));
    assert_eq!(read("7.0\nmore"), read("<answer>7</answer>"));
    assert_eq!(read("seven"), Some("seven".to_owned()));
    assert_eq!(read("1+2=3; \n"), None);
}
