//! Runs side by side, killed and continued.

use std::cell::Cell;

use triaxis_search::simulated::{Chances, Judge, Simulated, World};
use triaxis_search::{
    Driver, Ended, Finished, Frame, Log, Problem, Ran, Reply, Request, SampleRequest, Sampled, Sampler,
    SearchError, Task, Unverified, Why, whole,
};

use crate::worlds::{SMALL, run, spec, tasks};

fn world() -> World {
    let chances = |at: usize| Chances {
        mend: 0.2,
        spoil: 0.1,
        words: 1 + at % 4,
        ..Chances::of_steps(&vec![0.8; 1 + at % 5])
    };
    World::new((0..12).map(chances).collect())
}

fn everything(world: &World, frame: &Frame) -> Vec<Task> {
    SMALL
        .iter()
        .flat_map(|text| tasks(world, &spec(text), frame))
        .collect()
}

#[test]
fn outcomes_are_the_same_for_any_number_of_places() {
    let world = world();
    let judge = Judge::new(&world, 0.9, 0.2);
    let tasks = everything(&world, &Frame::default());
    let alone = run(&world, &judge, &tasks, 1);
    assert_eq!(alone.outcomes.len(), tasks.len());
    for places in [2, 7, 64, 100_000] {
        assert_eq!(
            run(&world, &judge, &tasks, places).outcomes,
            alone.outcomes,
            "{places}"
        );
    }
    // Nor do they hang on which tasks there are, or in what order.
    let mut turned = tasks.clone();
    turned.reverse();
    turned.truncate(50);
    let others = run(&world, &judge, &turned, 8).outcomes;
    assert!(others.iter().eq(alone.outcomes.iter().rev().take(50)));
}

/// A model that counts what it is asked, and dies after so many answers.
struct Mortal<'a> {
    model: Simulated,
    asked: &'a Cell<usize>,
    left: usize,
}

impl Sampler for Mortal<'_> {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.asked.set(self.asked.get() + requests.len());
        self.model.begin(requests)
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let finished = self.model.advance()?;
        if finished.len() > self.left {
            return Err(SearchError::new("the machine was switched off"));
        }
        self.left -= finished.len();
        Ok(finished)
    }
}

/// A run that goes on from a log's text and dies after so many answers, and what the log is then.
fn mortal(world: &World, text: &str, life: usize, asked: &Cell<usize>) -> (Result<Ran, SearchError>, String) {
    let mut file = text.as_bytes()[..whole(text)].to_vec();
    let mut log = Log::read(text, &mut file).unwrap();
    let mut sampler = Mortal {
        model: world.sampler(),
        asked,
        left: life,
    };
    let ran = Driver {
        sampler: &mut sampler,
        verifier: &mut Judge::new(world, 0.9, 0.2),
        reader: &World::read,
        log: &mut log,
        salt: "a model",
        places: 5,
    }
    .run(&everything(world, &Frame::default()));
    (ran, String::from_utf8(file).unwrap())
}

#[test]
fn killed_and_continued_nothing_is_sampled_twice() {
    let world = world();
    let undisturbed = Cell::new(0);
    let (expected, _) = mortal(&world, "", usize::MAX, &undisturbed);
    let expected = expected.unwrap();

    let (asked, mut text, mut deaths) = (Cell::new(0), String::new(), 0);
    let ran = loop {
        let (ran, log) = mortal(&world, &text, 150, &asked);
        text = log;
        // What was written when it died is no line.
        text.push_str("{\"id\":\"half a");
        match ran {
            Ok(ran) => break ran,
            Err(error) => assert_eq!(error.to_string(), "the machine was switched off"),
        }
        deaths += 1;
    };
    assert!(deaths > 3, "{deaths}");
    assert_eq!(ran.outcomes, expected.outcomes);
    // Only what went on when it died, at most as many as there are places, was asked again.
    let again = asked.get() - undisturbed.get();
    assert!(again <= 5 * deaths, "{again} of {deaths} deaths");
    let lines = text.lines().count() - 1;
    assert_eq!(lines as u64, expected.asked);

    // And once more asks nothing.
    let before = asked.get();
    let (ran, _) = mortal(&world, &text, 0, &asked);
    assert_eq!((ran.unwrap().asked, asked.get()), (0, before));
}

