//! Losses of texts.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_infer::{Engine, Kept, Options, Precision, Windows, evaluate};
use triaxis_model::{Model, Stack};

use crate::{random, source, tokens};

fn network() -> Stack {
    serde_json::from_str(r#"{"pattern": "ad", "vocabulary": 50, "width": 32, "layers": 2, "context": 40}"#)
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
    let stack = network();
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
        let found = evaluate(&mut engine, &text, windows, &mut |done| heard.push(done)).unwrap();
        assert_eq!((found.scored, heard.last()), (130, Some(&130)));
        assert!(
            (found.nats.0 - mean).abs() < 1e-5,
            "{length} by {stride}: {} is not {mean}",
            found.nats.0
        );
    }
}

#[test]
fn windows_that_break_a_rule_are_refused() {
    let stack = network();
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
        let error = evaluate(&mut engine, &tokens, windows, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}
