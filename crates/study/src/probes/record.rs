//! What a model learnt of a task, as it is recorded.

use serde::{Deserialize, Serialize};
use triaxis_laws::numeric;
use triaxis_probes::{Level, Purpose, Task};
use triaxis_records::{LevelScore, ProbeFacts, ProbeScores, PublishedScore, ReferenceScore};

use super::inputs::ProbeInputs;
use super::sequences;
use crate::record::{Circumstances, Recorded};

/// Version of the record's layout.
pub(super) const SCHEMA: u32 = 2;

/// Confidence of intervals over seeds.
const CONFIDENCE: f64 = 0.95;

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

/// What accuracies at a level are held against; a training that diverged answers no better than guessing.
pub(super) fn score(task: &Task, level: Level, accuracies: impl Iterator<Item = Option<f64>>) -> LevelScore {
    let chance = task.chance(level);
    let accuracies: Vec<f64> = accuracies.map(|share| share.unwrap_or(chance)).collect();
    let holds = |trained: &Level| level.length <= trained.length && level.answers <= trained.answers;
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
        is_trained: task.train.iter().any(holds),
        sequences: sequences(level),
        chance,
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
