//! Modules that tell further tokens, against their definition in plain loops.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::Implementation;
use triaxis_model::weights::{self, Weight};
use triaxis_model::{ArchitectureSpec, Decoder, Model, Stack};

const VOCABULARY: usize = 13;
const WIDTH: usize = 8;
const LENGTH: usize = 6;
const MODULES: usize = 2;

/// A network with modules beside it whose blocks add nothing to their stream, so that what modules join is told as it is.
fn model(tied: bool, device: &Device) -> Model {
    let decoder = Decoder {
        tied,
        ..Decoder::new(VOCABULARY, WIDTH, 1, 2, LENGTH)
    };
    let model = ArchitectureSpec::Decoder(decoder).build(5, device).unwrap();
    let lines = model.stack().ahead(MODULES);
    let model = model.beside(lines, 5, device);
    let mut all = weights::read(&model);
    for (seed, (name, Weight { values, .. })) in all.iter_mut().enumerate() {
        if name.ends_with("attention_output") || name.ends_with("down") {
            values.fill(0.0);
        } else if name.ends_with("norm") {
            let gain = |place: usize| 0.5 + ((place * 7 + seed * 5) % 11) as f32 / 10.0;
            *values = (0..values.len()).map(gain).collect();
        }
    }
    weights::write(model, &all).unwrap()
}

fn tokens() -> (Vec<i64>, Vec<i64>) {
    let token = |place: usize| ((place * place + place / 3) % VOCABULARY) as i64;
    let sequences = [0, 20];
    let of = |first: usize| {
        sequences
            .iter()
            .flat_map(move |start| (0..LENGTH).map(move |place| token(start + first + place)))
    };
    (of(0).collect(), of(1).collect())
}

/// A row normalised by the root of its mean square.
fn normed(row: &[f64], gain: &Weight) -> Vec<f64> {
    let square = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
    let scale = (square + 1e-5).sqrt().recip();
    row.iter()
        .zip(&gain.values)
        .map(|(x, gain)| x * scale * f64::from(*gain))
        .collect()
}

/// The loss as its definition says.
fn expected(model: &Model, weight: f64) -> f64 {
    let all = weights::read(model);
    let row = |table: &str, token: i64| -> Vec<f64> {
        let rows = &all[table].values[token as usize * WIDTH..][..WIDTH];
        rows.iter().map(|&x| f64::from(x)).collect()
    };
    let head = if all.contains_key("head") {
        "head"
    } else {
        "embedding"
    };
    let loss = |hidden: &[f64], target: i64| {
        let scores = (0..VOCABULARY as i64).map(|token| {
            let row = row(head, token);
            row.iter().zip(hidden).map(|(a, b)| a * b).sum::<f64>()
        });
        let scores: Vec<f64> = scores.collect();
        scores.iter().map(|score| score.exp()).sum::<f64>().ln() - scores[target as usize]
    };
    let (inputs, targets) = tokens();
    let count = inputs.len() as f64;
    let mut sum = 0.0;
    for (inputs, targets) in inputs.chunks(LENGTH).zip(targets.chunks(LENGTH)) {
        for place in 0..LENGTH {
            let mut stream = row("embedding", inputs[place]);
            sum += loss(&normed(&stream, &all["norm"]), targets[place]) / count;
            for module in 0..MODULES {
                let Some(answer) = targets.get(place + module + 1) else {
                    break;
                };
                let of = |name: &str| &all[&format!("ahead.{module}.{name}")];
                let given = row("embedding", targets[place + module]);
                let both = [
                    normed(&stream, of("stream_norm")),
                    normed(&given, of("token_norm")),
                ]
                .concat();
                let join = |column: usize| {
                    let column = both
                        .iter()
                        .enumerate()
                        .map(|(i, x)| x * f64::from(of("join").values[i * WIDTH + column]));
                    column.sum::<f64>()
                };
                stream = (0..WIDTH).map(join).collect();
                sum += weight / MODULES as f64 * loss(&normed(&stream, of("norm")), *answer) / count;
            }
        }
    }
    sum
}

