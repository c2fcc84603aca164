//! Modules that tell tokens further ahead than the next while a network is trained, and are no part of it: the
//! multi-token prediction of DeepSeek-V3 (2024, arXiv 2412.19437, section 2.2).
//!
//! Module `k`, counted from 1, has of each position what module `k - 1` made of it, or the network's last block, and the
//! embedding of the token `k` places on. Both are normalised and joined by a product into what goes through a block of its
//! own, after which a norm of its own and the network's head tell the token after that one.

use burn::tensor::{Int, Tensor};

use crate::block::Block;
use crate::count::{FlopCount, product_flops};
use crate::error::{ModelError, rule};
use crate::mixer::Span;
use crate::model::Model;
use crate::ops;
use crate::stack::Stack;
use crate::weights::WeightSpec;

/// What the names of the weights of a module begin with.
fn prefix(module: usize) -> String {
    format!("ahead.{module}")
}

impl Stack {
    /// The rule that its last block stands by itself, so that modules can have blocks as it is.
    ///
    /// # Errors
    /// When that block goes on with what others left, or shares weights with them.
    pub fn check_ahead(&self) -> Result<(), ModelError> {
        let is_alone = |(_, block): (char, &Block)| {
            block.mixer().takes().is_none() && block.mixer().shared(self.place()).is_empty()
        };
        rule(
            self.last().is_some_and(is_alone),
            "pattern",
            format!("{:?}", self.pattern),
            "ends with a block that needs what others leave or share, and modules that tell further tokens have blocks as \
             the last",
            "end with another block, or take the objective \"next-token\"",
        )
    }

    /// The weights of so many modules.
    pub fn ahead(&self, modules: usize) -> Vec<WeightSpec> {
        let (width, place) = (self.width, self.place());
        let of_module = |module: usize| {
            let mut weights = self.norm.weights("stream_norm", width);
            weights.extend(self.norm.weights("token_norm", width));
            weights.push(WeightSpec::matrix("join", [2 * width, width], 1.0));
            weights.extend(
                self.last()
                    .map(|(_, block)| block.weights(place))
                    .into_iter()
                    .flatten(),
            );
            weights.extend(self.norm.weights("norm", width));
            weights.into_iter().map(move |weight| WeightSpec {
                name: format!("{}.{}", prefix(module), weight.name),
                ..weight
            })
        };
        (0..modules).flat_map(of_module).collect()
    }

    /// Exact forward operations of so many modules for one sequence of `length` tokens.
    pub fn ahead_flops(&self, modules: usize, length: usize) -> FlopCount {
        let width = self.width;
        // A module without a token to tell is left out.
        let modules = modules.min(length.saturating_sub(1));
        let mut operations = Vec::new();
        if let Some((_, block)) = self.last() {
            operations.extend(block.mixer().operations(width, Span::whole(length)));
            operations.extend(
                block
                    .channel()
                    .into_iter()
                    .flat_map(|channel| channel.operations(width, length)),
            );
        }
        operations.push(("join", product_flops(length, 2 * width, width)));
        let each = operations
            .into_iter()
            .map(|(name, flops)| (name, modules as f64 * flops));
        let told = |module| product_flops(length - module - 1, width, self.vocabulary);
        let head = (0..modules).map(told).sum::<f64>();
        FlopCount::of(each.chain([(Self::HEAD, head)]))
    }

    /// About how many numbers so many modules keep of a sequence of `length` tokens for the backward pass, to estimate memory
    /// by: those of as many further blocks as the last, and of what is joined.
    pub fn ahead_activations(&self, modules: usize, length: usize) -> u64 {
        let width = self.width;
        let kept = |block: &Block| {
            block.mixer().kept(width) + block.channel().map_or(0, |channel| channel.kept(width))
        };
        let of_block = self.last().map_or(0, |(_, block)| kept(block));
        (of_block + 6 * width) as u64 * (modules * length) as u64
    }

    /// About how many numbers so many modules keep of a step, however many sequences it has: the gradients of the head by each.
    pub fn ahead_tables(&self, modules: usize) -> u64 {
        (modules * self.vocabulary * self.width) as u64
    }

    /// The last block, with its letter.
    fn last(&self) -> Option<(char, &Block)> {
        self.letters().zip(self.layers()).last()
    }
}

impl Model {
    /// The mean loss of next tokens, and `weight` times the mean over modules of what each loses on the further tokens that
    /// are in the sequence, over all of its tokens.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    ///
    /// # Panics
    /// If the model has not the weights of so many modules beside its own ([`Stack::ahead`]).
    pub fn loss_ahead(
        &self,
        tokens: Tensor<2, Int>,
        targets: Tensor<1, Int>,
        modules: usize,
        weight: f64,
    ) -> Result<Tensor<1>, ModelError> {
        let [sequences, length] = tokens.dims();
        let (between, tables) = (self.pass().training(), self.tables());
        self.length(&tokens)?;
        let mut stream = self.streamed(tables.embedding(tokens), length, &between);
        let mut loss = tables.loss(self.normed(stream.clone()), targets.clone(), None);
        let (following, layers) = (
            targets.reshape([sequences, length]),
            self.stack().layers().count(),
        );
        let last = self.stack().last().map(|(letter, _)| letter);
        for (module, letter) in (0..modules.min(length - 1)).zip(last.into_iter().cycle()) {
            let weights = self.scope(prefix(module), &between, layers + module);
            // The token that each position is given; the last have none, and get any, for no position that tells sees them.
            let given = match module {
                0 => following.clone(),
                _ => {
                    let parts =
                        [module..length, 0..module].map(|range| following.clone().slice_dim(1, range));
                    Tensor::cat(parts.into(), 1)
                }
            };
            let given = tables.embedding(given);
            let given = weights.normed(self.begun(given), "token_norm");
            let joined = Tensor::cat(vec![weights.normed(stream, "stream_norm"), given], 1);
            let joined = ops::linear(joined, weights.matrix("join"));
            stream = self.through(letter, joined, &weights, length);
            let (told, width) = (length - module - 1, stream.dims()[1]);
            let telling = stream
                .clone()
                .reshape([sequences, length, width])
                .slice_dim(1, 0..told);
            let telling = weights.normed(telling.reshape([sequences * told, width]), "norm");
            let answers = following.clone().slice_dim(1, module + 1..length);
            let of_module = tables.loss(telling, answers.reshape([sequences * told]), None);
            let share = weight / modules as f64 * told as f64 / length as f64;
            loss = loss + of_module.mul_scalar(share);
        }
        Ok(self.trained(between, loss))
    }
}
