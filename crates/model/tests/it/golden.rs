//! The decoder against PyTorch: `golden/decoder.py` made `golden/decoder.safetensors`.

use std::collections::BTreeMap;

use crate::files;
use burn::tensor::{Device, Gradients, Tensor};
use triaxis_kernels::Implementation;
use triaxis_model::Model;
use triaxis_model::weights::WeightSpec;

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
        let model = files::model(kind, &device);
        let (inputs, targets) = files::batches(kind, &device).swap_remove(0);
        let logits: Vec<f32> = model.logits(inputs.clone()).unwrap().into_data().iter().collect();
        close("logits", &logits, &files::values(&format!("{kind}.logits")), 1e-5);
        let loss = model.loss(inputs, targets).unwrap();
        let expected = &files::values(&format!("{kind}.losses"))[..1];
        close("loss", &[loss.clone().into_scalar()], expected, 1e-5);

        let gradients = loss.backward();
        let found = collect(&model, &gradients);
        let expected = files::tensors(&format!("{kind}.gradient."));
        assert_eq!(found.len(), expected.len());
        for (name, expected) in &expected {
            close(
                &format!("{kind} gradient of {name}"),
                &found[name],
                &expected.values,
                1e-5,
            );
        }
    }
}
