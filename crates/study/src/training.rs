//! The spec's words on training, and from them the train room's configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Table;
use toml::map::Entry;
use triaxis_corpus::{CorpusSpec, SourceSpec};
use triaxis_model::ArchitectureSpec;
use triaxis_train::{
    Branch, Dtype, EpochOrder, ObjectiveSpec, Optimizer, OptimizerConfig, Schedule, TrainConfig, rules,
};
use triaxis_units::Tokens;

use crate::error::StudyError;
use crate::spec::{SpecError, StudySpec, distinct, positive, rule};

/// Training choices; whatever is left out follows the stated rules of the train room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// Tokens a sequence.
    pub context: usize,
    /// Tokens a step; by the batch rule of N and D if left out.
    pub batch: Option<Tokens>,
    /// Peak learning rate; by the learning-rate rule of N and D if left out.
    pub learning_rate: Option<f64>,
    /// A sweep: each trial is run once at every multiple of the learning rate, and the laws use the
    /// best of them.
    pub learning_rate_factors: Vec<f64>,
    /// What matrices are multiplied in; weights and optimiser are `f32` in all.
    pub dtype: Dtype,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Share of a trial's steps that its decay takes.
    pub decay: f64,
    /// How weights follow their gradients.
    #[serde(
        deserialize_with = "Optimizer::named",
        skip_serializing_if = "Optimizer::is_default"
    )]
    pub optimizer: Optimizer,
    /// Decoupled weight decay of the matrices.
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub clip_norm: f64,
    /// How often a trial may see its training text, all of the corpus or the unique tokens of it; more is an error
    /// that says how often it would be.
    pub epochs: f64,
    /// Tokens of the corpus that trials are trained on, the first of its stream; all of it if left out.
    pub unique_tokens: Option<Tokens>,
    /// The order of the text: from epoch to epoch, or of a curriculum.
    pub order: EpochOrder,
    /// Sources of the corpus whose text alone is seen as the learning rate falls, the best last; all text if left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decay_on: Vec<String>,
    /// How much of what is seen is of each source: parts, which are divided by their sum; sources that are not named are
    /// not seen. As much as there is of it in the corpus, if left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, f64>,
    /// What is lowered: its name, or a table of its `kind` with its settings.
    #[serde(
        deserialize_with = "ObjectiveSpec::named",
        skip_serializing_if = "ObjectiveSpec::is_default"
    )]
    pub objective: ObjectiveSpec,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            context: 256,
            batch: None,
            learning_rate: None,
            learning_rate_factors: vec![1.0],
            dtype: Dtype::F32,
            schedule: Schedule::Wsd,
            decay: 0.2,
            optimizer: Optimizer::default(),
            weight_decay: 0.1,
            clip_norm: 1.0,
            epochs: 1.0,
            unique_tokens: None,
            order: EpochOrder::default(),
            decay_on: Vec::new(),
            shares: BTreeMap::new(),
            objective: ObjectiveSpec::default(),
        }
    }
}

