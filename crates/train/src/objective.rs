//! What a training lowers, and what its model is measured by.

use std::fmt::Debug;

use burn::tensor::{Device, Tensor};
use serde::Deserializer;
use triaxis_host::Kind;
use triaxis_model::weights::WeightSpec;
use triaxis_model::{ArchitectureSpec, Model, ModelError, OperationCount, Stack};
use triaxis_random::Stream;
use triaxis_units::Flops;

use crate::data::{Batch, ValidationText};
use crate::error::TrainError;
use crate::evaluate::evaluate;
use crate::named::named;
use crate::objectives::{NextToken, ObjectiveSpec};
use crate::outcome::{Evaluation, NamedEvaluation};

/// What a training lowers.
///
/// To add one, write a file in `objectives/` with a type that holds its settings and implements this, and add its line to
/// the registry in `objectives/mod.rs`; `tests/train/objectives.rs` then holds it to its obligations.
pub trait Objective: Debug {
    /// Version of its arithmetic: raised when equal settings, weights, batches and steps give another loss, other than by
    /// the operations of `kernels`, the network or the random streams.
    fn numerics(&self) -> u32;

    /// Settings that between them reach every branch of its code.
    fn examples(&self) -> Vec<ObjectiveSpec>;

    /// Tokens that it puts into sequences beside those of the text: the last of the model's vocabulary.
    fn marks(&self) -> usize {
        0
    }

    /// Whether a position of the model must see those after it.
    fn is_bidirectional(&self) -> bool {
        false
    }

    /// Checks its settings, and that a network has what it needs besides.
    ///
    /// # Errors
    /// For the first that breaks a rule.
    fn validate(&self, _stack: &Stack) -> Result<(), TrainError> {
        Ok(())
    }

    /// What a step costs the model, `[1]`: `batch` holds tokens of the text alone, and what is drawn is drawn of `noise`.
    ///
    /// # Errors
    /// When the batch does not fit the model.
    fn cost(
        &self,
        model: &Model,
        batch: &Batch,
        noise: Noise,
        device: &Device,
    ) -> Result<Tensor<1>, ModelError>;

    /// Weights that are trained beside those of a network, and neither measured nor saved with it.
    fn beside(&self, _stack: &Stack) -> Vec<WeightSpec> {
        Vec::new()
    }

    /// Exact forward operations by these, for one sequence of `length` tokens.
    fn operations_beside(&self, _stack: &Stack, _length: usize) -> Flops {
        Flops(0.0)
    }

    /// About how many numbers these keep of a sequence for the backward pass.
    fn activations_beside(&self, _stack: &Stack, _length: usize) -> u64 {
        0
    }

    /// About how many numbers these keep of a step for the backward pass, however many sequences it has.
    fn tables_beside(&self, _stack: &Stack) -> u64 {
        0
    }

    /// The share of the positions, in the mean, for which the head is computed in a step.
    fn scored(&self) -> f64 {
        1.0
    }

    /// How slowly the moving average of the weights moves that is measured and saved in their place, if one is.
    fn average(&self) -> Option<f64> {
        None
    }

    /// What a model that knows nothing loses, above which a training has diverged: about what the first step loses.
    fn at_first(&self, first: f64, _stack: &Stack) -> f64 {
        first
    }

    /// What the model is given of a batch of text where it is looked at as it is measured, `[sequences × length]`: tokens below
    /// `vocabulary`, which are those of text, and its marks. Sequences are counted from `first`.
    fn given(&self, batch: &Batch, _vocabulary: usize, _first: u64) -> Vec<i64> {
        batch.inputs.clone()
    }

    /// The loss of a model, whose weights carry no gradient, on all of a text and by source: that of next tokens, unless
    /// it cannot be had.
    ///
    /// # Errors
    /// As [`evaluate`].
    fn evaluate(
        &self,
        model: &Model,
        text: &ValidationText,
        context: usize,
        vocabulary: usize,
        device: &Device,
    ) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
        evaluate(model, text, context, vocabulary, device)
    }
}

/// Where what a step draws comes from: it hangs on a training's seed and the step alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// The training's seed.
    pub seed: u64,
    /// The step, counted from 0.
    pub step: u64,
}

impl Noise {
    /// The stream of what is drawn for a purpose.
    pub fn stream(self, purpose: &str) -> Stream {
        Stream::new(self.seed, purpose, self.step)
    }
}

impl Default for ObjectiveSpec {
    fn default() -> Self {
        Self::NextToken(NextToken {})
    }
}

