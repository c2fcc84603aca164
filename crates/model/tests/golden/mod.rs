//! What `decoder.py` wrote: models, tokens, and what PyTorch made of them. Shared with the train room.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use triaxis_model::weights::{self, Weight};
use triaxis_model::{ArchitectureSpec, Decoder, Model};

const FILE: &[u8] = include_bytes!("decoder.safetensors");
const BATCH: usize = 3;
const CONTEXT: usize = 12;

/// The two models of the file.
pub const KINDS: [&str; 2] = ["tied", "untied"];

/// The tensors whose name begins with `prefix`, under the rest of their name.
pub fn tensors(prefix: &str) -> BTreeMap<String, Weight> {
    tensors_of(FILE, prefix)
}

/// The same of another file.
pub fn tensors_of(file: &[u8], prefix: &str) -> BTreeMap<String, Weight> {
    let file = SafeTensors::deserialize(file).unwrap();
    let read = |data: &[u8]| {
        data.chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
            .collect()
    };
    let named = file.tensors().into_iter().filter_map(|(name, view)| {
        let name = name.strip_prefix(prefix)?.to_owned();
        let (shape, values) = (view.shape().to_vec(), read(view.data()));
        Some((name, Weight { shape, values }))
    });
    named.collect()
}

/// The values of one tensor.
pub fn values(name: &str) -> Vec<f32> {
    tensors(name).remove("").unwrap().values
}

/// The model that training started from.
pub fn model(kind: &str, device: &Device) -> Model {
    let config = Decoder {
        key_value_heads: 2,
        head_dim: 6,
        feed_forward: 20,
        tied: kind == "tied",
        ..Decoder::new(19, 16, 2, 4, CONTEXT)
    };
    let model = ArchitectureSpec::Decoder(config).build(0, device).unwrap();
    weights::write(model, &tensors(&format!("{kind}.weight."))).unwrap()
}

/// Inputs and targets of every step.
pub fn batches(kind: &str, device: &Device) -> Vec<(Tensor<2, Int>, Tensor<1, Int>)> {
    batches_of(&values(&format!("{kind}.tokens")), device)
}

/// Those of so many sequences, a batch after the other.
pub fn batches_of(tokens: &[f32], device: &Device) -> Vec<(Tensor<2, Int>, Tensor<1, Int>)> {
    let part = |rows: &[f32], columns: std::ops::Range<usize>| -> Vec<i64> {
        let rows = rows.chunks(CONTEXT + 1);
        rows.flat_map(|row| &row[columns.clone()])
            .map(|&token| token as i64)
            .collect()
    };
    let step = |rows: &[f32]| {
        let inputs = TensorData::new(part(rows, 0..CONTEXT), [BATCH, CONTEXT]);
        let targets = TensorData::new(part(rows, 1..CONTEXT + 1), [BATCH * CONTEXT]);
        (
            Tensor::from_data(inputs, device),
            Tensor::from_data(targets, device),
        )
    };
    tokens.chunks(BATCH * (CONTEXT + 1)).map(step).collect()
}