impl TrainingSpec {
    /// Refuses values outside their rules, and sources that `corpus` has not.
    pub(crate) fn check(&self, corpus: &CorpusSpec) -> Result<(), SpecError> {
        rule(
            self.context >= 2,
            "training.context",
            self.context,
            "at least 2 tokens",
        )?;
        rule(
            self.batch
                .is_none_or(|batch| batch.0 > 0 && batch.0.is_multiple_of(self.context as u64)),
            "training.batch",
            self.batch.unwrap_or_default(),
            "a multiple of `training.context`, as a step sees whole sequences",
        )?;
        rule(
            self.decay > 0.0 && self.decay <= 1.0,
            "training.decay",
            self.decay,
            "above 0 and at most 1: it is the share of a trial's steps",
        )?;
        rule(
            self.learning_rate.is_none_or(positive),
            "training.learning_rate",
            self.learning_rate.unwrap_or_default(),
            "above 0 and finite",
        )?;
        rule(
            !self.learning_rate_factors.is_empty()
                && self.learning_rate_factors.iter().copied().all(positive)
                && distinct(&self.learning_rate_factors),
            "training.learning_rate_factors",
            format!("{:?}", self.learning_rate_factors),
            "one or more different numbers above 0, such as [0.5, 1.0, 2.0]",
        )?;
        rule(
            positive(self.clip_norm),
            "training.clip_norm",
            self.clip_norm,
            "above 0 and finite",
        )?;
        rule(
            positive(self.epochs),
            "training.epochs",
            self.epochs,
            "above 0 and finite",
        )?;
        rule(
            self.unique_tokens
                .is_none_or(|unique| unique.0 >= self.context as u64),
            "training.unique_tokens",
            self.unique_tokens.unwrap_or_default(),
            "at least `training.context`, the tokens of a sequence",
        )?;
        let optimizer = self.optimizer.validate();
        optimizer.map_err(|error| SpecError::of("training.optimizer", &error.to_string()))?;
        rule(
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "training.weight_decay",
            self.weight_decay,
            "0 or more, and finite",
        )?;
        let sources: Vec<&str> = corpus.sources.iter().map(SourceSpec::name).collect();
        let late = self.decay_on.iter().map(|name| ("training.decay_on", name));
        let shared = self.shares.keys().map(|name| ("training.shares", name));
        for (key, name) in late.chain(shared) {
            if !sources.contains(&name.as_str()) {
                let told = format!(
                    "`{name}` is no source of the corpus: one of {}",
                    sources.join(", ")
                );
                return Err(SpecError::of(key, &told));
            }
        }
        let sum: f64 = self.shares.values().sum();
        let are_parts = self.shares.values().all(|part| *part >= 0.0) && positive(sum);
        rule(
            self.shares.is_empty() || are_parts,
            "training.shares",
            format!("{:?}", self.shares),
            "0 or more and finite, and not all 0",
        )?;
        rule(
            self.order.curriculum().is_none() || self.shares.is_empty(),
            "training.order",
            "a curriculum beside `training.shares`",
            "\"reshuffled\" or \"same\": a curriculum sorts the text as it is",
        )?;
        rule(
            self.decay_on.is_empty() || (self.order.curriculum().is_none() && self.shares.is_empty()),
            "training.decay_on",
            "given beside `training.shares` or a curriculum",
            "of text whose other steps see it as it is: leave one of them out",
        )?;
        Ok(())
    }
}

/// The architecture of one size: `size` laid over `[model]`, with context and vocabulary filled in, that of the tokenizer
/// and what the objective puts beside it.
///
/// # Errors
/// When the result is not an architecture, or not one that can be built.
pub(crate) fn architecture(
    spec: &StudySpec,
    size: &Table,
    vocabulary: usize,
    key: &str,
) -> Result<ArchitectureSpec, StudyError> {
    let failed = |message: String| StudyError::Model {
        key: key.to_owned(),
        message,
    };
    let mut merged = spec.model.clone();
    merged.extend(size.clone());
    let vocabulary = vocabulary + spec.training.objective.marks();
    for (name, value) in [("vocabulary", vocabulary), ("context", spec.training.context)] {
        match merged.entry(name) {
            Entry::Vacant(entry) => entry.insert(toml::Value::Integer(value as i64)),
            Entry::Occupied(_) => {
                let owner = if name == "vocabulary" {
                    "the tokenizer"
                } else {
                    "`[training]`"
                };
                return Err(failed(format!(
                    "`{name}` is set by {owner}: remove it from the model"
                )));
            }
        };
    }
    let architecture: ArchitectureSpec = merged.try_into().map_err(|error: toml::de::Error| {
        let hint = crate::suggest::from_unknown_field(error.message());
        let message = crate::wording::plain(error.message(), None);
        failed(hint.map_or(message.clone(), |hint| format!("{message}; {hint}")))
    })?;
    architecture
        .validate()
        .map_err(|error| failed(error.to_string()))?;
    Ok(architecture)
}

