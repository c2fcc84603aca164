//! Answers that a grammar holds.

mod distribution;
mod limits;
mod texts;

use triaxis_infer::{
    Answer, Draft, Ended, Engine, Grammar, Helpers, LookUp, Options, Request, Sampling, SmallModel, generate,
};
use triaxis_model::Stack;
use triaxis_tokens::{Tokenizer, WordCounts};

use crate::{random, source};

const TEXT: &str =
    r#"{"name": "Ada", "age": 36, "tags": ["a", "bb"], "ok": true} the cat 2024-05-17 abba null"#;

fn tokenizer() -> Tokenizer {
    let counts = WordCounts::default();
    counts.add([TEXT.repeat(20).as_str()].into_iter()).unwrap();
    Tokenizer::train(counts, 300).unwrap()
}

/// A tokenizer of two letters, which cannot write anything else.
fn two_letters() -> Tokenizer {
    let json = r#"{
        "version": "1.0",
        "added_tokens": [{"id": 2, "content": "<|endoftext|>", "special": true, "single_word": false, "lstrip": false,
                          "rstrip": false, "normalized": false}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}
    }"#;
    Tokenizer::from_json(json.as_bytes().to_vec(), "<|endoftext|>").unwrap()
}

fn engine(width: usize, tokenizer: &Tokenizer) -> Engine {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"pattern": "a", "vocabulary": {}, "width": {width}, "layers": 1, "context": 200}}"#,
        tokenizer.vocabulary()
    ))
    .unwrap();
    let (_, all) = random(&stack);
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    Engine::new(&source(&stack, &all), options).unwrap()
}

fn request(tokenizer: &Tokenizer, sampling: Sampling) -> Request {
    Request {
        prompt: tokenizer.encode("the cat").unwrap(),
        samples: 8,
        most: 120,
        sampling,
        ends: tokenizer.ends().clone(),
        known: tokenizer.vocabulary(),
        ..Request::default()
    }
}

fn held(
    engine: &mut Engine,
    request: &Request,
    grammar: &Grammar,
    draft: Option<&mut dyn Draft>,
) -> Vec<Answer> {
    let helpers = Helpers {
        draft,
        constraints: (0..request.samples).map(|_| grammar.answer()).collect(),
    };
    generate(engine, request, helpers, &mut |_, _| true).unwrap()
}

fn text(answer: &Answer, tokenizer: &Tokenizer) -> String {
    let bytes = answer
        .tokens
        .iter()
        .flat_map(|token| tokenizer.bytes_of(token.token));
    String::from_utf8(bytes.copied().collect()).unwrap()
}

/// The answers that ended by themselves, at several temperatures, by several seeds, with every kind of draft.
fn whole(grammar: &Grammar, tokenizer: &Tokenizer) -> Vec<String> {
    let (mut large, mut small) = (engine(32, tokenizer), engine(16, tokenizer));
    let mut found = Vec::new();
    for (seed, temperature) in [(1, 0.0), (2, 0.7), (3, 1.0), (4, 3.0)] {
        let sampling = Sampling {
            temperature,
            ..Sampling::default()
        };
        let request = Request {
            seed,
            ..request(tokenizer, sampling.clone())
        };
        let mut look_up = LookUp::default();
        let mut model = SmallModel::new(&mut small, tokenizer.vocabulary(), sampling).unwrap();
        let drafts: [Option<&mut dyn Draft>; 3] = [None, Some(&mut look_up), Some(&mut model)];
        for draft in drafts {
            let answers = held(&mut large, &request, grammar, draft);
            assert!(answers.iter().all(|answer| answer.ended != Ended::Nothing));
            let ended = answers.iter().filter(|answer| answer.ended == Ended::End);
            found.extend(ended.map(|answer| text(answer, tokenizer)));
        }
    }
    found
}

/// Whether some text of `(ab|ba){1,2}` begins with these bytes, and whether they are one.
fn of_pairs(bytes: &[u8]) -> (bool, bool) {
    let pairs = ["ab", "ba"];
    let twice = pairs
        .iter()
        .flat_map(|first| pairs.map(|second| format!("{first}{second}")));
    let all: Vec<String> = twice.chain(pairs.map(str::to_owned)).collect();
    let begins = all.iter().any(|text| text.as_bytes().starts_with(bytes));
    (begins, all.iter().any(|text| text.as_bytes() == bytes))
}
