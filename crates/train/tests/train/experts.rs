//! A router that was made to collapse comes back into balance while it trains, by a loss and by a bias.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_model::weights::{self, Weight};
use triaxis_model::{Model, Stack};
use triaxis_random::Stream;
use triaxis_train::OptimizerConfig;
use triaxis_train::optimizer::{OptimizerState, WeightGradients};

const STEPS: u64 = 150;

const VOCABULARY: usize = 40;

/// Tokens, and those that follow: each follows from the one before, with exceptions.
fn batch(step: u64, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let mut stream = Stream::new(5, "text", step);
    let mut token = 0;
    let text: Vec<i64> = (0..8 * 17)
        .map(|_| {
            let drawn = (stream.uniform() * VOCABULARY as f64) as i64;
            let follows = (token * 3 + 1) % VOCABULARY as i64;
            token = if stream.uniform() < 0.3 { drawn } else { follows };
            token
        })
        .collect();
    let rows = |first: usize| {
        let rows = text.chunks(17).flat_map(|row| &row[first..first + 16]);
        rows.copied().collect::<Vec<i64>>()
    };
    (
        Tensor::from_data(TensorData::new(rows(0), [8, 16]), device),
        Tensor::from_data(TensorData::new(rows(1), [8 * 16]), device),
    )
}

/// The largest and the least share of what experts are given of each layer, one being balance.
fn shares(model: &Model) -> Vec<[f64; 2]> {
    let model = model.without_gradients();
    let tokens = batch(1 << 40, &Device::flex()).0;
    let routes = model.routes(tokens).unwrap();
    let of_layer = routes.iter().map(|routes| {
        let loads = routes.loads();
        let mean = loads.iter().sum::<u64>() as f64 / loads.len() as f64;
        let [most, least] = [loads.iter().max(), loads.iter().min()];
        [most, least].map(|load| *load.unwrap() as f64 / mean)
    });
    of_layer.collect()
}

/// A model with this channel whose routers send all tokens to the first two experts of eight, trained.
fn trained(channel: &str) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let text = format!(
        r#"{{"pattern": "x", "vocabulary": {VOCABULARY}, "width": 32, "layers": 2, "context": 16, "blocks":
            {{"x": {{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", {channel}}}}}}}}}"#
    );
    let stack: Stack = serde_json::from_str(&text).unwrap();
    let mut model = stack.build(1, &Device::default().autodiff()).unwrap();
    let mut all = weights::read(&model);
    for (name, Weight { values, .. }) in &mut all {
        if name.ends_with(".router") {
            // Of equal scores the first are chosen.
            values.fill(0.0);
        }
        if name.ends_with(".router_bias") {
            values[..2].fill(0.5);
        }
    }
    model = weights::write(model, &all).unwrap();
    let planted = shares(&model);
    let mut optimizer = OptimizerState::new(&OptimizerConfig::default());
    for step in 1..=STEPS {
        let (tokens, targets) = batch(step, &Device::default().autodiff());
        let gradients = WeightGradients::take(&model, model.loss(tokens, targets).unwrap().backward());
        model = optimizer.update(model, gradients, 0.003, step).balanced();
    }
    (planted, shares(&model))
}

#[test]
fn balance_is_restored_after_a_collapse() {
    for channel in [
        r#""inner": 16, "auxiliary": 0.1"#,
        r#""inner": 16, "auxiliary": 0.0, "router": "sigmoid", "bias_rate": 0.01"#,
    ] {
        let (planted, found) = trained(channel);
        assert_eq!(planted, [[4.0, 0.0]; 2], "{channel}");
        for [most, least] in &found {
            assert!(*most < 2.0 && *least > 0.2, "{channel}: {found:?}");
        }
    }
    // It is the loss that does it.
    let (_, left) = trained(r#""inner": 16, "auxiliary": 0.0"#);
    assert!(
        left.iter().any(|[most, least]| *most > 2.0 || *least == 0.0),
        "{left:?}"
    );
}
