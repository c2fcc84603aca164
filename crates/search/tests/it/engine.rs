//! Models of the lab's as samplers.

use std::collections::BTreeMap;
use std::sync::Arc;

use triaxis_infer::{Engine, Helpers, Options, PrefixCache, Request, Weights, generate, text};
use triaxis_model::Stack;
use triaxis_model::weights::Weight;
use triaxis_random::Stream;
use triaxis_search::{
    Driver, Ended, EngineSampler, Frame, Log, Outcome, Problem, SampleRequest, Sampled, Sampler, Sampling,
    Task, Unverified,
};
use triaxis_tokens::{Tokenizer, WordCounts};
use triaxis_units::{Bytes, Seconds};

use crate::worlds::spec;

const TEXT: &str =
    "one and two; three and four, nineteen and twelve.\n\nthe sum is seven, or eight; é ü 日本\n";

fn tokenizer() -> Tokenizer {
    let counts = WordCounts::default();
    counts.add([TEXT.repeat(20).as_str()].into_iter()).unwrap();
    Tokenizer::train(counts, 270).unwrap()
}

/// An engine of chance weights, which are small enough that every token may come.
fn engine(threads: usize) -> Engine {
    let stack: Stack = serde_json::from_str(
        r#"{"pattern": "a", "vocabulary": 270, "width": 32, "layers": 1, "context": 160}"#,
    )
    .unwrap();
    let weight = |name: &str, size: usize| {
        let mut stream = Stream::new(3, name, 0);
        (0..size).map(|_| 0.3 * stream.normal() as f32).collect()
    };
    let lines = stack.weights().into_iter();
    let weights: BTreeMap<String, Weight> = lines
        .map(|line| {
            let values = weight(&line.name, line.size());
            let shape = line.shape;
            (line.name, Weight { shape, values })
        })
        .collect();
    let options = Options {
        threads,
        ..Options::default()
    };
    Engine::new(&Weights::new(stack, weights).unwrap(), options).unwrap()
}

/// The replies to requests, in their order.
fn replies(engine: &mut Engine, requests: &[SampleRequest]) -> Vec<Result<Sampled, String>> {
    let tokenizer = tokenizer();
    let mut prefixes = PrefixCache::new(engine, Bytes(1 << 20));
    let mut sampler = EngineSampler::new(engine, &mut prefixes, &tokenizer);
    let mut replies = BTreeMap::new();
    sampler
        .begin(requests.iter().cloned().enumerate().collect())
        .unwrap();
    while replies.len() < requests.len() {
        replies.extend(sampler.advance().unwrap());
    }
    replies.into_values().map(untimed).collect()
}

fn untimed(reply: Result<Sampled, String>) -> Result<Sampled, String> {
    reply.map(|reply| Sampled {
        seconds: Seconds(0.0),
        ..reply
    })
}

fn request(seed: u64, most: u64) -> SampleRequest {
    SampleRequest {
        problem: "p".into(),
        prompt: "one and two;".into(),
        said: "".into(),
        seed,
        sampling: Sampling::default(),
        marks: [].into(),
        stop: None,
        most,
    }
}

#[test]
fn a_text_in_pieces_is_the_text_at_once() {
    let (mut engine, tokenizer) = (engine(1), tokenizer());
    for seed in 0..12 {
        let whole = replies(&mut engine, &[request(seed, 60)]).remove(0).unwrap();
        let mut prefixes = PrefixCache::new(&engine, Bytes(1 << 20));
        let mut sampler = EngineSampler::new(&mut engine, &mut prefixes, &tokenizer);
        let (mut said, mut tokens, mut log_probability) = (String::new(), 0, 0.0);
        // Pieces by number, and by a mark that tokens go across.
        let marks: Arc<[String]> = ["e".to_owned()].into();
        for piece in 0.. {
            let ask = SampleRequest {
                said: said.as_str().into(),
                marks: if piece % 2 == 0 {
                    [].into()
                } else {
                    Arc::clone(&marks)
                },
                most: (if piece % 2 == 0 { 7 } else { 60 }).min(60 - tokens),
                ..request(seed, 60)
            };
            sampler.begin(vec![(piece, ask)]).unwrap();
            let reply = sampler.advance().unwrap().remove(0).1.unwrap();
            assert!(
                reply.ended != Ended::Mark || reply.text.ends_with('e'),
                "{reply:?}"
            );
            said.push_str(&reply.text);
            tokens += reply.tokens;
            log_probability += reply.log_probability;
            if reply.ended == Ended::End || tokens == 60 {
                break;
            }
        }
        assert!(whole.text.starts_with(&said), "{said:?} of {:?}", whole.text);
        // A mark may end the last piece within its last token.
        assert!(whole.text.len() - said.len() < 16, "{said:?} of {:?}", whole.text);
        assert_eq!(tokens, whole.tokens);
        assert!((log_probability - whole.log_probability).abs() < 1e-9);
    }
}

