//! Losses of texts.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use triaxis_infer::{
    Engine, Helpers, Kept, Options, Precision, Reading, Request, Sampling, Wanted, Windows, evaluate,
    generate, log_probabilities,
};
use triaxis_model::{Model, Stack};

use crate::{random, source, tokens};

fn network(pattern: &str) -> Stack {
    serde_json::from_str(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 50, "width": 32, "layers": 2, "context": 40}}"#
    ))
    .unwrap()
}

/// The loss of each target of a window, as training computes it.
fn losses(model: &Model, inputs: &[u32], targets: &[u32]) -> Vec<f64> {
    let numbers = |tokens: &[u32]| tokens.iter().map(|&token| i64::from(token)).collect::<Vec<i64>>();
    let device = Device::flex();
    let inputs = Tensor::<2, Int>::from_data(TensorData::new(numbers(inputs), [1, inputs.len()]), &device);
    let targets = Tensor::<1, Int>::from_data(TensorData::new(numbers(targets), [targets.len()]), &device);
    let losses = model.losses(inputs, targets).unwrap();
    losses.into_data().iter::<f32>().map(f64::from).collect()
}

#[test]
fn a_loss_is_the_mean_over_windows_of_what_training_computes() {
    ["a", "ad"].into_iter().for_each(of_training);
}

fn of_training(pattern: &str) {
    let stack = network(pattern);
    let (model, all) = random(&stack);
    let exact = Options {
        threads: 2,
        precision: Precision::Single,
        kept: Kept::Single,
        format: None,
    };
    let mut engine = Engine::new(&source(&stack, &all), exact).unwrap();
    let text = tokens(131, 50);
    for (length, stride) in [(40, 40), (32, 32), (40, 10), (30, 29), (1, 1)] {
        let mut expected = Vec::new();
        let mut first = 0;
        while first < 130 {
            let last = 130usize.min(first + if first == 0 { length } else { stride });
            let start = first.saturating_sub(length - stride);
            let all = losses(&model, &text[start..last], &text[start + 1..=last]);
            expected.extend_from_slice(&all[first - start..]);
            first = last;
        }
        assert_eq!(expected.len(), 130);
        let mean = expected.iter().sum::<f64>() / 130.0;
        let mut heard = Vec::new();
        let windows = Windows { length, stride };
        let found = evaluate(&mut engine, &text, windows, 50, &mut |done| heard.push(done)).unwrap();
        assert_eq!((found.scored, heard.last()), (130, Some(&130)));
        // Sums in single precision in another order: the farthest that was found is 1e-7.
        let gap = (found.nats.0 - mean).abs();
        assert!(gap < 1e-6, "{length} by {stride}: {} is not {mean}", found.nats.0);
    }
}

