//! The decoder against PyTorch: `golden/decoder.py` made `golden/decoder.safetensors`.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use safetensors::SafeTensors;
use triaxis_kernels::Implementation;
use triaxis_model::weights::{self, Weight};
use triaxis_model::{ArchitectureSpec, DecoderConfig, Model};

const FILE: &[u8] = include_bytes!("golden/decoder.safetensors");
const BATCH: usize = 3;
const CONTEXT: usize = 12;

/// The tensors whose name begins with `prefix`, under the rest of their name.
fn golden(prefix: &str) -> BTreeMap<String, Weight> {
    let file = SafeTensors::deserialize(FILE).unwrap();
    let read = |data: &[u8]| {
        data.chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
            .collect()
    };
    file.tensors()
        .into_iter()
        .filter_map(|(name, view)| {
            let name = name.strip_prefix(prefix)?.to_owned();
            Some((
                name,
                Weight {
                    shape: view.shape().to_vec(),
                    values: read(view.data()),
                },
            ))
        })
        .collect()
}

fn model(kind: &str, device: &Device) -> Model {
    let config = DecoderConfig {
        key_value_heads: 2,
        head_dim: 6,
        feed_forward: 20,
        tied: kind == "tied",
        ..DecoderConfig::new(19, 16, 2, 4, CONTEXT)
    };
    let model = ArchitectureSpec::Decoder(config).build(0, device).unwrap();
    weights::write(model, &golden(&format!("{kind}.weight."))).unwrap()
}

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
    for kind in ["tied", "untied"] {
        let device = Device::flex().autodiff();
        let model = model(kind, &device);
        let tokens = &golden(&format!("{kind}.tokens"))[""].values[..BATCH * (CONTEXT + 1)];
        let sequences = tokens.chunks(CONTEXT + 1);
        let inputs: Vec<i64> = sequences
            .clone()
            .flat_map(|row| &row[..CONTEXT])
            .map(|&token| token as i64)
            .collect();
        let targets: Vec<i64> = sequences
            .flat_map(|row| &row[1..])
            .map(|&token| token as i64)
            .collect();
        let inputs = Tensor::from_data(TensorData::new(inputs, [BATCH, CONTEXT]), &device);
        let targets = Tensor::from_data(TensorData::new(targets, [BATCH * CONTEXT]), &device);

        let logits: Vec<f32> = model.logits(inputs.clone()).unwrap().into_data().iter().collect();
        close(
            "logits",
            &logits,
            &golden(&format!("{kind}.logits"))[""].values,
            1e-5,
        );
        let loss = model.loss(inputs, targets).unwrap();
        close(
            "loss",
            &[loss.clone().into_scalar()],
            &golden(&format!("{kind}.losses"))[""].values[..1],
            1e-5,
        );

        let gradients = loss.backward();
        let mut collect = Collect {
            path: weights::Path::default(),
            gradients: &gradients,
            found: BTreeMap::new(),
        };
        model.visit(&mut collect);
        let expected = golden(&format!("{kind}.gradient."));
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
