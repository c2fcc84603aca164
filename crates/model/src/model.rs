use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::between::{BEGIN, Between, Load};
use crate::ends;
use crate::error::ModelError;
use crate::memory::{Memory, Remembered};
use crate::ops::{self, Rotation, TiedTable, Weighing};
use crate::routes::{LayerRoutes, Routing};
use crate::stack::Stack;
use crate::weights::{Scope, WeightSpec, Weights, tracked};

/// The network of a [`Stack`].
#[derive(Debug, Clone)]
pub struct Model {
    stack: Stack,
    weights: Weights,
    /// By the letter of the block.
    rotations: BTreeMap<char, Rotation>,
    routing: Routing,
    loads: Loads,
}

/// What experts were given since they were last balanced, by the name of the weight that does it. A copy begins anew.
#[derive(Debug, Default)]
struct Loads(Arc<Mutex<BTreeMap<String, Load>>>);

impl Clone for Loads {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Loads {
    fn add(&self, loads: BTreeMap<String, Load>) {
        // Every change is complete before anything could panic.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, load) in loads {
            match all.get_mut(&name) {
                Some(sum) => sum
                    .counts
                    .iter_mut()
                    .zip(&load.counts)
                    .for_each(|(sum, count)| *sum += count),
                None => drop(all.insert(name, load)),
            }
        }
    }

    fn take(&self) -> BTreeMap<String, Load> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Load {
    /// What corrects the choice, moved by one step towards what gives each expert as much (DeepSeek-V3, section 2.1.2).
    fn moved(&self, bias: f32, expert: usize) -> f32 {
        let (given, all) = (self.counts[expert], self.counts.iter().sum::<u64>());
        let rate = self.rate as f32;
        match (given * self.counts.len() as u64).cmp(&all) {
            Ordering::Less => bias + rate,
            Ordering::Equal => bias,
            Ordering::Greater => bias - rate,
        }
    }
}

impl Model {
    /// The network of a valid description with initial weights.
    pub(crate) fn new(stack: Stack, seed: u64, device: &Device) -> Self {
        let rotations = stack.blocks.iter().filter_map(|(&letter, block)| {
            let rotation = block.mixer().rotation(stack.width, stack.context, device);
            rotation.map(|rotation| (letter, rotation))
        });
        Self {
            weights: Weights::initial(stack.weights(), seed, device),
            rotations: rotations.collect(),
            stack,
            routing: Routing::default(),
            loads: Loads::default(),
        }
    }

    /// The network.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The table of its weights.
    pub fn lines(&self) -> &[WeightSpec] {
        self.weights.lines()
    }

    /// Its weights, flat, in the order of the table.
    pub fn values(&self) -> &[Tensor<1>] {
        self.weights.values()
    }

    /// The same network with what `change` makes of its weights, which nothing else holds meanwhile if this model is the
    /// only one that has them: they can be changed in place.
    #[must_use]
    pub fn map(self, change: impl FnOnce(&[WeightSpec], Vec<Tensor<1>>) -> Vec<Tensor<1>>) -> Self {
        Self {
            weights: self.weights.map(change),
            ..self
        }
    }

    /// The same network with further weights beside its own, whose initial values hang on their names and the seed.
    #[must_use]
    pub fn beside(self, lines: Vec<WeightSpec>, seed: u64, device: &Device) -> Self {
        Self {
            weights: self.weights.beside(lines, seed, device),
            ..self
        }
    }

