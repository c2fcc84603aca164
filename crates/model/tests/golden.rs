//! The decoder against PyTorch: `golden/decoder.py` made `golden/decoder.safetensors`.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

#[path = "golden/mod.rs"]
mod golden;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use triaxis_kernels::Implementation;
use triaxis_model::weights;

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

struct Collect<'a> {
    path: weights::Path,
    gradients: &'a Gradients,
    found: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = parameter
            .val()
            .grad(self.gradients)
            .expect("every parameter has a gradient");
        self.found
            .insert(self.path.name(), gradient.into_data().iter().collect());
    }
}

#[test]
fn logits_loss_and_gradients_agree_with_pytorch() {
    for implementation in [Implementation::Fused, Implementation::Composed] {
        implementation.run(agrees_with_pytorch);
    }
}

fn agrees_with_pytorch() {
    for kind in golden::KINDS {
        let device = Device::flex().autodiff();
        let model = golden::model(kind, &device);
        let (inputs, targets) = golden::batches(kind, &device).swap_remove(0);
        let logits: Vec<f32> = model.logits(inputs.clone()).unwrap().into_data().iter().collect();
        close(
            "logits",
            &logits,
            &golden::values(&format!("{kind}.logits")),
            1e-5,
        );
        let loss = model.loss(inputs, targets).unwrap();
        let expected = &golden::values(&format!("{kind}.losses"))[..1];
        close("loss", &[loss.clone().into_scalar()], expected, 1e-5);

        let gradients = loss.backward();
        let mut collect = Collect {
            path: weights::Path::default(),
            gradients: &gradients,
            found: BTreeMap::new(),
        };
        model.visit(&mut collect);
        let expected = golden::tensors(&format!("{kind}.gradient."));
        assert_eq!(collect.found.len(), expected.len());
        for (name, expected) in &expected {
            close(
                &format!("{kind} gradient of {name}"),
                &collect.found[name],
                &expected.values,
                1e-5,
            );
        }
    }
}
