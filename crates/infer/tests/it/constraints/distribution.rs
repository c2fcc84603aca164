//! How tokens are distributed under a grammar, and what is told of them.

use triaxis_infer::{
    Answer, Draft, Engine, Grammar, Helpers, LookUp, Reading, Request, Sampling, SmallModel, Wanted, generate,
};
use triaxis_tokens::Tokenizer;

use super::{engine, held, of_pairs, request, tokenizer};

/// The probabilities of the first two tokens under `(ab|ba){1,2}`, by the model's scores alone.
fn first_two(engine: &mut Engine, request: &Request, tokenizer: &Tokenizer) -> Vec<((u32, u32), f64)> {
    let mut after = |tokens: &[u32], bytes: &[u8]| {
        let mut sequence = engine.sequence();
        let scores = engine
            .read(&mut [Reading {
                sequence: &mut sequence,
                tokens,
                wanted: Wanted::Last,
            }])
            .unwrap();
        let may = |token: u32| match tokenizer.ends().contains(&token) {
            true => of_pairs(bytes).1,
            false => !tokenizer.is_special(token) && of_pairs(&[bytes, tokenizer.bytes_of(token)].concat()).0,
        };
        let weights: Vec<(u32, f64)> = (0u32..)
            .zip(scores)
            .filter(|(token, _)| may(*token))
            .map(|(token, score)| (token, (f64::from(score) / request.sampling.temperature).exp()))
            .collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        weights
            .into_iter()
            .map(move |(token, weight)| (token, weight / sum))
            .collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (first, probability) in after(&request.prompt, &[]) {
        let tokens = [&request.prompt[..], &[first]].concat();
        let bytes = tokenizer.bytes_of(first).to_vec();
        let then = after(&tokens, &bytes);
        all.extend(
            then.into_iter()
                .map(|(second, then)| ((first, second), probability * then)),
        );
    }
    all
}

#[test]
fn held_tokens_are_distributed_as_the_model_has_those_that_are_allowed() {
    let tokenizer = tokenizer();
    let grammar = Grammar::regex("(ab|ba){1,2}", &tokenizer).unwrap();
    let sampling = Sampling {
        temperature: 1.5,
        ..Sampling::default()
    };
    let request = Request {
        samples: 3000,
        // The second is drafted, too.
        most: 3,
        seed: 8,
        drafted: 2,
        ..request(&tokenizer, sampling.clone())
    };
    let (mut large, mut small) = (engine(32, &tokenizer), engine(16, &tokenizer));
    let expected = first_two(&mut large, &request, &tokenizer);
    assert!(expected.len() > 3, "{expected:?}");
    let mut look_up = LookUp { longest: 1 };
    let mut model = SmallModel::new(&mut small, tokenizer.vocabulary(), sampling).unwrap();
    let drafts: [Option<&mut dyn Draft>; 3] = [None, Some(&mut look_up), Some(&mut model)];
    let end = tokenizer.end_of_text();
    for draft in drafts {
        let answers = held(&mut large, &request, &grammar, draft);
        let at = |answer: &Answer, place: usize| answer.tokens.get(place).map_or(end, |token| token.token);
        let squares = expected.iter().map(|(pair, probability)| {
            let count = answers
                .iter()
                .filter(|answer| (at(answer, 0), at(answer, 1)) == *pair)
                .count();
            let mean = 3000.0 * probability;
            (count as f64 - mean).powi(2) / mean
        });
        let (distance, cells) = (squares.sum::<f64>(), expected.len() as f64);
        // The thousandth of a chi-squared distribution lies below its mean and five deviations.
        let far = cells + 5.0 * (2.0 * cells).sqrt();
        assert!(distance < far, "{distance} of {cells} cells");
    }
}

#[test]
fn probabilities_that_are_told_are_those_of_all_tokens() {
    let tokenizer = tokenizer();
    let mut engine = engine(32, &tokenizer);
    let request = Request {
        samples: 1,
        likeliest: Some(tokenizer.vocabulary()),
        ..request(&tokenizer, Sampling::default())
    };
    let free = generate(&mut engine, &request, Helpers::default(), &mut |_, _| true).unwrap();
    let grammar = Grammar::regex("[0-9]{3}", &tokenizer).unwrap();
    let answer = &held(&mut engine, &request, &grammar, None)[0];
    assert_eq!(answer.tokens[0].likeliest, free[0].tokens[0].likeliest);
    for token in &answer.tokens {
        let sum: f64 = token.likeliest.iter().map(|(_, log)| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(token.log_probability.unwrap() < -0.1);
    }
}
