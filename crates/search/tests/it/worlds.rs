//! Runs of strategies in simulated worlds, and their exact values by enumeration of all that may happen.

use std::sync::Arc;

use triaxis_search::simulated::{Judge, World};
use triaxis_search::{
    Driver, Finished, Frame, Log, Outcome, Ran, SampleRequest, Sampler, ScoreRequest, SearchError,
    StrategySpec, Task, Verdict, Verifier,
};

pub fn spec(text: &str) -> StrategySpec {
    StrategySpec::read(text).unwrap()
}

/// Strategies of each kind, small.
pub const SMALL: &[&str] = &[
    "greedy",
    "sample",
    "best-of-n:samples=4",
    "best-of-n:samples=4,by=likelihood",
    "best-of-n:samples=4,by=log-probability",
    "best-of-n:samples=4,by=mean-log-probability",
    "best-of-n:samples=4,by=self-certainty",
    "majority:samples=5",
    "weighted-vote:samples=4",
    "weighted-vote:samples=4,by=log-probability",
    "adaptive-consistency:samples=8",
    "beam:beams=4,width=2",
    "beam:beams=4,width=4,aggregate=min,pick=majority",
    "dvts:beams=4,width=2,aggregate=product",
    "rebase:width=4",
    "mcts:simulations=4,children=2",
    "revision:chains=2,length=3",
    "revision:chains=2,length=2,pick=majority",
    "self-correction",
    "self-correction:checker=true,rounds=3",
    "budget-forcing:waits=2,thoughts=40",
    "budget-forcing:waits=0,thoughts=5",
    "first-verified:samples=6",
];

/// Tasks of each problem of a world.
pub fn tasks(world: &World, strategy: &StrategySpec, frame: &Frame) -> Vec<Task> {
    let frame = Arc::new(frame.clone());
    let task = |problem| Task {
        problem,
        strategy: strategy.clone(),
        frame: Arc::clone(&frame),
    };
    world.problems().map(task).collect()
}

pub fn run(world: &World, judge: &Judge, tasks: &[Task], places: usize) -> Ran {
    Driver {
        sampler: &mut world.sampler(),
        verifier: &mut judge.clone(),
        reader: &World::read,
        log: &mut Log::in_memory(),
        salt: "",
        places,
    }
    .run(tasks)
    .unwrap()
}

pub fn is_right(outcome: &Outcome) -> bool {
    outcome.answer().and_then(|answer| answer.answer.as_deref()) == Some("right")
}

/// The share of right answers of the first problem over so many seeds, and the mean of sampled tokens.
pub fn measured(
    world: &World,
    judge: &Judge,
    strategy: &StrategySpec,
    frame: &Frame,
    seeds: u64,
) -> (f64, f64) {
    let task = |seed| Task {
        problem: world.problem(0),
        strategy: strategy.clone(),
        frame: Arc::new(Frame {
            seed,
            ..frame.clone()
        }),
    };
    let tasks: Vec<Task> = (0..seeds).map(task).collect();
    let outcomes = run(world, judge, &tasks, 64).outcomes;
    let right = outcomes.iter().filter(|outcome| is_right(outcome)).count();
    let tokens: u64 = outcomes.iter().map(|outcome| outcome.spent.sampled).sum();
    (right as f64 / seeds as f64, tokens as f64 / seeds as f64)
}

/// What was drawn, and of which probabilities.
#[derive(Default)]
struct Script {
    draws: Vec<(usize, Vec<f64>)>,
    place: usize,
}

impl Script {
    fn draw(&mut self, probabilities: &[f64]) -> usize {
        if self.place == self.draws.len() {
            let first = probabilities.iter().position(|chance| *chance > 0.0).unwrap();
            self.draws.push((first, probabilities.to_vec()));
        }
        self.place += 1;
        self.draws[self.place - 1].0
    }

    fn probability(&self) -> f64 {
        self.draws.iter().map(|(way, chances)| chances[*way]).product()
    }

    /// Goes to the next thing that may happen; whether there is one.
    fn next(&mut self) -> bool {
        self.place = 0;
        while let Some((way, chances)) = self.draws.pop() {
            let next = (way + 1..chances.len()).find(|way| chances[*way] > 0.0);
            if let Some(next) = next {
                self.draws.push((next, chances));
                return true;
            }
        }
        false
    }
}

struct Scripted<'a> {
    world: &'a World,
    script: &'a std::cell::RefCell<Script>,
    going: Vec<(usize, SampleRequest)>,
}

impl Sampler for Scripted<'_> {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going.extend(requests);
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let (number, request) = self.going.remove(0);
        let mut draw = |_, chances: &[f64]| self.script.borrow_mut().draw(chances);
        Ok(vec![(number, self.world.say(&request, &mut draw))])
    }
}

struct ScriptedJudge<'a> {
    judge: &'a Judge,
    script: &'a std::cell::RefCell<Script>,
}

impl Verifier for ScriptedJudge<'_> {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let mut draw = |_, chances: &[f64]| self.script.borrow_mut().draw(chances);
        Ok(requests
            .iter()
            .map(|request| self.judge.judge(request, &mut draw))
            .collect())
    }
}

/// The exact accuracy of a strategy on a world's first problem, and the expected tokens: the search is run once for each
/// thing that may happen.
pub fn enumerated(world: &World, judge: &Judge, strategy: &StrategySpec, frame: &Frame) -> (f64, f64) {
    let script = std::cell::RefCell::new(Script::default());
    let task = &tasks(world, strategy, frame)[..1];
    let (mut right, mut tokens, mut all) = (0.0, 0.0, 0.0);
    loop {
        let mut sampler = Scripted {
            world,
            script: &script,
            going: Vec::new(),
        };
        let mut verifier = ScriptedJudge {
            judge,
            script: &script,
        };
        let ran = Driver {
            sampler: &mut sampler,
            verifier: &mut verifier,
            reader: &World::read,
            log: &mut Log::in_memory(),
            salt: "",
            places: 64,
        }
        .run(task)
        .unwrap();
        let probability = script.borrow().probability();
        right += probability * f64::from(u8::from(is_right(&ran.outcomes[0])));
        tokens += probability * ran.outcomes[0].spent.sampled as f64;
        all += probability;
        if !script.borrow_mut().next() {
            break;
        }
    }
    assert!((all - 1.0).abs() < 1e-9, "{all}");
    (right, tokens)
}

/// Holds a share of so many draws against its exact value: within four standard errors.
pub fn agrees(what: &str, measured: f64, exact: f64, draws: u64) {
    let error = (exact * (1.0 - exact) / draws as f64).sqrt();
    assert!(
        (measured - exact).abs() <= 4.0 * error + 1e-12,
        "{what}: {measured} of {draws}, exactly {exact}"
    );
}
