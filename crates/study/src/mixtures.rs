//! A sweep of small runs over mixtures of the corpus' sources: an arm a mixture, and what they say of the best one
//! (Liu et al. 2024, RegMix).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use triaxis_corpus::{Corpus, SourceSpec};
use triaxis_laws::mixture::{Dirichlet, MixtureOptions, MixtureSweep, Mixtures, mixture_sweep};
use triaxis_laws::numeric::Stream;
use triaxis_units::{Finding, Tokens};

use crate::answer::rows;
use crate::arm::{Arm, ArmSpec};
use crate::spec::{SpecError, StudySpec, rule};
use crate::survey::Survey;

/// Bootstrap samples of a law of mixtures at most: each scores all mixtures that are drawn.
const MOST_REPLICATES: usize = 200;
/// Most arms.
const MOST_RUNS: usize = 1000;

/// Which mixtures are run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixturesSpec {
    /// Mixtures, each an arm.
    pub runs: usize,
    /// How near they lie to the weights of the sources: at the number of sources, all over where weights are even.
    #[serde(default = "four")]
    pub concentration: f64,
    /// Draws them.
    #[serde(default)]
    pub seed: u64,
    /// Tokens of the run that the best mixture is for; it caps shares by what there is of each source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// How often that run may see a source.
    #[serde(default = "four")]
    pub most_epochs: f64,
}

fn four() -> f64 {
    4.0
}

impl MixturesSpec {
    pub(crate) fn check(&self, spec: &StudySpec) -> Result<(), SpecError> {
        let sources = spec.corpus.sources.len();
        rule(
            (4..=MOST_RUNS).contains(&self.runs),
            "mixtures.runs",
            self.runs,
            "from 4 to 1000, and more than twice the sources to tell a law of them",
        )?;
        rule(
            sources > 1 && spec.corpus.sample.is_some(),
            "mixtures",
            format!("of {sources} sources"),
            "of two or more, with a `corpus.sample` that their weights share out",
        )?;
        rule(
            spec.arms.is_empty() && spec.compare.is_none(),
            "mixtures",
            "given beside arms",
            "alone, as each mixture is an arm: leave `[[arms]]` and `[compare]` out",
        )?;
        rule(
            !spec.validation.is_empty(),
            "mixtures",
            "given without a validation text",
            "beside a `[[validation]]`: each mixture has a validation split of its own",
        )?;
        for (key, value) in [
            ("mixtures.concentration", self.concentration),
            ("mixtures.most_epochs", self.most_epochs),
        ] {
            rule(value > 0.0 && value.is_finite(), key, value, "above 0 and finite")?;
        }
        Ok(())
    }

    /// The arms, one a mixture.
    pub(crate) fn arms(&self, spec: &StudySpec) -> Result<Vec<ArmSpec>, SpecError> {
        let failed = |error: &dyn std::fmt::Display| SpecError::of("mixtures", &error.to_string());
        let from = Dirichlet::new(&mean(spec), self.concentration).map_err(|error| failed(&error))?;
        let arm = |number: usize| {
            let shares = from.draw(&mut Stream::new(self.seed, "mixtures of a sweep", number as u64));
            let mut sources = Vec::new();
            for (source, share) in spec.corpus.sources.iter().zip(shares) {
                let mut source = Table::try_from(source).map_err(|error| failed(&error))?;
                // A share that rounds to none is none of a mixture.
                source.insert("weight".to_owned(), Value::Float(share.max(LEAST)));
                sources.push(Value::Table(source));
            }
            Ok(ArmSpec {
                name: format!("mixture-{:03}", number + 1),
                corpus: [("sources".to_owned(), Value::Array(sources))]
                    .into_iter()
                    .collect(),
                ..ArmSpec::default()
            })
        };
        (0..self.runs).map(arm).collect()
    }
}

/// The least share of a source in a mixture.
const LEAST: f64 = 1e-4;

/// The shares of a corpus' sources.
fn mean(spec: &StudySpec) -> Vec<f64> {
    let weights: Vec<f64> = spec
        .corpus
        .sources
        .iter()
        .map(|source| source.weight().unwrap_or(1.0))
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// What the runs of a sweep say; `None` of a study that is none. Corpora are in the order of the arms.
pub(crate) fn answer(
    spec: &StudySpec,
    arms: &[Arm],
    survey: &Survey,
    corpora: &[Arc<Corpus>],
) -> Option<Finding<MixtureSweep>> {
    let asked = spec.mixtures.as_ref()?;
    let of_arms: Vec<_> = arms
        .iter()
        .map(|arm| (mean(&arm.spec), rows(arm, survey)))
        .collect();
    // Every arm has the same places: means over all of them compare.
    let all = of_arms
        .iter()
        .map(|(_, rows)| rows.len())
        .max()
        .unwrap_or(0)
        .max(1);
    let whole = of_arms.into_iter().filter(|(_, rows)| rows.len() == all);
    let (shares, losses): (Vec<_>, Vec<_>) = whole
        .map(|(shares, rows)| (shares, rows.iter().map(|run| run.loss).sum::<f64>() / all as f64))
        .unzip();
    let domains: Vec<String> = spec
        .corpus
        .sources
        .iter()
        .map(|source| source.name().to_owned())
        .collect();
    let options = MixtureOptions {
        replicates: spec.laws.resamples.min(MOST_REPLICATES),
        level: spec.laws.level,
        seed: spec.seed,
    };
    let caps = caps(asked, spec, corpora);
    let found = Mixtures::new(&shares, &losses)
        .map_err(Into::into)
        .and_then(|runs| mixture_sweep(&domains, &runs, &mean(spec), &caps, &options));
    Some(Finding::of(found))
}

/// The largest share of each source in the run that the best mixture is for: all, where nobody says how long that is.
fn caps(asked: &MixturesSpec, spec: &StudySpec, corpora: &[Arc<Corpus>]) -> Vec<f64> {
    let available = |source: &SourceSpec| {
        let named = corpora
            .first()?
            .manifest()
            .sources
            .iter()
            .find(|of| of.name == source.name())?;
        // Tokens of all of its text, at the bytes a token that its part in the corpus has.
        let tokens_a_byte = named.train.tokens.as_f64() / named.train.bytes.as_f64().max(1.0);
        let unique = named.found.bytes.as_f64() - named.duplicates.bytes.as_f64();
        Some(unique * tokens_a_byte)
    };
    let cap = |source: &SourceSpec| match (asked.tokens, available(source)) {
        (Some(tokens), Some(available)) => (asked.most_epochs * available / tokens.as_f64()).min(1.0),
        _ => 1.0,
    };
    spec.corpus.sources.iter().map(cap).collect()
}
