//! The job that measures the models of a group on the validation texts.

use std::collections::BTreeMap;
use std::time::Instant;

use triaxis_corpus::Corpus;
use triaxis_host::Kind;
use triaxis_train::{Evaluation, ValidationText};
use triaxis_units::{Flops, Seconds};

use super::{Bill, Work, train};
use crate::error::StudyError;
use crate::evaluation::{Evaluated, Evaluator, FrozenText};
use crate::identity;
use crate::library::{Library, Written};
use crate::record::{Circumstances, Outcome, RunRecord};
use crate::sealed;
use crate::trial::{Group, Trial};
use crate::worker::Message;

/// Bytes that a token has, about: what a text takes is for order and progress alone.
const TOKEN_BYTES: f64 = 3.0;

/// Evaluates the trained models of a group on the texts that they have no record on.
pub struct Evaluate {
    id: String,
    group: Group,
    evaluator: Evaluator,
    keep: bool,
}

impl Evaluate {
    /// That of `group` on the texts of `evaluator`; its weights stay in the library if `keep`.
    pub fn of(group: &Group, evaluator: &Evaluator, keep: bool) -> Self {
        let texts = evaluator.texts.iter().map(|text| &text.identity);
        Self {
            id: identity::of(&("evaluate", &group.id, texts.collect::<Vec<_>>())),
            group: group.clone(),
            evaluator: evaluator.clone(),
            keep,
        }
    }

    /// The trained trials by their place, with the texts that each has no record on.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn missing(&self, library: &Library) -> Result<Vec<(usize, Vec<&FrozenText>)>, StudyError> {
        let mut missing = Vec::new();
        for (place, trial) in self.group.trials.iter().enumerate() {
            let record: Option<RunRecord> = library.record_if_whole(&trial.id)?;
            if record.is_some_and(|record| matches!(record.outcome, Outcome::Done { .. })) {
                let texts = self.evaluator.missing(library, &self.group, trial)?;
                missing.extend((!texts.is_empty()).then_some((place, texts)));
            }
        }
        Ok(missing)
    }

    /// The weights that it would read and that do not hold what was written, as errors that say so.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn damaged_weights(&self, library: &Library) -> Result<Vec<StudyError>, StudyError> {
        let mut damaged = Vec::new();
        for (place, _) in self.missing(library)? {
            if let Some(path) = library.weights(&self.group, place) {
                damaged.extend(damage(&path)?);
            }
        }
        Ok(damaged)
    }

    /// The text as tokens of the corpus.
    fn encoded(
        &self,
        library: &Library,
        corpus: &Corpus,
        text: &FrozenText,
    ) -> Result<ValidationText, StudyError> {
        let read = library.read_text(&text.id)?;
        if read.identity() != text.identity {
            let path = library.text(&text.id);
            return Err(sealed::unusable(
                &path,
                "is not the text that the study began with".to_owned(),
            ));
        }
        let mut encoded = corpus.encode(std::slice::from_ref(&read))?;
        let encoded = encoded
            .pop()
            .expect("a text has its tokens, even if they are none");
        Ok(ValidationText::of_text(&read, encoded))
    }

    /// Evaluates the trial of that place on some texts, and records each loss as it comes.
    fn measure(
        &self,
        library: &Library,
        place: usize,
        texts: &[(&FrozenText, &ValidationText)],
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let trial = &self.group.trials[place];
        let path = library.weights(&self.group, place);
        let path = path
            .ok_or_else(|| sealed::unusable(&library.model(&trial.id), "is not there any more".to_owned()))?;
        let (frozen, encoded): (Vec<_>, Vec<_>) = texts.iter().copied().unzip();
        let mut started = Instant::now();
        let mut result = Ok(());
        triaxis_train::evaluate_model(&path, trial.config.context, &encoded, &mut |at, loss| {
            let seconds = Seconds(started.elapsed().as_secs_f64());
            started = Instant::now();
            let circumstances = Circumstances::of(threads, seconds);
            if result.is_ok() {
                let written = self.write(library, trial, frozen[at], told(loss), circumstances);
                result = written.map(|message| say(&message));
            }
        })?;
        result
    }

    /// Records how an evaluation ended, and what is to be said of it.
    fn write(
        &self,
        library: &Library,
        trial: &Trial,
        text: &FrozenText,
        evaluated: Evaluated,
        circumstances: Circumstances,
    ) -> Result<Message, StudyError> {
        let record = self
            .evaluator
            .record(&self.group, trial, text, evaluated, circumstances);
        let (trial, name) = (trial.id.clone(), &text.name);
        Ok(match (library.write_record(&record)?, record.evaluated) {
            (Written::Differs, _) => Message::Differs {
                trial: format!("{trial} on `{name}`"),
            },
            (_, Evaluated::Done(loss)) => Message::Evaluated {
                trial,
                text: name.clone(),
                bits_per_byte: loss.bits_per_byte.0,
                is_bound: loss.bound.is_some(),
            },
            (_, Evaluated::Failed { reason }) => Message::Failed {
                trial,
                reason: format!("on `{name}`: {reason}"),
            },
        })
    }
}

