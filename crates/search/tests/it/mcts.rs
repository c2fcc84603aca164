//! Monte-Carlo tree search against its definition in plain recursion.

use std::collections::BTreeMap;

use triaxis_random::Stream;
use triaxis_search::{
    Driver, Ended, Finished, Frame, Log, Problem, SampleRequest, Sampled, Sampler, ScoreRequest, SearchError,
    Task, Verdict, Verifier, Why,
};
use triaxis_units::Seconds;

use crate::worlds::spec;

/// What answers below a beginning are worth.
fn value(said: &str) -> f64 {
    Stream::new(7, said, 0).uniform()
}

/// Steps are named by their order among those of one beginning, and end at the third; rollouts end at once.
#[derive(Default)]
struct Named {
    asked: BTreeMap<String, usize>,
    /// Beginnings that steps were asked for, in this order.
    expanded: Vec<String>,
    going: Vec<(usize, SampleRequest)>,
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
            let is_last = said.matches("\n\n").count() == 2;
            (
                format!("{order}\n\n"),
                if is_last { Ended::End } else { Ended::Mark },
            )
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

/// A node by the definition: its text, and what was backed up to it.
#[derive(Default)]
struct Node {
    said: String,
    values: Vec<f64>,
    children: Vec<Node>,
}

impl Node {
    fn depth(&self) -> usize {
        self.said.matches("\n\n").count()
    }

    fn is_closed(&self) -> bool {
        self.depth() == 3 || (!self.children.is_empty() && self.children.iter().all(Self::is_closed))
    }

    /// Goes down to a node without children, gives it some, and returns which it was and what goes up.
    fn simulate(&mut self, width: usize, c: f64) -> (String, Vec<f64>) {
        let (expanded, values) = if self.children.is_empty() {
            let child = |order: usize| {
                let said = format!("{}{order}\n\n", self.said);
                Node {
                    values: vec![value(&said)],
                    said,
                    children: Vec::new(),
                }
            };
            self.children = (1..=width).map(child).collect();
            let values = self.children.iter().map(|child| child.values[0]).collect();
            (self.said.clone(), values)
        } else {
            let visits = self.values.len() as f64;
            let bound = |child: &Node| {
                let n = child.values.len() as f64;
                child.values.iter().sum::<f64>() / n + c / width as f64 * visits.sqrt() / (1.0 + n)
            };
            let open = self.children.iter_mut().filter(|child| !child.is_closed());
            let best = open
                .max_by(|one, other| bound(one).total_cmp(&bound(other)))
                .unwrap();
            best.simulate(width, c)
        };
        self.values.extend(&values);
        (expanded, values)
    }
}

#[test]
fn nodes_are_tried_in_the_order_of_the_definition() {
    for (width, simulations) in [(2, 5), (3, 9), (3, 40)] {
        for c in [0.0, 0.3, 1.0, 5.0] {
            let mut model = Named::default();
            let task = Task {
                problem: Problem::new("p", "prompt "),
                strategy: spec(&format!(
                    "mcts:simulations={simulations},children={width},exploration={c}"
                )),
                frame: Frame::default().into(),
            };
            let ran = Driver {
                sampler: &mut model,
                verifier: &mut Valued,
                reader: &|_: &str, _: &str| None,
                log: &mut Log::in_memory(),
                salt: "",
                places: 4,
            }
            .run(&[task])
            .unwrap();
            let mut root = Node::default();
            let mut expected = Vec::new();
            while expected.len() < simulations && !root.is_closed() {
                expected.push(root.simulate(width, c).0);
            }
            assert_eq!(model.expanded, expected, "{width} {c}");
            // Three levels of three have 13 nodes that can be given children.
            let why = if expected.len() < simulations {
                Why::Ended
            } else {
                Why::Drawn
            };
            assert_eq!(ran.outcomes[0].why, why);
            assert_eq!(ran.outcomes[0].candidates.len(), width * expected.len());
            let best = ran.outcomes[0]
                .candidates
                .iter()
                .filter_map(|candidate| candidate.score);
            assert_eq!(ran.outcomes[0].answer().unwrap().score, best.reduce(f64::max));
        }
    }
}
