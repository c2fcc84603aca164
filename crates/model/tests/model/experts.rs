//! Mixtures of experts: what is counted of them, which experts compute, and what balances them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_model::weights::{self, Weight};
use triaxis_model::{LayerRoutes, Memory, Model, Routing, Stack};

/// A stack of width 32 with this channel in two of three layers.
fn stack(channel: &str) -> Stack {
    let text = format!(
        r#"{{"pattern": "axx", "vocabulary": 23, "width": 32, "layers": 3, "context": 40,
            "blocks": {{"x": {{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", {channel}}}}}}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

const BALANCED: &str =
    r#""experts": 6, "chosen": 2, "router": "sigmoid", "bias_rate": 0.125, "auxiliary": 0.0, "scale": 1.5"#;

fn tokens(device: &Device) -> Tensor<2, Int> {
    let tokens: Vec<i64> = (0..80).map(|index| (index * 7 + index / 5) % 23).collect();
    Tensor::from_data(TensorData::new(tokens, [2, 40]), device)
}

fn targets(device: &Device) -> Tensor<1, Int> {
    tokens(device).reshape([80])
}

fn build(stack: &Stack, device: &Device) -> Model {
    stack.build(4, device).unwrap()
}

/// The model with its weights changed.
fn changed(model: Model, change: impl FnOnce(&mut BTreeMap<String, Weight>)) -> Model {
    let mut all = weights::read(&model);
    change(&mut all);
    weights::write(model, &all).unwrap()
}

fn routes(model: &Model) -> Vec<LayerRoutes> {
    model.routes(tokens(&Device::flex())).unwrap()
}

fn values(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

#[test]
fn granularity_leaves_what_there_is_and_what_a_token_passes_as_it_is() {
    let of = |granularity: usize| {
        let channel = format!(r#""experts": 4, "chosen": 1, "inner": 48, "granularity": {granularity}"#);
        let stack = stack(&channel);
        let experts = stack.forward_flops(40).operations.into_iter();
        let experts = experts.filter(|count| count.operation == "experts");
        let router = 2 * 32 * 4 * granularity as u64;
        let counts = stack.parameters();
        (
            counts.total.0 - router,
            counts.active.0 - router,
            experts.map(|count| count.flops.0).sum::<f64>(),
        )
    };
    let coarse = of(1);
    assert_eq!([2, 4, 16].map(of), [coarse; 3]);
    // Three of four experts of three matrices are idle, in two layers.
    assert_eq!(coarse.0 - coarse.1, 2 * 3 * 3 * 32 * 48);
    assert_eq!(coarse.2, 2.0 * 40.0 * 6.0 * 32.0 * 48.0);
    // Memory is that of all, and so is what is trained: gradients and moments.
    let counts = stack(r#""experts": 4, "chosen": 1, "inner": 48"#).parameters();
    let built = build(
        &stack(r#""experts": 4, "chosen": 1, "inner": 48"#),
        &Device::flex(),
    );
    let sizes = built.lines().iter().map(|line| line.size() as u64);
    assert_eq!(sizes.sum::<u64>(), counts.total.0);
    assert_eq!(counts.active_non_embedding() + counts.embedding, counts.active);
}

#[test]
fn every_choice_is_told_and_no_token_is_dropped() {
    let stack = stack(r#""experts": 4, "granularity": 2, "chosen": 2, "inner": 16"#);
    // Every token to the same experts.
    let model = changed(build(&stack, &Device::flex()), |weights| {
        let router = weights.get_mut("blocks.1.router").unwrap();
        router.values.fill(0.0);
    });
    let found = routes(&model);
    assert_eq!(
        found.iter().map(|routes| routes.layer).collect::<Vec<_>>(),
        [1, 2],
        "the first layer has none"
    );
    for routes in &found {
        assert_eq!((routes.experts, routes.chosen, routes.tokens()), (8, 4, 80));
        assert_eq!(routes.loads().iter().sum::<u64>(), 320);
        for token in 0..80 {
            let row = &routes.probabilities[8 * token..8 * (token + 1)];
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let (choices, given) = (
                4 * token..4 * (token + 1),
                &routes.weights[4 * token..4 * (token + 1)],
            );
            let of = routes.choices[choices].iter().map(|&expert| row[expert as usize]);
            let of: Vec<f32> = of.collect();
            assert!(of.is_sorted_by(|first, second| first >= second), "{of:?}");
            let sum: f32 = of.iter().sum();
            for (given, of) in given.iter().zip(of) {
                assert!((given - of / sum).abs() < 1e-5);
            }
        }
    }
    assert_eq!(found[0].loads(), [80, 80, 80, 80, 0, 0, 0, 0]);
    let losses = model.losses(tokens(&Device::flex()), targets(&Device::flex()));
    assert!(values(losses.unwrap()).iter().all(|loss| loss.is_finite()));
}

#[test]
fn a_bias_changes_who_is_chosen_and_no_weight() {
    let plain = build(&stack(BALANCED), &Device::flex());
    let with_bias = |bias: &[f32]| {
        changed(plain.clone(), |weights| {
            weights.get_mut("blocks.1.router_bias").unwrap().values = bias.to_vec();
        })
    };
    // The same for all, it changes nothing.
    let same = with_bias(&[7.0; 6]);
    assert_eq!(routes(&same), routes(&plain));
    let one = with_bias(&[0.0, 0.0, 0.0, 9.0, 0.0, 0.0]);
    let (before, after) = (&routes(&plain)[0], &routes(&one)[0]);
    assert_eq!(before.probabilities, after.probabilities);
    assert!(before.loads()[3] < 80);
    assert_eq!(after.loads()[3], 80);
    for token in 0..80 {
        let at = 2 * token..2 * (token + 1);
        let of = after.choices[at.clone()]
            .iter()
            .map(|&expert| after.probabilities[6 * token + expert as usize]);
        let of: Vec<f32> = of.collect();
        let sum: f32 = of.iter().sum();
        for (given, of) in after.weights[at].iter().zip(of) {
            assert!((given - 1.5 * of / sum).abs() < 1e-5, "scores without the bias");
        }
    }
}

#[test]
fn a_bias_moves_towards_balance_after_a_loss_that_is_trained_on() {
    let device = Device::flex().autodiff();
    let model = build(&stack(BALANCED), &device);
    let bias = |model: &Model, layer: usize| {
        weights::read(model)[&format!("blocks.{layer}.router_bias")]
            .values
            .clone()
    };
    let loads: Vec<Vec<u64>> = model
        .routes(tokens(&device))
        .unwrap()
        .iter()
        .map(LayerRoutes::loads)
        .collect();
    // Neither what is only looked at nor the losses of an evaluation move it.
    model.losses(tokens(&device), targets(&device)).unwrap();
    let model = model.balanced();
    assert_eq!(bias(&model, 1), [0.0; 6]);
    model.loss(tokens(&device), targets(&device)).unwrap();
    let model = model.balanced();
    for (layer, loads) in loads.iter().enumerate() {
        let moved = loads.iter().map(|&load| match load.cmp(&(160 / 6)) {
            _ if load * 6 == 160 => 0.0,
            std::cmp::Ordering::Greater => -0.125,
            _ => 0.125,
        });
        assert_eq!(bias(&model, layer + 1), moved.collect::<Vec<f32>>(), "{loads:?}");
    }
    // Once: what was given is forgotten then.
    let before = bias(&model, 1);
    let model = model.balanced();
    assert_eq!(bias(&model, 1), before);
    let untracked = model.without_gradients();
    let plain = Device::flex();
    untracked.loss(tokens(&plain), targets(&plain)).unwrap();
    assert_eq!(bias(&untracked.balanced(), 1), before);
}

#[test]
fn what_is_trained_on_has_what_being_out_of_balance_costs() {
    let device = Device::flex();
    let excess = |channel: &str, is_collapsed: bool| {
        let model = changed(build(&stack(channel), &device), |weights| {
            for layer in [1, 2] {
                let router = weights.get_mut(&format!("blocks.{layer}.router")).unwrap();
                if is_collapsed {
                    router.values.fill(0.0);
                }
            }
        });
        let trained = values(model.loss(tokens(&device), targets(&device)).unwrap())[0];
        let losses = values(model.losses(tokens(&device), targets(&device)).unwrap());
        trained - losses.iter().sum::<f32>() / losses.len() as f32
    };
    let few = r#""experts": 8, "chosen": 2, "inner": 8, "auxiliary": 0.5"#;
    // All shares are equal, so that it costs as if experts were in balance.
    assert!(
        (excess(few, true) - 2.0 * 0.5).abs() < 1e-5,
        "{}",
        excess(few, true)
    );
    assert!(excess(few, false) > 2.0 * 0.5 && excess(few, false) < 2.0 * 0.5 * 2.0);
    let none = few.replace("0.5", "0.0");
    assert!(excess(&none, false).abs() < 1e-6);
    // The logarithm of eight, squared, in two layers.
    let z = format!("{none}, \"z\": 0.1");
    assert!((excess(&z, true) - 0.2 * 8f32.ln().powi(2)).abs() < 1e-5);
}

#[test]
fn other_routings_compute_with_others() {
    let device = Device::flex();
    let model = build(&stack(r#""experts": 6, "chosen": 2, "inner": 16"#), &device);
    let losses = |model: &Model| values(model.losses(tokens(&device), targets(&device)).unwrap());
    let (learned, first) = (losses(&model), routes(&model)[0].clone());
    assert_eq!(losses(&model.clone().routed(Routing::Learned)), learned);
    for routing in [Routing::Random { seed: 3 }, Routing::Permuted { seed: 3 }] {
        let other = model.clone().routed(routing);
        assert_ne!(losses(&other), learned);
        assert_eq!(losses(&other), losses(&other));
        assert_eq!(losses(&other.without_gradients()), losses(&other));
        let found = &routes(&other)[0];
        assert_ne!(found.choices, first.choices);
        assert_eq!(
            (&found.weights, &found.probabilities),
            (&first.weights, &first.probabilities)
        );
        // Steps go there, too.
        let mut memory = [Memory::default()];
        let token = Tensor::<2, Int>::from_data([[3i64]], &device);
        let step = other.step(token.clone(), &mut memory).unwrap().into_data();
        let whole = other.logits(token).unwrap().into_data();
        for (step, whole) in step.iter::<f32>().zip(whole.iter::<f32>()) {
            assert!((step - whole).abs() < 1e-4);
        }
    }
}

#[test]
fn the_gate_of_shared_experts_is_no_matrix_within_the_network() {
    let stack = stack(r#""experts": 4, "shared": 1, "shared_gate": true"#);
    let model = build(&stack, &Device::flex());
    let of = |name: &'static str| model.lines().iter().filter(move |line| line.name.ends_with(name));
    assert_eq!(of(".shared_gate").count(), 2);
    assert!(of(".shared_gate").all(|line| line.hidden.is_none()));
    assert!(of(".shared_down").all(|line| line.hidden.is_some()));
}
