//! What architectures learn of probes: models trained from scratch on a task, and tested on what they have not seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use triaxis_host::machine;
use triaxis_laws::numeric;
use triaxis_model::{ArchitectureSpec, Stack};
use triaxis_probes::{Level, Purpose, Sample, Task};
use triaxis_records::{LevelScore, ProbeFacts, ProbeScores, PublishedScore, RateTried, ReferenceScore, Role};
use triaxis_train::{Branch, Dtype, Learner, Schedule, ScoredBatch, TrainConfig, speed, step_memory};
use triaxis_units::{Bytes, Flops, Seconds};

use crate::error::StudyError;
use crate::identity;
use crate::length::pool;
use crate::record::{Circumstances, Recorded};
use crate::trial::Group;

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// Version of how models are trained on tasks and tested, other than by the parts of the program that it names.
const NUMERICS: u32 = 1;

/// The share of steps over which the learning rate rises.
const WARM_UP: f64 = 0.05;

/// Confidence of intervals over seeds.
const CONFIDENCE: f64 = 0.95;

/// Answers that a test scores about, so that its accuracy is known to a hundredth.
const SCORED: usize = 4096;
/// Sequences of a test, at least and at most.
const SEQUENCES: [usize; 2] = [64, 1024];
/// Tokens of a test that are read at a time.
const TOKENS_AT_ONCE: usize = 8192;

/// How models are trained on a task; all architectures alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeTraining {
    /// Steps of a training.
    pub steps: u64,
    /// Sequences of a step, each drawn anew.
    pub sequences: usize,
    /// Learning rates, of which each architecture has that by which it answers best.
    pub rates: Vec<f64>,
    /// Trainings at that rate, which differ by their seed.
    pub seeds: u64,
}

impl Default for ProbeTraining {
    /// As Zoology trains: 100,000 sequences, and four rates from 1e-4 to 1e-2.
    fn default() -> Self {
        Self {
            steps: 1600,
            sequences: 64,
            rates: vec![1e-4, 4.6e-4, 2.2e-3, 1e-2],
            seeds: 3,
        }
    }
}

impl ProbeTraining {
    /// Checks every number.
    ///
    /// # Errors
    /// For the first that breaks its rule, in words.
    pub fn check(&self) -> Result<(), String> {
        let rate = |rate: &f64| *rate > 0.0 && rate.is_finite();
        let rules = [
            (
                (1..=1 << 24).contains(&self.steps),
                format!("`steps = {}`: must be from 1 to {}", self.steps, 1 << 24),
            ),
            (
                (1..=1 << 16).contains(&self.sequences),
                format!("`sequences = {}`: must be from 1 to {}", self.sequences, 1 << 16),
            ),
            (
                !self.rates.is_empty() && self.rates.iter().all(rate),
                format!(
                    "`rates = {:?}`: must be one or more finite numbers above 0, such as [1e-3, 3e-3]",
                    self.rates
                ),
            ),
            (
                (1..=1000).contains(&self.seeds),
                format!("`seeds = {}`: must be from 1 to 1000", self.seeds),
            ),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map_or(Ok(()), |(_, rule)| Err(format!("{rule}; choose another")))
    }

    /// Trainings in all: one for each rate of a sweep, and one for each seed.
    pub fn trainings(&self) -> u64 {
        let sweep = if self.rates.len() > 1 {
            self.rates.len() as u64
        } else {
            0
        };
        sweep + self.seeds
    }
}

/// What a study asks of its architectures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbesSpec {
    /// The tasks, each a probe with its levels.
    pub tasks: Vec<Task>,
    /// How models are trained on them.
    #[serde(default)]
    pub training: ProbeTraining,
}

impl ProbesSpec {
    /// Checks every number.
    ///
    /// # Errors
    /// For the first that breaks its rule, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.tasks.is_empty() {
            return Err(
                "`tasks` is empty: give one or more, such as [{ probe = \"parity\" }], or leave `[probes]` out".to_owned(),
            );
        }
        self.training.check()
    }

    /// What is asked of models by the ladders of arms: each model with each task, by the name of its arm.
    ///
    /// # Errors
    /// When a task does not fit a model.
    pub(crate) fn asked(&self, groups: &[Group]) -> Result<Vec<AskedProbe>, StudyError> {
        let ladder = groups.iter().filter(|group| group.role == Role::Ladder);
        let mut models: Vec<(&str, &ArchitectureSpec)> = Vec::new();
        for group in ladder {
            let model = (group.arm.as_str(), &group.config.architecture);
            if !models.contains(&model) {
                models.push(model);
            }
        }
        let pairs = self
            .tasks
            .iter()
            .flat_map(|task| models.iter().map(move |model| (task, model)));
        let asked = pairs.map(|(task, (arm, model))| {
            let inputs = ProbeInputs::of_trial(model, task.clone(), self.training.clone());
            let inputs = inputs.map_err(|message| StudyError::Model {
                key: format!("probes, the models of `{arm}`"),
                message,
            })?;
            Ok(AskedProbe {
                id: inputs.id(),
                arm: (*arm).to_owned(),
                inputs,
            })
        });
        asked.collect()
    }
}

