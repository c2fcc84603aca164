//! Evaluation against a plain count from the model's own scores.

use burn::tensor::{Device, Tensor, TensorData};
use triaxis_corpus::Document;
use triaxis_model::{ArchitectureSpec, Decoder};
use triaxis_train::{ValidationText, evaluate};
use triaxis_units::{Bytes, Tokens};

#[test]
fn every_token_but_the_first_is_scored_once_within_its_window() {
    let device = Device::default();
    let (vocabulary, context) = (9usize, 4);
    let spec = ArchitectureSpec::Decoder(Decoder::new(vocabulary, 8, 1, 2, context));
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
        let validation = ValidationText::new("validation", text.clone(), Bytes(50));
        let (found, _) = evaluate(&model, &validation, context, vocabulary, &device).unwrap();
        let expected = sum / (length - 1) as f64;
        assert!(
            (found.nats.0 - expected).abs() < 1e-6 * expected,
            "{} against {expected}",
            found.nats
        );
        assert_eq!(found.tokens.0, length as u64 - 1);
    }
}

#[test]
fn the_loss_by_source_is_that_of_its_own_tokens() {
    let device = Device::default();
    let (vocabulary, context) = (9usize, 4);
    let spec = ArchitectureSpec::Decoder(Decoder::new(vocabulary, 8, 1, 2, context));
    let model = spec.build(3, &device).unwrap();
    let tokens: Vec<u32> = (0..23u32).map(|index| index * 5 % 9).collect();
    // Three documents, the first and the last of one source; the second source has one, the third none.
    let document = |start, bytes, source| Document { start, bytes, source };
    let text = ValidationText {
        documents: vec![document(0, 10, 0), document(7, 20, 1), document(15, 30, 0)],
        sources: ["one", "two", "none"].map(str::to_owned).to_vec(),
        ..ValidationText::new("validation", tokens.clone(), Bytes(60))
    };
    let (whole, sources) = evaluate(&model, &text, context, vocabulary, &device).unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    let [one, two] = [0, 1].map(|source| sources[source].evaluation);
    assert_eq!((one.tokens, one.bytes), (Tokens(6 + 8), Bytes(40)));
    assert_eq!((two.tokens, two.bytes), (Tokens(8), Bytes(20)));
    // The first 7, 15 and 23 tokens alone cost the same there as within the text.
    let cost = |length: usize| {
        let text = ValidationText::new("validation", tokens[..length].to_vec(), Bytes(1));
        let (found, _) = evaluate(&model, &text, context, vocabulary, &device).unwrap();
        found.nats.0 * (length - 1) as f64
    };
    let close =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-6, "{found}, not {expected}");
    close(two.nats.0 * 8.0, cost(15) - cost(7));
    close(one.nats.0 * 14.0, cost(7) + cost(23) - cost(15));
    close(one.nats.0 * 14.0 + two.nats.0 * 8.0, whole.nats.0 * 22.0);
    close(
        two.bits_per_byte.0,
        two.nats.0 * 8.0 / (20.0 * std::f64::consts::LN_2),
    );
    // The unscored first token costs what the others of its source do.
    close(
        one.bits_per_byte.0,
        one.nats.0 * 15.0 / (40.0 * std::f64::consts::LN_2),
    );
}