/// The places in the corpus of the sources that are seen last.
fn late_sources(spec: &StudySpec) -> Vec<u32> {
    let sources = (0..).zip(&spec.corpus.sources);
    let last = sources.filter(|(_, source)| spec.training.decay_on.iter().any(|name| name == source.name()));
    last.map(|(place, _)| place).collect()
}

/// The share of each source in what is seen, in the order of the corpus; none where it is that of the text.
pub(crate) fn shares(spec: &StudySpec) -> Vec<f64> {
    let parts = &spec.training.shares;
    if parts.is_empty() {
        return Vec::new();
    }
    let sum: f64 = parts.values().sum();
    let part = |source: &SourceSpec| parts.get(source.name()).copied().unwrap_or(0.0) / sum;
    spec.corpus.sources.iter().map(part).collect()
}

/// Steps that no training has.
const MOST_STEPS: u64 = 1 << 40;

/// Training operations a token, exactly counted.
pub(crate) fn flops_per_token(spec: &StudySpec, model: &ArchitectureSpec) -> f64 {
    let TrainingSpec {
        objective, context, ..
    } = &spec.training;
    objective.training_flops(model, *context).0 / *context as f64
}

/// The shared trunk of trials of one model, with a decay branch for each of `wanted`, in its order.
///
/// Learning rate, batch and warm-up follow the rules of N and of `reference` as D, since the trials share
/// their trunk.
///
/// # Errors
/// When a trial has not even the tokens of one step of warm-up and one of decay, or the spec's numbers
/// together are no training.
pub(crate) fn trunk(
    spec: &StudySpec,
    model: &ArchitectureSpec,
    wanted: &[Tokens],
    reference: Tokens,
    learning_rate_factor: f64,
    seed: u64,
) -> Result<TrainConfig, StudyError> {
    let training = &spec.training;
    let parameters = model.parameters();
    let batch = training
        .batch
        .unwrap_or_else(|| rules::batch(parameters.total, reference));
    let batch_sequences = (batch.as_f64() / training.context as f64).round().max(1.0) as usize;
    let batch_tokens = Tokens((batch_sequences * training.context) as u64);
    let learning_rate = training
        .learning_rate
        .unwrap_or_else(|| rules::learning_rate(parameters.non_embedding, reference))
        * learning_rate_factor;
    let steps = |tokens: Tokens| (tokens / batch_tokens).round() as u64;
    let warmup = rules::warmup_steps(steps(reference));
    let mut branches = Vec::new();
    for tokens in wanted {
        let end = steps(*tokens);
        if end >= MOST_STEPS {
            return Err(StudyError::TooLong {
                trial: format!("the trial of {} parameters", parameters.total),
                tokens: *tokens,
                batch: batch_tokens,
            });
        }
        if end <= warmup {
            return Err(StudyError::TooShort {
                trial: format!("the trial of {} parameters", parameters.total),
                tokens: *tokens,
                needed: batch_tokens * (warmup + 1),
                batch: batch_tokens,
            });
        }
        let decay = (end as f64 * training.decay).round() as u64;
        branches.push(Branch {
            end,
            decay: decay.clamp(1, end - warmup),
        });
    }
    let config = TrainConfig {
        architecture: model.clone(),
        context: training.context,
        batch_sequences,
        dtype: training.dtype,
        schedule: training.schedule,
        warmup_steps: warmup,
        peak_learning_rate: learning_rate,
        optimizer: OptimizerConfig {
            weight_decay: training.weight_decay,
            clip_norm: training.clip_norm,
            method: training.optimizer.clone(),
            ..OptimizerConfig::default()
        },
        seed,
        unique: training.unique_tokens,
        order: training.order,
        decay_on: late_sources(spec),
        shares: shares(spec),
        objective: training.objective.clone(),
        branches,
    };
    let objective = config.objective.validate(&model.stack());
    objective.map_err(|error| StudyError::Model {
        key: "training.objective".to_owned(),
        message: error.to_string(),
    })?;
    config.validate()?;
    Ok(config)
}