/// A model of an arm and what it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedProbe {
    /// Identity of the accuracies.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// What is measured.
    pub inputs: ProbeInputs,
}

/// What is measured, and by what: equal inputs have equal accuracies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeInputs {
    /// The network.
    pub model: ArchitectureSpec,
    /// What it is trained on and tested at.
    pub task: Task,
    /// How it is trained.
    pub training: ProbeTraining,
    /// Versions of the parts of the program that the accuracies hang on.
    pub numerics: BTreeMap<String, u32>,
    /// What multiplies, as resolved where it runs.
    pub unit: String,
}

impl ProbeInputs {
    /// A model that learns a task.
    ///
    /// # Errors
    /// When the task does not fit the model, or the training breaks a rule, in words.
    pub fn new(model: ArchitectureSpec, task: Task, training: ProbeTraining) -> Result<Self, String> {
        let Stack {
            vocabulary, context, ..
        } = model.stack();
        let (probe, longest) = (task.probe.name(), task.longest());
        task.validate().map_err(|error| error.to_string())?;
        if longest > context {
            return Err(format!(
                "the probe `{probe}` has sequences of {longest} tokens, and the model a context of {context}: raise \
                 `context`, or choose shorter levels"
            ));
        }
        if task.vocabulary > vocabulary {
            return Err(format!(
                "the probe `{probe}` has a vocabulary of {} tokens, and the model one of {vocabulary}: raise the model's \
                 `vocabulary`, or lower the probe's",
                task.vocabulary
            ));
        }
        training.check()?;
        let mut inputs = Self {
            unit: Dtype::F32.unit(),
            numerics: BTreeMap::new(),
            model,
            task,
            training,
        };
        let config = inputs.config(1.0, 0);
        config.validate().map_err(|error| error.to_string())?;
        inputs.numerics = config.numerics(&inputs.unit);
        let own = [("probes", triaxis_probes::NUMERICS), ("probing", NUMERICS)];
        let own = own.map(|(part, version)| (part.to_owned(), version));
        inputs.numerics.extend(own);
        Ok(inputs)
    }

    /// A model of the architecture of a study's trial, with the vocabulary and context of the task.
    ///
    /// # Errors
    /// As [`ProbeInputs::new`].
    pub fn of_trial(
        architecture: &ArchitectureSpec,
        task: Task,
        training: ProbeTraining,
    ) -> Result<Self, String> {
        let stack = Stack {
            vocabulary: task.vocabulary,
            context: task.longest(),
            ..architecture.stack()
        };
        Self::new(ArchitectureSpec::Stack(stack), task, training)
    }

    /// The identity of the accuracies.
    pub fn id(&self) -> String {
        identity::of(&("probe", self))
    }

    fn config(&self, rate: f64, seed: u64) -> TrainConfig {
        let steps = self.training.steps;
        let trained = self.task.train.iter().map(|level| level.length);
        TrainConfig {
            context: trained.max().unwrap_or(1),
            schedule: Schedule::Cosine,
            warmup_steps: (WARM_UP * steps as f64) as u64,
            peak_learning_rate: rate,
            seed,
            branches: vec![Branch { end: steps, decay: 0 }],
            ..speed::config(self.model.clone(), self.training.sequences, Dtype::F32)
        }
    }

    /// Operations of all trainings.
    pub fn flops(&self) -> Flops {
        let levels = &self.task.train;
        let flops = levels
            .iter()
            .map(|level| self.model.forward_flops(level.length).training().0);
        let sequences = self.training.steps * self.training.trainings() * self.training.sequences as u64;
        Flops(flops.sum::<f64>() / levels.len() as f64 * sequences as f64)
    }

    /// What a training and its test take at most, estimated.
    pub fn memory(&self) -> Bytes {
        let trained = self.config(1.0, 0);
        // Some whole sequences are tested at a time, at least one.
        let tested = TrainConfig {
            context: self.task.longest(),
            batch_sequences: (TOKENS_AT_ONCE / self.task.longest()).max(1),
            ..trained.clone()
        };
        step_memory(&trained).max(step_memory(&tested))
    }
}