impl ObjectiveSpec {
    /// Reads one that is given as its name alone, or as a table of its `kind` with its settings.
    ///
    /// # Errors
    /// When it is neither, or has settings that are another's.
    pub fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(deserializer)
    }

    /// Settings that between them reach every branch of its code.
    pub fn examples(&self) -> Vec<Self> {
        self.objective().examples()
    }

    /// Whether it is what is lowered where a spec says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Tokens that it puts into sequences beside those of the text: see [`Objective::marks`].
    pub fn marks(&self) -> usize {
        self.objective().marks()
    }

    /// Operations of a training step for a sequence, counted exactly; those of the head in the mean.
    pub fn training_flops(&self, architecture: &ArchitectureSpec, context: usize) -> Flops {
        let mut count = architecture.forward_flops(context);
        let head = |operation: &&mut OperationCount| operation.operation == Stack::HEAD;
        if let Some(head) = count.operations.iter_mut().find(head) {
            head.flops.0 *= self.objective().scored();
        }
        let beside = self.objective().operations_beside(&architecture.stack(), context);
        Flops(count.training().0 + 3.0 * beside.0)
    }

    /// About how many numbers these keep: see [`Objective::activations_beside`].
    pub(crate) fn activations_beside(&self, stack: &Stack, length: usize) -> u64 {
        self.objective().activations_beside(stack, length)
    }

    /// About how many numbers these keep of a step: see [`Objective::tables_beside`].
    pub(crate) fn tables_beside(&self, stack: &Stack) -> u64 {
        self.objective().tables_beside(stack)
    }

    /// Weights that are trained beside those of a network: see [`Objective::beside`].
    pub(crate) fn beside(&self, stack: &Stack) -> Vec<WeightSpec> {
        self.objective().beside(stack)
    }

    /// How slowly the average of the weights moves that is measured in their place, if one is.
    pub(crate) fn average(&self) -> Option<f64> {
        self.objective().average()
    }

    /// What a model that knows nothing loses: see [`Objective::at_first`].
    pub(crate) fn at_first(&self, first: f64, stack: &Stack) -> f64 {
        self.objective().at_first(first, stack)
    }

    /// What a step costs the model: see [`Objective::cost`].
    pub(crate) fn cost(
        &self,
        model: &Model,
        batch: &Batch,
        noise: Noise,
        device: &Device,
    ) -> Result<Tensor<1>, ModelError> {
        self.objective().cost(model, batch, noise, device)
    }

    /// What the model is given of a batch: see [`Objective::given`].
    pub(crate) fn given(&self, batch: &Batch, vocabulary: usize, first: u64) -> Vec<i64> {
        self.objective().given(batch, vocabulary, first)
    }

    /// The parts that its bits hang on; none where they were there before there was a choice.
    pub(crate) fn numerics(&self) -> Option<(&'static str, u32)> {
        (!self.is_default()).then(|| (self.kind(), self.objective().numerics()))
    }

    /// Checks its settings, and that a network is one that it can train.
    ///
    /// # Errors
    /// For the first that breaks a rule.
    pub fn validate(&self, stack: &Stack) -> Result<(), TrainError> {
        let (kind, objective) = (self.kind(), self.objective());
        let refused = |message: String| Err(TrainError::new(Kind::Input, message));
        match (objective.is_bidirectional(), stack.is_bidirectional()) {
            (true, false) => refused(format!(
                "`objective = \"{kind}\"`: needs a model whose positions see those after them, and this one's do not; set \
                 `bidirectional = true` for its attention, or take another objective"
            )),
            (false, true) => refused(format!(
                "`objective = \"{kind}\"`: needs a model whose positions see none after them, and this one's do; leave \
                 `bidirectional` of its attention out, or take another objective"
            )),
            _ if stack.vocabulary <= objective.marks() => refused(format!(
                "`objective = \"{kind}\"`: takes the last {} tokens of the vocabulary for itself, and there are {}; give the \
                 model a larger `vocabulary`",
                objective.marks(),
                stack.vocabulary
            )),
            _ => objective.validate(stack),
        }
    }

    /// The loss of a model on all of a text and by source: see [`Objective::evaluate`].
    ///
    /// # Errors
    /// As there.
    pub fn evaluate(
        &self,
        model: &Model,
        text: &ValidationText,
        context: usize,
        vocabulary: usize,
        device: &Device,
    ) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
        self.objective()
            .evaluate(model, text, context, vocabulary, device)
    }
}