#[test]
fn what_a_search_takes_is_counted_by_kind() {
    let world = World::new(vec![Chances::of_steps(&[0.6, 0.5])]);
    let judge = Judge::perfect(&world);
    let outcome = |text: &str| {
        run(&world, &judge, &tasks(&world, &spec(text), &Frame::default()), 4)
            .outcomes
            .remove(0)
    };
    // Prompts have four words, and answers five.
    let best = outcome("best-of-n:samples=4");
    let spent = best.spent;
    assert_eq!(
        (
            spent.read,
            spent.sampled,
            spent.kept,
            spent.answer,
            spent.discarded()
        ),
        (4, 20, 20, 5, 0)
    );
    assert_eq!(
        (spent.samples, spent.scores, spent.verified, spent.turns),
        (4, 4, 4 * 9, 1)
    );
    // Four beams of which one goes on, in four copies: two steps and the answer's word.
    let beams = outcome("beam:beams=4,width=4");
    let spent = beams.spent;
    assert_eq!(
        (spent.read, spent.sampled, spent.kept, spent.answer),
        (4, 4 * 5, 2 + 2 + 4, 5)
    );
    assert_eq!(
        (spent.samples, spent.scores, spent.turns, spent.discarded()),
        (12, 12, 3, 12)
    );
    // What tells the model to try again is read, and its own words are not.
    let revised = outcome("revision:chains=1,length=2,pick=last");
    let instruction = "This may be wrong. Another attempt:".split_whitespace().count() as u64;
    assert_eq!(
        (revised.spent.read, revised.spent.sampled, revised.spent.answer),
        (4 + instruction, 6, 1)
    );
    assert_eq!(outcome("first-verified:samples=99,accept=1").why, Why::Accepted);
}

/// A model that is told how many samples go on at each step.
struct Watched {
    model: Simulated,
    going: usize,
    seen: Vec<usize>,
}

impl Sampler for Watched {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going += requests.len();
        self.model.begin(requests)
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        self.seen.push(self.going);
        let finished = self.model.advance()?;
        self.going -= finished.len();
        Ok(finished)
    }
}

#[test]
fn the_batch_is_full_while_problems_are_left() {
    let chances = (0..200).map(|at| Chances::of_steps(&vec![0.7; 1 + at % 5]));
    let world = World::new(chances.collect());
    for text in SMALL {
        let mut sampler = Watched {
            model: world.sampler(),
            going: 0,
            seen: Vec::new(),
        };
        Driver {
            sampler: &mut sampler,
            verifier: &mut Judge::new(&world, 0.9, 0.2),
            reader: &World::read,
            log: &mut Log::in_memory(),
            salt: "",
            places: 16,
        }
        .run(&tasks(&world, &spec(text), &Frame::default()))
        .unwrap();
        // Each strategy asks for at least 200 samples; the last problems leave places free.
        let early = &sampler.seen[..sampler.seen.len() / 2];
        assert!(early.iter().all(|going| *going == 16), "{text}: {early:?}");
    }
}

#[test]
fn samples_that_strategies_have_in_common_are_drawn_once() {
    let world = world();
    let judge = Judge::perfect(&world);
    let frame = Frame::default();
    let mut both = tasks(&world, &spec("majority:samples=8"), &frame);
    both.extend(tasks(&world, &spec("best-of-n:samples=8"), &frame));
    let ran = run(&world, &judge, &both, 16);
    // Eight samples and eight scores of each of twelve problems.
    assert_eq!((ran.asked, ran.known), (2 * 96, 96));
    let spent = |at: usize| ran.outcomes[at].spent.sampled;
    assert!((0..12).all(|at| spent(at) == spent(at + 12) && spent(at) > 0));
}

