//! A sweep over mixtures: one small model trained on many shares of the corpus' sources, and the best of them by laws of
//! shares (Liu et al. 2024, RegMix; Ye et al. 2024).

use serde::{Deserialize, Serialize};
use toml::Table;
use triaxis_corpus::{Corpus, SourceFacts, SourceSpec};
use triaxis_laws::mixture::{Prior, SearchOptions, Sweep, SweepRun};
use triaxis_laws::numeric::Stream;
use triaxis_records::Role;
use triaxis_train::{SourceText, TrainError, TrainingText, shares_seen, source_texts};
use triaxis_units::{Estimate, Finding, Tokens};

use crate::answer::{Answer, common};
use crate::arm::Arm;
use crate::error::StudyError;
use crate::sealed;
use crate::spec::{SpecError, StudySpec, positive, rule};
use crate::store::Store;
use crate::survey::Survey;
use crate::training;
use crate::trial::Trial;

/// A sweep, as a spec asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixturesSpec {
    /// Mixtures that are drawn, beside that of the text as it is.
    pub runs: u64,
    /// Tokens that a model is trained on with each.
    pub tokens: Tokens,
    /// The model, laid over `[model]`.
    pub size: Table,
    /// How far draws are around equal shares: 1 is around the shares of the text there is, 0 around equal ones.
    #[serde(default = "half")]
    pub temperature: f64,
    /// How near to these draws are: from the first number, which gives nearly all to a few sources, to the second.
    #[serde(default = "strengths")]
    pub strengths: [f64; 2],
    /// How often a source may be seen; larger shares are not drawn.
    #[serde(default = "four")]
    pub max_epochs: f64,
    /// In a run of so many tokens, the one that the mixture is for; those of a model of the sweep if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_tokens: Option<Tokens>,
}

fn half() -> f64 {
    0.5
}

fn strengths() -> [f64; 2] {
    [0.1, 5.0]
}

fn four() -> f64 {
    4.0
}

/// Most mixtures of a sweep.
const MOST_RUNS: u64 = 10_000;

impl MixturesSpec {
    /// Refuses what is no sweep.
    pub(crate) fn check(&self, spec: &StudySpec) -> Result<(), SpecError> {
        rule(
            spec.corpus.sources.len() > 1,
            "mixtures",
            "given for one source",
            "of a corpus of two or more `[[corpus.sources]]`",
        )?;
        rule(
            (1..=MOST_RUNS).contains(&self.runs),
            "mixtures.runs",
            self.runs,
            "from 1 to 10000",
        )?;
        rule(
            (0.0..=1.0).contains(&self.temperature),
            "mixtures.temperature",
            self.temperature,
            "from 0 to 1",
        )?;
        let [low, high] = self.strengths;
        rule(
            positive(low) && positive(high) && low <= high,
            "mixtures.strengths",
            format!("{:?}", self.strengths),
            "two numbers above 0, the first no larger than the second",
        )?;
        rule(
            positive(self.max_epochs),
            "mixtures.max_epochs",
            self.max_epochs,
            "above 0 and finite",
        )?;
        rule(
            self.of_tokens.is_none_or(|of| of >= self.tokens),
            "mixtures.of_tokens",
            self.of_tokens.unwrap_or_default(),
            "at least `mixtures.tokens`, as models of the sweep would repeat more",
        )?;
        rule(
            spec.training.order.curriculum().is_none() && spec.training.shares.is_empty(),
            "mixtures",
            "given beside `training.shares` or a curriculum",
            "of the text in the order that it is drawn in: leave the others out",
        )?;
        rule(
            spec.training.decay_on.is_empty(),
            "mixtures",
            "given beside `training.decay_on`",
            "of one mixture from the first step to the last: leave one of them out",
        )?;
        rule(
            spec.training.unique_tokens.is_none(),
            "mixtures",
            "given beside `training.unique_tokens`",
            "of all text there is, as `max_epochs` counts it: leave one of them out",
        )
    }

    /// Tokens of the run that the mixture is for.
    fn of_tokens(&self) -> Tokens {
        self.of_tokens.unwrap_or(self.tokens)
    }

    /// The share of each source in the text, and the largest that it may have.
    fn bounds(&self, available: &[Available]) -> (Vec<f64>, Vec<f64>) {
        let all: Tokens = available.iter().map(|source| source.text).sum();
        let natural = available.iter().map(|source| source.text / all).collect();
        let cap = |source: &Available| (self.max_epochs * (source.seen / self.of_tokens())).min(1.0);
        (natural, available.iter().map(cap).collect())
    }