    /// The same network without those.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self {
            weights: self.weights.first(self.stack.weights().len()),
            ..self.clone()
        }
    }

    /// The same network outside of any gradient's graph.
    #[must_use]
    pub fn without_gradients(&self) -> Self {
        let rotations = self.rotations.iter();
        Self {
            stack: self.stack.clone(),
            weights: self
                .weights
                .clone()
                .map(|_, values| values.into_iter().map(Tensor::inner).collect()),
            rotations: rotations
                .map(|(&letter, rotation)| (letter, rotation.without_gradients()))
                .collect(),
            routing: self.routing,
            loads: Loads::default(),
        }
    }

    /// The same network with experts that are chosen otherwise.
    #[must_use]
    pub fn routed(self, routing: Routing) -> Self {
        Self { routing, ..self }
    }

    /// The same network with experts better balanced, where a bias corrects their choice: it moves by what they were given
    /// in the losses since the last time that were to be trained on.
    #[must_use]
    pub fn balanced(self) -> Self {
        let loads = self.loads.take();
        if loads.is_empty() {
            return self;
        }
        self.map(|lines, values| {
            let moved = |(line, value): (&WeightSpec, Tensor<1>)| {
                let Some(load) = loads.get(&line.name) else {
                    return value;
                };
                let device = value.device();
                let old = value.into_data().iter::<f32>().collect::<Vec<f32>>().into_iter();
                let new: Vec<f32> = old
                    .enumerate()
                    .map(|(expert, bias)| load.moved(bias, expert))
                    .collect();
                tracked(Tensor::from_data(TensorData::new(new, [line.size()]), &device))
            };
            lines.iter().zip(values).map(moved).collect()
        })
    }

    /// Which experts each of `tokens [batch, length]` goes to, in the order of batch and length, layer by layer; layers
    /// without experts are left out.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    pub fn routes(&self, tokens: Tensor<2, Int>) -> Result<Vec<LayerRoutes>, ModelError> {
        let between = self.pass().routes();
        self.hidden(tokens, &between)?;
        Ok(between.routed())
    }

    /// The same network with the same weights, where positions see those after them by all of its attention.
    #[must_use]
    pub fn both_ways(&self) -> Self {
        Self {
            stack: self.stack.both_ways(),
            // What its experts are given in a step of this one counts.
            loads: Loads(Arc::clone(&self.loads.0)),
            ..self.clone()
        }
    }

    /// The scores of every next token, `[batch × length, vocabulary]`, for `tokens [batch, length]`.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    pub fn logits(&self, tokens: Tensor<2, Int>) -> Result<Tensor<2>, ModelError> {
        Ok(self.scores(self.hidden(tokens, &self.pass())?))
    }

    /// What is trained on: the mean cross-entropy in nats of `targets [batch × length]`, the tokens that follow each
    /// position of `tokens [batch, length]`, and what experts cost that are out of balance.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    pub fn loss(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
        self.loss_of(tokens, targets, None, |hidden| hidden)
    }

    /// The same of `targets` that follow some positions alone: `places` are rows of `[batch × length]`.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn loss_at(
        &self,
        tokens: Tensor<2, Int>,
        places: Tensor<1, Int>,
        targets: Tensor<1, Int>,
    ) -> Result<Tensor<1>, ModelError> {
        self.loss_of(tokens, targets, None, |hidden| hidden.select(0, places))
    }

    /// The sum of the cross-entropies in nats of `targets` at such places, each times its weight, among the tokens that
    /// are answers.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    ///
    /// # Panics
    /// If there is no such row, or `weighing` is of other rows or of more tokens than there are.
    pub fn weighted_loss_at(
        &self,
        tokens: Tensor<2, Int>,
        places: Tensor<1, Int>,
        targets: Tensor<1, Int>,
        weighing: Weighing,
    ) -> Result<Tensor<1>, ModelError> {
        self.loss_of(tokens, targets, Some(weighing), |hidden| hidden.select(0, places))
    }

    /// Cross-entropy in nats of each of `targets` at such places, among the vocabulary's first `answers` tokens: for
    /// evaluation, as it has no gradient.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    ///
    /// # Panics
    /// If there is no such row or target.
    pub fn losses_at(
        &self,
        tokens: Tensor<2, Int>,
        places: Tensor<1, Int>,
        targets: Tensor<1, Int>,
        answers: usize,
    ) -> Result<Tensor<1>, ModelError> {
        let hidden = self.hidden(tokens, &self.pass())?.select(0, places);
        if self.stack.ends.score_cap.is_some() {
            let scores = self.scores(hidden).slice_dim(1, 0..answers);
            return Ok(ends::losses(scores, targets));
        }
        let head = self.head().slice_dim(0, 0..answers);
        Ok(ops::head_losses(hidden, head, targets))
    }

    /// The scores of every next token at such places, `[places, vocabulary]`.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn logits_at(&self, tokens: Tensor<2, Int>, places: Tensor<1, Int>) -> Result<Tensor<2>, ModelError> {
        Ok(self.scores(self.hidden(tokens, &self.pass())?.select(0, places)))
    }

    /// The mean loss on the rows that `scored` takes of the hidden states, or what is weighed of it.
    fn loss_of(
        &self,
        tokens: Tensor<2, Int>,
        targets: Tensor<1, Int>,
        weighing: Option<Weighing>,
        scored: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Result<Tensor<1>, ModelError> {
        let (between, length, tables) = (self.pass().training(), self.length(&tokens)?, self.tables());
        let hidden = self.after_embedding(tables.embedding(tokens), length, &between);
        let loss = tables.loss(scored(hidden), targets, weighing);
        Ok(self.trained(between, loss))
    }

    /// The loss of a pass that trains with what the pass adds to it; what experts were given is kept.
    pub(crate) fn trained(&self, between: Between, loss: Tensor<1>) -> Tensor<1> {
        let trained = between.trained();
        if loss.is_autodiff() {
            self.loads.add(trained.loads);
        }
        trained.losses.into_iter().fold(loss, |sum, loss| sum + loss)
    }

    /// Cross-entropy in nats of each of `targets`, as [`loss`](Self::loss) takes them, `[batch × length]`: for
    /// evaluation, as it has no gradient.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    pub fn losses(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
        if self.stack.ends.score_cap.is_some() {
            return Ok(ends::losses(self.logits(tokens)?, targets));
        }
        Ok(ops::head_losses(
            self.hidden(tokens, &self.pass())?,
            self.head(),
            targets,
        ))
    }

    /// The scores after each of `tokens [sequences, length]`, which follow what is remembered of their sequences and are
    /// then remembered, too: `[sequences × length, vocabulary]`. Each sequence may stand at a position of its own.
    ///
    /// It computes outside of any gradient's graph, as does the model that it is called on
    /// ([`without_gradients`](Self::without_gradients)).
    ///
    /// # Errors
    /// When there is not a memory for each sequence, a sequence goes beyond the model's context, or positions see those
    /// after them.
    pub fn step(&self, tokens: Tensor<2, Int>, memories: &mut [Memory]) -> Result<Tensor<2>, ModelError> {
        let [sequences, length] = tokens.dims();
        if self.stack.is_bidirectional() {
            return Err(ModelError(
                "a model whose positions see those after them has no next step: give it whole sequences, or train one \
                 without `bidirectional`"
                    .to_owned(),
            ));
        }
        if sequences != memories.len() || sequences == 0 || length == 0 {
            return Err(ModelError(format!(
                "a step of {sequences} sequences by {length} tokens with {} memories: it takes at least one token of \
                 each of one or more sequences, and a memory for each; give as many",
                memories.len()
            )));
        }
        for memory in &*memories {
            self.fits(memory.position() + length)?;
        }
        let mut hidden = self.begun(ops::embedding(self.embedding(), tokens));
        if self.stack.learned_positions.is_some() {
            let first = memories
                .iter()
                .map(|memory| self.positions(memory.position(), length));
            hidden = hidden + Tensor::cat(first.collect(), 0);
        }
        let between = self.pass();
        self.begin(&between, &hidden);
        for (layer, letter) in self.stack.letters().enumerate() {
            let (block, weights) = (&self.stack.blocks[&letter], self.block(layer, &between));
            let mut remembered: Vec<Remembered<'_>> =
                memories.iter_mut().map(|memory| memory.layer(layer)).collect();
            let rotation = self.rotations.get(&letter);
            hidden = block.mixer().step(hidden, &weights, rotation, &mut remembered);
            if let Some(channel) = block.channel() {
                hidden = channel.step(hidden, &weights, &mut remembered);
            }
        }
        memories.iter_mut().for_each(|memory| memory.advance(length));
        Ok(self.scores(self.normed(hidden)))
    }

    /// The hidden states before the head, `[batch × length, width]`.
    fn hidden(&self, tokens: Tensor<2, Int>, between: &Between) -> Result<Tensor<2>, ModelError> {
        let length = self.length(&tokens)?;
        let embedded = ops::embedding(self.embedding(), tokens);
        Ok(self.after_embedding(embedded, length, between))
    }

    /// What is added to tokens, the blocks and the last norm.
    fn after_embedding(&self, embedded: Tensor<2>, length: usize, between: &Between) -> Tensor<2> {
        self.normed(self.streamed(embedded, length, between))
    }

    /// What is added to tokens, and the blocks.
    pub(crate) fn streamed(&self, embedded: Tensor<2>, length: usize, between: &Between) -> Tensor<2> {
        let embedded = self.begun(embedded);
        let embedded = match self.stack.learned_positions {
            Some(_) => {
                let [rows, width] = embedded.dims();
                let sequences = embedded.reshape([rows / length, length, width]);
                (sequences + self.positions(0, length).unsqueeze()).reshape([rows, width])
            }
            None => embedded,
        };
        self.begin(between, &embedded);
        let layers = self.stack.letters().enumerate();
        layers.fold(embedded, |hidden, (layer, letter)| {
            self.through(letter, hidden, &self.block(layer, between), length)
        })
    }

    /// What a block of those weights makes of whole sequences.
    pub(crate) fn through(
        &self,
        letter: char,
        hidden: Tensor<2>,
        weights: &Scope<'_>,
        length: usize,
    ) -> Tensor<2> {
        let (block, rotation) = (&self.stack.blocks[&letter], self.rotations.get(&letter));
        let hidden = block.mixer().mix(hidden, weights, length, rotation);
        match block.channel() {
            Some(channel) => channel.mix(hidden, weights, length),
            None => hidden,
        }
    }

    /// The rows of tokens as the first block gets them, but for what is added by position.
    pub(crate) fn begun(&self, embedded: Tensor<2>) -> Tensor<2> {
        let scaled = self.stack.ends.scaled(embedded);
        match self.stack.ends.embedding_norm {
            true => self.outer().normed(scaled, "embedding_norm"),
            false => scaled,
        }
    }

    /// The scores of what the last normalisation gives.
    fn scores(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.stack.ends.bounded(ops::logits(hidden, self.head()))
    }

    pub(crate) fn normed(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.outer().normed(hidden, "norm")
    }

    /// The length of the sequences, if the model takes it.
    pub(crate) fn length(&self, tokens: &Tensor<2, Int>) -> Result<usize, ModelError> {
        let length = tokens.dims()[1];
        self.fits(length).map(|()| length)
    }

    fn fits(&self, length: usize) -> Result<(), ModelError> {
        let context = self.stack.context;
        if length > context {
            return Err(ModelError(format!(
                "a sequence of {length} tokens does not fit the model's context of {context}; shorten it, or build \
                 the model with a longer `context`"
            )));
        }
        Ok(())
    }

    fn embedding(&self) -> Tensor<2> {
        self.outer().matrix("embedding")
    }

    /// The rows of learned positions from the first on, `[length, width]`.
    fn positions(&self, first: usize, length: usize) -> Tensor<2> {
        let table = self.outer().matrix("positions");
        table.slice_dim(0, first..first + length)
    }

    /// The head's matrix, `[vocabulary, width]`.
    fn head(&self) -> Tensor<2> {
        let name = if self.stack.tied { "embedding" } else { "head" };
        self.outer().matrix(name)
    }

    /// The weights whose names begin so, in a layer of a pass.
    pub(crate) fn scope<'a>(&'a self, prefix: String, between: &'a Between, layer: usize) -> Scope<'a> {
        self.weights
            .scope(prefix, self.stack.norm())
            .within(between, layer)
    }

    /// The table that embeds tokens and the head, for a pass that trains.
    pub(crate) fn tables(&self) -> Tables<'_> {
        let is_one = self.stack.tied && self.stack.ends.score_cap.is_none();
        Tables {
            model: self,
            tied: is_one.then(|| TiedTable::new(self.embedding())),
        }
    }

    /// The weights outside of the blocks.
    fn outer(&self) -> Scope<'_> {
        self.weights.scope(String::new(), self.stack.norm())
    }

    /// A pass through the network.
    pub(crate) fn pass(&self) -> Between {
        Between::of(self.routing)
    }

    /// Leaves what the first block gets, where others need it, too.
    fn begin(&self, between: &Between, embedded: &Tensor<2>) {
        if self.stack.sharing().next().is_some() {
            between.leave(BEGIN, embedded.clone());
        }
    }

    /// The weights of a layer, in a pass.
    fn block<'a>(&'a self, layer: usize, between: &'a Between) -> Scope<'a> {
        self.scope(format!("blocks.{layer}"), between, layer)
    }
}

