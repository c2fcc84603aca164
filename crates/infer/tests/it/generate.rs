//! What is generated, with drafts and without.

use std::collections::BTreeSet;

use triaxis_blocks::Format;
use triaxis_infer::{
    Allowed, Answer, Constraint, Counts, Draft, Ended, Engine, Helpers, InferError, LookUp, Reading, Request,
    Sampling, SmallModel, Wanted, generate,
};
use triaxis_model::Stack;

use crate::engine_of;

fn network(width: usize, pattern: &str) -> Stack {
    serde_json::from_str(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 12, "width": {width}, "layers": 2, "context": 80,
             "blocks": {{"d": {{"mixer": {{"kind": "gated-deltanet", "head_dim": 8, "chunk": 16}},
                               "channel": {{"kind": "swiglu"}}}}}}}}"#,
    ))
    .unwrap()
}

fn engine(width: usize, pattern: &str) -> Engine {
    let stack = network(width, pattern);
    engine_of(&stack, 1, Some(Format::Q8_0))
}

fn run(engine: &mut Engine, request: &Request, draft: Option<&mut dyn Draft>) -> Vec<Answer> {
    let helpers = Helpers {
        draft,
        constraints: Vec::new(),
    };
    generate(engine, request, helpers, &mut |_, _| true).unwrap()
}

fn tokens(answers: &[Answer]) -> Vec<Vec<u32>> {
    let of = |answer: &Answer| answer.tokens.iter().map(|token| token.token).collect();
    answers.iter().map(of).collect()
}

#[test]
fn greedy_tokens_are_the_same_with_any_draft() {
    let request = Request {
        prompt: vec![1, 2, 3, 1, 2],
        most: 60,
        sampling: Sampling {
            temperature: 0.0,
            ..Sampling::default()
        },
        ..Request::default()
    };
    // Attention goes back by itself; states are read again.
    for pattern in ["a", "da"] {
        let mut large = engine(32, pattern);
        let plain = run(&mut large, &request, None);
        assert_eq!(plain[0].tokens.len(), 60);
        let looked = run(&mut large, &request, Some(&mut LookUp::default()));
        assert_eq!(tokens(&looked), tokens(&plain));
        assert!(looked[0].drafted > 0, "text that repeats itself is drafted");
        let mut small = engine(32, "a");
        let mut draft = SmallModel::new(&mut small, 12, request.sampling.clone()).unwrap();
        assert_eq!(
            tokens(&run(&mut large, &request, Some(&mut draft))),
            tokens(&plain)
        );
    }
}

#[test]
fn an_answer_does_not_depend_on_those_beside_it() {
    let mut engine = engine(32, "a");
    let request = Request {
        prompt: vec![3, 1],
        samples: 5,
        most: 12,
        seed: 9,
        ..Request::default()
    };
    let together = tokens(&run(&mut engine, &request, None));
    assert!(together.windows(2).all(|pair| pair[0] != pair[1]), "{together:?}");
    for samples in 1..5 {
        let fewer = Request {
            samples,
            ..request.clone()
        };
        assert_eq!(tokens(&run(&mut engine, &fewer, None)), together[..samples]);
    }
}

/// The probability of each second token after a prompt, by all first ones.
fn second(engine: &mut Engine, prompt: &[u32], sampling: &Sampling) -> Vec<f64> {
    let mut after = |tokens: &[u32]| {
        let mut sequence = engine.sequence();
        let scores = engine
            .read(&mut [Reading {
                sequence: &mut sequence,
                tokens,
                wanted: Wanted::Last,
            }])
            .unwrap();
        let from = sampling.distribution(&scores, &Counts::default(), None);
        (0..12).map(|token| from.probability(token)).collect::<Vec<f64>>()
    };
    let mut all = vec![0.0; 12];
    for (token, first) in after(prompt).into_iter().enumerate() {
        let then = after(&[prompt, &[token as u32]].concat());
        all.iter_mut()
            .zip(then)
            .for_each(|(sum, second)| *sum += first * second);
    }
    all
}

#[test]
fn drafted_tokens_are_distributed_as_the_large_model_has_them() {
    let sampling = Sampling {
        temperature: 1.3,
        top_p: 0.95,
        ..Sampling::default()
    };
    let (mut large, mut small) = (engine(32, "a"), engine(16, "a"));
    let request = Request {
        prompt: vec![5, 7, 5],
        samples: 4000,
        most: 3,
        sampling: sampling.clone(),
        seed: 4,
        drafted: 2,
        ..Request::default()
    };
    let expected = second(&mut large, &request.prompt, &sampling);
    let unlike = second(&mut small, &request.prompt, &sampling);
    let mut look_up = LookUp { longest: 1 };
    let mut model = SmallModel::new(&mut small, 12, sampling.clone()).unwrap();
    let drafts: [Option<&mut dyn Draft>; 3] = [None, Some(&mut look_up), Some(&mut model)];
    for (index, draft) in drafts.into_iter().enumerate() {
        let answers = run(&mut large, &request, draft);
        let drafted: usize = answers.iter().map(|answer| answer.drafted).sum();
        assert_eq!(drafted > 0, index > 0, "{drafted} drafted by {index}");
        let mut counts = [0.0; 12];
        answers
            .iter()
            .for_each(|answer| counts[answer.tokens[1].token as usize] += 1.0);
        let distance = |expected: &[f64]| {
            let cells = counts
                .iter()
                .zip(expected)
                .filter(|(_, expected)| **expected > 0.0);
            cells
                .map(|(count, expected)| (count - 4000.0 * expected).powi(2) / (4000.0 * expected))
                .sum::<f64>()
        };
        // The thousandth of the chi-squared distribution of 11 degrees of freedom.
        assert!(distance(&expected) < 31.3, "{index}: {}", distance(&expected));
        assert!(
            distance(&unlike) > 100.0,
            "the small model is another: {}",
            distance(&unlike)
        );
    }
}

