//! From a spec to the trials it means, fully resolved, each with its identity.
//!
//! Trials that differ only in how long they are trained, by up to ten times, share one trunk at the stable
//! learning rate; each is a short decay branch off it (Hägele et al. 2024). Such a bundle is a [`Group`], the
//! unit an executor runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Corpus;
use triaxis_model::ArchitectureSpec;
pub use triaxis_records::Role;
use triaxis_train::{Branch, TrainConfig, rules};
use triaxis_units::{Bytes, Flops, Params, Tokens};

use crate::arm::Arm;
use crate::design::Point;
use crate::error::StudyError;
use crate::identity;
use crate::mixtures::{self, Available};
use crate::spec::StudySpec;
use crate::training;

/// Where in its design a trial stands: the same in every arm that asks for the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Index into the design's sizes.
    pub size: usize,
    /// The design's own budget, or tokens where it has none.
    pub asked: f64,
}

/// One trial: a model, trained from scratch on a number of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Identity: hash of `config` and the group's inputs; that of another unit, where its record stands for this one.
    pub id: String,
    /// What it is for.
    pub role: Role,
    /// The exact budget of the design that asked for it.
    pub budget: Option<Flops>,
    /// Where in the ladder it stands.
    pub place: Option<Place>,
    /// Everything that determines its bits; one branch.
    pub config: TrainConfig,
    /// Trainable parameters.
    pub parameters: Params,
    /// Trainable parameters without the embedding.
    pub non_embedding: Params,
    /// Tokens it sees, in whole steps.
    pub tokens: Tokens,
    /// Training operations, counted exactly.
    pub flops: Flops,
    /// Estimated peak memory of the process that runs it.
    pub memory: Bytes,
}

impl Trial {
    /// The architecture with its settings.
    pub fn architecture(&self) -> &ArchitectureSpec {
        &self.config.architecture
    }

    /// Unique tokens that it sees, of the `available` ones of its corpus.
    pub fn unique(&self, available: Tokens) -> Tokens {
        self.config.unique.unwrap_or(available)
    }

    /// Parameters that a token passes.
    pub fn active(&self) -> Params {
        self.architecture().parameters().active
    }

    /// Optimiser steps.
    pub fn steps(&self) -> u64 {
        self.config.branches.iter().map(|branch| branch.end).sum()
    }
}

/// Trials that share one trunk, shortest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Identity of the trunk and its branches.
    pub id: String,
    /// The arm that asks for it.
    pub arm: String,
    /// Identity of its corpus in the library.
    pub corpus: String,
    /// What it is run with.
    pub inputs: Inputs,
    /// What its trials are for.
    pub role: Role,
    /// The trunk, with one branch a trial.
    pub config: TrainConfig,
    /// The trials, in the order of the branches.
    pub trials: Vec<Trial>,
}

/// What a trial's identity is made of besides its own configuration: with equal inputs, bits are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Identity of the corpus: its text, split and tokenizer.
    pub corpus: String,
    /// Hash of the tokenizer alone.
    pub tokenizer: String,
    /// Versions of the parts of the program that its bits hang on; see [`TrainConfig::numerics`].
    #[serde(default)]
    pub numerics: BTreeMap<String, u32>,
    /// What multiplies, as resolved where it runs; see [`triaxis_train::Dtype::unit`].
    #[serde(default)]
    pub unit: String,
    /// Hash of where the training text's documents begin and of which sources they are, where what is seen hangs on it; see
    /// [`TrainConfig::is_by_documents`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<String>,
    /// Validation text that the tokenizer loses, if any; bits per byte count what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Bytes>,
}

impl Inputs {
    /// These where `unit` multiplies in a training of `config`.
    pub fn on(&self, unit: String, config: &TrainConfig) -> Self {
        Self {
            numerics: config.numerics(&unit),
            unit,
            documents: self.documents.clone().filter(|_| config.is_by_documents()),
            ..self.clone()
        }
    }

    /// Identity of a training of `config`.
    pub fn identity(&self, config: &TrainConfig) -> String {
        identity::of(&(config, self))
    }
}

/// What an arm's groups are run with, once its corpus is there.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Identity of the corpus in the library.
    pub corpus: String,
    /// Entries of the tokenizer.
    pub vocabulary: usize,
    /// What identities are made of besides configurations, what is the same for all groups.
    pub inputs: Inputs,
    /// Tokens of the training text; none before the corpus is there.
    pub text: Tokens,
    /// What there is of each source, for a sweep over their shares; none before the corpus is there.
    pub sources: Vec<Available>,
}

impl Prepared {
    /// What a study of `spec` knows once the corpus of that identity in the library is there.
    ///
    /// # Errors
    /// When its text has too many sequences to be shared out.
    pub(crate) fn of(id: String, corpus: &Corpus, spec: &StudySpec) -> Result<Self, StudyError> {
        let tokenizer = &corpus.manifest().tokenizer;
        let sources = match &spec.mixtures {
            None => Vec::new(),
            Some(_) => mixtures::available(corpus, spec.training.context)?,
        };
        Ok(Self {
            corpus: id,
            text: Tokens(corpus.train().len() as u64),
            sources,
            vocabulary: corpus.vocabulary(),
            inputs: Inputs {
                corpus: corpus.identity().to_owned(),
                tokenizer: tokenizer.hash.clone(),
                lost: tokenizer.lost.as_ref().map(|lost| lost.bytes),
                documents: Some(corpus.manifest().train.index.hash.clone()),
                ..Inputs::default()
            },
        })
    }
}

