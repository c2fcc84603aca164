//! What a user writes: one TOML file that says which corpus, which models, which budgets, and what
//! to plan for.

use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_corpus::{CorpusSpec, SourceSpec, TokenizerSpec};
use triaxis_plan::Question;
use triaxis_units::{Bytes, Params};

use crate::arm::{ArmSpec, CompareSpec};
use crate::curation::CurationSpec;
use crate::design::DesignSpec;
use crate::error::StudyError;
use crate::extend::ExtraSpec;
use crate::mixtures::MixturesSpec;
use crate::probes::ProbesSpec;
use crate::training::TrainingSpec;
use crate::{curation, plan, reading, suggest, wording};

/// A study, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// Name of the study; its results go to `runs/NAME` unless another folder is asked for.
    pub name: String,
    /// Seed of the initial weights, of the order in which trials see the text, and of the bootstrap. Split and
    /// sample are drawn by the corpus' own seed, so that studies of several seeds share them.
    #[serde(default)]
    pub seed: u64,
    /// Seeds that each trial of the ladder is run with: `seed` and those after it. They are rows of the fits, and
    /// tell the noise of a trial.
    #[serde(default = "one")]
    pub seeds: u64,
    /// Whether a record that another instruction set computed may stand for a trial, though its digits are others;
    /// such trials are named.
    #[serde(default)]
    pub mixed: bool,
    /// Whether the weights of finished trials stay in the library, so that a validation text that comes later trains
    /// nothing.
    #[serde(default = "yes")]
    pub keep_models: bool,
    /// Where the text comes from.
    pub corpus: CorpusSpec,
    /// What the text goes through before it is a corpus, one after another.
    #[serde(
        default,
        deserialize_with = "curation::one_or_more",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub curation: Vec<CurationSpec>,
    /// Texts that every trial is evaluated on besides the corpus' own validation split; none trains on a document of
    /// theirs, or on a near copy of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<SourceSpec>,
    /// How the text becomes tokens.
    pub tokenizer: TokenizerSpec,
    /// What all models of the study share; each size of the design is laid over it.
    pub model: toml::Table,
    /// Which trials the ladder consists of.
    pub design: DesignSpec,
    /// Further ones, as `study extend` adds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<ExtraSpec>,
    /// How each trial is trained.
    #[serde(default)]
    pub training: TrainingSpec,
    /// A sweep over the shares of the corpus' sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixtures: Option<MixturesSpec>,
    /// A larger run that is predicted before it is trained.
    pub holdout: Option<HoldoutSpec>,
    /// How laws are fitted.
    #[serde(default)]
    pub laws: LawsSpec,
    /// Small made-up tasks that the models of the ladder are trained on, each by itself, to tell architectures apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<ProbesSpec>,
    /// What to plan for, as `triaxis plan` is asked; the study's own law judges.
    pub plan: Option<Question>,
    /// The choices to compare, each laid over all of this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmSpec>,
    /// How they are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<CompareSpec>,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// The run that the laws must predict before it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldoutSpec {
    /// Compute, as a multiple of the ladder's largest trial.
    pub compute_factor: f64,
    /// The model, laid over `[model]`.
    pub size: toml::Table,
}

/// Which parameters N counts in a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterConvention {
    /// Every trainable parameter, the embedding counted once when it is tied to the head.
    #[default]
    Total,
    /// All but the embedding.
    NonEmbedding,
}

impl ParameterConvention {
    /// N of a model of so many parameters, and so many without the embedding.
    pub(crate) fn of(self, total: Params, non_embedding: Params) -> Params {
        match self {
            Self::Total => total,
            Self::NonEmbedding => non_embedding,
        }
    }
}

/// How laws are fitted to the trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LawsSpec {
    /// Which parameters N counts.
    pub parameters: ParameterConvention,
    /// Bootstrap resamples behind each interval.
    pub resamples: usize,
    /// Coverage of each interval.
    pub level: f64,
}

impl Default for LawsSpec {
    fn default() -> Self {
        Self {
            parameters: ParameterConvention::Total,
            resamples: 1000,
            level: 0.9,
        }
    }
}

impl StudySpec {
    /// Reads a spec, lays `settings` (`KEY=VALUE`) over it and checks what can be checked without touching the corpus.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, has an unknown key (the nearest known one is
    /// suggested) or a value outside its rule.
    pub fn read(path: &Path, settings: &[String]) -> Result<(Self, String), StudyError> {
        let text = reading::text_of(path)?;
        let spec = match settings.is_empty() {
            true => Self::parse(&text),
            false => Self::parse_with(&text, settings),
        };
        let spec = spec.map_err(|error| error.at(path, &text))?;
        let set = settings.iter().map(|setting| format!("# --set {setting}\n"));
        Ok((spec, set.chain([text]).collect()))
    }

    /// Reads a spec from its text with settings laid over it.
    fn parse_with(text: &str, settings: &[String]) -> Result<Self, SpecError> {
        let spec = Self::of_table(&reading::with_settings(text, settings)?)?;
        spec.arms()?;
        Ok(spec)
    }

    /// Reads a spec without its arms from a table.
    pub(crate) fn of_table(table: &toml::Table) -> Result<Self, SpecError> {
        let spec: Self = reading::of_table(table).map_err(|error| of_earlier(table, error))?;
        spec.check()?;
        Ok(spec)
    }