/// Only even tokens, and each larger than the one before.
struct Rising(Option<u32>);

impl Constraint for Rising {
    fn allowed(&mut self) -> Result<Allowed<'_>, InferError> {
        Ok(Box::new(|token| {
            token.is_multiple_of(2) && self.0.is_none_or(|last| token > last)
        }))
    }

    fn accept(&mut self, token: u32) -> Result<(), InferError> {
        self.0 = Some(token);
        Ok(())
    }
}

#[test]
fn a_constraint_always_holds_and_nothing_is_an_end() {
    let mut engine = engine(32, "a");
    let request = Request {
        prompt: vec![1],
        samples: 20,
        ..Request::default()
    };
    for draft in [false, true] {
        let mut look_up = LookUp::default();
        let helpers = Helpers {
            draft: draft.then_some(&mut look_up as &mut dyn Draft),
            constraints: (0..20)
                .map(|_| Box::new(Rising(None)) as Box<dyn Constraint>)
                .collect(),
        };
        let answers = generate(&mut engine, &request, helpers, &mut |_, _| true).unwrap();
        for answer in &answers {
            let own: Vec<u32> = answer.tokens.iter().map(|token| token.token).collect();
            assert!(
                own.is_sorted() && own.iter().all(|token| token.is_multiple_of(2)),
                "{own:?}"
            );
            assert_eq!((answer.ended, own.last()), (Ended::Nothing, Some(&10)));
        }
    }
}

#[test]
fn an_answer_ends_by_a_token_by_its_length_by_the_context_or_by_who_hears_of_it() {
    let mut engine = engine(32, "a");
    let mut request = Request {
        prompt: vec![1, 4],
        most: 500,
        ..Request::default()
    };
    let whole = run(&mut engine, &request, None);
    // What a context of 80 holds, and the token after it.
    assert_eq!((whole[0].ended, whole[0].tokens.len()), (Ended::Context, 79));
    let own = &tokens(&whole)[0];
    let end = own[20];
    let place = own.iter().position(|&token| token == end).unwrap();
    request.ends = BTreeSet::from([end]);
    let ended = run(&mut engine, &request, None);
    assert_eq!((ended[0].ended, ended[0].tokens.len()), (Ended::End, place));
    request.ends.clear();
    request.most = 7;
    assert_eq!(run(&mut engine, &request, None)[0].ended, Ended::Most);
    let mut heard = 0;
    let answers = generate(&mut engine, &request, Helpers::default(), &mut |_, _| {
        heard += 1;
        heard < 3
    });
    assert_eq!(answers.unwrap()[0].ended, Ended::Stopped);
}

#[test]
fn log_probabilities_are_of_the_model_and_sum_to_one() {
    let mut engine = engine(32, "a");
    let request = Request {
        prompt: vec![1, 4],
        most: 5,
        likeliest: Some(12),
        sampling: Sampling {
            temperature: 0.3,
            top_k: Some(3),
            ..Sampling::default()
        },
        ..Request::default()
    };
    for token in &run(&mut engine, &request, None)[0].tokens {
        let sum: f64 = token.likeliest.iter().map(|(_, log)| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(token.likeliest.is_sorted_by(|a, b| a.1 >= b.1));
        assert!(
            token
                .likeliest
                .contains(&(token.token, token.log_probability.unwrap()))
        );
    }
}

#[test]
fn settings_that_break_a_rule_are_refused() {
    let mut engine = engine(32, "a");
    let with = |sampling| Request {
        prompt: vec![1],
        sampling,
        ..Request::default()
    };
    let usual = Sampling::default;
    for (sampling, words) in [
        (
            Sampling {
                temperature: -1.0,
                ..usual()
            },
            "temperature = -1",
        ),
        (
            Sampling {
                temperature: f64::NAN,
                ..usual()
            },
            "temperature = NaN",
        ),
        (
            Sampling {
                top_p: 0.0,
                ..usual()
            },
            "top_p = 0",
        ),
        (
            Sampling {
                top_k: Some(0),
                ..usual()
            },
            "top_k = 0",
        ),
        (
            Sampling {
                min_p: 1.5,
                ..usual()
            },
            "min_p = 1.5",
        ),
        (
            Sampling {
                repetition_penalty: 0.0,
                ..usual()
            },
            "repetition_penalty = 0",
        ),
    ] {
        let error = generate(&mut engine, &with(sampling), Helpers::default(), &mut |_, _| true).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let empty = Request::default();
    let error = generate(&mut engine, &empty, Helpers::default(), &mut |_, _| true).unwrap_err();
    assert!(error.to_string().contains("prompt"), "{error}");
}
