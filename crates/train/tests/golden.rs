//! Ten clipped AdamW steps against PyTorch, on the file that the model room's
//! `tests/golden/decoder.py` made.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use triaxis_model::weights::{self, Weight};
use triaxis_model::{ArchitectureSpec, DecoderConfig};
use triaxis_train::OptimizerConfig;
use triaxis_train::optimizer::{AdamW, WeightGradients};

const FILE: &[u8] = include_bytes!("../../model/tests/golden/decoder.safetensors");
const BATCH: usize = 3;
const CONTEXT: usize = 12;
const STEPS: usize = 10;

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

#[test]
fn ten_steps_agree_with_pytorch() {
    for kind in ["tied", "untied"] {
        let device = Device::default().autodiff();
        let config = DecoderConfig {
            key_value_heads: 2,
            head_dim: 6,
            feed_forward: 20,
            tied: kind == "tied",
            ..DecoderConfig::new(19, 16, 2, 4, CONTEXT)
        };
        let built = ArchitectureSpec::Decoder(config).build(0, &device).unwrap();
        let mut model = weights::write(built, &golden(&format!("{kind}.weight."))).unwrap();
        let values = |name: &str| golden(&format!("{kind}.{name}")).remove("").unwrap().values;
        let (tokens, losses, norms) = (values("tokens"), values("losses"), values("norms"));

        let mut optimizer = AdamW::default();
        for (step, window) in tokens.chunks(BATCH * (CONTEXT + 1)).enumerate() {
            let rows = window.chunks(CONTEXT + 1);
            let inputs: Vec<i64> = rows
                .clone()
                .flat_map(|row| &row[..CONTEXT])
                .map(|&token| token as i64)
                .collect();
            let targets: Vec<i64> = rows
                .flat_map(|row| &row[1..])
                .map(|&token| token as i64)
                .collect();
            let inputs = Tensor::from_data(TensorData::new(inputs, [BATCH, CONTEXT]), &device);
            let targets = Tensor::from_data(TensorData::new(targets, [BATCH * CONTEXT]), &device);
            let loss = model.loss(inputs, targets).unwrap();
            let value: f32 = loss.clone().into_scalar();
            assert!(
                (value - losses[step]).abs() <= 1e-5 * losses[step],
                "step {step}: {value} against {}",
                losses[step]
            );
            let gradients = WeightGradients::take(&model, loss.backward());
            let norm = gradients.norm as f32;
            assert!(
                (norm - norms[step]).abs() <= 1e-5 * norms[step],
                "step {step}: {norm} against {}",
                norms[step]
            );
            let rate = 0.003 * ((step + 1) as f64 / 3.0).min(1.0);
            model = optimizer.update(
                model,
                gradients,
                &OptimizerConfig::default(),
                rate,
                step as u64 + 1,
            );
        }

        let found = weights::read(&model);
        let (start, trained) = (
            golden(&format!("{kind}.weight.")),
            golden(&format!("{kind}.trained.")),
        );
        assert_eq!(found.len(), trained.len());
        for (name, expected) in trained {
            for (index, &expected) in expected.values.iter().enumerate() {
                // Ten steps move a weight by up to 0.03: the tolerance is on that movement.
                let error = (found[&name].values[index] - expected).abs();
                let moved = (expected - start[&name].values[index]).abs();
                assert!(
                    error <= 1e-6 + 1e-3 * moved,
                    "{kind} {name}[{index}]: off by {error} after moving {moved}"
                );
            }
        }
        assert_eq!(losses.len(), STEPS);
    }
}
