//! The recommended run as a configuration for the trainers that people use: a trainer is a file here and a line of the
//! registry.
//!
//! What was decided, what follows from it by a published rule, and what is only a default is told apart in each file.
//! The keys are held against those of the projects' own sources by a test (`tests/golden/emit`).

mod layout;
mod levanter;
mod megatron;
mod nanotron;
mod recipe;
mod shape;
mod torchtitan;

use triaxis_names::registry;

pub use layout::Layout;
pub use recipe::Recipe;
pub use shape::Shape;

use self::levanter::Levanter;
use self::megatron::Megatron;
use self::nanotron::Nanotron;
use self::torchtitan::Torchtitan;
use crate::decide::{Decision, Refusal};
use crate::{PlanError, Question};

registry! {
    /// A trainer that a configuration is written for.
    pub enum Trainer as writer: Writer {
        Torchtitan = "torchtitan",
        Megatron = "megatron",
        Nanotron = "nanotron",
        Levanter = "levanter",
    }
}

/// What a trainer's configuration looks like.
pub(crate) trait Writer {
    /// Whether it spreads weights over the devices that see different text, too.
    fn shards_weights(&self) -> bool;

    /// The configuration of a run.
    fn text(&self, recipe: &Recipe) -> String;
}

/// What a plan leaves open and a configuration must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Entries of the vocabulary.
    pub vocabulary: u64,
    /// Tokens of a sequence.
    pub context: u64,
}

impl Default for Open {
    /// A vocabulary as of Hoffmann et al. 2022, and four thousand tokens of context.
    fn default() -> Self {
        Self {
            vocabulary: 32_000,
            context: 4_096,
        }
    }
}

impl Trainer {
    /// The recommended run of a decision as this trainer's configuration.
    ///
    /// # Errors
    /// Where nothing is recommended, or the run is none that a dense transformer can be.
    pub fn configuration(
        self,
        question: &Question,
        decision: &Decision,
        open: Open,
    ) -> Result<String, Refusal> {
        let recipe = Recipe::of(question, decision, open, self.writer().shards_weights())?;
        Ok(self.writer().text(&recipe))
    }

    /// The trainer of that name.
    ///
    /// # Errors
    /// When there is none; the error names the nearest and all others.
    pub fn find(name: &str) -> Result<Self, PlanError> {
        let known = Self::ALL.iter().copied();
        known
            .clone()
            .find(|trainer| trainer.name() == name)
            .ok_or_else(|| PlanError::unknown("trainer", name, known.map(Self::name)))
    }
}