#[test]
fn windows_that_break_a_rule_are_refused() {
    let stack = network("ad");
    let (_, all) = random(&stack);
    let mut engine = Engine::new(&source(&stack, &all), Options::default()).unwrap();
    for (tokens, length, stride, word) in [
        (vec![1, 2, 3], 41, 1, "1 to 40"),
        (vec![1, 2, 3], 10, 11, "strides of 11"),
        (vec![1, 2, 3], 10, 0, "strides of 0"),
        (vec![1], 10, 10, "at least 2"),
        (vec![1, 99], 10, 10, "vocabulary of 50"),
    ] {
        let windows = Windows { length, stride };
        let error = evaluate(&mut engine, &tokens, windows, 50, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// As training's evaluation has it of a model that was trained with marks, the last of its tokens.
#[test]
fn marks_have_no_share_of_what_text_may_be() {
    let stack = network("a");
    let (model, all) = random(&stack);
    let exact = Options {
        threads: 2,
        precision: Precision::Single,
        kept: Kept::Single,
        format: None,
    };
    let mut engine = Engine::new(&source(&stack, &all), exact).unwrap();
    let text = tokens(41, 47);
    let windows = Windows {
        length: 40,
        stride: 40,
    };
    let found = evaluate(&mut engine, &text, windows, 47, &mut |_| {}).unwrap();
    let numbers: Vec<i64> = text.iter().map(|&token| i64::from(token)).collect();
    let device = Device::flex();
    let inputs = Tensor::<2, Int>::from_data(TensorData::new(numbers[..40].to_vec(), [1, 40]), &device);
    let targets = Tensor::<1, Int>::from_data(TensorData::new(numbers[1..].to_vec(), [40]), &device);
    let places = Tensor::arange(0..40, &device);
    let losses = model.losses_at(inputs, places, targets, 47).unwrap();
    let mean = losses.into_data().iter::<f32>().map(f64::from).sum::<f64>() / 40.0;
    assert!(
        (found.nats.0 - mean).abs() < 1e-6,
        "{} is not {mean}",
        found.nats.0
    );
    let error = evaluate(&mut engine, &[1, 47], windows, 47, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("first 47 tokens"), "{error}");
}

/// The logarithms of the probabilities that each token but the first has in its window, as the scores tell them.
fn told(engine: &mut Engine, text: &[u32], length: usize, stride: usize) -> Vec<f64> {
    let mut told: Vec<f64> = Vec::new();
    while told.len() + 1 < text.len() {
        let first = told.len();
        let last = (text.len() - 1).min(first + if first == 0 { length } else { stride });
        let start = first.saturating_sub(length - stride);
        let mut sequence = engine.sequence();
        let mut reading = [Reading {
            sequence: &mut sequence,
            tokens: &text[start..last],
            wanted: Wanted::All,
        }];
        let scores = engine.read(&mut reading).unwrap();
        let scored = scores.chunks_exact(50).skip(first - start);
        for (scores, &target) in scored.zip(&text[first + 1..=last]) {
            let all = log_probabilities(scores);
            let sum: f64 = all.iter().map(|log| log.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
            told.push(all[target as usize]);
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_loss_is_the_sum_of_log_probabilities_that_each_sum_to_one(
        text in prop::collection::vec(0..50_u32, 2..160), length in 1..=40_usize, stride in 1..=40_usize, eight: bool, hybrid: bool,
    ) {
        let stride = stride.min(length);
        let stack = network(if hybrid { "ad" } else { "a" });
        let (_, all) = random(&stack);
        let precision = if eight { Precision::Eight } else { Precision::Single };
        let options = Options { threads: 1, precision, ..Options::default() };
        let mut engine = Engine::new(&source(&stack, &all), options).unwrap();
        let told = told(&mut engine, &text, length, stride);
        let mut heard = vec![0];
        let windows = Windows { length, stride };
        let found = evaluate(&mut engine, &text, windows, 50, &mut |done| heard.push(done)).unwrap();
        prop_assert_eq!((found.scored, told.len()), (text.len() - 1, text.len() - 1));
        let mean = -told.iter().sum::<f64>() / told.len() as f64;
        // A window is read in two pieces, which only attention has the same bits of.
        let most = if hybrid { 1e-6 } else { 1e-12 };
        prop_assert!((found.nats.0 - mean).abs() < most, "{} is not {mean}", found.nats.0);
        // What is scored comes in strides, to the end and once.
        prop_assert_eq!(heard.last(), Some(&(text.len() - 1)));
        prop_assert!(heard.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= length));
    }
}

#[test]
fn an_answer_s_told_probabilities_are_those_that_it_is_evaluated_by() {
    let stack = network("a");
    let (_, all) = random(&stack);
    let mut engine = Engine::new(&source(&stack, &all), Options::default()).unwrap();
    let request = Request {
        prompt: vec![7],
        most: 30,
        likeliest: Some(0),
        sampling: Sampling {
            temperature: 0.7,
            top_k: Some(9),
            ..Sampling::default()
        },
        ..Request::default()
    };
    let answers = generate(&mut engine, &request, Helpers::default(), &mut |_, _| true).unwrap();
    let mut text = request.prompt.clone();
    text.extend(answers[0].tokens.iter().map(|token| token.token));
    let told = answers[0]
        .tokens
        .iter()
        .map(|token| token.log_probability.unwrap());
    let windows = Windows {
        length: 40,
        stride: 40,
    };
    let loss = evaluate(&mut engine, &text, windows, 50, &mut |_| {}).unwrap();
    let mean = -told.sum::<f64>() / 30.0;
    assert!(
        (loss.nats.0 - mean).abs() < 1e-12,
        "{} is not {mean}",
        loss.nats.0
    );
}
