use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::Precision;
use triaxis_kernels::parallel::inside;
use triaxis_model::weights::{self, Weight};
use triaxis_model::{Model, Stack};

use crate::error::InferError;

/// What says of masked tokens what was there.
pub trait Denoise {
    /// The scores of every token of the text's vocabulary for each of `places` of a sequence, one after the other.
    ///
    /// # Errors
    /// When the sequence is none of the model's.
    fn scores(&mut self, tokens: &[u32], places: &[usize]) -> Result<Vec<f32>, InferError>;

    /// Tokens of the text's vocabulary.
    fn vocabulary(&self) -> usize;

    /// What stands for a masked token.
    fn mask(&self) -> u32;

    /// The longest sequence.
    fn context(&self) -> usize;
}

/// A model trained by masked diffusion: the last token of its vocabulary is the mask.
#[derive(Debug)]
pub struct Filler {
    model: Model,
    device: Device,
}

impl Filler {
    /// The model of a network with its weights.
    ///
    /// # Errors
    /// When its positions see none after them, or the weights are another's.
    pub fn new(stack: &Stack, weights: &BTreeMap<String, Weight>) -> Result<Self, InferError> {
        if !stack.is_bidirectional() {
            return Err(InferError::input(
                "the model tells what comes next, and fills no gaps: give one that was trained with `objective = \
                 \"masked-diffusion\"`, or leave out what is asked of gaps",
            ));
        }
        let device = Device::default();
        let model = inside(|| weights::write(stack.build(0, &device)?, weights))?;
        Ok(Self {
            model: model.without_gradients(),
            device,
        })
    }
}

impl Filler {
    /// The network.
    pub fn stack(&self) -> &Stack {
        self.model.stack()
    }
}

/// That a model which fills gaps is asked for what comes next.
pub fn no_next_token() -> InferError {
    InferError::input(
        "the model fills gaps, and tells no next token: it has no answer that comes token by token, no loss of next tokens, and \
         nothing to draft or to hold to a grammar; let `generate` fill gaps by it without these, or give a model that was \
         trained with `objective = \"next-token\"`",
    )
}

impl Denoise for Filler {
    fn scores(&mut self, tokens: &[u32], places: &[usize]) -> Result<Vec<f32>, InferError> {
        let vocabulary = self.vocabulary();
        let tensor = |values: Vec<i64>| {
            let length = values.len();
            Tensor::<1, Int>::from_data(TensorData::new(values, [length]), &self.device)
        };
        let places = tensor(places.iter().map(|&place| place as i64).collect());
        let length = tokens.len();
        let tokens = tensor(tokens.iter().map(|&token| i64::from(token)).collect());
        let scores =
            inside(|| Precision::Float32.run(|| self.model.logits_at(tokens.reshape([1, length]), places)))?;
        let scores = scores.slice_dim(1, 0..vocabulary);
        Ok(scores.into_data().iter::<f32>().collect())
    }

    fn vocabulary(&self) -> usize {
        self.model.stack().vocabulary - 1
    }

    fn mask(&self) -> u32 {
        self.vocabulary() as u32
    }

    fn context(&self) -> usize {
        self.model.stack().context
    }
}
