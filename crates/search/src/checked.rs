//! Tasks with checkers as verifiers.

use std::collections::BTreeMap;

use triaxis_tasks as tasks;
use triaxis_units::Seconds;

use crate::error::SearchError;
use crate::frame::Frame;
use crate::reply::Verdict;
use crate::request::{Problem, ScoreRequest, Scored};
use crate::sampler::{Reader, Verifier};

/// The checkers of some problems, which read answers and are a verifier that never errs: of an answer, 1 where it is right
/// and 0 where it is wrong or cannot be read; of a step what the task tells of it, if it does.
#[derive(Debug, Clone)]
pub struct Checked {
    problems: BTreeMap<String, tasks::Problem>,
}

impl Checked {
    /// Those of these problems.
    ///
    /// # Errors
    /// When two of them have one id.
    pub fn new(problems: impl IntoIterator<Item = tasks::Problem>) -> Result<Self, SearchError> {
        let mut named = BTreeMap::new();
        for problem in problems {
            if let Some(twice) = named.insert(problem.id.clone(), problem) {
                return Err(SearchError::new(format!(
                    "two problems are called `{}`: draws and replies hang on names; give each its own",
                    twice.id
                )));
            }
        }
        Ok(Self { problems: named })
    }

    /// The problems in the order of their names, each in the frame with its own marks of steps and answers.
    pub fn problems(&self, frame: &Frame) -> impl Iterator<Item = (Problem, Frame)> {
        self.problems.values().map(|problem| {
            let marks = problem.marks;
            let frame = Frame {
                step: marks.step.map_or_else(|| frame.step.clone(), str::to_owned),
                stop: marks.stop.map(str::to_owned).or_else(|| frame.stop.clone()),
                ..frame.clone()
            };
            (Problem::new(problem.id.as_str(), problem.prompt.as_str()), frame)
        })
    }

    /// What the checker says of an answer.
    ///
    /// # Errors
    /// When there is no such problem.
    pub fn check(&self, problem: &str, said: &str) -> Result<tasks::Verdict, String> {
        self.named(problem).map(|problem| problem.check(said))
    }

    fn named(&self, problem: &str) -> Result<&tasks::Problem, String> {
        let unknown = || format!("`{problem}` is no problem that has a checker: give it with the others");
        self.problems.get(problem).ok_or_else(unknown)
    }

    fn judge(&self, request: &ScoreRequest) -> Result<f64, String> {
        let problem = self.named(&request.problem)?;
        match request.of {
            Scored::Answer => match problem.check(&request.said) {
                tasks::Verdict::Right => Ok(1.0),
                tasks::Verdict::Wrong | tasks::Verdict::Unparsable(_) => Ok(0.0),
                tasks::Verdict::Failed(reason) => Err(reason),
            },
            Scored::Step => problem.partial(&request.said).ok_or_else(|| {
                "the task cannot tell of steps: choose a strategy that has answers scored, or a model of steps".to_owned()
            }),
            Scored::Likelihood => {
                Err("a checker tells no likelihood: choose another measure, or a model as verifier".to_owned())
            }
        }
    }
}

impl Verifier for Checked {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let verdict = |request: &ScoreRequest| {
            let score = self.judge(request)?;
            // No model reads anything.
            Ok(Verdict {
                score,
                tokens: 0,
                seconds: Seconds(0.0),
            })
        };
        Ok(requests.iter().map(verdict).collect())
    }
}

/// The answer is what stands after the last mark of a step, before that of the answer's end; or in the last
/// `<answer>...</answer>`, as all who mean it write it. No checker is asked, since a user's own may take long.
impl Reader for Checked {
    fn answer(&self, problem: &str, said: &str) -> Option<String> {
        let problem = self.problems.get(problem)?;
        let marks = problem.marks;
        let ended = marks.stop.and_then(|stop| said.split_once(stop));
        let said = ended.map_or(said, |(before, _)| before);
        let last = marks.step.and_then(|step| said.rsplit_once(step));
        let answer = last.map_or(said, |(_, after)| after);
        let tagged = answer.rsplit_once("<answer>");
        let answer = tagged.map_or(answer, |(_, after)| {
            after.split("</answer>").next().unwrap_or(after)
        });
        problem.canonical(answer)
    }
}