#[test]
fn the_likeliest_tokens_are_those_that_the_engine_generates() {
    let (mut engine, tokenizer) = (engine(1), tokenizer());
    let asked = SampleRequest {
        sampling: Sampling::greedy(),
        ..request(4, 40)
    };
    let reply = replies(&mut engine, std::slice::from_ref(&asked))
        .remove(0)
        .unwrap();
    let own = Request {
        prompt: text::prompt(&tokenizer, &asked.prompt).unwrap(),
        most: 40,
        sampling: triaxis_infer::Sampling {
            temperature: 0.0,
            ..Default::default()
        },
        likeliest: Some(1),
        certainty: true,
        known: tokenizer.vocabulary(),
        ends: tokenizer.ends().clone(),
        ..Request::default()
    };
    let answer = generate(&mut engine, &own, Helpers::default(), &mut |_, _| true)
        .unwrap()
        .remove(0);
    let bytes = answer
        .tokens
        .iter()
        .flat_map(|token| tokenizer.bytes_of(token.token).to_vec());
    let said = String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned();
    // The first bytes of a character that is not whole are not said.
    assert!(
        !reply.text.is_empty() && said.starts_with(&reply.text),
        "{said:?} {:?}",
        reply.text
    );
    assert_eq!(reply.before, own.prompt.len() as u64);
    let told = || answer.tokens.iter().chain(&answer.end);
    assert_eq!(reply.tokens, told().count() as u64);
    let sum: f64 = told().filter_map(|token| token.log_probability).sum();
    assert!((reply.log_probability - sum).abs() < 1e-9);
    // Each is the likeliest, whose probability bounds the divergence from uniform.
    for token in told() {
        assert_eq!(token.likeliest[0].0, token.token);
        assert!(token.certainty.is_some_and(|certainty| certainty > 0.0));
    }
    assert!(reply.self_certainty.is_some_and(|certainty| certainty > 0.0));
}

#[test]
fn marks_and_stops_end_texts_and_what_does_not_fit_fails_alone() {
    let mut engine = engine(1);
    let stopped = SampleRequest {
        stop: Some("e".to_owned()),
        ..request(1, 100)
    };
    let both = SampleRequest {
        marks: ["e".to_owned(), "a".to_owned()].into(),
        ..stopped.clone()
    };
    let long = SampleRequest {
        prompt: "one and two; ".repeat(60).into(),
        ..request(1, 5)
    };
    let all = replies(&mut engine, &[stopped, both, long, request(1, 100)]);
    let whole = all[3].as_ref().unwrap();
    let until = |signs: &[char]| whole.text.find(signs).map(|end| whole.text[..=end].to_owned());
    let (stopped, both) = (all[0].as_ref().unwrap(), all[1].as_ref().unwrap());
    assert_eq!(
        (Some(stopped.text.clone()), stopped.ended),
        (until(&['e']), Ended::End)
    );
    assert_eq!(Some(both.text.clone()), until(&['e', 'a']));
    let ended = if both.text.ends_with('e') {
        Ended::End
    } else {
        Ended::Mark
    };
    assert_eq!(both.ended, ended);
    let refused = all[2].as_ref().unwrap_err();
    assert!(refused.contains("160"), "{refused}");
}

/// Outcomes of strategies of every way to go on, without the time that they took.
fn outcomes(engine: &mut Engine, places: usize) -> Vec<Outcome> {
    let tokenizer = tokenizer();
    let frame = Arc::new(Frame {
        answer: 24,
        step: "e".to_owned(),
        ..Frame::default()
    });
    let strategies = [
        "greedy",
        "best-of-n:samples=4,by=self-certainty",
        "majority:samples=6",
        "mcts:simulations=3,children=2",
        "budget-forcing:thoughts=8,close=a",
        "revision:chains=2,length=2,pick=last",
    ];
    let tasks: Vec<Task> = ["one and", "three and"]
        .iter()
        .flat_map(|prompt| {
            strategies.map(|strategy| Task {
                problem: Problem::new(*prompt, *prompt),
                strategy: spec(strategy),
                frame: Arc::clone(&frame),
            })
        })
        .collect();
    let mut prefixes = PrefixCache::new(engine, Bytes(1 << 20));
    let ran = Driver {
        sampler: &mut EngineSampler::new(engine, &mut prefixes, &tokenizer),
        verifier: &mut Unverified,
        reader: &|_: &str, said: &str| Some(said.chars().take(1).collect()),
        log: &mut Log::in_memory(),
        salt: "chance",
        places,
    }
    .run(&tasks)
    .unwrap();
    let mut outcomes = ran.outcomes;
    for outcome in &mut outcomes {
        outcome.spent.seconds = Seconds(0.0);
    }
    outcomes
}

#[test]
fn outcomes_are_the_same_for_any_number_of_places_and_threads() {
    let alone = outcomes(&mut engine(1), 1);
    assert!(alone.iter().all(|outcome| outcome.spent.sampled > 0));
    assert_eq!(outcomes(&mut engine(1), 5), alone);
    assert_eq!(outcomes(&mut engine(2), 64), alone);
}
