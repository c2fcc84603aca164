//! From a spec to the trials it means, fully resolved, each with its identity.
//!
//! Trials that differ only in how long they are trained, by up to ten times, share one trunk at the stable
//! learning rate; each is a short decay branch off it (Hägele et al. 2024). Such a bundle is a [`Group`], the
//! unit an executor runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_model::ArchitectureSpec;
use triaxis_train::{Branch, TrainConfig, rules};
use triaxis_units::{Bytes, Flops, Params, Tokens};

use crate::design::Point;
use crate::error::StudyError;
use crate::identity;
use crate::spec::StudySpec;
use crate::training;

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The laws are fitted to it.
    Ladder,
    /// It is predicted before it is run, and never fitted to.
    HeldOut,
}

impl Role {
    /// The role's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ladder => "ladder",
            Self::HeldOut => "held out",
        }
    }
}

/// One trial: a model, trained from scratch on a number of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Identity: hash of `config`, corpus, tokenizer and code.
    pub id: String,
    /// What it is for.
    pub role: Role,
    /// The exact budget of the design that asked for it.
    pub budget: Option<Flops>,
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
    /// What its trials are for.
    pub role: Role,
    /// The trunk, with one branch a trial.
    pub config: TrainConfig,
    /// The trials, in the order of the branches.
    pub trials: Vec<Trial>,
}

impl Group {
    /// Operations of the whole group: the trunk once, and each branch.
    pub fn flops(&self) -> Flops {
        triaxis_train::estimate(&self.config).flops
    }

    /// Steps of the whole group: the trunk once, and each branch.
    pub fn steps(&self) -> u64 {
        triaxis_train::estimate(&self.config).steps
    }
}

/// What a trial's identity is made of besides its own configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Identity of the corpus: its text, split and tokenizer.
    pub corpus: String,
    /// Hash of the tokenizer alone.
    pub tokenizer: String,
    /// Hash of the code that determines a trial's bits.
    pub code: String,
    /// Validation text that the tokenizer loses, if any; bits per byte count what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Bytes>,
    /// Hashes of the validation texts, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
}

/// The groups of the ladder and, if asked for, that of the held-out run.
///
/// # Errors
/// When a size is not a model, or a trial is shorter than its warm-up and decay.
pub fn resolve(spec: &StudySpec, vocabulary: usize, inputs: &Inputs) -> Result<Vec<Group>, StudyError> {
    let sizes = spec.design.sizes();
    let models = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| {
            training::architecture(spec, size, vocabulary, &format!("design.sizes[{index}]"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let flops_per_token: Vec<f64> = models
        .iter()
        .map(|model| training::flops_per_token(model, spec.training.context))
        .collect();
    let points = spec.design.points(&flops_per_token);

    let mut groups = Vec::new();
    for (size, model) in models.iter().enumerate() {
        let mut own: Vec<_> = points.iter().filter(|point| point.size == size).collect();
        own.sort_by_key(|point| point.tokens);
        let longest = own.last().map_or(Tokens(0), |point| point.tokens);
        let reference = |point: &Point| rules::reference(point.tokens, longest);
        for &factor in &spec.training.learning_rate_factors {
            for together in own.chunk_by(|a, b| reference(a) == reference(b)) {
                let wanted: Vec<_> = together
                    .iter()
                    .map(|point| (point.tokens, point.budget))
                    .collect();
                let trunk = training::trunk(spec, model, &wanted, reference(together[0]), factor)?;
                groups.push(group(trunk, &wanted, Role::Ladder, inputs));
            }
        }
    }
    if let Some(holdout) = &spec.holdout {
        let model = training::architecture(spec, &holdout.size, vocabulary, "holdout.size")?;
        let largest = groups
            .iter()
            .flat_map(|group| &group.trials)
            .map(|trial| trial.flops.0)
            .fold(0.0, f64::max);
        let compute = largest * holdout.compute_factor;
        let tokens =
            Tokens((compute / training::flops_per_token(&model, spec.training.context)).ceil() as u64);
        let wanted = [(tokens, None)];
        let trunk = training::trunk(spec, &model, &wanted, tokens, 1.0)?;
        groups.push(group(trunk, &wanted, Role::HeldOut, inputs));
    }
    Ok(groups)
}

fn group(trunk: TrainConfig, wanted: &[(Tokens, Option<Flops>)], role: Role, inputs: &Inputs) -> Group {
    let trials = trunk
        .branches
        .iter()
        .zip(wanted)
        .map(|(&branch, &(_, budget))| trial(&trunk, branch, role, budget, inputs))
        .collect();
    Group {
        id: identity::of(&(&trunk, inputs)),
        role,
        config: trunk,
        trials,
    }
}

/// A branch of a trunk knows of the other branches only what the trunk takes from the longest, so neither does
/// its identity: a ladder can be extended below that without running again what is there.
fn trial(trunk: &TrainConfig, branch: Branch, role: Role, budget: Option<Flops>, inputs: &Inputs) -> Trial {
    let config = TrainConfig {
        branches: vec![branch],
        ..trunk.clone()
    };
    let estimate = triaxis_train::estimate(&config);
    Trial {
        id: identity::of(&(&config, inputs)),
        role,
        budget,
        parameters: estimate.parameters,
        non_embedding: estimate.non_embedding,
        tokens: estimate.tokens,
        flops: estimate.flops,
        memory: estimate.memory,
        config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::DesignSpec;

    /// The ladder of the quickstart with these budgets and sizes, a line of its spec replaced.
    fn ladder(budgets: &str, sizes: &[[usize; 2]], line: &str, by: &str) -> Vec<Group> {
        let text = include_str!("../../../examples/quickstart.toml");
        assert!(text.contains(line));
        let text = text
            .replace(r#"["4e11", "8e11", "1.6e12"]"#, budgets)
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
        let mut groups = resolve(&spec, 512, &Inputs::default()).unwrap();
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
