use burn::tensor::{Device, Tensor, TensorData};
use triaxis_kernels::Precision;
use triaxis_model::{Model, ModelError};
use triaxis_units::{Bytes, Nats, Tokens};

use crate::data::{Batch, TokenSource};
use crate::error::TrainError;
use crate::outcome::Evaluation;

/// Tokens of a forward pass: enough to keep two cores busy, few enough to stay small.
const TOKENS_AT_ONCE: usize = 4096;

/// The loss of `model`, whose weights carry no gradient, on all of `source`, computed in `f32`.
///
/// The split is cut into successive windows of `context` inputs, the last one shorter; the token
/// after each input is scored, seeing what precedes it in its window. So every token but the
/// split's first is scored exactly once.
///
/// # Errors
/// [`TrainError::TooFewTokens`] with fewer than two tokens, [`TrainError::TokenOutOfRange`].
pub fn evaluate(
    model: &Model,
    source: &dyn TokenSource,
    bytes: Bytes,
    context: usize,
    vocabulary: usize,
    device: &Device,
) -> Result<Evaluation, TrainError> {
    const SPLIT: &str = "validation";
    let scored = source.len().saturating_sub(1);
    if scored == 0 {
        return Err(TrainError::TooFewTokens {
            split: SPLIT,
            tokens: source.len(),
            needed: 2,
        });
    }
    let whole: Vec<usize> = (0..scored / context).map(|window| window * context).collect();
    let mut sum = 0.0;
    for starts in whole.chunks((TOKENS_AT_ONCE / context).max(1)) {
        sum += total(
            model,
            &Batch::read(source, SPLIT, starts, context, vocabulary)?,
            device,
        )?;
    }
    let rest = scored % context;
    if rest > 0 {
        sum += total(
            model,
            &Batch::read(source, SPLIT, &[scored - rest], rest, vocabulary)?,
            device,
        )?;
    }
    let nats = Nats(sum / scored as f64);
    // The unscored first token is taken to cost the mean, so that all bytes have their tokens.
    let bits_per_byte = nats.to_bits_per_byte(Tokens(source.len() as u64), bytes);
    Ok(Evaluation {
        nats,
        bits_per_byte,
        tokens: Tokens(scored as u64),
        bytes,
    })
}

/// The summed loss of a batch.
fn total(model: &Model, batch: &Batch, device: &Device) -> Result<f64, ModelError> {
    let mean = Precision::Float32
        .run(|| loss(model, batch, device))?
        .into_scalar::<f32>();
    Ok(f64::from(mean) * batch.targets.len() as f64)
}

/// The mean loss of a batch, as a tensor.
pub(crate) fn loss(model: &Model, batch: &Batch, device: &Device) -> Result<Tensor<1>, ModelError> {
    let inputs = TensorData::new(batch.inputs.clone(), [batch.sequences, batch.length]);
    let targets = TensorData::new(batch.targets.clone(), [batch.targets.len()]);
    model.loss(
        Tensor::from_data(inputs, device),
        Tensor::from_data(targets, device),
    )
}