    /// How its mixtures are drawn.
    fn prior(&self, available: &[Available]) -> Result<Prior, StudyError> {
        let (natural, caps) = self.bounds(available);
        Prior::new(&natural, self.temperature, self.strengths, &caps)
            .map_err(|error| refused(&error.to_string()))
    }

    /// Its mixtures, that of the text as it is first.
    pub(crate) fn drawn(&self, available: &[Available], seed: u64) -> Result<Vec<Vec<f64>>, StudyError> {
        let prior = self.prior(available)?;
        let (natural, _) = self.bounds(available);
        let draw = |at: u64| {
            prior.draw(&mut Stream::new(seed, "sweep of mixtures", at)).ok_or_else(|| {
                refused(&format!(
                    "no mixture is drawn in which no source is seen more than `max_epochs = {}` times in {} tokens: raise it, \
                     or take fewer tokens",
                    self.max_epochs,
                    self.of_tokens()
                ))
            })
        };
        std::iter::once(Ok(natural))
            .chain((0..self.runs).map(draw))
            .collect()
    }
}

fn refused(message: &str) -> StudyError {
    StudyError::Spec {
        place: "`mixtures`".to_owned(),
        message: message.to_owned(),
        hint: None,
    }
}

/// What a corpus has of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// Tokens of its training text.
    pub text: Tokens,
    /// Tokens of the sequences that are mostly of it, which trainings with shares see.
    pub seen: Tokens,
}

/// What a corpus has of each source in sequences of `context` tokens.
///
/// # Errors
/// When it has more than 2^32 of them.
pub(crate) fn available(corpus: &Corpus, context: usize) -> Result<Vec<Available>, TrainError> {
    Ok(of_texts(corpus, context, &texts_of(corpus, context)?))
}

/// Training tokens of a corpus that trials of `spec` see without unique ones of their own: where it has shares, those of
/// the sequences that are mostly of a source that has one.
///
/// # Errors
/// As [`available`].
pub(crate) fn text_seen(spec: &StudySpec, corpus: &Corpus) -> Result<Tokens, TrainError> {
    let whole = Tokens(corpus.train().len() as u64);
    let seen = shared(spec, corpus)?;
    Ok(seen.map_or(whole, |seen| seen.iter().map(|(_, tokens)| *tokens).sum()))
}

/// Tokens that a trial of `spec` sees before any text is repeated, without unique ones of its own: where it has shares,
/// before a source is.
///
/// # Errors
/// When the corpus has more than 2^32 sequences.
pub fn first_epoch(spec: &StudySpec, corpus: &Corpus) -> Result<Tokens, TrainError> {
    let whole = Tokens(corpus.train().len() as u64);
    let until = |(share, tokens): &(f64, Tokens)| tokens.as_f64() / share;
    Ok(shared(spec, corpus)?.map_or(whole, |seen| {
        let first = seen.iter().map(until).fold(f64::INFINITY, f64::min);
        Tokens::from_f64_rounded(first).unwrap_or(whole)
    }))
}

/// The sources that have a share of a spec's own, with what is seen of them; nothing where it has no shares.
fn shared(spec: &StudySpec, corpus: &Corpus) -> Result<Option<Vec<(f64, Tokens)>>, TrainError> {
    let shares = training::shares(spec);
    if shares.is_empty() {
        return Ok(None);
    }
    let available = available(corpus, spec.training.context)?;
    let seen = shares
        .into_iter()
        .zip(available)
        .filter(|(share, _)| *share > 0.0);
    Ok(Some(seen.map(|(share, source)| (share, source.seen)).collect()))
}

fn texts_of(corpus: &Corpus, context: usize) -> Result<Vec<SourceText>, TrainError> {
    let most = vec![u64::MAX; corpus.manifest().sources.len()];
    source_texts(&TrainingText(corpus), context, &most)
}

fn of_texts(corpus: &Corpus, context: usize, texts: &[SourceText]) -> Vec<Available> {
    let sources = corpus.manifest().sources.iter().zip(texts);
    let of = |(source, text): (&SourceFacts, &SourceText)| Available {
        text: source.train.tokens,
        seen: Tokens(text.sequences() * context as u64),
    };
    sources.map(of).collect()
}

