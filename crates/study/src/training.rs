//! From the spec's words on training to the train room's configuration.

use toml::Table;
use toml::map::Entry;
use triaxis_model::ArchitectureSpec;
use triaxis_train::{Branch, OptimizerConfig, TrainConfig, rules};
use triaxis_units::Tokens;

use crate::error::StudyError;
use crate::spec::StudySpec;

/// The architecture of one size: `size` laid over `[model]`, with vocabulary and context filled in.
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

/// Steps that no training has.
const MOST_STEPS: u64 = 1 << 40;

/// Training operations a token, exactly counted.
pub(crate) fn flops_per_token(model: &ArchitectureSpec, context: usize) -> f64 {
    model.forward_flops(context).training().0 / context as f64
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
            ..OptimizerConfig::default()
        },
        seed,
        unique: training.unique_tokens,
        order: training.order,
        decay_on: late_sources(spec),
        branches,
    };
    config.validate()?;
    Ok(config)
}