/// What a model learns of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Version of the layout.
    pub schema: u32,
    /// Identity of the accuracies.
    pub id: String,
    /// What was measured.
    pub inputs: ProbeInputs,
    /// What came of it; the name is that by which it was asked for first.
    pub scores: ProbeScores,
    /// Where and when.
    pub circumstances: Circumstances,
}

impl ProbeRecord {
    /// The same as who asks calls the architecture: it may have been asked for by another name before.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.scores.name);
        self
    }
}

impl Recorded for ProbeRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.scores.levels == other.scores.levels
    }
}

/// What is known of a probe before anything is measured.
pub fn facts(probe: triaxis_probes::Probe) -> ProbeFacts {
    let mut entries = triaxis_probes::Probe::REGISTRY.iter();
    let entry = entries.find(|entry| entry.name == probe.name());
    let published = probe.generator().published().iter();
    ProbeFacts {
        name: probe.name().to_owned(),
        about: entry.map_or("", |entry| entry.about).to_owned(),
        published: published
            .map(|score| PublishedScore {
                model: score.model.to_owned(),
                accuracy: score.accuracy,
                level: score.level.to_owned(),
                source: score.source.to_owned(),
            })
            .collect(),
    }
}

/// A training that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Its learning rate.
    pub rate: f64,
    /// Its seed; that of the sweep is 0.
    pub seed: u64,
    /// The accuracy at each level that is tested, or why it diverged.
    pub accuracies: Result<Vec<f64>, String>,
}

impl Trained {
    /// The mean over the levels.
    pub fn mean(&self) -> Option<f64> {
        let accuracies = self.accuracies.as_ref().ok()?;
        Some(accuracies.iter().sum::<f64>() / accuracies.len() as f64)
    }
}

/// Trains and tests models on so many threads, one a training; `heard` is told of each training that has ended.
///
/// # Errors
/// When there is not the memory for it, or the machine refuses.
pub fn measure(
    name: &str,
    inputs: &ProbeInputs,
    threads: usize,
    heard: &mut dyn FnMut(&Trained),
) -> Result<ProbeRecord, StudyError> {
    let started = Instant::now();
    let task = &inputs.task;
    let needed = Bytes(inputs.memory().0.saturating_mul(threads as u64));
    if let Some(available) = machine::available_memory().filter(|&available| available < needed) {
        return Err(StudyError::Model {
            key: format!("the probe `{}`", task.probe.name()),
            message: format!(
                "trainings of `{name}` side by side take about {needed} of memory, and {available} are available: lower \
                 the sequences of a step, the lengths or the threads"
            ),
        });
    }
    let rates = &inputs.training.rates;
    let sweep: Vec<(f64, u64)> = rates.iter().map(|&rate| (rate, 0)).collect();
    let tried = match rates.len() {
        1 => Vec::new(),
        _ => train(inputs, &sweep, Purpose::Choice, threads, heard)?,
    };
    // The first of equals, so that the choice hangs on nothing else.
    let best = tried
        .iter()
        .filter_map(|trained| Some((trained.mean()?, trained.rate)));
    let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let rate = best.map_or(rates[0], |(_, rate)| rate);
    let seeds: Vec<(f64, u64)> = (1..=inputs.training.seeds).map(|seed| (rate, seed)).collect();
    let trained = train(inputs, &seeds, Purpose::Test, threads, heard)?;

    let stack = inputs.model.stack();
    let longest = task.train.iter().map(|level| level.length).max().unwrap_or(0);
    let levels = task.test.iter().enumerate();
    let scores = ProbeScores {
        name: name.to_owned(),
        probe: task.probe.name().to_owned(),
        width: stack.width,
        parameters: stack.parameters().total,
        remembered: stack.remembered(longest),
        tried: tried
            .iter()
            .map(|trained| RateTried {
                rate: trained.rate,
                accuracy: trained.mean(),
            })
            .collect(),
        rate,
        levels: levels
            .map(|(place, &level)| {
                let accuracies = trained.iter().filter_map(|one| one.accuracies.as_ref().ok());
                score(task, level, accuracies.map(|levels| levels[place]).collect())
            })
            .collect(),
        diverged: trained
            .into_iter()
            .filter_map(|trained| trained.accuracies.err())
            .collect(),
    };
    Ok(ProbeRecord {
        schema: SCHEMA,
        id: inputs.id(),
        inputs: inputs.clone(),
        scores,
        circumstances: Circumstances::of(threads, Seconds(started.elapsed().as_secs_f64())),
    })
}

