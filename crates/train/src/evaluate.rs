use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::Precision;
use triaxis_kernels::parallel::inside;
use triaxis_model::{Model, ModelError};
use triaxis_units::{Bytes, Nats, Tokens};

use crate::data::{Batch, ValidationText};
use crate::error::TrainError;
use crate::file::Trained;
use crate::outcome::{Evaluation, NamedEvaluation};

/// Tokens of a forward pass: enough to keep two cores busy, few enough to stay small.
pub(crate) const TOKENS_AT_ONCE: usize = 4096;

/// The loss of `model`, whose weights carry no gradient, on all of a text, and by source where its documents are
/// known, computed in `f32`.
///
/// The text is cut into successive windows of `context` inputs, the last one shorter; the token
/// after each input is scored, seeing what precedes it in its window. So every token but the
/// text's first is scored exactly once.
///
/// # Errors
/// With fewer than two tokens, or a token that is not below `vocabulary`.
pub fn evaluate(
    model: &Model,
    text: &ValidationText,
    context: usize,
    vocabulary: usize,
    device: &Device,
) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
    evaluate_by(text, context, vocabulary, &mut |batch| {
        Ok(losses(model, batch, vocabulary, device)?)
    })
}

/// The same by what gives the loss of each target of a batch.
pub(crate) fn evaluate_by(
    text: &ValidationText,
    context: usize,
    vocabulary: usize,
    losses: &mut dyn FnMut(&Batch) -> Result<Vec<f32>, TrainError>,
) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
    const SPLIT: &str = "validation";
    let source = &*text.tokens;
    let scored = source.len().saturating_sub(1);
    if scored == 0 {
        return Err(TrainError::too_few(SPLIT, source.len(), 2));
    }
    let whole: Vec<usize> = (0..scored / context).map(|window| window * context).collect();
    let rest = scored % context;
    let last = [scored - rest];
    let batches = whole
        .chunks((TOKENS_AT_ONCE / context).max(1))
        .map(|starts| (starts, context))
        .chain((rest > 0).then_some((last.as_slice(), rest)));
    let mut sum = 0.0;
    let mut parts = Parts::of(text);
    for (starts, length) in batches {
        let batch = Batch::read(source, SPLIT, starts, length, vocabulary)?;
        let losses = losses(&batch)?;
        // Rounded as the mean loss of a step is.
        let mean = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / losses.len() as f64;
        sum += f64::from(mean as f32) * losses.len() as f64;
        parts.add(&losses);
    }
    let all = Part {
        nats: sum,
        scored: scored as u64,
        tokens: source.len() as u64,
        bytes: text.bytes.0,
    };
    Ok((all.evaluation(), parts.finish()))
}

/// The loss of the model in a file that [`run`](crate::run()) wrote on each of `texts`, in their order and in windows of
/// `context`, as its objective has it measured: the bits that the same text gives at the end of the training. `each` hears of one at a time.
///
/// # Errors
/// As [`load_model`](crate::load_model) and [`evaluate`].
pub fn evaluate_model(
    path: &Path,
    context: usize,
    texts: &[&ValidationText],
    each: &mut dyn FnMut(usize, &Evaluation),
) -> Result<(), TrainError> {
    let device = Device::default();
    let trained = Trained::read(path)?;
    let (objective, vocabulary) = (&trained.about.objective, trained.about.text_vocabulary());
    let model = trained.build(&device)?;
    for (place, text) in texts.iter().enumerate() {
        let measured = inside(|| objective.evaluate(&model, text, context, vocabulary, &device));
        each(place, &measured?.0);
    }
    Ok(())
}

/// The loss of each target of a batch, among the tokens that text is of.
fn losses(model: &Model, batch: &Batch, vocabulary: usize, device: &Device) -> Result<Vec<f32>, ModelError> {
    let (inputs, targets) = tensors(batch, device);
    let losses = Precision::Float32.run(|| {
        if vocabulary == model.stack().vocabulary {
            return model.losses(inputs, targets);
        }
        let places = Tensor::arange(0..batch.targets.len() as i64, device);
        model.losses_at(inputs, places, targets, vocabulary)
    })?;
    Ok(losses.into_data().iter::<f32>().collect())
}

/// Sums over some tokens.
#[derive(Clone, Copy, Default)]
struct Part {
    nats: f64,
    scored: u64,
    tokens: u64,
    bytes: u64,
}

impl Part {
    fn evaluation(&self) -> Evaluation {
        let nats = Nats(self.nats / self.scored as f64);
        let bytes = Bytes(self.bytes);
        Evaluation {
            nats,
            // An unscored first token is taken to cost the mean, so that all bytes have their tokens.
            bits_per_byte: nats.to_bits_per_byte(Tokens(self.tokens), bytes),
            tokens: Tokens(self.scored),
            bytes,
            bound: None,
        }
    }
}

/// Sums by source, filled from token to token.
struct Parts<'a> {
    text: &'a ValidationText,
    sums: Vec<Part>,
    /// The token that is scored next, and the document that it is of.
    token: u64,
    document: usize,
}

impl<'a> Parts<'a> {
    fn of(text: &'a ValidationText) -> Self {
        let mut sums = vec![Part::default(); text.sources.len()];
        let length = text.tokens.len() as u64;
        let ends = text
            .documents
            .iter()
            .skip(1)
            .map(|next| next.start)
            .chain([length]);
        for (document, end) in text.documents.iter().zip(ends) {
            if let Some(part) = sums.get_mut(document.source as usize) {
                part.tokens += end - document.start;
                part.bytes += u64::from(document.bytes);
            }
        }
        Self {
            text,
            sums,
            token: 1,
            document: 0,
        }
    }

    fn add(&mut self, losses: &[f32]) {
        let documents = &self.text.documents;
        for &loss in losses {
            while documents
                .get(self.document + 1)
                .is_some_and(|next| next.start <= self.token)
            {
                self.document += 1;
            }
            let source = documents
                .get(self.document)
                .map(|document| document.source as usize);
            if let Some(part) = source.and_then(|source| self.sums.get_mut(source)) {
                part.nats += f64::from(loss);
                part.scored += 1;
            }
            self.token += 1;
        }
    }

    /// The loss of each source that has text.
    fn finish(self) -> Vec<NamedEvaluation> {
        let named = self.text.sources.iter().zip(&self.sums);
        named
            .filter(|(_, part)| part.scored > 0 && part.bytes > 0)
            .map(|(name, part)| NamedEvaluation {
                name: name.clone(),
                evaluation: part.evaluation(),
            })
            .collect()
    }
}

/// The mean loss of a batch, as a tensor.
pub(crate) fn loss(model: &Model, batch: &Batch, device: &Device) -> Result<Tensor<1>, ModelError> {
    let (inputs, targets) = tensors(batch, device);
    model.loss(inputs, targets)
}

pub(crate) fn tensors(batch: &Batch, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let inputs = TensorData::new(batch.inputs.clone(), [batch.sequences, batch.length]);
    let targets = TensorData::new(batch.targets.clone(), [batch.targets.len()]);
    (
        Tensor::from_data(inputs, device),
        Tensor::from_data(targets, device),
    )
}