/// The groups of an arm's ladder and, if asked for, that of its held-out run.
///
/// # Errors
/// When a size is not a model, or a trial is shorter than its warm-up and decay.
pub fn resolve(arm: &Arm, prepared: &Prepared) -> Result<Vec<Group>, StudyError> {
    let mut groups = Vec::new();
    for seed in (0..arm.spec.seeds).map(|after| arm.spec.seed + after) {
        ladder(arm, prepared, seed, &mut groups)?;
    }
    // Runs that are added later leave the held-out run as it was.
    let trials = groups.iter().flat_map(|group| &group.trials);
    let largest = trials.map(|trial| trial.flops.0).fold(0.0, f64::max);
    for seed in (0..arm.spec.seeds).map(|after| arm.spec.seed + after) {
        added(arm, prepared, seed, &mut groups)?;
    }
    sweep(arm, prepared, &mut groups)?;
    if let Some(holdout) = &arm.spec.holdout {
        let spec = &arm.spec;
        let model = training::architecture(spec, &holdout.size, prepared.vocabulary, "holdout.size")?;
        let compute = largest * holdout.compute_factor;
        let tokens = Tokens((compute / training::flops_per_token(spec, &model)).ceil() as u64);
        let trunk = training::trunk(spec, &model, &[tokens], tokens, 1.0, spec.seed)?;
        groups.push(group(arm, prepared, trunk, Role::HeldOut, &[None]));
    }
    Ok(groups)
}

