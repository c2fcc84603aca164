//! What a library knows of a study.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_records::Role;
use triaxis_train::NamedEvaluation;
use triaxis_units::Flops;

use crate::digests::Digests;
use crate::error::StudyError;
use crate::evaluation::{EvaluationRecord, FrozenText};
use crate::frozen::Frozen;
use crate::library::Library;
use crate::ngram::{self, NGramInputs, NGramRecord};
use crate::probes::ProbeRecord;
use crate::record::RunRecord;
use crate::trial::{Group, Trial};

/// All that is known of a study at one moment.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The resolved trials.
    pub frozen: Frozen,
    /// The record of every trial that has one.
    pub records: Vec<RunRecord>,
    /// The record of every evaluation that has one.
    pub evaluations: Vec<EvaluationRecord>,
    /// The record of the n-grams of what trials saw.
    pub ngrams: Vec<NGramRecord>,
    /// The record of each probe that has one, by the name of its arm.
    pub probes: Vec<ProbeRecord>,
}

impl Survey {
    /// Looks through the library for the records of `frozen`; `warn` hears of damaged ones, which count as none.
    ///
    /// # Errors
    /// When the file system refuses, or `warn` does.
    pub fn take(
        library: &Library,
        frozen: Frozen,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Self, StudyError> {
        let (mut records, mut evaluations) = (Vec::new(), Vec::new());
        let evaluator = frozen.evaluator();
        let mut seen = BTreeSet::new();
        for group in &frozen.groups {
            // Arms that differ in part share trials.
            for trial in group.trials.iter().filter(|trial| seen.insert(trial.id.as_str())) {
                let Some(record) = library.find_record::<RunRecord>(&trial.id, warn)? else {
                    continue;
                };
                if record.outcome.validation().is_some() {
                    for text in &evaluator.texts {
                        evaluations.extend(evaluator.find(library, group, trial, text, warn)?);
                    }
                }
                records.push(record);
            }
        }
        let mut ngrams = Vec::new();
        for (_, inputs) in ngram::asked(&frozen.groups) {
            ngrams.extend(library.find_record(&inputs.id(), warn)?);
        }
        let mut probes = Vec::new();
        for asked in &frozen.probes {
            let found = library.find_record::<ProbeRecord>(&asked.id, warn)?;
            probes.extend(found.map(|record| record.named(&asked.arm)));
        }
        Ok(Self {
            frozen,
            records,
            evaluations,
            ngrams,
            probes,
        })
    }

    /// All trials, in the order of the design.
    pub fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.frozen.groups.iter().flat_map(|group| &group.trials)
    }

    /// Operations of the largest trial of the ladder.
    pub fn largest(&self) -> Flops {
        let ladder = self.trials().filter(|trial| trial.role == Role::Ladder);
        Flops(ladder.map(|trial| trial.flops.0).fold(0.0, f64::max))
    }

    /// The record of a trial.
    pub fn record(&self, trial: &str) -> Option<&RunRecord> {
        self.records.iter().find(|record| record.id == trial)
    }

    /// The n-grams of as many tokens as a trial of `group` saw.
    pub fn ngram(&self, group: &Group, trial: &Trial) -> Option<&NGramRecord> {
        let saw = NGramInputs::of(group, trial);
        self.ngrams.iter().find(|record| record.inputs.is_as_much(&saw))
    }

    /// The loss of a trial on each validation text that it has been evaluated on, by the study's names and in its order.
    pub fn texts(&self, trial: &str) -> Vec<NamedEvaluation> {
        let own = self.evaluations.iter().filter(|record| record.trial == trial);
        let own: Vec<_> = own.collect();
        let texts = self.frozen.texts.iter().filter_map(|text| {
            let record = own.iter().find(|record| record.inputs.text == text.identity)?;
            Some(NamedEvaluation {
                name: text.name.clone(),
                evaluation: *record.loss()?,
            })
        });
        texts.collect()
    }

