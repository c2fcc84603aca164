//! The decoder and recurrences against PyTorch: `golden/decoder.py` made `golden/decoder.safetensors`, and `recurrent.py`
//! beside it `recurrent.safetensors`.

use std::collections::BTreeMap;

use crate::files;
use burn::tensor::{Device, Gradients, Int, Tensor};
use serde_json::json;
use triaxis_kernels::Implementation;
use triaxis_model::weights::{self, Weight, WeightSpec};
use triaxis_model::{Model, Stack};

/// Asserts agreement within `tolerance` of the largest expected value.
fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(0f32, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(
            error <= tolerance,
            "{what}[{index}]: {found} against {expected}, {error} of {scale}"
        );
    }
}

/// The gradient of each weight, by name.
fn collect(model: &Model, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    let gradient = |(line, weight): (&WeightSpec, &Tensor<1>)| {
        let gradient = weight.grad(gradients).expect("every weight has a gradient");
        (line.name.clone(), gradient.into_data().iter().collect())
    };
    model.lines().iter().zip(model.values()).map(gradient).collect()
}

#[test]
fn logits_loss_and_gradients_agree_with_pytorch() {
    for implementation in [Implementation::Fused, Implementation::Composed] {
        implementation.run(agrees_with_pytorch);
    }
}

fn agrees_with_pytorch() {
    for kind in files::KINDS {
        let device = Device::flex().autodiff();
        let batch = files::batches(kind, &device).swap_remove(0);
        let of = |prefix: &str| files::tensors(&format!("{kind}.{prefix}"));
        let losses = files::values(&format!("{kind}.losses"));
        agrees(kind, &files::model(kind, &device), batch, losses[0], of);
    }
}

/// Logits, loss and gradients of a model, of which the file has more under prefixes.
fn agrees(
    kind: &str,
    model: &Model,
    (inputs, targets): (Tensor<2, Int>, Tensor<1, Int>),
    expected: f32,
    of: impl Fn(&str) -> BTreeMap<String, Weight>,
) {
    let logits: Vec<f32> = model.logits(inputs.clone()).unwrap().into_data().iter().collect();
    close(&format!("{kind} logits"), &logits, &of("logits")[""].values, 1e-5);
    let loss = model.loss(inputs, targets).unwrap();
    let found = [loss.clone().into_scalar()];
    close(&format!("{kind} loss"), &found, &[expected], 1e-5);
    let found = collect(model, &loss.backward());
    let expected = of("gradient.");
    assert_eq!(found.len(), expected.len());
    for (name, expected) in &expected {
        let what = format!("{kind} gradient of {name}");
        close(&what, &found[name], &expected.values, 1e-5);
    }
}

#[test]
fn recurrences_agree_with_pytorch() {
    const FILE: &[u8] = include_bytes!("../golden/recurrent.safetensors");
    for implementation in [Implementation::Fused, Implementation::Composed] {
        for kind in ["lstm", "min-gru", "min-lstm"] {
            let device = Device::flex().autodiff();
            let of = |prefix: &str| files::tensors_of(FILE, &format!("{kind}.{prefix}"));
            let stack = json!({
                "pattern": "x",
                "blocks": {"x": {"mixer": {"kind": kind, "inner": 10}}},
                "vocabulary": 19,
                "width": 12,
                "layers": 2,
                "context": 12,
            });
            let stack: Stack = serde_json::from_value(stack).unwrap();
            let model = stack.build(0, &device).unwrap();
            let model = weights::write(model, &of("weight.")).unwrap();
            let batch = files::batches_of(&of("tokens")[""].values, &device).swap_remove(0);
            let loss = of("loss")[""].values[0];
            implementation.run(|| agrees(kind, &model, batch, loss, of));
        }
    }
}
