//! What n-grams make of the tokens that trials saw: the loss of a model that only counts, to hold a network's against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_records::Role;
use triaxis_train::{Evaluation, ngram};
use triaxis_units::Tokens;

use crate::identity;
use crate::record::{Circumstances, Recorded};
use crate::trial::{Group, Trial};

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// The longest n-grams of the models that are told of, the shortest first.
pub const ORDERS: [usize; 2] = [2, ngram::LONGEST];

/// Which tokens are counted: what the identity of the losses is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NGramInputs {
    /// Identity of the corpus: its text, split and tokenizer.
    pub corpus: String,
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// Inputs of a window.
    pub context: usize,
    /// Seed of the order of the text.
    pub seed: u64,
    /// Windows, those seen again included.
    pub sequences: u64,
    /// The tokens that repeat, where not all may be seen.
    pub unique: Option<Tokens>,
    /// Versions of the parts of the program that the losses hang on.
    pub numerics: BTreeMap<String, u32>,
}

impl NGramInputs {
    /// What a trial of `group` saw.
    pub fn of(group: &Group, trial: &Trial) -> Self {
        let config = &trial.config;
        let parts = [
            ("n-gram", ngram::NUMERICS),
            ("order", triaxis_train::ORDER_NUMERICS),
        ];
        Self {
            corpus: group.inputs.corpus.clone(),
            vocabulary: config.text_vocabulary(),
            context: config.context,
            seed: config.seed,
            sequences: trial.steps() * config.batch_sequences as u64,
            unique: config.unique,
            numerics: parts.map(|(part, version)| (part.to_owned(), version)).into(),
        }
    }

    /// The identity of the losses.
    pub fn id(&self) -> String {
        identity::of(&("n-gram", ORDERS, self))
    }

    /// Whether the same number of tokens of the same text is counted: other seeds choose other parts of it.
    pub fn is_as_much(&self, other: &Self) -> bool {
        let text = |inputs: &Self| (inputs.vocabulary, inputs.context, inputs.sequences, inputs.unique);
        text(self) == text(other) && self.corpus == other.corpus && self.numerics == other.numerics
    }
}

/// What is to be counted for the trials of some groups: once where trials differ by what learns, or by their seed.
pub fn asked(groups: &[Group]) -> Vec<(&Group, NGramInputs)> {
    let mut asked: Vec<(&Group, NGramInputs)> = Vec::new();
    // Of text in shares of its own nobody counts what was seen.
    let is_counted = |group: &&Group| group.role == Role::Ladder && group.config.shares.is_empty();
    for group in groups.iter().filter(is_counted) {
        for inputs in group.trials.iter().map(|trial| NGramInputs::of(group, trial)) {
            if !asked.iter().any(|(_, known)| known.is_as_much(&inputs)) {
                asked.push((group, inputs));
            }
        }
    }
    asked
}

/// The loss of n-grams of some tokens on the validation split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NGramRecord {
    /// Version of the layout of a record.
    pub schema: u32,
    /// Identity of the losses.
    pub id: String,
    /// What was counted.
    pub inputs: NGramInputs,
    /// How many tokens: each once, and no more than are counted at most.
    pub counted: Tokens,
    /// The losses, the shortest n-grams first. Equal bits for equal identity.
    pub losses: Vec<NGramLoss>,
    /// Where and how fast.
    pub circumstances: Circumstances,
}

/// The loss of a model of n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NGramLoss {
    /// Tokens of its longest ones.
    pub order: usize,
    /// On the whole validation split.
    pub loss: Evaluation,
}

impl NGramRecord {
    /// The record of some losses.
    pub fn new(
        inputs: &NGramInputs,
        counted: Tokens,
        losses: Vec<NGramLoss>,
        circumstances: Circumstances,
    ) -> Self {
        Self {
            schema: SCHEMA,
            id: inputs.id(),
            inputs: inputs.clone(),
            counted,
            losses,
            circumstances,
        }
    }
}

impl Recorded for NGramRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.losses == other.losses
    }
}