/// What embeds tokens and what scores them in a pass that trains: where they are one table, its gradients meet.
pub(crate) struct Tables<'a> {
    model: &'a Model,
    tied: Option<TiedTable>,
}

impl Tables<'_> {
    /// The rows of tokens.
    pub(crate) fn embedding(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        match &self.tied {
            Some(table) => table.embedding(tokens),
            None => ops::embedding(self.model.embedding(), tokens),
        }
    }

    /// The mean cross-entropy of targets by normalised rows, or what is weighed of it.
    pub(crate) fn loss(
        &self,
        hidden: Tensor<2>,
        targets: Tensor<1, Int>,
        weighing: Option<Weighing>,
    ) -> Tensor<1> {
        match (&self.tied, weighing) {
            (Some(table), Some(weighing)) => table.weighted_head_cross_entropy(hidden, targets, weighing),
            (Some(table), None) => table.head_cross_entropy(hidden, targets),
            (None, weighing) if self.model.stack.ends.score_cap.is_some() => {
                ends::loss(self.model.scores(hidden), targets, weighing)
            }
            (None, Some(weighing)) => {
                ops::weighted_head_cross_entropy(hidden, self.model.head(), targets, weighing)
            }
            (None, None) => ops::head_cross_entropy(hidden, self.model.head(), targets),
        }
    }
}
