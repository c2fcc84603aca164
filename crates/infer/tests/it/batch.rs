//! Answers to several requests, side by side.

use proptest::prelude::*;
use triaxis_blocks::Format;
use triaxis_host::Kind;
use triaxis_infer::{
    Allowed, Answer, Batch, Constraint, Draft, Ended, Engine, Helpers, InferError, PrefixCache, Request,
    Sampling, SmallModel, generate,
};
use triaxis_model::Stack;
use triaxis_units::Bytes;

use crate::engine_of;

fn engine(pattern: &str) -> Engine {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 12, "width": 32, "layers": 2, "context": 400}}"#
    ))
    .unwrap();
    engine_of(&stack, 1, Some(Format::Q8_0))
}

fn tokens(answer: &Answer) -> (Vec<u32>, Ended) {
    (
        answer.tokens.iter().map(|token| token.token).collect(),
        answer.ended,
    )
}

/// Answers by a batch in which a request begins when there are fewer than so many answers.
fn together(
    engine: &mut Engine,
    requests: &[Request],
    prefixes: Option<&mut PrefixCache>,
    draft: Option<&mut dyn Draft>,
    most: usize,
) -> Vec<Answer> {
    let draft = draft.map(|draft| draft as &mut dyn Draft);
    let mut batch = Batch::new(engine, prefixes, draft);
    let (mut waiting, mut answers, mut begun) = (requests.iter(), Vec::new(), 0);
    let mut heard = vec![0; requests.iter().map(|request| request.samples).sum()];
    loop {
        while begun - answers.len() < most
            && let Some(request) = waiting.next()
        {
            let numbers = batch.begin(request.clone(), Vec::new()).unwrap();
            assert_eq!(numbers.start, begun);
            begun = numbers.end;
        }
        if !batch.goes_on() {
            break;
        }
        answers.extend(
            batch
                .step(&mut |number, _| {
                    heard[number] += 1;
                    true
                })
                .unwrap(),
        );
    }
    assert_eq!(batch.bytes(), Bytes(0));
    answers.sort_by_key(|(number, _)| *number);
    for ((number, answer), (index, heard)) in answers.iter().zip(heard.iter().enumerate()) {
        assert_eq!((*number, answer.tokens.len()), (index, *heard));
    }
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (1..300_usize, 0..3_usize, 1..4_usize, 0..12_usize, 0..5_u64).prop_map(
        |(length, own, samples, most, seed)| Request {
            prompt: (0..length)
                .map(|index| ((index * 5 + index / 7 + own * usize::from(index > 280)) % 12) as u32)
                .collect(),
            samples,
            most,
            seed,
            ..Request::default()
        },
    );
    prop::collection::vec(request, 1..5)
}

