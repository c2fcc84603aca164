//! Ten clipped steps against PyTorch, on the file that the model room's `tests/golden/decoder.py` made: AdamW's are in
//! it, Muon's in the one that `tests/golden/muon.py` made.

#[path = "../../../model/tests/golden/mod.rs"]
mod files;

use burn::tensor::Device;
use triaxis_model::weights;
use triaxis_train::optimizer::{OptimizerState, WeightGradients};
use triaxis_train::optimizers::Muon;
use triaxis_train::{Implementation, Optimizer, OptimizerConfig};

const STEPS: usize = 10;
const ADAMW: &[u8] = include_bytes!("../../../model/tests/golden/decoder.safetensors");
const MUON: &[u8] = include_bytes!("../golden/muon.safetensors");

#[test]
fn ten_steps_agree_with_pytorch() {
    for implementation in [Implementation::Fused, Implementation::Composed] {
        implementation.run(|| {
            agree_with_pytorch(Optimizer::default(), ADAMW);
            agree_with_pytorch(Optimizer::Muon(Muon::default()), MUON);
        });
    }
}

fn agree_with_pytorch(method: Optimizer, file: &[u8]) {
    let config = OptimizerConfig {
        method,
        ..OptimizerConfig::default()
    };
    for kind in files::KINDS {
        let device = Device::default().autodiff();
        let mut model = files::model(kind, &device);
        let [losses, norms] = ["losses", "norms"].map(|name| {
            let mut found = files::tensors_of(file, &format!("{kind}.{name}"));
            found.remove("").unwrap().values
        });
        let batches = files::batches(kind, &device);
        assert_eq!((batches.len(), losses.len()), (STEPS, STEPS));

        let mut optimizer = OptimizerState::new(&config);
        for (step, (inputs, targets)) in batches.into_iter().enumerate() {
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
            model = optimizer.update(model, gradients, rate, step as u64 + 1);
        }

        let found = weights::read(&model);
        let (start, trained) = (
            files::tensors(&format!("{kind}.weight.")),
            files::tensors_of(file, &format!("{kind}.trained.")),
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
    }
}
