//! A model whose steps have names, and a verifier to whom each is worth something.

use std::collections::BTreeMap;

use triaxis_random::Stream;
use triaxis_search::{
    Driver, Ended, Finished, Frame, Log, Outcome, Problem, SampleRequest, Sampled, Sampler, ScoreRequest,
    SearchError, Task, Verdict, Verifier,
};
use triaxis_units::Seconds;

use crate::worlds::spec;

/// What answers below a beginning are worth.
pub fn value(said: &str) -> f64 {
    Stream::new(7, said, 0).uniform()
}

/// Steps are named by their order among those of one beginning; which end an answer hangs on the text alone. What is asked
/// without the mark of a step ends at once.
pub struct Named {
    ends: fn(&str) -> bool,
    asked: BTreeMap<String, usize>,
    /// Beginnings that steps were asked for, in this order.
    pub expanded: Vec<String>,
    going: Vec<(usize, SampleRequest)>,
}

impl Named {
    pub fn new(ends: fn(&str) -> bool) -> Self {
        Self {
            ends,
            asked: BTreeMap::new(),
            expanded: Vec::new(),
            going: Vec::new(),
        }
    }
}

impl Sampler for Named {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going.extend(requests);
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let (number, request) = self.going.remove(0);
        let said = request.said.to_string();
        let (text, ended) = if request.marks.is_empty() {
            ("end".to_owned(), Ended::End)
        } else {
            if self.expanded.last() != Some(&said) {
                self.expanded.push(said.clone());
            }
            let order = self.asked.entry(said.clone()).or_insert(0);
            *order += 1;
            let step = format!("{order}\n\n");
            let ended = if (self.ends)(&format!("{said}{step}")) {
                Ended::End
            } else {
                Ended::Mark
            };
            (step, ended)
        };
        let sampled = Sampled {
            text,
            tokens: 1,
            before: 1,
            log_probability: 0.0,
            self_certainty: None,
            ended,
            seconds: Seconds(0.0),
        };
        Ok(vec![(number, Ok(sampled))])
    }
}

struct Valued;

impl Verifier for Valued {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let verdict = |request: &ScoreRequest| {
            let score = value(request.said.trim_end_matches("end"));
            Ok(Verdict {
                score,
                tokens: 1,
                seconds: Seconds(0.0),
            })
        };
        Ok(requests.iter().map(verdict).collect())
    }
}

/// What a strategy does with the model.
pub fn search(model: &mut Named, strategy: &str) -> Outcome {
    let task = Task {
        problem: Problem::new("p", "prompt "),
        strategy: spec(strategy),
        frame: Frame::default().into(),
    };
    let driver = &mut Driver {
        sampler: model,
        verifier: &mut Valued,
        reader: &|_: &str, _: &str| None,
        log: &mut Log::in_memory(),
        salt: "",
        places: 4,
    };
    driver.run(&[task]).unwrap().outcomes.remove(0)
}
