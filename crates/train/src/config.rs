use std::fmt::Display;

use serde::{Deserialize, Serialize};
use triaxis_host::Kind;
use triaxis_model::{ArchitectureSpec, Stack};
use triaxis_units::{Flops, Tokens};

use crate::data::EpochOrder;
use crate::dtype::Dtype;
use crate::error::TrainError;
use crate::objectives::ObjectiveSpec;
use crate::optimizer::Optimizer;
use crate::schedule::{Schedule, Span};

/// Everything that determines a run's bits besides its text: what is not here (threads, checkpoint
/// cadence, folder) changes no loss.
///
/// One run is a *trunk* at the stable learning rate and *branches* off it: each branch is a whole
/// training of [`Branch::end`] steps that shares the trunk's steps up to the first at which its
/// learning rate depends on its end (Hägele et al. 2024, arXiv 2405.18392).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The network.
    pub architecture: ArchitectureSpec,
    /// Tokens a sequence, at most the architecture's context.
    pub context: usize,
    /// Sequences a step.
    pub batch_sequences: usize,
    /// What matrices are multiplied in.
    #[serde(default)]
    pub dtype: Dtype,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Steps over which the learning rate rises from zero.
    pub warmup_steps: u64,
    /// The highest learning rate.
    pub peak_learning_rate: f64,
    /// The optimiser's constants.
    pub optimizer: OptimizerConfig,
    /// Seed of the initial weights and of the order of the data.
    pub seed: u64,
    /// Tokens that are trained on again and again, the first of the training text; all of it without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<Tokens>,
    /// The order of the data from epoch to epoch.
    #[serde(default, skip_serializing_if = "EpochOrder::is_default")]
    pub order: EpochOrder,
    /// Sources, by their places in the corpus, that each training sees alone once it no longer shares its steps with
    /// others, as its learning rate falls; all of the text without this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decay_on: Vec<u32>,
    /// The share that each source, by its place in the corpus, has of what is seen; as much as it has of the text without
    /// this. Unique tokens are shared out alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<f64>,
    /// What is lowered.
    #[serde(
        default,
        deserialize_with = "ObjectiveSpec::named",
        skip_serializing_if = "ObjectiveSpec::is_default"
    )]
    pub objective: ObjectiveSpec,
    /// The trainings to carry out.
    pub branches: Vec<Branch>,
}

/// One training, from the first step to its own decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Steps in all.
    pub end: u64,
    /// How many of them, at the end, the learning rate falls over.
    pub decay: u64,
}

impl Branch {
    /// Name of the file that its weights are in once it is done.
    pub fn model_file(self) -> String {
        format!("model-{}-{}.safetensors", self.end, self.decay)
    }
}

/// An optimiser, and the constants of AdamW (Loshchilov and Hutter 2019, algorithm 2), which moves at least what it
/// leaves to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay, multiplied by the learning rate; gains (vectors) have none.
    pub weight_decay: f64,
    /// Whether the embedding (and a head tied to it) decays too.
    pub decay_embedding: bool,
    /// The gradient's largest norm over all weights; above it, the gradient is scaled down.
    pub clip_norm: f64,
    /// How weights follow their gradients.
    #[serde(
        deserialize_with = "Optimizer::named",
        skip_serializing_if = "Optimizer::is_default"
    )]
    pub method: Optimizer,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            decay_embedding: false,
            clip_norm: 1.0,
            method: Optimizer::default(),
        }
    }
}

/// How many tokens of a training text of `available` tokens are read where some number of `unique` ones repeats: each
/// of them is predicted once an epoch, so that it is one more.
///
/// # Errors
/// When there are not as many.
pub fn tokens_read(unique: Option<Tokens>, available: usize) -> Result<usize, TrainError> {
    let Some(unique) = unique else {
        return Ok(available);
    };
    rule(unique.0 <= available as u64, "unique", unique.0, || {
        (
            format!("the training text has {available} tokens, and no more of them can be unique"),
            "lower it, leave it out to use all of them, or add text".into(),
        )
    })?;
    Ok(available.min(unique.0 as usize + 1))
}

impl TrainConfig {
    /// Tokens a step.
    pub fn batch_tokens(&self) -> Tokens {
        Tokens((self.batch_sequences * self.context) as u64)
    }

    /// Tokens that a text may be of: those of the model's vocabulary that the objective does not take for itself.
    pub fn text_vocabulary(&self) -> usize {
        let vocabulary = self.architecture.vocabulary();
        vocabulary.saturating_sub(self.objective.marks())
    }