    /// Reads a spec from its text.
    ///
    /// # Errors
    /// As [`StudySpec::read`].
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let earlier = |error| match toml::from_str(text) {
            Ok(table) => of_earlier(&table, error),
            Err(_) => error,
        };
        let spec: Self = reading::of_text(text).map_err(earlier)?;
        spec.check()?;
        spec.arms()?;
        Ok(spec)
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        rule(
            self.corpus.validation >= LEAST_TEXT,
            "corpus.validation",
            self.corpus.validation,
            "1KB or more: each loss is the mean over its tokens, and that of a few says nothing",
        )?;
        rule(
            self.corpus.sample.is_none_or(|sample| sample >= LEAST_TEXT),
            "corpus.sample",
            self.corpus.sample.unwrap_or_default(),
            "1KB or more of training text, or left out to take all: `B` is bytes, as in 1GB for 1e9 of them",
        )?;
        rule(
            plain_name(&self.name),
            "name",
            format!("{:?}", self.name),
            "letters, digits, `-`, `_` and `.`, not starting with `.`, since it names a folder",
        )?;
        rule(
            (1..=MOST_SEEDS).contains(&self.seeds) && self.seed.checked_add(self.seeds).is_some(),
            "seeds",
            self.seeds,
            "from 1 to 1000",
        )?;
        self.training.check(&self.corpus)?;
        let names: Vec<&str> = self.validation.iter().map(SourceSpec::name).collect();
        rule(
            distinct(&names),
            "validation.name",
            format!("{names:?}"),
            "a name of its own for each text",
        )?;
        if let Some(holdout) = &self.holdout {
            rule(
                holdout.compute_factor > 1.0 && holdout.compute_factor.is_finite(),
                "holdout.compute_factor",
                holdout.compute_factor,
                "above 1: the held-out run must be larger than the ladder",
            )?;
        }
        rule(
            self.laws.level > 0.0 && self.laws.level < 1.0,
            "laws.level",
            self.laws.level,
            "between 0 and 1, such as 0.9",
        )?;
        rule(
            (100..=100_000).contains(&self.laws.resamples),
            "laws.resamples",
            self.laws.resamples,
            "from 100 to 100000",
        )?;
        if let Some(at) = self.compare.as_ref().and_then(|compare| compare.at) {
            rule(positive(at.0), "compare.at", at, "above 0 and finite")?;
        }
        rule(
            self.compare.is_none() || !self.arms.is_empty(),
            "compare",
            "given without arms",
            "of two or more `[[arms]]`",
        )?;
        self.tokenizer
            .check()
            .map_err(|error| SpecError::of("tokenizer", &error.to_string()))?;
        if let Some(plan) = &self.plan {
            plan::check(plan).map_err(|error| SpecError::of("plan", &error))?;
        }
        if let Some(probes) = &self.probes {
            probes.check().map_err(|error| SpecError::of("probes", &error))?;
        }
        if let Some(mixtures) = &self.mixtures {
            mixtures.check(self)?;
        }
        ExtraSpec::check(&self.extra)?;
        CurationSpec::check(&self.curation)?;
        self.design.check()
    }
}

/// Least text of a split: some hundreds of tokens, whose mean is off by a twentieth of what single ones differ by.
pub(crate) const LEAST_TEXT: Bytes = Bytes(1000);

/// Most seeds of a trial.
const MOST_SEEDS: u64 = 1000;

/// Whether a name can be that of a folder everywhere.
pub(crate) fn plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(plain) && !name.starts_with('.')
}

/// Whether no two of the values are equal.
pub(crate) fn distinct<T: PartialEq>(values: &[T]) -> bool {
    (1..values.len()).all(|index| !values[..index].contains(&values[index]))
}

/// The error with what to do about a plan that is asked in the words of an earlier version, if it is.
fn of_earlier(table: &toml::Table, error: SpecError) -> SpecError {
    let is_earlier = table.get("plan").is_some_and(|plan| plan.get("aim").is_none());
    let hint = is_earlier.then(|| {
        "a plan is asked as `triaxis plan` is, with an `aim`: `triaxis study new --ask settings` shows one".to_owned()
    });
    SpecError {
        hint: hint.or(error.hint),
        ..error
    }
}

pub(crate) fn positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

pub(crate) fn rule(
    holds: bool,
    key: &str,
    value: impl ToString,
    rule: &'static str,
) -> Result<(), SpecError> {
    if holds {
        return Ok(());
    }
    Err(SpecError {
        message: format!("`{key}` is {}: it must be {rule}", value.to_string()),
        span: None,
        hint: None,
    })
}

/// What is wrong with a spec, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// Names the value and the rule.
    pub message: String,
    /// The bytes of the text it is about.
    pub span: Option<std::ops::Range<usize>>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl SpecError {
    /// What is wrong with a section.
    pub(crate) fn of(section: &str, error: &str) -> Self {
        Self {
            message: format!("`{section}`: {error}"),
            span: None,
            hint: None,
        }
    }

    pub(crate) fn from_toml(error: &toml::de::Error, text: &str) -> Self {
        let key = error.span().and_then(|span| {
            let before = text.get(..span.start)?;
            wording::key_before(before).or_else(|| wording::table_at(text, span.start))
        });
        Self {
            message: wording::plain(error.message(), key),
            span: error.span(),
            hint: suggest::from_unknown_field(error.message()),
        }
    }

    pub(crate) fn at(self, path: &Path, text: &str) -> StudyError {
        let line = self
            .span
            .as_ref()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let place = match line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        StudyError::Spec {
            place,
            message: self.message,
            hint: self.hint,
        }
    }
}

impl std::fmt::Display for SpecError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for SpecError {}
