//! Evaluation against a plain count from the model's own scores.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

use burn::tensor::{Device, Tensor, TensorData};
use triaxis_model::{ArchitectureSpec, DecoderConfig};
use triaxis_train::evaluate;
use triaxis_units::Bytes;

#[test]
fn every_token_but_the_first_is_scored_once_within_its_window() {
    let device = Device::default();
    let (vocabulary, context) = (9usize, 4);
    let spec = ArchitectureSpec::Decoder(DecoderConfig::new(vocabulary, 8, 1, 2, context));
    let model = spec.build(3, &device).unwrap();
    for length in [2usize, 4, 5, 6, 9, 23] {
        let text: Vec<u32> = (0..length as u32).map(|index| index * 5 % 9).collect();
        let mut sum = 0.0;
        for position in 1..length {
            let window = (position - 1) / context * context;
            let input: Vec<i64> = text[window..position]
                .iter()
                .map(|&token| i64::from(token))
                .collect();
            let size = input.len();
            let tokens = Tensor::from_data(TensorData::new(input, [1, size]), &device);
            let scores: Vec<f64> = model.logits(tokens).unwrap().into_data().iter().collect();
            let last = &scores[(size - 1) * vocabulary..];
            let normaliser = last.iter().map(|score| score.exp()).sum::<f64>().ln();
            sum += normaliser - last[text[position] as usize];
        }
        let found = evaluate(&model, &text, Bytes(50), context, vocabulary, &device).unwrap();
        let expected = sum / (length - 1) as f64;
        assert!(
            (found.nats.0 - expected).abs() < 1e-6 * expected,
            "{} against {expected}",
            found.nats
        );
        assert_eq!(found.tokens.0, length as u64 - 1);
    }
}