fn found(model: &Model, weight: f64, device: &Device) -> Tensor<1> {
    let (inputs, targets) = tokens();
    let inputs = Tensor::<2, Int>::from_data(TensorData::new(inputs, [2, LENGTH]), device);
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [2 * LENGTH]), device);
    model.loss_ahead(inputs, targets, MODULES, weight).unwrap()
}

#[test]
fn modules_tell_further_tokens_as_they_are_defined() {
    for implementation in [Implementation::Fused, Implementation::Composed] {
        implementation.run(|| {
            for tied in [true, false] {
                let device = Device::default().autodiff();
                let model = model(tied, &device);
                let loss: f32 = found(&model, 0.3, &device).into_scalar();
                let expected = expected(&model, 0.3);
                assert!((f64::from(loss) - expected).abs() < 1e-5, "{loss} {expected}");
            }
        });
    }
}

#[test]
fn every_weight_of_a_module_is_trained_and_none_is_left_in_the_model() {
    let device = Device::default().autodiff();
    let decoder = Decoder::new(VOCABULARY, WIDTH, 2, 2, LENGTH);
    let plain = ArchitectureSpec::Decoder(decoder).build(5, &device).unwrap();
    let lines = plain.stack().ahead(MODULES);
    let trained = plain.clone().beside(lines.clone(), 5, &device);
    assert_eq!(trained.lines().len(), plain.lines().len() + lines.len());
    let gradients = found(&trained, 0.3, &device).backward();
    for (line, value) in trained.lines().iter().zip(trained.values()) {
        let gradient = value.grad(&gradients).expect("a gradient");
        let largest: f32 = gradient.abs().max().into_scalar();
        assert!(largest > 0.0, "{}", line.name);
    }
    assert_eq!(trained.alone().lines(), plain.lines());
    assert_eq!(weights::read(&trained.alone()), weights::read(&plain));
}

#[test]
fn modules_see_no_token_that_they_tell() {
    let device = Device::default();
    let decoder = Decoder::new(VOCABULARY, WIDTH, 2, 2, LENGTH);
    let plain = ArchitectureSpec::Decoder(decoder).build(5, &device).unwrap();
    let lines = plain.stack().ahead(1);
    let model = plain.beside(lines, 5, &device);
    // Of two tokens, a module tells the second target of the first place alone.
    let loss = |second: i64| -> f64 {
        let inputs = Tensor::<2, Int>::from_data(TensorData::new(vec![1i64, 2], [1, 2]), &device);
        let targets = Tensor::<1, Int>::from_data(TensorData::new(vec![2i64, second], [2]), &device);
        let [with, without] = [1.0, 0.0].map(|weight| {
            let loss = model
                .loss_ahead(inputs.clone(), targets.clone(), 1, weight)
                .unwrap();
            f64::from(loss.into_scalar::<f32>())
        });
        2.0 * (with - without)
    };
    // What it says of all tokens is one distribution, whichever comes.
    let sum: f64 = (0..VOCABULARY as i64).map(|token| (-loss(token)).exp()).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
}

#[test]
fn what_modules_cost_is_counted_by_the_last_block_and_the_tokens_that_they_tell() {
    let text = r#"{"pattern": "ax", "vocabulary": 13, "width": 8, "layers": 2, "context": 6, "blocks": {
        "x": {"mixer": {"kind": "attention"}, "channel": {"kind": "swiglu", "inner": 4000}}}}"#;
    let last: Stack = serde_json::from_str(text).unwrap();
    let first = Stack {
        pattern: "xa".to_owned(),
        ..last.clone()
    };
    assert!(last.ahead_activations(2, LENGTH) > 4 * first.ahead_activations(2, LENGTH));
    let head = |modules| -> f64 {
        let count = last.ahead_flops(modules, LENGTH);
        let of_head = count.operations.iter().filter(|of| of.operation == Stack::HEAD);
        of_head.map(|of| of.flops.0).sum()
    };
    let row = (2 * WIDTH * VOCABULARY) as f64;
    assert_eq!([head(1), head(2)], [5.0 * row, 9.0 * row]);
    // No more modules are at work than there are tokens to tell.
    assert_eq!(last.ahead_flops(16, LENGTH), last.ahead_flops(5, LENGTH));
}
