use serde::{Deserialize, Serialize};
use triaxis_names::suggestion;
use triaxis_random::Stream;

use crate::error::ProbeError;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};
use crate::probes::Probe;

/// Levels beyond these are taken for mistakes.
const LONGEST: usize = 1 << 20;
/// The largest vocabulary.
const MOST_TOKENS: usize = 1 << 20;

/// A probe with a vocabulary and levels; in data, what is left out is the probe's usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Task {
    /// What is asked.
    pub probe: Probe,
    /// Tokens that sequences are drawn of, and answers given in.
    pub vocabulary: usize,
    /// What a model is trained on, one after the other.
    pub train: Vec<Level>,
    /// What it is tested at.
    pub test: Vec<Level>,
}

/// What a spec may leave out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    probe: String,
    vocabulary: Option<usize>,
    train: Option<Vec<Level>>,
    test: Option<Vec<Level>>,
}

impl TryFrom<Fields> for Task {
    type Error = ProbeError;

    fn try_from(fields: Fields) -> Result<Self, ProbeError> {
        let usual = Self::usual(Probe::named(&fields.probe)?);
        let task = Self {
            probe: usual.probe,
            vocabulary: fields.vocabulary.unwrap_or(usual.vocabulary),
            train: fields.train.unwrap_or(usual.train),
            test: fields.test.unwrap_or(usual.test),
        };
        task.validate()?;
        Ok(task)
    }
}

/// What a sequence is drawn for: sequences of one purpose are never drawn for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be trained on.
    Training,
    /// To choose a learning rate by.
    Choice,
    /// To be measured on.
    Test,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Choice => "choice",
            Self::Test => "test",
        }
    }
}

impl Probe {
    /// The probe of that name.
    ///
    /// # Errors
    /// When there is none; the message says which there are.
    pub fn named(name: &str) -> Result<Self, ProbeError> {
        let known = || Self::ALL.iter().map(|probe| probe.name());
        Self::ALL
            .iter()
            .copied()
            .find(|probe| probe.name() == name)
            .ok_or_else(|| {
                let all = Vec::from_iter(known()).join(", ");
                let suggestion = suggestion(name, known());
                ProbeError::new(format!("`{name}` is no probe: choose from {all}{suggestion}"))
            })
    }

    /// What it does.
    pub fn generator(self) -> &'static dyn Generator {
        self.implementation()
    }
}

impl Task {
    /// A probe as it is where nothing is said.
    pub fn usual(probe: Probe) -> Self {
        let Usual {
            vocabulary,
            train,
            test,
        } = probe.generator().usual();
        Self {
            probe,
            vocabulary,
            train,
            test,
        }
    }

    /// Every level, those that are trained on first.
    pub fn levels(&self) -> impl Iterator<Item = Level> {
        self.train.iter().chain(&self.test).copied()
    }

    /// The longest sequence.
    pub fn longest(&self) -> usize {
        self.levels().map(|level| level.length).max().unwrap_or(0)
    }

    /// Checks that every level can be drawn.
    ///
    /// # Errors
    /// For the first that cannot.
    pub fn validate(&self) -> Result<(), ProbeError> {
        let name = self.probe.name();
        for (levels, list) in [("train", &self.train), ("test", &self.test)] {
            if list.is_empty() {
                return Err(ProbeError::new(format!(
                    "`{levels}` of the probe `{name}` is empty: give at least one level, or leave it out for the usual ones"
                )));
            }
        }
        if self.vocabulary > MOST_TOKENS {
            return Err(ProbeError::new(format!(
                "`vocabulary = {}` of the probe `{name}`: must be at most {MOST_TOKENS}; lower it",
                self.vocabulary
            )));
        }
        self.levels().try_for_each(|level| self.fits(level))
    }

    fn fits(&self, level: Level) -> Result<(), ProbeError> {
        let (name, generator) = (self.probe.name(), self.probe.generator());
        let Level { length, answers } = level;
        let refused = |rule: String, remedy: &str| {
            Err(ProbeError::new(format!(
                "level {level} of the probe `{name}`: {rule}; {remedy}"
            )))
        };
        let most = generator.most_answers().min(length);
        if !(1..=LONGEST).contains(&length) || !(1..=most).contains(&answers) {
            return refused(
                format!(
                    "sequences have from 1 to {LONGEST} tokens, and those of this length from 1 to {} answers",
                    most.max(1)
                ),
                "choose others, as LENGTH:ANSWERS",
            );
        }
        let least = generator.least_length(answers);
        if length < least {
            return refused(
                format!("so many answers take {least} tokens"),
                "choose a longer sequence, or fewer answers",
            );
        }
        let least = generator.least_vocabulary(level);
        if self.vocabulary < least {
            let vocabulary = self.vocabulary;
            return refused(
                format!("it takes a vocabulary of {least} tokens, and this one has {vocabulary}"),
                "raise it",
            );
        }
        Ok(())
    }

    /// Guessing's share of right answers at a level.
    pub fn chance(&self, level: Level) -> f64 {
        self.probe.generator().chance(self.vocabulary, level)
    }

    /// The sequence of that index. Those of the test are the same for every seed, so that models are compared on equal
    /// terms.
    pub fn sample(&self, level: Level, seed: u64, purpose: Purpose, index: u64) -> Sample {
        let seed = if purpose == Purpose::Test { 0 } else { seed };
        let purpose = format!("probe {} {} {level}", self.probe.name(), purpose.name());
        let mut stream = Stream::new(seed, &purpose, index);
        self.probe.generator().draw(self.vocabulary, level, &mut stream)
    }
}