    /// Training operations for a sequence, counted exactly.
    pub fn sequence_flops(&self) -> Flops {
        self.objective.training_flops(&self.architecture, self.context)
    }

    /// What the schedule needs to know of a branch.
    pub fn span(&self, branch: Branch) -> Span {
        Span {
            warmup: self.warmup_steps,
            decay: branch.decay,
            end: branch.end,
        }
    }

    /// Steps that a branch shares with the trunk.
    pub fn shared_steps(&self, branch: Branch) -> u64 {
        self.schedule.stable_until(&self.span(branch)).min(branch.end)
    }

    /// Whether its network chooses experts.
    pub fn has_experts(&self) -> bool {
        self.architecture.stack().has_experts()
    }

    /// Whether what is seen hangs on where documents begin and of which sources they are.
    pub fn is_by_documents(&self) -> bool {
        !self.shares.is_empty() || !self.decay_on.is_empty() || self.order.curriculum().is_some()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// For the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.architecture.validate()?;
        let longest = self.architecture.context();
        let optimizer = &self.optimizer;
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        let share = |value: f64| (0.0..1.0).contains(&value);
        rule(
            (1..=longest).contains(&self.context),
            "context",
            self.context,
            || {
                (
                    format!("must be from 1 to the architecture's context of {longest}"),
                    "shorten it, or raise that".into(),
                )
            },
        )?;
        // What an objective needs, the sequences of the training must have, which may be shorter than the network's.
        self.objective.validate(&Stack {
            context: self.context,
            ..self.architecture.stack()
        })?;
        rule(
            (1..=1 << 20).contains(&self.batch_sequences),
            "batch_sequences",
            self.batch_sequences,
            || {
                (
                    "must be from 1 to 1048576".into(),
                    "set the sequences that one step sees".into(),
                )
            },
        )?;
        let unique = self.unique.unwrap_or(Tokens(u64::MAX)).0;
        rule(unique >= self.context as u64, "unique", unique, || {
            (
                format!("must be at least the {} tokens of a sequence", self.context),
                "raise it, or leave it out to use all text".into(),
            )
        })?;
        let has_own_steps = |branch: &Branch| self.shared_steps(*branch) < branch.end;
        rule(
            self.decay_on.is_empty() || self.branches.iter().all(has_own_steps),
            "decay_on",
            format!("{:?}", self.decay_on),
            || {
                (
                    format!(
                        "must be empty with the schedule `{}`, whose learning rate does not fall",
                        self.schedule.name()
                    ),
                    "take another schedule, or leave it out".into(),
                )
            },
        )?;
        rule(
            self.order.curriculum().is_none() || (self.branches.len() == 1 && self.shares.is_empty()),
            "order",
            format!("{:?}", self.order),
            || {
                (
                    "sorts the sequences of one whole training, of the text as it is".into(),
                    "give it one branch and no `shares`, or take another order".into(),
                )
            },
        )?;
        rule(
            self.decay_on.is_empty() || (self.order.curriculum().is_none() && self.shares.is_empty()),
            "decay_on",
            format!("{:?}", self.decay_on),
            || {
                (
                    "is of text whose other steps see it as it is, without `shares` or a curriculum".into(),
                    "leave one of them out".into(),
                )
            },
        )?;
        let is_share = |share: &f64| (0.0..=1.0).contains(share);
        let sum: f64 = self.shares.iter().sum();
        rule(
            self.shares.is_empty() || (self.shares.iter().all(is_share) && (sum - 1.0).abs() < 1e-6),
            "shares",
            format!("{:?}", self.shares),
            || {
                (
                    "must be from 0 to 1, and 1 together".into(),
                    "divide each by their sum, or leave them out".into(),
                )
            },
        )?;
        rule(
            above_zero(self.peak_learning_rate),
            "peak_learning_rate",
            self.peak_learning_rate,
            || {
                (
                    "must be finite and above 0".into(),
                    "leave it out, or lower what multiplies it".into(),
                )
            },
        )?;
        for (field, value) in [("beta1", optimizer.beta1), ("beta2", optimizer.beta2)] {
            rule(share(value), field, value, || {
                (
                    "must be from 0 to below 1".into(),
                    "the usual are 0.9 and 0.95".into(),
                )
            })?;
        }
        for (field, value) in [("epsilon", optimizer.epsilon), ("clip_norm", optimizer.clip_norm)] {
            rule(above_zero(value), field, value, || {
                (
                    "must be finite and above 0".into(),
                    "the usual are 1e-8 and 1".into(),
                )
            })?;
        }
        let decay = optimizer.weight_decay;
        rule(decay >= 0.0 && decay.is_finite(), "weight_decay", decay, || {
            (
                "must be finite and not negative".into(),
                "the usual is 0.1; 0 turns it off".into(),
            )
        })?;
        optimizer.method.validate()?;
        rule(!self.branches.is_empty(), "branches", "[]", || {
            (
                "must not be empty".into(),
                "give at least one branch with its `end`".into(),
            )
        })?;
        for branch in &self.branches {
            let fits = branch
                .decay
                .checked_add(self.warmup_steps)
                .is_some_and(|needed| needed <= branch.end);
            rule(
                branch.end > 0 && branch.end < 1 << 40 && fits,
                "branches",
                format!("{branch:?}"),
                || {
                    let warmup = self.warmup_steps;
                    (
                        format!(
                            "`end` must be above 0, below 2^40, and hold {warmup} steps of warm-up and the decay"
                        ),
                        "train longer, or shorten warm-up or decay".into(),
                    )
                },
            )?;
        }
        Ok(())
    }
}