/// What accuracies at a level are held against.
fn score(task: &Task, level: Level, accuracies: Vec<f64>) -> LevelScore {
    let trained = task.train.iter().map(|level| level.length).max();
    let generator = task.probe.generator();
    let (mut right, mut method) = (0, None);
    for index in 0..sequences(level) as u64 {
        let sample = task.sample(level, 0, Purpose::Test, index);
        if let Some((name, answers)) = generator.reference(task.vocabulary, &sample) {
            let pairs = sample.answers().zip(answers);
            right += pairs.filter(|((_, target), answer)| target == answer).count();
            method = Some(name);
        }
    }
    LevelScore {
        length: level.length,
        answers: level.answers,
        is_trained: trained.is_some_and(|longest| level.length <= longest),
        sequences: sequences(level),
        chance: task.chance(level),
        perfect: generator.perfect(),
        reference: method.map(|name| ReferenceScore {
            name: name.to_owned(),
            accuracy: right as f64 / (sequences(level) * level.answers) as f64,
        }),
        accuracy: numeric::mean(&accuracies, CONFIDENCE)
            .map(|estimate| estimate.map(|share| share.clamp(0.0, 1.0))),
        accuracies,
    }
}

/// Trains one model for each rate and seed, on a thread each, and tests it on sequences for that purpose.
fn train(
    inputs: &ProbeInputs,
    runs: &[(f64, u64)],
    purpose: Purpose,
    threads: usize,
    heard: &mut dyn FnMut(&Trained),
) -> Result<Vec<Trained>, StudyError> {
    let next = AtomicUsize::new(0);
    let (told, ended) = mpsc::channel();
    let mut results = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, runs.len()) {
            let (told, next) = (told.clone(), &next);
            scope.spawn(move || {
                while let Some(&(rate, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let accuracies =
                        pool(1).and_then(|pool| pool.install(|| one(inputs, rate, seed, purpose)));
                    let result = accuracies.map(|accuracies| Trained {
                        rate,
                        seed,
                        accuracies,
                    });
                    let is_last = result.is_err();
                    // Nobody hears only after an error, which ends all.
                    if told.send(result).is_err() || is_last {
                        return;
                    }
                }
            });
        }
        drop(told);
        for result in ended {
            if let Ok(trained) = &result {
                heard(trained);
            }
            let is_last = result.is_err();
            results.push(result);
            if is_last {
                // What is not begun is not begun any more.
                next.store(runs.len(), Ordering::Relaxed);
            }
        }
    });
    let mut trained = results
        .into_iter()
        .collect::<Result<Vec<Trained>, StudyError>>()?;
    // In the order in which they were asked for, not in that in which they ended.
    trained.sort_by_key(|trained| runs.iter().position(|run| *run == (trained.rate, trained.seed)));
    Ok(trained)
}

/// The accuracies of one training, or why it diverged.
fn one(
    inputs: &ProbeInputs,
    rate: f64,
    seed: u64,
    purpose: Purpose,
) -> Result<Result<Vec<f64>, String>, StudyError> {
    let ProbeInputs { task, training, .. } = inputs;
    let mut learner = Learner::new(inputs.config(rate, seed))?;
    for step in 0..training.steps {
        let level = task.train[(step % task.train.len() as u64) as usize];
        let first = step * training.sequences as u64;
        let samples = (first..first + training.sequences as u64)
            .map(|index| task.sample(level, seed, Purpose::Training, index));
        let (next, divergence) = learner.learn(&batch(&samples.collect::<Vec<_>>())?)?;
        if let Some(divergence) = divergence {
            return Ok(Err(format!(
                "the training of seed {seed} at the rate {rate} diverged at step {step}: {divergence}"
            )));
        }
        learner = next;
    }
    let accuracies = task
        .test
        .iter()
        .map(|&level| accuracy(&learner, task, level, seed, purpose));
    Ok(Ok(accuracies.collect::<Result<_, _>>()?))
}

/// The share of right answers at a level.
fn accuracy(
    learner: &Learner,
    task: &Task,
    level: Level,
    seed: u64,
    purpose: Purpose,
) -> Result<f64, StudyError> {
    let samples: Vec<Sample> = (0..sequences(level) as u64)
        .map(|index| task.sample(level, seed, purpose, index))
        .collect();
    let mut right = 0;
    for samples in samples.chunks((TOKENS_AT_ONCE / level.length).max(1)) {
        let batch = batch(samples)?;
        right += batch.right(&learner.answers(&batch)?);
    }
    Ok(right as f64 / (samples.len() * level.answers) as f64)
}

fn batch(samples: &[Sample]) -> Result<ScoredBatch, StudyError> {
    let samples = samples.iter();
    Ok(ScoredBatch::new(
        samples.map(|sample| (&sample.tokens[..], &sample.targets[..])),
    )?)
}

/// Sequences of a test.
fn sequences(level: Level) -> usize {
    let [least, most] = SEQUENCES;
    (SCORED / level.answers).clamp(least, most)
}