fn told(loss: &Evaluation) -> Evaluated {
    match loss.nats.0.is_finite() {
        true => Evaluated::Done(*loss),
        false => Evaluated::Failed {
            reason: "the loss is not finite".to_owned(),
        },
    }
}

/// What is wrong with a file of weights, if anything is.
fn damage(path: &std::path::Path) -> Result<Option<StudyError>, StudyError> {
    match triaxis_train::check_model(path) {
        Err(error) if error.kind() == Kind::Damaged => {
            Ok(Some(sealed::unusable(path, format!("is damaged ({error})"))))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(None),
    }
}

impl Work for Evaluate {
    fn id(&self) -> &str {
        &self.id
    }

    fn needs(&self) -> Vec<&str> {
        vec![&self.group.id]
    }

    fn bill(&self) -> Bill {
        let bytes: u64 = self.evaluator.texts.iter().map(|text| text.bytes.0).sum();
        let trials = &self.group.trials;
        let context = self.group.config.context as f64;
        let forward = |trial: &Trial| {
            trial
                .architecture()
                .forward_flops(self.group.config.context)
                .total()
                .0
                / context
        };
        let evaluations = trials.len() * self.evaluator.texts.len();
        Bill {
            flops: Flops(trials.iter().map(forward).sum::<f64>() * bytes as f64 / TOKEN_BYTES),
            steps: evaluations as u64,
            // A training ends with an evaluation.
            memory: train::memory(&self.group),
            trials: 0,
            evaluations,
        }
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        if self.evaluator.texts.is_empty() {
            return Ok(true);
        }
        for trial in &self.group.trials {
            if library.record_if_whole::<RunRecord>(&trial.id)?.is_none() {
                return Ok(false);
            }
        }
        Ok(self.missing(library)?.is_empty())
    }

    fn run(
        &self,
        library: &Library,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let missing = self.missing(library)?;
        let ids = missing.iter().flat_map(|(place, texts)| {
            let trial = &self.group.trials[*place];
            texts
                .iter()
                .map(|text| self.evaluator.id(&self.group, trial, text))
        });
        let ids: Vec<String> = ids.collect();
        let _locks = super::lock(library, ids.iter().map(String::as_str), say)?;
        let missing = self.missing(library)?;
        let corpus = Corpus::open(&library.corpus(&self.group.corpus))?;
        let mut encoded: BTreeMap<&str, ValidationText> = BTreeMap::new();
        for text in missing.iter().flat_map(|(_, texts)| texts) {
            if !encoded.contains_key(text.identity.as_str()) {
                encoded.insert(&text.identity, self.encoded(library, &corpus, text)?);
            }
        }
        let mut steps = 0;
        for (place, texts) in missing {
            let texts: Vec<_> = texts
                .into_iter()
                .map(|text| (text, &encoded[text.identity.as_str()]))
                .collect();
            self.measure(library, place, &texts, threads, &mut |message| {
                steps += 1;
                say(message);
                say(&Message::Progress { steps });
            })?;
        }
        Ok(())
    }

    fn give_up(
        &self,
        library: &Library,
        reason: &str,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        for (place, texts) in self.missing(library)? {
            for text in texts {
                let circumstances = Circumstances::of(threads, Seconds(0.0));
                let evaluated = Evaluated::Failed {
                    reason: reason.to_owned(),
                };
                let trial = &self.group.trials[place];
                say(&self.write(library, trial, text, evaluated, circumstances)?);
            }
        }
        Ok(())
    }

    fn clear(&self, library: &Library) -> Result<(), StudyError> {
        if !self.keep {
            library.clear_job(&self.group.id)?;
        }
        library.clear_job(&self.id)
    }
}