/// The ladder of one seed.
fn ladder(arm: &Arm, prepared: &Prepared, seed: u64, groups: &mut Vec<Group>) -> Result<(), StudyError> {
    let spec = &arm.spec;
    let sizes = spec.design.sizes();
    let models = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| {
            let key = format!("design.sizes[{index}]");
            training::architecture(spec, size, prepared.vocabulary, &key)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let flops_per_token: Vec<f64> = models
        .iter()
        .map(|model| training::flops_per_token(spec, model))
        .collect();
    let points = spec.design.points(&flops_per_token);
    for (size, model) in models.iter().enumerate() {
        let mut own: Vec<_> = points.iter().filter(|point| point.size == size).collect();
        own.sort_by_key(|point| point.tokens);
        let longest = own.last().map_or(Tokens(0), |point| point.tokens);
        let reference = |point: &Point| rules::reference(point.tokens, longest);
        for &factor in &spec.training.learning_rate_factors {
            // What is sorted is the text of one whole training.
            let shares_steps = spec.training.order.curriculum().is_none();
            for together in own.chunk_by(|a, b| shares_steps && reference(a) == reference(b)) {
                let wanted: Vec<_> = together.iter().map(|point| point.tokens).collect();
                let trunk = training::trunk(spec, model, &wanted, reference(together[0]), factor, seed)?;
                let points: Vec<_> = together.iter().map(|&point| Some(*point)).collect();
                groups.push(group(arm, prepared, trunk, Role::Ladder, &points));
            }
        }
    }
    Ok(())
}

/// The runs of the sweep over mixtures, each a trunk of its own, of the study's first seed.
fn sweep(arm: &Arm, prepared: &Prepared, groups: &mut Vec<Group>) -> Result<(), StudyError> {
    let spec = &arm.spec;
    let Some(mixtures) = &spec.mixtures else {
        return Ok(());
    };
    let model = training::architecture(spec, &mixtures.size, prepared.vocabulary, "mixtures.size")?;
    let tokens = mixtures.tokens;
    let trunk = training::trunk(spec, &model, &[tokens], tokens, 1.0, spec.seed)?;
    // Before the corpus is there nobody knows the shares, which change nothing of what a run takes.
    let drawn = match prepared.sources.len() {
        0 => vec![Vec::new(); mixtures.runs as usize + 1],
        _ => mixtures.drawn(&prepared.sources, spec.seed)?,
    };
    for shares in drawn {
        let trunk = TrainConfig {
            shares,
            ..trunk.clone()
        };
        groups.push(group(arm, prepared, trunk, Role::Mixture, &[None]));
    }
    Ok(())
}

/// The runs of one seed beside the design, each a trunk of its own: what is added changes no run that is there.
fn added(arm: &Arm, prepared: &Prepared, seed: u64, groups: &mut Vec<Group>) -> Result<(), StudyError> {
    let spec = &arm.spec;
    for (index, extra) in spec.extra.iter().enumerate() {
        let key = format!("extra[{index}].size");
        let model = training::architecture(spec, &extra.size, prepared.vocabulary, &key)?;
        let point = Point {
            size: spec.design.sizes().len() + index,
            budget: None,
            tokens: extra.tokens,
        };
        for &factor in &spec.training.learning_rate_factors {
            let trunk = training::trunk(spec, &model, &[point.tokens], point.tokens, factor, seed)?;
            groups.push(group(arm, prepared, trunk, Role::Ladder, &[Some(point)]));
        }
    }
    Ok(())
}

fn group(arm: &Arm, prepared: &Prepared, trunk: TrainConfig, role: Role, points: &[Option<Point>]) -> Group {
    let inputs = prepared.inputs.on(trunk.dtype.unit(), &trunk);
    let trials = trunk
        .branches
        .iter()
        .zip(points)
        .map(|(&branch, point)| trial(&trunk, branch, role, *point, (&inputs, prepared.text)))
        .collect();
    Group {
        id: inputs.identity(&trunk),
        arm: arm.name.clone(),
        corpus: prepared.corpus.clone(),
        inputs,
        role,
        config: trunk,
        trials,
    }
}

/// A branch of a trunk knows of the other branches only what the trunk takes from the longest, so neither does
/// its identity: a ladder can be extended below that without running again what is there.
fn trial(
    trunk: &TrainConfig,
    branch: Branch,
    role: Role,
    point: Option<Point>,
    (inputs, text): (&Inputs, Tokens),
) -> Trial {
    let config = TrainConfig {
        branches: vec![branch],
        ..trunk.clone()
    };
    let estimate = triaxis_train::estimate(&config);
    Trial {
        id: inputs.identity(&config),
        role,
        budget: point.and_then(|point| point.budget),
        place: point.map(|point| Place {
            size: point.size,
            asked: point.budget.map_or(point.tokens.as_f64(), |budget| budget.0),
        }),
        parameters: estimate.parameters,
        non_embedding: estimate.non_embedding,
        tokens: estimate.tokens,
        flops: estimate.flops,
        memory: estimate.memory + triaxis_train::order_memory(&config, text),
        config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::DesignSpec;
    use crate::spec::StudySpec;

    /// The ladder of the quickstart with these budgets and sizes, a line of its spec replaced.
    fn ladder(budgets: &str, sizes: &[[usize; 2]], line: &str, by: &str) -> Vec<Group> {
        let text = include_str!("../../../examples/quickstart.toml");
        assert!(text.contains(line));
        let text = text
            .replace(r#"["3e11", "6e11", "1.2e12"]"#, budgets)
            .replace(line, by);
        let mut spec = StudySpec::parse(&text).unwrap();
        let size = |[width, heads]: &[usize; 2]| {
            [("width", *width), ("heads", *heads)]
                .map(|(key, value)| (key.to_owned(), toml::Value::Integer(value as i64)))
                .into_iter()
                .collect()
        };
        let DesignSpec::Isoflop(design) = &mut spec.design else {
            unreachable!("the quickstart's design");
        };
        design.sizes = sizes.iter().map(size).collect();
        let arm = spec.arms().unwrap().remove(0);
        let prepared = Prepared {
            vocabulary: 512,
            ..Prepared::default()
        };
        let mut groups = resolve(&arm, &prepared).unwrap();
        groups.retain(|group| group.role == Role::Ladder);
        groups
    }

    fn ids(budgets: &str, sizes: &[[usize; 2]]) -> Vec<String> {
        let groups = ladder(budgets, sizes, "batch = 384\n", "");
        let trials = groups.iter().flat_map(|group| &group.trials);
        trials.map(|trial| trial.id.clone()).collect()
    }

    #[test]
    fn a_ladder_grows_without_running_again_what_is_there() {
        for (before, after) in [
            (r#"["4e11", "1.6e12"]"#, r#"["4e11", "8e11", "1.6e12"]"#),
            (r#"["1e9", "1.6e12"]"#, r#"["1e9", "3e10", "1.6e12"]"#),
        ] {
            let before = ids(before, &[[24, 2], [32, 2]]);
            let after = ids(after, &[[24, 2], [32, 2], [40, 4]]);
            assert_eq!((before.len(), after.len()), (4, 9));
            assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_ladder_of_any_span_has_a_trunk_a_decade_and_a_warm_up_that_fits() {
        for (line, by) in [
            ("context = 128", "context = 128"),
            ("batch = 384\n", ""),
            ("context = 128", "context = 128\nschedule = \"constant\""),
            ("context = 128", "context = 128\nschedule = \"cosine\""),
            ("context = 128", "context = 128\ndecay = 1.0"),
        ] {
            let budgets = r#"["1e9", "1e10", "5e10", "1e11", "1e13"]"#;
            let groups = ladder(budgets, &[[24, 2], [64, 4]], line, by);
            let trials = |group: &Group| group.trials.len();
            assert_eq!(
                groups.iter().map(trials).collect::<Vec<_>>(),
                [1, 2, 1, 1, 1, 2, 1, 1],
                "{by}"
            );
            for trial in groups.iter().flat_map(|group| &group.trials) {
                let (warmup, steps) = (trial.config.warmup_steps, trial.steps());
                assert!(
                    warmup == 1 || 5 * warmup <= steps + 1,
                    "{warmup} of {steps} steps: {by}"
                );
                trial.config.validate().unwrap();
            }
        }
    }
}