/// What the sweep of an arm says, where it has one.
///
/// # Errors
/// When the corpus has not the text that trials were trained on.
pub(crate) fn of(
    arm: &Arm,
    has_arms: bool,
    survey: &Survey,
    corpus: &Corpus,
) -> Result<Option<Sweep>, TrainError> {
    let Some(asked) = &arm.spec.mixtures else {
        return Ok(None);
    };
    let survey = survey.of_arm(&arm.name);
    let context = arm.spec.training.context;
    let seen = texts_of(corpus, context)?;
    let available = of_texts(corpus, context, &seen);
    let (natural, caps) = asked.bounds(&available);
    let trials: Vec<&Trial> = survey
        .trials()
        .filter(|trial| trial.role == Role::Mixture)
        .collect();
    let texts = texts(&survey, &trials);
    let mut runs = Vec::new();
    for trial in &trials {
        if let Some(losses) = losses(&survey, trial, &texts) {
            runs.push(SweepRun {
                trial: trial.id.clone(),
                shares: shares_seen(&trial.config.shares, &seen),
                losses,
            });
        }
    }
    let mut sweep = Sweep {
        arm: has_arms.then(|| arm.name.clone()),
        sources: arm
            .spec
            .corpus
            .sources
            .iter()
            .map(|source| SourceSpec::name(source).to_owned())
            .collect(),
        natural,
        caps,
        max_epochs: asked.max_epochs,
        of_tokens: asked.of_tokens().as_f64(),
        tokens: asked.tokens.as_f64(),
        params: trials.first().map_or(f64::NAN, |trial| trial.parameters.as_f64()),
        runs,
        asked: trials.len(),
        best: Vec::new(),
    };
    if let Ok(prior) = asked.prior(&available) {
        let options = SearchOptions {
            level: arm.spec.laws.level,
            refits: arm.spec.laws.resamples.min(MOST_REFITS),
            seed: arm.spec.seed,
            ..SearchOptions::default()
        };
        sweep.search(&texts, &prior, &options);
    }
    Ok(Some(sweep))
}

/// The share of a source in the best mixture by all texts together, of the first sweep of the study in `store` that has it.
///
/// # Errors
/// [`StudyError::NoShare`] where the study has no sweep, none with that source, or its runs say nothing.
pub fn best_share(store: &Store, source: &str) -> Result<Estimate, StudyError> {
    let refused = |reason: String| StudyError::NoShare {
        folder: store.folder().to_owned(),
        source_name: source.to_owned(),
        reason,
    };
    let answer: Option<Answer> = sealed::read(&store.analysis())?;
    let answer = answer.ok_or_else(|| refused("it has not run to its end; run it first".to_owned()))?;
    let sweeps: Vec<&Sweep> = answer
        .arms
        .iter()
        .filter_map(|arm| arm.mixtures.as_ref())
        .collect();
    let place = |sweep: &&Sweep| sweep.sources.iter().position(|known| known == source);
    let Some((sweep, place)) = sweeps.iter().find_map(|sweep| Some((sweep, place(sweep)?))) else {
        let known: Vec<&str> = sweeps
            .iter()
            .flat_map(|sweep| &sweep.sources)
            .map(String::as_str)
            .collect();
        return Err(refused(match known.is_empty() {
            true => "it has no `[mixtures]`".to_owned(),
            false => format!("its sources are {}", known.join(", ")),
        }));
    };
    match sweep.best.first().map(|best| &best.found) {
        Some(Finding::Found(best)) => Ok(best.shares[place]),
        Some(Finding::Refused(reason)) => Err(refused(reason.clone())),
        None => Err(refused("none of its runs has a loss".to_owned())),
    }
}

/// Refits that a spread is told by at most.
const MOST_REFITS: usize = 200;

/// What all texts together are called.
const TOGETHER: &str = "all texts";

/// The texts that mixtures are judged by: all validation texts together and each; or the corpus' own, whole and by source.
fn texts(survey: &Survey, trials: &[&Trial]) -> Vec<String> {
    let frozen = survey.frozen.texts.iter().map(|text| text.name.clone());
    let frozen: Vec<String> = frozen.collect();
    match frozen.len() {
        0 => {
            let done = trials
                .iter()
                .find_map(|trial| Some(survey.record(&trial.id)?.outcome.sources()));
            let sources = done.into_iter().flatten().map(|source| source.name.clone());
            std::iter::once(TOGETHER.to_owned()).chain(sources).collect()
        }
        1 => frozen,
        _ => std::iter::once(TOGETHER.to_owned()).chain(frozen).collect(),
    }
}

/// The losses of a trial on them in bits per byte, where it has all.
fn losses(survey: &Survey, trial: &Trial, texts: &[String]) -> Option<Vec<f64>> {
    let outcome = &survey.record(&trial.id)?.outcome;
    let own = survey.texts(&trial.id);
    let (whole, each) = match survey.frozen.texts.len() {
        0 => (outcome.validation()?.bits_per_byte.0, outcome.sources().to_vec()),
        all => (common(&own, all)?, own),
    };
    let loss = |text: &String| match text == TOGETHER || texts.len() == 1 {
        true => Some(whole),
        false => {
            let found = each.iter().find(|named| named.name == *text)?;
            Some(found.evaluation.bits_per_byte.0)
        }
    };
    texts.iter().map(loss).collect()
}