/// Refuses `field = value` unless the rule `holds`; the rule and the remedy are told then.
pub(crate) fn rule(
    holds: bool,
    field: &'static str,
    value: impl Display,
    explain: impl FnOnce() -> (String, String),
) -> Result<(), TrainError> {
    if holds {
        return Ok(());
    }
    let (rule, remedy) = explain();
    let message = format!("`{field} = {value}`: {rule}; {remedy}");
    Err(TrainError::new(Kind::Input, message))
}

#[cfg(test)]
pub(crate) mod tests {
    use triaxis_model::Decoder;

    use super::*;
    use crate::objectives::MultiToken;

    /// A configuration of a small model.
    pub(crate) fn config() -> TrainConfig {
        TrainConfig {
            architecture: ArchitectureSpec::Decoder(Decoder::new(13, 16, 2, 2, 16)),
            context: 8,
            batch_sequences: 4,
            dtype: Dtype::F32,
            schedule: Schedule::Wsd,
            warmup_steps: 3,
            peak_learning_rate: 0.01,
            optimizer: OptimizerConfig::default(),
            seed: 11,
            unique: None,
            order: EpochOrder::default(),
            decay_on: Vec::new(),
            shares: Vec::new(),
            objective: ObjectiveSpec::default(),
            branches: vec![Branch { end: 12, decay: 4 }],
        }
    }

    #[test]
    fn no_module_tells_what_is_in_no_sequence_of_the_training() {
        let of = |modules: usize| TrainConfig {
            objective: ObjectiveSpec::MultiToken(MultiToken { modules, weight: 0.3 }),
            ..config()
        };
        // The network takes 16 tokens, and sequences have 8.
        of(7).validate().unwrap();
        let error = of(8).validate().unwrap_err().to_string();
        assert!(
            error.contains("objective.modules = 8") && error.contains("at most 7"),
            "{error}"
        );
    }

    #[test]
    fn a_mixture_of_which_all_experts_are_chosen_is_one() {
        let of = |channel: &str| {
            let text = format!(
                r#"{{"pattern": "a", "vocabulary": 13, "width": 16, "layers": 1, "context": 16,
                    "blocks": {{"a": {{"mixer": {{"kind": "attention"}}, "channel": {channel}}}}}}}"#
            );
            let architecture = ArchitectureSpec::Stack(serde_json::from_str(&text).unwrap());
            TrainConfig {
                architecture,
                ..config()
            }
            .has_experts()
        };
        assert!(of(r#"{"kind": "experts", "experts": 2, "chosen": 2}"#));
        assert!(!of(r#"{"kind": "swiglu"}"#));
    }

    #[test]
    fn what_decides_the_order_of_the_text_is_checked() {
        config().validate().unwrap();
        let said = |config: TrainConfig| config.validate().unwrap_err().to_string();
        for shares in [vec![0.5, 0.4], vec![1.5, -0.5], vec![f64::NAN, 1.0]] {
            let error = said(TrainConfig { shares, ..config() });
            assert!(error.contains("from 0 to 1, and 1 together"), "{error}");
        }
        let sorted = TrainConfig {
            order: EpochOrder::ShortFirst,
            ..config()
        };
        sorted.validate().unwrap();
        for other in [
            TrainConfig {
                shares: vec![0.5; 2],
                ..sorted.clone()
            },
            TrainConfig {
                branches: vec![Branch { end: 12, decay: 4 }; 2],
                ..sorted
            },
        ] {
            assert!(said(other).contains("one whole training"));
        }
    }
}