fn alone(engine: &mut Engine, requests: &[Request]) -> Vec<Answer> {
    let each = requests.iter().map(|request| {
        let answers = generate(engine, request, Helpers::default(), &mut |_, _| true);
        answers.unwrap()
    });
    each.collect::<Vec<_>>().concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn an_answer_is_the_same_whatever_is_answered_beside_it(
        requests in requests(), most in 1..6_usize, bytes in prop_oneof![Just(0_u64), 1..400_000_u64, Just(u64::MAX)],
    ) {
        for pattern in ["a", "da"] {
            let mut engine = engine(pattern);
            let expected: Vec<_> = alone(&mut engine, &requests).iter().map(tokens).collect();
            let mut prefixes = PrefixCache::new(&engine, Bytes(bytes));
            let found = together(&mut engine, &requests, Some(&mut prefixes), None, most);
            prop_assert_eq!(found.iter().map(tokens).collect::<Vec<_>>(), expected.clone());
            let again = together(&mut engine, &requests, Some(&mut prefixes), None, usize::MAX);
            prop_assert_eq!(again.iter().map(tokens).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn drafts_of_any_model_change_no_greedy_answer(requests in requests(), most in 1..6_usize) {
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        let requests: Vec<Request> = requests
            .into_iter()
            .map(|request| Request { sampling: sampling.clone(), drafted: 3, ..request })
            .collect();
        let mut large = engine("a");
        let expected: Vec<_> = alone(&mut large, &requests).iter().map(tokens).collect();
        for pattern in ["a", "d"] {
            let mut small = engine(pattern);
            let mut draft = SmallModel::new(&mut small, 12, sampling.clone()).unwrap();
            let found = together(&mut large, &requests, None, Some(&mut draft), most);
            prop_assert_eq!(found.iter().map(tokens).collect::<Vec<_>>(), expected.clone());
        }
    }
}

#[test]
fn a_model_that_drafts_itself_has_all_its_drafts_taken() {
    // Greedy and of the same bits: going back must leave exactly what was read of the tokens that stay.
    let sampling = Sampling {
        temperature: 0.0,
        ..Sampling::default()
    };
    let request = Request {
        prompt: vec![3, 1, 4],
        most: 41,
        drafted: 4,
        sampling: sampling.clone(),
        ..Request::default()
    };
    let (mut large, mut small) = (engine("a"), engine("a"));
    let mut draft = SmallModel::new(&mut small, 12, sampling).unwrap();
    let answers = together(&mut large, &[request], None, Some(&mut draft), 1);
    // Of every five tokens four are drafted; the last has no room for a draft.
    assert_eq!((answers[0].tokens.len(), answers[0].drafted), (41, 32));
}

#[test]
fn what_answers_may_take_is_told_before_they_begin() {
    let mut engine = engine("a");
    let request = Request {
        prompt: vec![1; 100],
        samples: 3,
        most: 60,
        ..Request::default()
    };
    let page = {
        let mut sequence = engine.sequence();
        let mut reading = [triaxis_infer::Reading {
            sequence: &mut sequence,
            tokens: &[1],
            wanted: triaxis_infer::Wanted::None,
        }];
        engine.read(&mut reading).unwrap();
        engine.remembered(&sequence)
    };
    let mut batch = Batch::new(&mut engine, None, None);
    // Of five pages each, three are shared.
    assert_eq!(batch.bytes_of(&request), Bytes(9 * page as u64));
    batch.begin(request.clone(), Vec::new()).unwrap();
    assert_eq!(batch.bytes(), Bytes(9 * page as u64));
    let endless = Request {
        most: usize::MAX,
        samples: usize::MAX,
        ..request
    };
    assert_eq!(batch.bytes_of(&endless), Bytes(u64::MAX));
}

#[test]
fn a_request_that_is_refused_leaves_the_others_as_they_were() {
    let mut engine = engine("a");
    let request = |prompt: Vec<u32>| Request {
        prompt,
        most: 5,
        ..Request::default()
    };
    let expected = alone(&mut engine, &[request(vec![1, 2, 3])]);
    let mut batch = Batch::new(&mut engine, None, None);
    batch.begin(request(vec![1, 2, 3]), Vec::new()).unwrap();
    batch.step(&mut |_, _| true).unwrap();
    for (prompt, word) in [
        (vec![], "no tokens"),
        (vec![1; 500], "context of 400"),
        (vec![99, 1], "vocabulary of 12"),
    ] {
        let error = batch.begin(request(prompt), Vec::new()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    let mut answers = Vec::new();
    while batch.goes_on() {
        answers.extend(batch.step(&mut |_, _| true).unwrap());
    }
    assert_eq!(answers.len(), 1);
    assert_eq!(tokens(&answers[0].1), tokens(&expected[0]));
}

/// Allows everything for so many tokens, and then breaks off, before one or at it.
struct Breaks {
    left: usize,
    at_a_token: bool,
}

impl Breaks {
    fn fault() -> InferError {
        InferError::new(Kind::Input, "its constraint takes too much")
    }
}

impl Constraint for Breaks {
    fn allowed(&mut self) -> Result<Allowed<'_>, InferError> {
        match self.left == 0 && !self.at_a_token {
            true => Err(Self::fault()),
            false => Ok(Box::new(|_| true)),
        }
    }

    fn accept(&mut self, _: u32) -> Result<(), InferError> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(Self::fault)?;
        Ok(())
    }
}

#[test]
fn a_fault_of_one_answers_constraint_ends_that_answer_alone() {
    let mut engine = engine("a");
    let request = |prompt: Vec<u32>| Request {
        prompt,
        most: 9,
        ..Request::default()
    };
    let expected = tokens(&alone(&mut engine, &[request(vec![1, 2, 3])])[0]);
    for at_a_token in [false, true] {
        let breaks = || -> Vec<Box<dyn Constraint>> { vec![Box::new(Breaks { left: 3, at_a_token })] };
        let mut batch = Batch::new(&mut engine, None, None);
        batch.begin(request(vec![4, 5]), breaks()).unwrap();
        batch.begin(request(vec![1, 2, 3]), Vec::new()).unwrap();
        let mut answers = Vec::new();
        while batch.goes_on() {
            answers.extend(batch.step(&mut |_, _| true).unwrap());
        }
        answers.sort_by_key(|(number, _)| *number);
        let [(_, broken), (_, other)] = &answers[..] else {
            panic!("{answers:?}")
        };
        assert_eq!((broken.tokens.len(), broken.ended), (3, Ended::Fault));
        assert!(broken.fault.as_ref().unwrap().to_string().contains("too much"));
        assert_eq!(tokens(other), expected);
        assert!(other.fault.is_none());
        drop(batch);
        // Of one request alone it is the error.
        let helpers = Helpers {
            constraints: breaks(),
            ..Helpers::default()
        };
        let error = generate(&mut engine, &request(vec![4, 5]), helpers, &mut |_, _| true).unwrap_err();
        assert!(error.to_string().contains("too much"), "{error}");
    }
}