    /// Of how many trials with a loss some validation text has none, in words, if any: they are not compared.
    pub fn unmeasured(&self) -> Option<String> {
        let done = self
            .records
            .iter()
            .filter(|record| record.outcome.validation().is_some());
        let without = done.filter(|record| self.texts(&record.id).len() < self.frozen.texts.len());
        let without = without.count();
        (without > 0).then(|| {
            format!(
                "{without} of {} trials have no loss on some validation text, so that arms are compared without them: \
                 `triaxis study run` with `--retry-failed` evaluates them again.",
                self.records.len()
            )
        })
    }

    /// Which arms' losses are bounds from above, in words, if any are: so are the laws of them.
    pub fn bounds(&self) -> Option<String> {
        let mut arms: BTreeMap<&str, f64> = BTreeMap::new();
        for group in &self.frozen.groups {
            let records = group.trials.iter().filter_map(|trial| self.record(&trial.id));
            let losses = records.filter_map(|record| record.outcome.validation());
            for error in losses.filter_map(|loss| loss.bound?.error) {
                let most = arms.entry(&group.arm).or_default();
                *most = most.max(error.0);
            }
        }
        let told = arms
            .iter()
            .map(|(arm, error)| format!("`{arm}`, with a standard error of {error:.4} nats a token at most"));
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| {
            format!(
                "Losses are bounds from above that are estimated by draws ({}): laws of them are laws of the bounds, and what \
                 they are compared by is the bounds, below which the losses may lie.",
                told.join("; ")
            )
        })
    }

    /// Whether each trial of a group has its record, and each that came to its end one on every validation text.
    pub fn is_whole(&self, group: &Group) -> bool {
        let is_evaluated = |trial: &Trial, text: &FrozenText| {
            let mut records = self.evaluations.iter();
            records.any(|record| record.trial == trial.id && record.inputs.text == text.identity)
        };
        group.trials.iter().all(|trial| match self.record(&trial.id) {
            None => false,
            Some(record) if record.outcome.validation().is_none() => true,
            Some(_) => self.frozen.texts.iter().all(|text| is_evaluated(trial, text)),
        })
    }

    /// The trials of one arm.
    pub fn trials_of(&self, arm: &str) -> impl Iterator<Item = &Trial> {
        let groups = self.frozen.groups.iter().filter(move |group| group.arm == arm);
        groups.flat_map(|group| &group.trials)
    }

    /// What is known of one arm.
    pub fn of_arm(&self, arm: &str) -> Self {
        let records = self.trials_of(arm).filter_map(|trial| self.record(&trial.id));
        let records = records.cloned().collect();
        let groups = self.frozen.groups.iter().filter(|group| group.arm == arm);
        let groups = groups.cloned().collect();
        let frozen = Frozen {
            groups,
            texts: self.frozen.texts.clone(),
            ..Frozen::default()
        };
        Self {
            frozen,
            records,
            evaluations: self.evaluations.clone(),
            ngrams: self.ngrams.clone(),
            probes: self.probes.clone(),
        }
    }

    /// Which trials have the record of another unit, in words, if any has: losses that differ by rounding.
    pub fn mixed(&self) -> Option<String> {
        let table = Digests::built_in();
        let mut units: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for group in &self.frozen.groups {
            let own = group.inputs.unit.as_str();
            for record in group.trials.iter().filter_map(|trial| self.record(&trial.id)) {
                if record.inputs.unit != own && !table.are_equal(own, &record.inputs.unit) {
                    *units.entry((&record.inputs.unit, own)).or_default() += 1;
                }
            }
        }
        let told = units
            .iter()
            .map(|((unit, own), trials)| format!("{trials} of {unit} instead of {own}"));
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| {
            format!(
                "Records of other instruction sets stand for trials, since the spec says `mixed = true` ({}): their losses \
                 differ by rounding.",
                told.join(", ")
            )
        })
    }
}
