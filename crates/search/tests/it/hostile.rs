//! Models and verifiers that say anything.

use proptest::prelude::*;
use triaxis_random::Stream;
use triaxis_search::{
    Driver, Ended, Finished, Frame, Log, Problem, Reader, SampleRequest, Sampled, Sampler, ScoreRequest,
    SearchError, StrategySpec, Task, Verdict, Verifier,
};
use triaxis_units::Seconds;

use crate::worlds::{SMALL, spec};

/// A model that says anything, in any order; one that lies says so many tokens as it likes.
struct Anything {
    stream: Stream,
    going: Vec<(usize, u64)>,
    lies: bool,
}

fn any_number(stream: &mut Stream) -> f64 {
    let numbers = [
        0.0,
        1.0,
        -1.0,
        0.5,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        1e-300,
    ];
    numbers[stream.below(numbers.len())]
}

impl Sampler for Anything {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        self.going
            .extend(requests.iter().map(|(number, request)| (*number, request.most)));
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let place = self.stream.below(self.going.len());
        let (number, most) = self.going.remove(place);
        let stream = &mut self.stream;
        if stream.below(6) == 0 {
            return Ok(vec![(number, Err("no choice".to_owned()))]);
        }
        let texts = ["", "a", "ä\n\n", "</think>", "Wait", "b </think>", "\u{1f980}"];
        let tokens = match self.lies {
            true => [0, 3, u64::MAX, 1 << 50][stream.below(4)],
            false => 1 + stream.below(most as usize) as u64,
        };
        let said = Sampled {
            text: texts[stream.below(texts.len())].to_owned(),
            tokens,
            before: stream.below(100) as u64,
            log_probability: any_number(stream),
            self_certainty: (stream.below(2) == 0).then(|| any_number(stream)),
            ended: [Ended::End, Ended::Mark, Ended::Most][stream.below(3)],
            seconds: Seconds(0.0),
        };
        Ok(vec![(number, Ok(said))])
    }
}

impl Verifier for Anything {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let score = |_| match self.stream.below(6) {
            0 => Err("it crashed".to_owned()),
            _ => Ok(Verdict {
                score: any_number(&mut self.stream),
                tokens: if self.lies { u64::MAX } else { 3 },
                seconds: Seconds(0.0),
            }),
        };
        Ok(requests.iter().map(score).collect())
    }
}

struct Any;

impl Reader for Any {
    fn answer(&self, _: &str, said: &str) -> Option<String> {
        said.chars().last().map(String::from)
    }
}

fn anything(seed: u64, lies: bool) -> Anything {
    Anything {
        stream: Stream::new(seed, "anything", 0),
        going: Vec::new(),
        lies,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn whatever_is_said_searches_end_and_count_right(
        seed: u64, lies: bool, answer in 1_u64..30, budget in prop::option::of(1_u64..60), places in 1_usize..9
    ) {
        let frame = std::sync::Arc::new(Frame { answer, budget, seed, ..Frame::default() });
        let task = |text: &&str| Task {
            problem: Problem::new("p", "prompt "),
            strategy: spec(text),
            frame: std::sync::Arc::clone(&frame),
        };
        let tasks: Vec<Task> = SMALL.iter().map(task).collect();
        let ran = Driver {
            sampler: &mut anything(seed, lies),
            verifier: &mut anything(!seed, lies),
            reader: &Any,
            log: &mut Log::in_memory(),
            salt: "",
            places,
        }
        .run(&tasks)
        .unwrap();
        prop_assert_eq!(ran.outcomes.len(), tasks.len());
        for (outcome, text) in ran.outcomes.iter().zip(SMALL) {
            let spent = &outcome.spent;
            prop_assert_eq!(outcome.chosen.is_some(), !outcome.candidates.is_empty());
            prop_assert!(outcome.chosen.is_none_or(|chosen| chosen < outcome.candidates.len()));
            let last = |place: usize| outcome.candidates[place].tickets.last();
            prop_assert!((1..outcome.candidates.len()).all(|place| last(place - 1) < last(place)), "{text}");
            prop_assert!(spent.answer <= spent.kept && spent.kept <= spent.sampled, "{text} {spent:?}");
            prop_assert!(lies || spent.sampled <= budget.unwrap_or(u64::MAX), "{text} {spent:?}");
            prop_assert!(lies || outcome.candidates.iter().all(|candidate| candidate.tokens <= answer), "{text}");
        }
    }

    #[test]
    fn any_text_is_a_strategy_or_refused(text in "[a-z:=,0-9-]{0,30}") {
        if let Err(error) = StrategySpec::read(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