#[test]
fn a_log_of_another_model_or_a_damaged_one_is_not_used() {
    let ask = |seed| {
        Request::Sample(SampleRequest {
            problem: "p".into(),
            prompt: "a".into(),
            said: "b".into(),
            seed,
            sampling: Frame::default().sampling,
            marks: [].into(),
            stop: None,
            most: 3,
        })
    };
    assert_eq!(ask(1).identity("x"), ask(1).identity("x"));
    assert_ne!(ask(1).identity("x"), ask(2).identity("x"));
    assert_ne!(ask(1).identity("x"), ask(1).identity("y"));
    let error = Log::read("{}\n", Vec::new()).unwrap_err().to_string();
    assert!(
        error.starts_with("line 1 of the log of replies: missing field"),
        "{error}"
    );
    assert!(Log::read("{", Vec::new()).unwrap().is_empty());
}

/// A model that fails for some requests, and ends no step.
struct Failing;

impl Sampler for Failing {
    fn begin(&mut self, _: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        Err(SearchError::new("not reached"))
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        Err(SearchError::new("not reached"))
    }
}

/// A model that answers each second request, in steps without an end.
#[derive(Default)]
struct Half {
    going: Vec<usize>,
    endless: bool,
}

impl Sampler for Half {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going.extend(requests.iter().map(|(number, _)| number));
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let said = |ended| Sampled {
            text: "step\n\n".into(),
            tokens: 1,
            before: 1,
            log_probability: -1.0,
            self_certainty: None,
            ended,
            seconds: triaxis_units::Seconds(1.0),
        };
        let reply = |number: usize| match (self.endless, number % 2) {
            (true, _) => Ok(said(Ended::Mark)),
            (false, 0) => Ok(said(Ended::End)),
            _ => Err("the endpoint gave no choice".to_owned()),
        };
        Ok(self
            .going
            .drain(..)
            .map(|number| (number, reply(number)))
            .collect())
    }
}

fn run_with(sampler: &mut dyn Sampler, text: &str) -> Result<Ran, SearchError> {
    let task = Task {
        problem: Problem::new("p", "prompt "),
        strategy: spec(text),
        frame: Frame::default().into(),
    };
    Driver {
        sampler,
        verifier: &mut Unverified,
        reader: &|_: &str, _: &str| None,
        log: &mut Log::in_memory(),
        salt: "",
        places: 4,
    }
    .run(&[task])
}

#[test]
fn what_fails_is_said_and_nothing_else_is_lost() {
    for text in SMALL {
        let ran = run_with(&mut Half::default(), text).unwrap();
        let [outcome] = &ran.outcomes[..] else {
            panic!("{text}")
        };
        let samples = outcome.spent.samples;
        assert!(samples >= 1 && outcome.answer().is_some(), "{text} {outcome:?}");
        let failed = outcome
            .faults
            .iter()
            .filter(|fault| fault.contains("endpoint"))
            .count();
        if samples > 1 {
            assert!(failed > 0, "{text} {outcome:?}");
        }
        let asks = !spec(text).asks().is_empty();
        assert_eq!(
            asks,
            outcome.faults.iter().any(|fault| fault.contains("no verifier")),
            "{text}"
        );
    }
    let error = run_with(&mut Failing, "sample").unwrap_err();
    assert_eq!(error.to_string(), "not reached");
}

#[test]
fn branches_that_never_end_stand_for_answers() {
    for text in [
        "beam:beams=4,width=2,depth=3",
        "rebase:width=4,depth=3",
        "dvts:beams=4,width=2,depth=3",
    ] {
        let mut model = Half {
            endless: true,
            ..Half::default()
        };
        let ran = run_with(&mut model, text).unwrap();
        let outcome = &ran.outcomes[0];
        assert_eq!(outcome.why, Why::NoneEnded, "{text}");
        assert_eq!((outcome.spent.samples, outcome.spent.turns), (12, 3));
        assert_eq!(outcome.answer().map(|answer| answer.tokens), Some(3));
    }
}

#[test]
fn failures_are_not_kept() {
    let mut log = Log::read("", Vec::new()).unwrap();
    let id = serde_json::from_str("\"id\"").unwrap();
    log.keep(&id, &Reply::Failed("once".into())).unwrap();
    assert!(log.find(&id).is_none() && log.into_inner().unwrap().is_empty());
}
